//! Hypi's fields of `/graphql`.

use serde_json::{Value, json};

use crate::config::Dialect;
use crate::domain::identifier::{Email, Identifier};
use crate::http::dialect::hypi::accounts::{made, registration, shown};
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{
    Argument, Fieldset, Input, Object, Type, argument, member, page, public, signed_in,
};
use crate::http::request::fields::Fields;
use crate::http::request::profile_fields::object;
use crate::http::response_bodies;
use crate::service::accounts::profile;
use crate::service::actor::Actor;
use crate::service::sessions::login_history::{Tried, attempts};
use crate::service::tokens::mint::TokenSet;
use crate::service::{Error, Result};
use crate::support::secret::ExposeSecret as _;

pub const FIELDS: Fieldset = Fieldset {
    queries: &[
        public("login", Type::object(&ACCESS_TOKEN), LOGIN, login)
            .once()
            .waiting(),
        public(
            "loginByEmail",
            Type::object(&ACCESS_TOKEN),
            BY_EMAIL,
            by_email,
        )
        .once()
        .waiting(),
        signed_in("account", Type::object(&ACCOUNT), &[], account),
    ],
    mutations: &[public("createAccount", Type::object(&HYPI), VALUE, create)
        .once()
        .waiting()],
};

const LOGIN: &[Argument] = &[
    argument("username", Type::TEXT.required()),
    argument("password", Type::TEXT.required()),
    argument("otp", Type::TEXT),
];

const BY_EMAIL: &[Argument] = &[
    argument("email", Type::TEXT.required()),
    argument("password", Type::TEXT.required()),
    argument("otp", Type::TEXT),
];

const VALUE: &[Argument] = &[argument("value", Type::input(&ACCOUNT_INPUT).required())];

static ACCESS_TOKEN: Object = Object {
    name: "AccessToken",
    fields: &[
        member("sessionToken", Type::TEXT),
        member("sessionExpires", Type::TEXT),
        member("errorCode", Type::TEXT),
        member("errorMsg", Type::TEXT),
    ],
};

static HYPI: Object = Object {
    name: "Hypi",
    fields: &[
        member("id", Type::ID.required()),
        member("created", Type::TEXT),
        member("createdBy", Type::TEXT),
        member("updated", Type::TEXT),
    ],
};

static ACCOUNT: Object = Object {
    name: "Account",
    fields: &[
        member("hypi", Type::object(&HYPI)),
        member("verified", Type::TRUTH),
        member("enabled", Type::TRUTH),
        member("username", Type::TEXT.required()),
        member("owner", Type::object(&PERSON)),
        page("emails", Type::object(&EMAIL)),
        page("phones", Type::object(&PHONE)),
        page("groups", Type::object(&GROUP)),
        page("roles", Type::object(&ROLE)),
        page("attempts", Type::object(&ATTEMPT)),
        page("remoteLogins", Type::object(&REMOTE_LOGIN)),
    ],
};

static PERSON: Object = Object {
    name: "Person",
    fields: &[
        member("name", Type::TEXT),
        member("firstName", Type::TEXT),
        member("middleName", Type::TEXT),
        member("lastName", Type::TEXT),
        member("gender", Type::TEXT),
        member("dateOfBirth", Type::TEXT),
        member("address", Type::TEXT),
        member("company", Type::TEXT),
        member("language", Type::TEXT),
    ],
};

static EMAIL: Object = Object {
    name: "Email",
    fields: &[
        member("value", Type::TEXT.required()),
        member("verified", Type::TRUTH),
        member("primary", Type::TRUTH),
    ],
};

static PHONE: Object = Object {
    name: "Phone",
    fields: &[
        member("value", Type::TEXT.required()),
        member("verified", Type::TRUTH),
        member("primary", Type::TRUTH),
    ],
};

static GROUP: Object = Object {
    name: "Group",
    fields: &[member("name", Type::TEXT.required())],
};

static ROLE: Object = Object {
    name: "Role",
    fields: &[member("name", Type::TEXT.required())],
};

static ATTEMPT: Object = Object {
    name: "LoginAttempt",
    fields: &[
        member("at", Type::TEXT.required()),
        member("succeeded", Type::TRUTH.required()),
        member("outcome", Type::TEXT.required()),
    ],
};

/// Nobody signs in by others yet.
static REMOTE_LOGIN: Object = Object {
    name: "RemoteLogin",
    fields: &[
        member("provider", Type::TEXT.required()),
        member("remoteId", Type::TEXT.required()),
    ],
};

static ACCOUNT_INPUT: Input = Input {
    name: "AccountInput",
    members: &[
        argument("username", Type::TEXT.required()),
        argument("password", Type::input(&PASSWORD).required()),
        argument("owner", Type::input(&OWNER)),
        argument("emails", Type::input(&VALUE_INPUT).list()),
        argument("phones", Type::input(&VALUE_INPUT).list()),
        argument("groups", Type::input(&NAME_INPUT).list()),
        argument("language", Type::TEXT),
    ],
};

static PASSWORD: Input = Input {
    name: "PasswordInput",
    members: &[argument("value", Type::TEXT.required())],
};

static VALUE_INPUT: Input = Input {
    name: "ValueInput",
    members: &[argument("value", Type::TEXT.required())],
};

static NAME_INPUT: Input = Input {
    name: "NameInput",
    members: &[argument("name", Type::TEXT.required())],
};

static OWNER: Input = Input {
    name: "PersonInput",
    members: &[
        argument("name", Type::TEXT),
        argument("firstName", Type::TEXT),
        argument("middleName", Type::TEXT),
        argument("lastName", Type::TEXT),
        argument("gender", Type::TEXT),
        argument("dateOfBirth", Type::TEXT),
        argument("address", Type::TEXT),
        argument("company", Type::TEXT),
        argument("language", Type::TEXT),
    ],
};

/// `login(username, password)` (rows Y-02, Y-22 to Y-26).
fn login(asked: &Asked, fields: &Fields) -> Result<Value> {
    let who = fields.required("username").map(Identifier::parse_with_id);
    access_token(asked, signed_in_as(asked, who, fields))
}

/// `loginByEmail(email, password)` (row Y-27).
fn by_email(asked: &Asked, fields: &Fields) -> Result<Value> {
    let who = fields.required("email").map(Email::parse);
    let who = who.map(|email| email.map(Identifier::Email));
    access_token(asked, signed_in_as(asked, who, fields))
}

/// What can be no name of ours is one that nobody has.
fn signed_in_as(
    asked: &Asked,
    who: Result<Option<Identifier>>,
    fields: &Fields,
) -> Result<TokenSet> {
    asked.sign_in(who?.ok_or_else(Error::credentials)?, fields, Dialect::Hypi)
}

/// The original says no inside its answer (row Y-26).
#[expect(
    clippy::unnecessary_wraps,
    reason = "fields of the table give a Result"
)]
fn access_token(asked: &Asked, signed_in: Result<TokenSet>) -> Result<Value> {
    Ok(match signed_in {
        Ok(tokens) => json!({
            "sessionToken": tokens.access.expose_secret(),
            "sessionExpires": tokens.access_expires_at.iso(),
        }),
        Err(error) => {
            asked.note(&error);
            json!({ "errorCode": error.code.as_str(), "errorMsg": error.message })
        }
    })
}

/// `createAccount(value)` (rows Y-04 to Y-07, Y-20).
fn create(asked: &Asked, fields: &Fields) -> Result<Value> {
    let value = object(fields, "value")?.unwrap_or_default();
    let wish = asked.wish(&value, "verification_url")?;
    let new = registration(&asked.kw, &value, wish)?;
    let caller = asked.anybody()?;
    let made = made(&asked.kw, &asked.seat()?, caller, new)?;
    Ok(Value::Object(shown(&made)))
}

/// `account` (rows Y-08 to Y-18, Y-21): the caller's.
fn account(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let (person, _) = profile::person(&asked.kw, actor)?;
    let names =
        |names: &[String]| -> Value { names.iter().map(|it| json!({ "name": it })).collect() };
    let tried = attempts(&asked.kw, actor)?;
    let mut account = response_bodies::person(&person);
    let mut owner = account.clone();
    owner["name"] = json!(person.account.full_name());
    account["hypi"] = Value::Object(shown(&person.account));
    account["enabled"] = json!(person.account.enabled);
    account["username"] = json!(
        person
            .account
            .username
            .as_ref()
            .or(person.account.email.as_ref())
    );
    account["owner"] = owner;
    account["groups"] = names(&person.profile.groups);
    account["roles"] = names(&actor.claims().roles);
    account["attempts"] = shown_attempts(&tried);
    account["remoteLogins"] = json!([]);
    Ok(account)
}

/// Each has a time of its own, since `after` knows it by that: of those of one millisecond each
/// further one is told a microsecond later (docs/decisions/0166).
fn shown_attempts(tried: &[Tried]) -> Value {
    let (mut before, mut nth) = (None, 0);
    let shown = tried.iter().map(|it| {
        nth = if before == Some(it.at) { nth + 1 } else { 0 };
        before = Some(it.at);
        let mut at = it.at.iso();
        if nth > 0 {
            at = format!("{}{nth:03}Z", at.trim_end_matches('Z'));
        }
        json!({ "at": at, "succeeded": it.succeeded, "outcome": it.outcome })
    });
    shown.collect()
}
