//! Directus's twins of its routes, as fields of `/graphql` (row D-04).

use serde_json::{Value, json};

use crate::config::Dialect;
use crate::domain::identifier::{Email, Identifier};
use crate::http::dialect::directus::users;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{
    Argument, Fieldset, Object, Type, Words, argument, member, public, signed_in,
};
use crate::http::request::fields::Fields;
use crate::http::response_bodies;
use crate::service::actor::Actor;
use crate::service::sessions::logout;
use crate::service::{Error, Result};
use crate::support::secret::SecretString;

pub const FIELDS: Fieldset = Fieldset {
    queries: &[signed_in("users_me", Type::object(&USER), &[], me)
        .for_guests()
        .enrolling()],
    mutations: &[
        public(
            "auth_login",
            Type::object(&TOKENS),
            &[
                argument("email", Type::TEXT.required()),
                argument("password", Type::TEXT.required()),
                argument("otp", Type::TEXT),
                MODE,
            ],
            login,
        )
        .once()
        .waiting(),
        public(
            "auth_refresh",
            Type::object(&TOKENS),
            &[TOKEN, MODE],
            refresh,
        )
        .once(),
        public("auth_logout", Type::TRUTH, &[TOKEN, MODE], logout).once(),
    ],
};

static TOKENS: Object = Object {
    name: "auth_tokens",
    fields: &[
        member("access_token", Type::TEXT),
        member("expires", Type::WHOLE),
        member("refresh_token", Type::TEXT),
    ],
};

static USER: Object = Object {
    name: "directus_users",
    fields: &[
        member("id", Type::ID.required()),
        member("first_name", Type::TEXT),
        member("last_name", Type::TEXT),
        member("email", Type::TEXT),
        member("location", Type::TEXT),
        member("title", Type::TEXT),
        member("description", Type::TEXT),
        member("language", Type::TEXT),
        member("tfa_secret", Type::TEXT),
        member("status", Type::TEXT),
        member("role", Type::TEXT),
        member("last_access", Type::TEXT),
        member("provider", Type::TEXT),
        // What Keyward does not keep, or keeps as an attribute, as the route tells it.
        member("tags", Type::TEXT.list()),
        member("avatar", Type::object(&FILE)),
        member("password", Type::TEXT),
        member("token", Type::TEXT),
        member("last_page", Type::TEXT),
        member("external_identifier", Type::TEXT),
        member("auth_data", Type::TEXT),
        member("email_notifications", Type::TRUTH),
        member("appearance", Type::TEXT),
        member("text_direction", Type::TEXT),
    ],
};

static FILE: Object = Object {
    name: "directus_files",
    fields: &[member("id", Type::ID.required())],
};

static MODES: Words = Words {
    name: "auth_mode",
    all: &["json", "cookie", "session"],
    taken: &["json"],
};

const MODE: Argument = argument("mode", Type::one_of(&MODES));
const TOKEN: Argument = argument("refresh_token", Type::TEXT);

fn login(asked: &Asked, fields: &Fields) -> Result<Value> {
    require_json(fields)?;
    let email = Email::parse(fields.required("email")?);
    let email = email.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?;
    let tokens = asked.sign_in(Identifier::Email(email), fields, Dialect::Directus)?;
    Ok(response_bodies::token_set(&tokens))
}

fn refresh(asked: &Asked, fields: &Fields) -> Result<Value> {
    require_json(fields)?;
    // An empty one is none, as at the route.
    let token = fields.optional("refresh_token")?;
    let token = token.filter(|text| !text.is_empty());
    let tokens = asked.refresh(token.ok_or_else(|| Error::payload(NO_REFRESH))?, None)?;
    Ok(response_bodies::token_set(&tokens))
}

/// By the refresh token; in its absence, or where it ends nothing, by the access token, as the
/// route. A refresh token that ends nothing is no error, as in the original.
fn logout(asked: &Asked, fields: &Fields) -> Result<Value> {
    let token = fields.optional("refresh_token")?;
    let tokens = token.filter(|text| !text.is_empty()).into_iter();
    let tokens: Vec<SecretString> = tokens.map(Into::into).collect();
    if tokens.is_empty() && !asked.has_token()? {
        return Err(Error::payload(NO_TOKEN));
    }
    logout::by_either(&asked.kw, &tokens, &asked.shown(), false)?;
    Ok(json!(true))
}

fn me(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let mut user = users::show(&asked.kw, actor)?;
    // The route shows whatever was sent.
    let is_text = |tags: &Vec<Value>| tags.iter().all(Value::is_string);
    let tags = user.get("tags").and_then(Value::as_array);
    let tags = json!(tags.filter(|tags| is_text(tags)));
    user.insert("tags".to_owned(), tags);
    Ok(Value::Object(user))
}

/// The original's words.
const NO_REFRESH: &str = "The refresh token is required in either the payload or cookie";

const NO_TOKEN: &str = "\"refresh_token\" is required, or an access token";

/// No cookie is set by GraphQL, and none is read: the routes are for that.
fn require_json(fields: &Fields) -> Result<()> {
    match fields.optional("mode")? {
        None | Some("json") => Ok(()),
        Some(_) => Err(Error::payload(
            "\"mode\" must be json here: POST /auth/login and /auth/refresh know cookies",
        )),
    }
}
