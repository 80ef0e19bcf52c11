//! Propeller's fields of `/graphql`.

use serde_json::{Value, json};

use crate::domain::identifier::{Email, Identifier};
use crate::http::dialect::propeller::words::say;
use crate::http::graphql::asked::Asked;
use crate::http::graphql::table::{
    Argument, Field, Fieldset, Input, Object, Type, argument, member, public, signed_in,
};
use crate::http::render;
use crate::http::request::fields::Fields;
use crate::http::request::person::object;
use crate::service::accounts::profile;
use crate::service::actor::Actor;
use crate::service::tokens::authenticate::authenticate;
use crate::service::tokens::mint::TokenSet;
use crate::service::{Error, Result};
use crate::support::secret::ExposeSecret as _;

pub const FIELDS: Fieldset = Fieldset {
    queries: &[signed_in("viewer", Type::object(&USER), &[], viewer).saying(say)],
    mutations: &[
        changes("login", LOGIN_INPUT, login),
        changes("exchangeRefreshToken", EXCHANGE_INPUT, exchange),
        public("logout", Type::TRUTH, &[], logout)
            .once()
            .saying(say),
    ],
};

/// A field that answers a session.
const fn changes(
    name: &'static str,
    arguments: &'static [Argument],
    act: fn(&Asked, &Fields) -> Result<Value>,
) -> Field {
    public(name, Type::object(&SIGNED_IN).required(), arguments, act)
        .once()
        .saying(say)
}

static SIGNED_IN: Object = Object {
    name: "LoginResponse",
    fields: &[member("session", Type::object(&SESSION).required())],
};

static SESSION: Object = Object {
    name: "Session",
    fields: &[
        member("isAnonymous", Type::TRUTH.required()),
        member("email", Type::TEXT),
        member("accessToken", Type::TEXT.required()),
        member("refreshToken", Type::TEXT.required()),
        member("expirationTime", Type::TEXT.required()),
    ],
};

static USER: Object = Object {
    name: "User",
    fields: &[
        member("id", Type::ID.required()),
        member("userId", Type::ID.required()),
        member("username", Type::TEXT),
        member("firstName", Type::TEXT),
        member("middleName", Type::TEXT),
        member("lastName", Type::TEXT),
        member("email", Type::TEXT),
        member("phone", Type::TEXT),
        member("gender", Type::TEXT),
        member("company", Type::TEXT),
        member("dateOfBirth", Type::TEXT),
        member("language", Type::TEXT),
        member("parentId", Type::WHOLE),
        member("isAnonymous", Type::TRUTH.required()),
    ],
};

static LOGIN: Input = Input {
    name: "LoginInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("password", Type::TEXT.required()),
        argument("otp", Type::TEXT),
    ],
};

static EXCHANGE: Input = Input {
    name: "ExchangeRefreshTokenInput",
    members: &[argument("refreshToken", Type::TEXT.required())],
};

const LOGIN_INPUT: &[Argument] = &[argument("input", Type::input(&LOGIN).required())];
const EXCHANGE_INPUT: &[Argument] = &[argument("input", Type::input(&EXCHANGE).required())];

/// `login(input)` (rows P-17 to P-20).
fn login(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "input")?.unwrap_or_default();
    let email = Email::parse(input.required("email")?);
    let email = email.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?;
    let tokens = asked.sign_in(Identifier::Email(email), &input, "propeller")?;
    Ok(json!({ "session": session(asked, &tokens)? }))
}

/// `exchangeRefreshToken(input)` (rows P-03, P-38).
fn exchange(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "input")?.unwrap_or_default();
    let tokens = asked.refresh(input.required("refreshToken")?)?;
    Ok(json!({ "session": session(asked, &tokens)? }))
}

/// `logout` (decision 9).
fn logout(asked: &Asked, _: &Fields) -> Result<Value> {
    asked.sign_out()?;
    Ok(json!(true))
}

/// `viewer` (row P-13).
fn viewer(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let (person, _) = profile::person(&asked.kw, actor)?;
    let mut user = render::person(&person);
    user["userId"] = json!(person.account.id);
    user["isAnonymous"] = json!(person.account.anonymous);
    Ok(user)
}

/// The tokens, and whose they are, as the access token says it.
fn session(asked: &Asked, tokens: &TokenSet) -> Result<Value> {
    let holder = authenticate(&asked.kw, &tokens.access)?;
    Ok(json!({
        "isAnonymous": tokens.anonymous,
        "email": holder.claims.email,
        "accessToken": tokens.access.expose_secret(),
        "refreshToken": tokens.refresh.expose_secret(),
        "expirationTime": tokens.access_expires_at.iso(),
    }))
}
