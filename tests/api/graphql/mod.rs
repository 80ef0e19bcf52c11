//! GraphQL: the operations of the documents, as they are printed there, and what is refused.

mod adapts;
mod bombs;
mod by_get;
mod credentials;
mod directus;
mod every_way;
mod falls;
mod grammar;
mod haltian;
mod hypi;
mod matrix;
mod organization;
mod propeller;
mod propeller_sdk;
mod publish;
mod requests;
mod sdl;
mod variables;
mod words;

use keyward::domain::id::AccountId;
use keyward::service::organizations::administer;
use keyward::service::organizations::change_member::Which;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, text};

pub const ALICE: &str = "alice@example.com";

/// The organization that the documents of seed H sign in to.
pub const DEMO: &str = "2a749da0-5512-4000-8000-000000000000";

/// Makes the account a member of it.
pub fn in_demo(kw: &TestKeyward, account: AccountId) {
    for text in [
        format!(
            "INSERT INTO organizations (id, name, name_canonical, created_at, updated_at) \
             VALUES ('{DEMO}', 'demo', 'demo', 1, 1) ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO memberships \
             (organization_id, account_id, role, state, created_at, updated_at) \
             VALUES ('{DEMO}', '{account}', 'viewer', 'active', 1, 1)"
        ),
    ] {
        kw.execute(&text, &text);
    }
}

/// Somebody in it with that role, signed in to it by Haltian's document: the account and the
/// access token.
pub fn in_demo_as(kw: &TestKeyward, email: &str, role: &str) -> (AccountId, String) {
    let id = kw.add_verified(email);
    join_demo(kw, id, role);
    (id, sign_in_to_demo(kw, email))
}

pub fn join_demo(kw: &TestKeyward, account: AccountId, role: &str) {
    let text = format!(
        "INSERT INTO organizations (id, name, name_canonical, created_at, updated_at) \
         VALUES ('{DEMO}', 'demo', 'demo', 1, 1) ON CONFLICT DO NOTHING"
    );
    kw.execute(&text, &text);
    let which = Which {
        organization: DEMO.parse().unwrap(),
        account,
    };
    administer::set_role(&kw.kw, which, role).unwrap();
    kw.catch_up();
}

pub fn sign_in_to_demo(kw: &TestKeyward, email: &str) -> String {
    let variables = json!({ "email": email, "organizationName": "demo", "password": PASSWORD });
    let body = json!({ "query": seeds::HALTIAN_LOGIN, "variables": variables });
    let body = kw.asks_with("/v1/graphql", &body, None).json();
    text(&body["data"]["login"], "accessToken")
}

/// The operations of the documents.
pub mod seeds {
    pub const HALTIAN_LOGIN: &str = include_str!("seeds/haltian_login.graphql");
    pub const HALTIAN_REFRESH: &str = include_str!("seeds/haltian_refresh.graphql");
    pub const HALTIAN_LOGOUT: &str = include_str!("seeds/haltian_logout.graphql");
    pub const HYPI_CREATE_ACCOUNT: &str = include_str!("seeds/hypi_create_account.graphql");
    pub const HYPI_LOGIN: &str = include_str!("seeds/hypi_login.graphql");
    pub const HYPI_LOGIN_BY_EMAIL: &str = include_str!("seeds/hypi_login_by_email.graphql");
    pub const PROPELLER_USER_REGISTER: &str = include_str!("seeds/propeller_user_register.graphql");
    pub const PROPELLER_LOGIN: &str = include_str!("seeds/propeller_login.graphql");
    pub const PROPELLER_PUBLISH: &str = include_str!("seeds/propeller_publish_email_event.graphql");
    pub const PROPELLER_RESET_LINK: &str = include_str!("seeds/propeller_reset_link.graphql");
    pub const PROPELLER_USER: &str = include_str!("seeds/propeller_user.graphql");
}

/// Registration is open, and guests are let in.
pub const OPEN: &[(&str, &str)] = &[
    ("KEYWARD_REGISTRATION", "open"),
    ("KEYWARD_GUESTS", "on"),
    ("KEYWARD_REDIRECT_ALLOW_LIST", "https://helice.cloud/login"),
];

/// The fields of Propeller's sign-in, by any password.
pub const LOGIN: &str = "mutation($email: String!, $password: String!) {
  login(input: { email: $email, password: $password }) { session { accessToken refreshToken } }
}";

impl TestKeyward {
    pub fn asks(&self, path: &str, document: &str, token: Option<&str>) -> Answer {
        self.asks_with(path, &json!({ "query": document }), token)
    }

    pub fn asks_with(&self, path: &str, body: &Value, token: Option<&str>) -> Answer {
        let mut ask = self.post(path).json(body);
        if let Some(token) = token {
            ask = ask.bearer(token);
        }
        ask.send()
    }

    /// What `/graphql` says to this document.
    #[track_caller]
    pub fn graphql(&self, document: &str, token: Option<&str>) -> Value {
        let answer = self.asks("/graphql", document, token);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// What the field of that name gives; nothing is refused.
    #[track_caller]
    pub fn field(&self, document: &str, token: Option<&str>, name: &str) -> Value {
        let body = self.graphql(document, token);
        assert_eq!(body.get("errors"), None, "{body}");
        body["data"][name].clone()
    }

    /// Signs in by Propeller's mutation.
    pub fn graphql_login(&self, email: &str, password: &str) -> Value {
        let variables = json!({ "email": email, "password": password });
        let body = json!({ "query": LOGIN, "variables": variables });
        self.asks_with("/graphql", &body, None).json()
    }
}

/// The code of the first error, and that nothing came with it.
#[track_caller]
pub fn code(body: &Value) -> String {
    for token in ["kwr1_", "eyJ"] {
        assert!(!body.to_string().contains(token), "{body}");
    }
    text(&body["errors"][0]["extensions"], "code")
}

/// An account that is signed in: its access token and its refresh token.
pub fn alice(kw: &TestKeyward) -> (String, String) {
    kw.account(ALICE);
    let session = kw.graphql_login(ALICE, PASSWORD)["data"]["login"]["session"].clone();
    (
        text(&session, "accessToken"),
        text(&session, "refreshToken"),
    )
}
