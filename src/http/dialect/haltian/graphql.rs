//! Haltian's fields of `/v1/graphql`.

use serde_json::{Value, json};

use crate::config::Dialect;
use crate::domain::identifier::{Email, Identifier};
use crate::http::dialect::haltian::organization;
use crate::http::dialect::haltian::refusals::say;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{
    Argument, Fieldset, Input, Object, Type, argument, member, public, signed_in,
};
use crate::http::request::fields::Fields;
use crate::http::request::profile_fields::object;
use crate::http::request::wanted_organization;
use crate::http::response_bodies;
use crate::service::accounts::profile;
use crate::service::actor::Actor;
use crate::service::tokens::mint::TokenSet;
use crate::service::{Error, Result};
use crate::support::secret::ExposeSecret as _;

pub const FIELDS: Fieldset = Fieldset {
    queries: &[
        signed_in("viewer", Type::object(&VIEWER), &[], viewer)
            .enrolling()
            .saying(say),
        organization::ORGANIZATION,
        organization::USERS,
        organization::INVITATIONS,
        organization::ROLES,
    ],
    mutations: &[
        public("login", Type::object(&TOKENS).required(), LOGIN, login)
            .once()
            .waiting()
            .saying(say),
        public(
            "refreshToken",
            Type::object(&TOKENS).required(),
            REFRESH,
            refresh,
        )
        .once()
        .saying(say),
        public("logout", Type::object(&LOGOUT).required(), &[], logout)
            .once()
            .saying(say),
        organization::INVITE_USER,
        organization::CANCEL_INVITATION,
        organization::SET_USER_ROLE,
        organization::REMOVE_USER,
    ],
};

const LOGIN: &[Argument] = &[argument("loginInput", Type::input(&LOGIN_INPUT).required())];

const REFRESH: &[Argument] = &[argument(
    "refreshTokenInput",
    Type::input(&REFRESH_INPUT).required(),
)];

static LOGIN_INPUT: Input = Input {
    name: "LoginInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("organizationName", Type::TEXT.required()),
        argument("password", Type::TEXT.required()),
        argument("otp", Type::TEXT),
    ],
};

static REFRESH_INPUT: Input = Input {
    name: "RefreshTokenInput",
    members: &[
        argument("organizationId", Type::TEXT.required()),
        argument("refreshToken", Type::TEXT.required()),
    ],
};

static TOKENS: Object = Object {
    name: "Tokens",
    fields: &[
        member("accessToken", Type::TEXT.required()),
        member("expiresIn", Type::WHOLE.required()),
        member("refreshExpiresIn", Type::WHOLE.required()),
        member("refreshToken", Type::TEXT.required()),
        member("organizationId", Type::TEXT),
    ],
};

static LOGOUT: Object = Object {
    name: "LogoutResult",
    fields: &[member("success", Type::TRUTH.required())],
};

static VIEWER: Object = Object {
    name: "Viewer",
    fields: &[
        member("id", Type::ID.required()),
        member("email", Type::TEXT),
        member("username", Type::TEXT),
        member("firstName", Type::TEXT),
        member("lastName", Type::TEXT),
        member("verified", Type::TRUTH.required()),
        member("role", Type::TEXT),
        member("roles", Type::TEXT.required().list()),
        member("permissions", Type::TEXT.required().list()),
        member("organizationId", Type::TEXT),
    ],
};

/// `login(loginInput)` (rows H-04 to H-11).
fn login(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "loginInput")?.unwrap_or_default();
    input.required("organizationName")?;
    let email = Email::parse(input.required("email")?);
    let email = email.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?;
    let tokens = asked.sign_in(Identifier::Email(email), &input, Dialect::Haltian)?;
    Ok(shown(&tokens))
}

/// `refreshToken(refreshTokenInput)` (rows H-16 to H-21).
fn refresh(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "refreshTokenInput")?.unwrap_or_default();
    let organization = wanted_organization::organization_id(&input)?;
    let tokens = asked.refresh(input.required("refreshToken")?, organization)?;
    Ok(shown(&tokens))
}

/// `logout` (rows H-26 to H-30).
fn logout(asked: &Asked, _: &Fields) -> Result<Value> {
    asked.sign_out()?;
    Ok(json!({ "success": true }))
}

/// `viewer` (row H-15).
fn viewer(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let (person, _) = profile::person(&asked.kw, actor)?;
    let claims = actor.claims();
    let mut viewer = response_bodies::person(&person);
    // In the organization, where the session is in one.
    viewer["role"] = json!(claims.role);
    viewer["roles"] = json!(claims.roles);
    viewer["permissions"] = json!(claims.permissions);
    viewer["organizationId"] = json!(claims.org);
    Ok(viewer)
}

/// Lives are in seconds.
fn shown(tokens: &TokenSet) -> Value {
    let from = tokens.issued_at.seconds();
    json!({
        "accessToken": tokens.access.expose_secret(),
        "expiresIn": tokens.access_expires_at.seconds() - from,
        "refreshExpiresIn": tokens.refresh_expires_at.seconds() - from,
        "refreshToken": tokens.refresh.expose_secret(),
        "organizationId": tokens.organization,
    })
}
