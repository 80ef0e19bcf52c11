//! What more than one dialect shows in the same words, or the command line too: accounts, organizations
//! with their members and roles, and the tokens of a session.

use actix_web::HttpResponse;
use actix_web::http::header::{self, SET_COOKIE};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::organization::{Organization, Role};
use crate::domain::session::Mode;
use crate::http::request::call::Call;
use crate::http::request::cookie_headers;
use crate::service::accounts::profile::Person;
use crate::service::membership::inviter::ShownInvitation;
use crate::service::sessions::refresh;
use crate::service::tokens::mint::TokenSet;
use crate::store::memberships::Member;
use crate::support::clock::Timestamp;
use crate::support::secret::ExposeSecret as _;

/// An account as seed O shows it. Times are epoch milliseconds.
pub fn account(account: &Account) -> Value {
    json!({
        "id": account.id,
        "created": account.created_at.millis(),
        "email": account.email,
        "termsAndConditions": account.terms_accepted,
        "updated": account.updated_at.millis(),
        "verified": account.verified,
    })
}

/// The same with everything that the account says of its owner, in Keyward's words. Written
/// into an answer as it stands, without a tree of values between: `/auth/me` is asked often.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonBody<'a> {
    id: AccountId,
    created: i64,
    email: Option<&'a str>,
    terms_and_conditions: bool,
    updated: i64,
    verified: bool,
    username: Option<&'a str>,
    first_name: Option<&'a str>,
    middle_name: Option<&'a str>,
    last_name: Option<&'a str>,
    gender: Option<&'a str>,
    company: Option<&'a str>,
    date_of_birth: Option<&'a str>,
    address: Option<&'a Value>,
    language: Option<&'a str>,
    parent_id: Option<i64>,
    groups: &'a [String],
    attributes: &'a Map<String, Value>,
    phone: Option<&'a str>,
    emails: Vec<Owned<'a>>,
    phones: Vec<Owned<'a>>,
    terms_version: Option<&'a str>,
}

/// An address or a telephone.
#[derive(Serialize)]
struct Owned<'a> {
    value: &'a str,
    verified: bool,
    primary: bool,
}

impl<'a> From<&'a Person> for PersonBody<'a> {
    fn from(person: &'a Person) -> Self {
        let Person {
            account,
            profile,
            emails,
            phones,
            ..
        } = person;
        let emails = emails.iter().map(|email| Owned {
            value: &email.written,
            verified: email.verified,
            primary: email.is_primary,
        });
        let numbers = phones.iter().map(|phone| Owned {
            value: &phone.value,
            verified: phone.verified,
            primary: phone.is_primary,
        });
        Self {
            id: account.id,
            created: account.created_at.millis(),
            email: account.email.as_deref(),
            terms_and_conditions: account.terms_accepted,
            updated: account.updated_at.millis(),
            verified: account.verified,
            username: account.username.as_deref(),
            first_name: account.first_name.as_deref(),
            middle_name: profile.middle_name.as_deref(),
            last_name: account.last_name.as_deref(),
            gender: profile.gender.as_deref(),
            company: profile.company.as_deref(),
            date_of_birth: profile.date_of_birth.as_deref(),
            address: profile.address.as_ref(),
            language: profile.language.as_deref(),
            parent_id: profile.parent_id,
            groups: &profile.groups,
            attributes: &profile.attributes,
            phone: phones.first().map(|phone| phone.value.as_str()),
            emails: emails.collect(),
            phones: numbers.collect(),
            terms_version: profile.terms.as_ref().map(|terms| terms.version.as_str()),
        }
    }
}

/// The same as a tree of values, for a face that shows some of it, or more.
pub fn person(person: &Person) -> Value {
    json!(PersonBody::from(person))
}

/// A member of an organization.
pub fn member(member: &Member) -> Value {
    let (first, last) = &member.names;
    json!({
        "account": member.membership.account,
        "email": member.email,
        "verified": member.verified,
        "username": member.username,
        "firstName": first,
        "lastName": last,
        "role": member.role,
        "state": member.membership.state.as_str(),
        "created": member.membership.created_at.millis(),
    })
}

/// An invitation. It says nothing of the account: whether there was one before is nobody's
/// business.
pub fn invitation(shown: &ShownInvitation) -> Value {
    let invitation = &shown.invitation;
    json!({
        "email": invitation.written,
        "role": shown.role,
        "invitedBy": invitation.invited_by,
        "created": invitation.created_at.millis(),
        "expires": invitation.expires_at.millis(),
        "good": shown.good,
    })
}

pub fn role(role: &Role) -> Value {
    json!({
        "name": role.name,
        "description": role.description,
        "scope": role.scope.as_str(),
        "organizationId": role.organization,
        "permissions": role.permissions,
        "mfaRequiredFrom": role.factor_from.map(Timestamp::millis),
    })
}

/// A session's tokens: all in the body, or the refresh token in its cookie.
pub fn tokens(
    call: &Call,
    tokens: &TokenSet,
    mode: Mode,
    outcome: Option<refresh::Outcome>,
) -> HttpResponse {
    let mut response = tokens_with(call, tokens, mode, json!({}));
    if let Some(outcome) = outcome {
        let outcome = header::HeaderValue::from_static(outcome.as_str());
        let name = header::HeaderName::from_static("x-keyward-refresh");
        response.headers_mut().insert(name, outcome);
    }
    response
}

/// A session's tokens, all of them.
pub fn token_set(tokens: &TokenSet) -> Value {
    let mut body = json!({});
    put_access(&mut body, tokens);
    body["refresh_token"] = json!(tokens.refresh.expose_secret());
    body
}

/// A session's access token alone.
pub fn put_access(body: &mut Value, tokens: &TokenSet) {
    let expires = tokens.access_expires_at.millis_since(tokens.issued_at);
    body["access_token"] = json!(tokens.access.expose_secret());
    body["expires"] = json!(expires);
    body["expires_at"] = json!(tokens.access_expires_at.millis());
    if let Some(due) = tokens.factor_from {
        body["mfaRequiredFrom"] = json!(due.millis());
    }
    if let Some(organization) = tokens.organization {
        // As seed H names them, in seconds.
        let left = tokens.refresh_expires_at.millis_since(tokens.issued_at);
        body["organizationId"] = json!(organization);
        body["expiresIn"] = json!(expires / 1000);
        body["refreshExpiresIn"] = json!(left / 1000);
    }
}

/// The same beside other members of the body.
pub fn tokens_with(call: &Call, tokens: &TokenSet, mode: Mode, mut body: Value) -> HttpResponse {
    put_access(&mut body, tokens);
    let mut response = HttpResponse::Ok();
    match mode {
        Mode::Json => body["refresh_token"] = json!(tokens.refresh.expose_secret()),
        Mode::Cookie => {
            for cookie in cookie_headers::of_session(&call.web, tokens, call.kw.clock.now()) {
                response.append_header((SET_COOKIE, cookie));
            }
        }
    }
    response.insert_header((header::PRAGMA, "no-cache"));
    response.json(call.web.enveloped(body))
}

/// An organization, here and at the command line.
pub fn organization(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "created": organization.created_at.millis(),
        "updated": organization.updated_at.millis(),
        "mfaRequiredFrom": organization.factor_from.map(Timestamp::millis),
    })
}
