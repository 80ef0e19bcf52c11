//! The route table, as data: the server mounts it and enforces its guards, `keyward routes`
//! prints it, and tests compare it with `openapi.yaml` and walk it by every kind of caller.
//! A dialect that is switched off is a group that is skipped.

use actix_web::{HttpResponse, Route, web};

use crate::config::Dialect;
use crate::domain::rights::permission::ACCOUNT_RESET_LINK;
use crate::http::dialect::directus::{self, Directus};
use crate::http::dialect::hypi::{self, Hypi};
use crate::http::dialect::keyward::{
    Keyward, account, addresses, admin, api_keys, delete_own_account, guest, members,
    organizations, registration, roles, second_factor, sessions, sign_in, step_up,
};
use crate::http::dialect::oisp::{self, Oisp};
use crate::http::discovery::{account_page, docs, jwks};
use crate::http::error_response::{Refusal, refuse};
use crate::http::guards::Terms;
use crate::http::ops::{health, test_mode};
use crate::http::request::call::Call;
use crate::http::request::web_policy::Web;
use crate::http::schemas;
use crate::http::sidecar::verify::{self, Verify};

pub use crate::http::guards::Guard;

pub struct Row {
    /// `ANY` is every method.
    pub method: &'static str,
    pub path: &'static str,
    pub guard: Guard,
    /// Not for a token that acts for another account, as whatever changes something.
    pub own: bool,
    /// Only soon after a sign-in or a step-up, where `KEYWARD_STEP_UP_MAX_AGE` says how soon.
    pub fresh: bool,
    /// Also for a session that lacks the second factor which is asked of it: what switches one on,
    /// and tells of that.
    pub enrolling: bool,
    /// A HEAD of a GET is answered, unless the GET spends something.
    pub(in crate::http) head: bool,
    /// A mere question, which changes nothing: too common to be worth a line of log, and
    /// too cheap to be counted.
    pub(in crate::http) cheap: bool,
    /// Whether the operator switched it on.
    pub(in crate::http) on: fn(&Web) -> bool,
    /// How it says no before a handler is reached, where not as its group does.
    pub(in crate::http) refuse: Option<Refuse>,
    pub(in crate::http) handler: fn(Terms) -> Route,
}

pub(in crate::http) type Refuse = fn(&Refusal) -> HttpResponse;

impl Row {
    /// The GET spends something: clients and caches send a HEAD lightly (threat X15).
    const fn spending(mut self) -> Self {
        self.head = false;
        self.cheap = false;
        self
    }

    /// The GET costs what a POST would.
    const fn counted(mut self) -> Self {
        self.cheap = false;
        self
    }

    const fn cheap(mut self) -> Self {
        self.cheap = true;
        self
    }

    /// What it tells is the owner's alone.
    const fn own(mut self) -> Self {
        self.own = true;
        self
    }

    /// A deed that makes others powerful, or that nobody undoes.
    const fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// What somebody needs to switch a second factor on.
    const fn enrolling(mut self) -> Self {
        self.enrolling = true;
        self
    }

    pub(in crate::http) const fn terms(&self) -> Terms {
        Terms {
            guard: self.guard,
            own: self.own,
            fresh: self.fresh,
            enrolling: self.enrolling,
        }
    }

    const fn on(mut self, on: fn(&Web) -> bool) -> Self {
        self.on = on;
        self
    }

    const fn refusing(mut self, refuse: Refuse) -> Self {
        self.refuse = Some(refuse);
        self
    }
}

pub struct Group {
    pub name: &'static str,
    /// Switched by `KEYWARD_DIALECTS`; `None` is always on.
    pub dialect: Option<Dialect>,
    /// Only there in test mode.
    pub test_mode: bool,
    /// Unknown paths below it are refused in the group's shape, too.
    pub(in crate::http) prefix: Option<&'static str>,
    pub(in crate::http) refuse: Refuse,
    pub rows: &'static [Row],
}

macro_rules! row {
    ($method:ident $path:literal Public $handler:path) => {
        row!(= $method $path (Guard::Public), |_| web::to($handler))
    };
    ($method:ident $path:literal ($permission:path) $handler:path) => {
        row!(= $method $path (Guard::Permission($permission)), row!(@ $handler))
    };
    ($method:ident $path:literal $guard:ident $handler:path) => {
        row!(= $method $path (Guard::$guard), row!(@ $handler))
    };
    (= $method:ident $path:literal ($guard:expr), $handler:expr) => {
        Row {
            method: stringify!($method),
            path: $path,
            guard: $guard,
            own: !matches!(stringify!($method).as_bytes(), b"GET" | b"ANY"),
            fresh: false,
            enrolling: false,
            head: true,
            cheap: matches!(stringify!($method).as_bytes(), b"GET"),
            on: |_| true,
            refuse: None,
            handler: $handler,
        }
    };
    (@ $handler:path) => {
        |terms: Terms| {
            web::to(move |call: Call| async move {
                let actor = call.actor().await?;
                terms.admit(&call, &actor)?;
                $handler(call, actor).await
            })
        }
    };
}

pub static TABLE: &[Group] = &[
    Group {
        name: "directus",
        dialect: Some(Dialect::Directus),
        test_mode: false,
        prefix: None,
        refuse: refuse::<Directus>,
        rows: &[
            row!(GET "/auth" Public directus::providers),
            row!(GET "/server/ping" Public directus::ping),
            row!(GET "/users/me" Guest directus::users::me).enrolling(),
            row!(PATCH "/users/me" SignedIn directus::users::update),
            row!(DELETE "/users/me" Guest directus::delete_own_account::me),
            row!(POST "/users/register" Public directus::registration::register),
            row!(GET "/users/register/verify-email" Public directus::registration::verify)
                .spending(),
            row!(POST "/users/invite" Administrator directus::registration::invite).fresh(),
            row!(POST "/users/invite/accept" Public directus::registration::accept),
            row!(POST "/users/me/tfa/generate" SignedIn directus::second_factor::generate).enrolling(),
            row!(POST "/users/me/tfa/enable" SignedIn directus::second_factor::enable).enrolling(),
            row!(POST "/users/me/tfa/disable" SignedIn directus::second_factor::disable),
        ],
    },
    Group {
        name: "oisp",
        dialect: Some(Dialect::Oisp),
        test_mode: false,
        prefix: Some("/v1/api/"),
        refuse: refuse::<Oisp>,
        rows: &[
            row!(POST "/v1/api/auth/token" Public oisp::token),
            row!(GET "/v1/api/auth/tokenInfo" Guest oisp::token_info),
            row!(GET "/v1/api/auth/me" Guest oisp::me),
            row!(PUT "/v1/api/auth/me" SignedIn oisp::renew),
            row!(DELETE "/v1/api/auth/me" Public oisp::sign_out),
            row!(POST "/v1/api/auth/refresh" SignedIn oisp::refresh_token),
            row!(PUT "/v1/api/auth/refresh" Public oisp::refresh_both),
            row!(GET "/v1/api/accounts" Account oisp::accounts::list),
            row!(POST "/v1/api/accounts" SignedIn oisp::accounts::create),
            row!(GET "/v1/api/accounts/{id}" Account oisp::accounts::one),
            row!(PUT "/v1/api/accounts/{id}" Account oisp::accounts::rename),
            row!(DELETE "/v1/api/accounts/{id}" Account oisp::accounts::delete),
            row!(GET "/v1/api/accounts/{id}/users" Account oisp::accounts::users),
            row!(PUT "/v1/api/accounts/{id}/users/{user}" Account oisp::accounts::change_user),
            row!(GET "/v1/api/accounts/{id}/invites" Account oisp::accounts::invites),
            row!(POST "/v1/api/accounts/{id}/invites" Account oisp::accounts::invite),
            row!(DELETE "/v1/api/accounts/{id}/invites/{email}" Account oisp::accounts::take_back),
            row!(GET "/v1/api/invites/{email}" SignedIn oisp::accounts::own_invites),
            row!(PUT "/v1/api/invites/{id}/status" SignedIn oisp::accounts::answer_invite),
            row!(GET "/v1/api/health" Public oisp::health),
            row!(POST "/v1/api/users" Public oisp::users::add),
            row!(GET "/v1/api/users/{id}" Guest oisp::users::get),
            row!(PUT "/v1/api/users/{id}" SignedIn oisp::users::update),
            row!(DELETE "/v1/api/users/{id}" Guest oisp::users::delete),
            row!(POST "/v1/api/users/forgot_password" Public oisp::users::request_reset),
            row!(PUT "/v1/api/users/forgot_password" Public oisp::users::reset),
            row!(POST "/v1/api/users/request_user_activation" Public
                oisp::users::request_activation),
            row!(POST "/v1/api/users/activate" Public oisp::users::activate),
            row!(PUT "/v1/api/users/{email}/change_password" SignedIn
                oisp::users::change_password),
        ],
    },
    Group {
        name: "hypi",
        dialect: Some(Dialect::Hypi),
        test_mode: false,
        prefix: None,
        refuse: refuse::<Hypi>,
        rows: &[
            row!(GET "/auth/token" Public hypi::token)
                .spending()
                .on(|web| web.exchange),
            row!(POST "/auth/token" Public hypi::token).on(|web| web.exchange),
            row!(POST "/auth/accounts" Public hypi::accounts::create),
        ],
    },
    Group {
        name: "graphql",
        dialect: None,
        test_mode: false,
        prefix: None,
        refuse: refuse::<Keyward>,
        rows: &[
            row!(GET "/graphql" Public schemas::merged).counted().on(schemas::merged_is_on),
            row!(POST "/graphql" Public schemas::merged).on(schemas::merged_is_on),
            // Where Directus's clients look for `auth_login` and its twins.
            row!(GET "/graphql/system" Public schemas::merged).counted().on(schemas::system_is_on),
            row!(POST "/graphql/system" Public schemas::merged).on(schemas::system_is_on),
        ],
    },
    Group {
        name: "haltian",
        dialect: Some(Dialect::Haltian),
        test_mode: false,
        prefix: None,
        refuse: refuse::<Keyward>,
        rows: &[row!(POST "/v1/graphql" Public schemas::haltian)],
    },
    Group {
        name: "keyward",
        dialect: None,
        test_mode: false,
        prefix: None,
        refuse: refuse::<Keyward>,
        rows: &[
            row!(POST "/auth/login" Public sign_in::login),
            row!(POST "/auth/anonymous" Public guest::begin),
            row!(POST "/auth/refresh" Public sign_in::refresh),
            row!(POST "/auth/logout" Public sign_in::logout),
            row!(POST "/auth/step-up" SignedIn step_up::step_up).enrolling(),
            row!(GET "/auth/me" Caller account::me).enrolling(),
            row!(PATCH "/auth/me" SignedIn account::update),
            row!(DELETE "/auth/me" Guest delete_own_account::me),
            row!(GET "/auth/me/export" Guest account::export).own(),
            row!(POST "/auth/register" Public registration::register),
            row!(POST "/auth/email/verify" Public registration::verify),
            row!(POST "/auth/email/verify/request" Public registration::verify_again),
            row!(POST "/auth/email/change" SignedIn addresses::change),
            row!(POST "/auth/email/change/confirm" Public addresses::confirm),
            row!(POST "/auth/email/change/cancel" Public addresses::undo),
            row!(POST "/auth/me/emails" SignedIn addresses::add),
            row!(POST "/auth/me/emails/confirm" Public addresses::confirm_added),
            row!(POST "/auth/me/emails/{email}/primary" SignedIn addresses::make_primary),
            row!(DELETE "/auth/me/emails/{email}" SignedIn addresses::remove),
            row!(POST "/auth/password/request" Public registration::request_reset),
            row!(POST "/auth/password/reset" Public registration::reset),
            row!(GET "/account" Public account_page::page),
            row!(GET "/account/account.js" Public account_page::script),
            row!(GET "/account/account.css" Public account_page::style),
            row!(GET "/auth/sessions" SignedIn sessions::list),
            row!(DELETE "/auth/sessions" SignedIn sessions::end_others),
            row!(DELETE "/auth/sessions/{id}" SignedIn sessions::end),
            row!(POST "/auth/password/change" SignedIn account::change),
            row!(POST "/auth/mfa/totp" SignedIn second_factor::begin).enrolling(),
            row!(DELETE "/auth/mfa/totp" SignedIn second_factor::remove),
            row!(POST "/auth/mfa/totp/confirm" SignedIn second_factor::confirm).enrolling(),
            row!(POST "/auth/mfa/recovery-codes" SignedIn second_factor::recovery_codes),
            row!(GET "/auth/organizations" Account organizations::list),
            row!(POST "/auth/organizations" SignedIn organizations::create),
            row!(GET "/auth/organizations/{id}" Account organizations::one),
            row!(PATCH "/auth/organizations/{id}" Account organizations::change),
            row!(DELETE "/auth/organizations/{id}" Account organizations::delete),
            row!(POST "/auth/organizations/{id}/enter" SignedIn organizations::enter),
            row!(POST "/auth/organizations/{id}/accept" SignedIn organizations::accept),
            row!(POST "/auth/organizations/{id}/leave" SignedIn organizations::leave),
            row!(GET "/auth/organizations/{id}/members" Account members::list),
            row!(PATCH "/auth/organizations/{id}/members/{account}" Account members::change),
            row!(DELETE "/auth/organizations/{id}/members/{account}" Account members::remove),
            row!(GET "/auth/organizations/{id}/roles" Account roles::list_own),
            row!(POST "/auth/organizations/{id}/roles" Account roles::make_own),
            row!(PATCH "/auth/organizations/{id}/roles/{role}" Account roles::change_own),
            row!(DELETE "/auth/organizations/{id}/roles/{role}" Account roles::remove_own),
            row!(GET "/auth/roles" Administrator roles::list),
            row!(POST "/auth/roles" Administrator roles::make).fresh(),
            row!(PATCH "/auth/roles/{role}" Administrator roles::change).fresh(),
            row!(DELETE "/auth/roles/{role}" Administrator roles::remove).fresh(),
            row!(GET "/auth/organizations/{id}/invitations" Account members::invitations),
            row!(POST "/auth/organizations/{id}/invitations" Account members::invite),
            row!(DELETE "/auth/organizations/{id}/invitations/{email}" Account members::take_back),
            row!(GET "/auth/organizations/{id}/api-keys" Account api_keys::list_in),
            row!(DELETE "/auth/organizations/{id}/api-keys/{key}" Account api_keys::revoke_in),
            row!(GET "/auth/api-keys" SignedIn api_keys::list),
            row!(POST "/auth/api-keys" SignedIn api_keys::make),
            row!(POST "/auth/api-keys/{key}/rotate" SignedIn api_keys::rotate),
            row!(DELETE "/auth/api-keys/{key}" SignedIn api_keys::revoke),
            row!(POST "/auth/invitations/accept" Public organizations::accept_by_code),
            row!(ANY "/auth/verify" Caller verify::verify)
                .cheap()
                .refusing(refuse::<Verify>),
            row!(GET "/.well-known/jwks.json" Public jwks::jwks),
            row!(GET "/health/live" Public health::live),
            row!(GET "/health/ready" Public health::ready),
            row!(GET "/openapi.yaml" Public jwks::openapi),
            row!(GET "/docs" Public docs::page),
            row!(GET "/docs/rapidoc.js" Public docs::viewer),
        ],
    },
    Group {
        name: "administration",
        dialect: None,
        test_mode: false,
        prefix: None,
        refuse: refuse::<Keyward>,
        rows: &[
            row!(GET "/admin/accounts" Administrator admin::accounts::list),
            row!(POST "/admin/accounts" Administrator admin::accounts::add).fresh(),
            row!(GET "/admin/accounts/{id}" Administrator admin::accounts::show),
            row!(PATCH "/admin/accounts/{id}" Administrator admin::accounts::change),
            row!(DELETE "/admin/accounts/{id}" Administrator admin::accounts::delete).fresh(),
            row!(POST "/admin/accounts/{id}/password" Administrator admin::credentials::set_password).fresh(),
            row!(POST "/admin/accounts/{id}/unlock" Administrator admin::credentials::unlock).fresh(),
            row!(DELETE "/admin/accounts/{id}/second-factor" Administrator admin::credentials::reset_factor).fresh(),
            row!(GET "/admin/accounts/{id}/sessions" Administrator admin::credentials::sessions),
            row!(DELETE "/admin/accounts/{id}/sessions" Administrator admin::credentials::end_sessions),
            row!(DELETE "/admin/accounts/{id}/sessions/{session}" Administrator admin::credentials::end_session),
            row!(POST "/admin/accounts/{id}/act-as" Administrator admin::act_as::begin).fresh(),
            row!(GET "/admin/accounts/{id}/login-attempts" Administrator admin::credentials::attempts),
            row!(PUT "/admin/accounts/{id}/roles/{role}" Administrator admin::credentials::grant).fresh(),
            row!(DELETE "/admin/accounts/{id}/roles/{role}" Administrator admin::credentials::take).fresh(),
            row!(GET "/admin/organizations" Administrator admin::organizations::list),
            row!(POST "/admin/organizations" Administrator admin::organizations::add).fresh(),
            row!(GET "/admin/organizations/{id}" Administrator admin::organizations::show),
            row!(PATCH "/admin/organizations/{id}" Administrator admin::organizations::change).fresh(),
            row!(DELETE "/admin/organizations/{id}" Administrator admin::organizations::delete).fresh(),
            row!(GET "/admin/organizations/{id}/members" Administrator admin::organizations::members),
            row!(PUT "/admin/organizations/{id}/members/{account}" Administrator admin::organizations::set_role).fresh(),
            row!(DELETE "/admin/organizations/{id}/members/{account}" Administrator admin::organizations::remove).fresh(),
            row!(POST "/admin/password-reset-link" (ACCOUNT_RESET_LINK)
                admin::credentials::reset_link),
            row!(GET "/admin/api-keys" Administrator admin::api_keys::list),
            row!(POST "/admin/api-keys" Administrator admin::api_keys::make).fresh(),
            row!(POST "/admin/api-keys/{key}/rotate" Administrator admin::api_keys::rotate).fresh(),
            row!(DELETE "/admin/api-keys/{key}" Administrator admin::api_keys::revoke),
            row!(GET "/admin/audit-events" Administrator admin::audit::list),
            row!(GET "/admin/invitations" Administrator admin::invitations::list),
            row!(POST "/admin/invitations" Administrator admin::invitations::invite).fresh(),
            row!(DELETE "/admin/invitations/{email}" Administrator admin::invitations::take_back),
            row!(GET "/admin/signing-keys" Administrator admin::keys::list),
            row!(POST "/admin/signing-keys/rotate" Administrator admin::keys::rotate),
            row!(POST "/admin/signing-keys/replace-compromised" Administrator admin::keys::replace_compromised).fresh(),
        ],
    },
    Group {
        name: "test mode",
        dialect: None,
        test_mode: true,
        prefix: None,
        refuse: refuse::<Keyward>,
        rows: &[
            row!(GET "/test/clock" Public test_mode::clock),
            row!(POST "/test/clock" Public test_mode::advance),
            row!(GET "/test/mail" Public test_mode::mail),
        ],
    },
];
