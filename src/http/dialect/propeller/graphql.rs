//! Propeller's fields of `/graphql`.

use serde_json::{Map, Value, json};

use crate::config::Dialect;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::mail_letter::Site;
use crate::domain::session::Mode;
use crate::http::dialect::propeller::refusals::{say, say_of_link};
use crate::http::dialect::propeller::types::{
    EXCHANGE_INPUT, LOGIN_INPUT, PUBLISH_INPUT, PUBLISHED, REFRESHED, REGISTER_INPUT, REGISTERED,
    RESET_INPUT, SIGNED_IN, SIGNED_OUT, USER, USER_LOGIN,
};
use crate::http::graphql::Loose;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{Argument, Field, Fieldset, Type, argument, public, signed_in};
use crate::http::request::fields::{Fields, new_password};
use crate::http::request::profile_fields::{CAMEL, edit, object};
use crate::http::response_bodies;
use crate::service::accounts::profile::{self, Person};
use crate::service::accounts::profile_edit::Edit;
use crate::service::accounts::register::{self, Registration};
use crate::service::accounts::{find_by_identifier, guest, reset_password};
use crate::service::actor::Actor;
use crate::service::mail::owner_mail::Wish;
use crate::service::mail::publish::{self, Publication};
use crate::service::tokens::mint::TokenSet;
use crate::service::{Code, Error, Result};
use crate::support::clock::Timestamp;
use crate::support::secret::ExposeSecret as _;

pub const FIELDS: Fieldset = Fieldset {
    queries: &[
        signed_in("viewer", Type::object(&USER), &[], viewer)
            .for_guests()
            .enrolling()
            .saying(say),
        signed_in("user", Type::object(&USER), USER_LOGIN, user)
            .for_keys()
            .saying(say),
    ],
    mutations: &[
        changes("startSession", &[argument("siteId", Type::WHOLE)], start),
        public(
            "userRegister",
            Type::object(&REGISTERED).required(),
            REGISTER_INPUT,
            register,
        )
        .once()
        .waiting()
        .saying(say),
        changes("login", LOGIN_INPUT, login).waiting(),
        public(
            "exchangeRefreshToken",
            Type::object(&REFRESHED).required(),
            EXCHANGE_INPUT,
            exchange,
        )
        .once()
        .saying(say),
        signed_in(
            "passwordResetLink",
            Type::TEXT.required(),
            RESET_INPUT,
            reset_link,
        )
        .for_keys()
        .once()
        .saying(say_of_link),
        signed_in(
            "publishEmailEvent",
            Type::object(&PUBLISHED).required(),
            PUBLISH_INPUT,
            publish,
        )
        .for_keys()
        .once()
        .waiting()
        .saying(say),
        public("logout", Type::object(&SIGNED_OUT), &[], logout)
            .once()
            .saying(say),
    ],
};

/// The document prints line breaks in the content, and an object of free form. It has no `logout`: the
/// original's SDK selects members of it, and others ask for it bare.
pub const LOOSE: Loose = Loose {
    field: "publishEmailEvent",
    argument: "variables",
    bare: ("logout", "success"),
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

/// `login(input)` (rows P-17 to P-20).
fn login(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "input")?.unwrap_or_default();
    let email = Email::parse(input.required("email")?);
    let email = email.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?;
    let tokens = asked.sign_in(Identifier::Email(email), &input, Dialect::Propeller)?;
    Ok(json!({ "session": session(asked, &tokens)? }))
}

/// `exchangeRefreshToken(input)` (rows P-03, P-38).
fn exchange(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "input")?.unwrap_or_default();
    let tokens = asked.refresh(input.required("refreshToken")?, None)?;
    let life = tokens.access_expires_at.millis_since(tokens.issued_at);
    Ok(json!({
        "access_token": tokens.access.expose_secret(),
        "refresh_token": tokens.refresh.expose_secret(),
        "expires_in": life / 1000,
        "token_type": "Bearer",
        "user_id": tokens.account,
        "session": session(asked, &tokens)?,
    }))
}

/// `logout` (decision 9).
fn logout(asked: &Asked, _: &Fields) -> Result<Value> {
    asked.sign_out()?;
    Ok(json!({ "success": true }))
}

/// `startSession` (row P-05). `siteId` is of the original, which has one shop for each.
fn start(asked: &Asked, _: &Fields) -> Result<Value> {
    let tokens = guest::begin(&asked.kw, Mode::Json, asked.client())?;
    Ok(json!({ "session": session(asked, &tokens)? }))
}

/// `userRegister(input)` (rows P-08 to P-16). As the original it tells that an address has an
/// account. Where people sign in only once they have proven an address, there is no session.
fn register(asked: &Asked, fields: &Fields) -> Result<Value> {
    let input = object(fields, "input")?.unwrap_or_default();
    let email = Email::parse(input.required("email")?);
    let email = email.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?;
    let new = Registration {
        email: Some(email.clone()),
        password: new_password(&input, "password")?,
        edit: edited(&input, asked.kw.clock.now())?,
        more: Vec::new(),
        wish: Wish {
            site: site(&input)?,
            ..asked.wish(&input, "verificationUrl")?
        },
        tells: true,
        guest: asked.guest()?,
    };
    let seat = asked.seat()?;
    let made = register::register(&asked.kw, &seat, new)?;
    let made = made.ok_or_else(|| Error::defect("a registration that tells told nothing"))?;
    if !asked.kw.policy.lets_in(&made) {
        // Nobody tries to sign in, so nothing counts as a guess.
        let person = profile::of_new(&asked.kw, &made)?;
        return Ok(json!({ "user": shown(&person), "session": null }));
    }
    let who = Identifier::Email(email);
    let tokens = asked.sign_in_on(&seat, who, (&input, Dialect::Propeller))?;
    Ok(json!({
        "user": signed_in_as(&profile::person(&asked.kw, &asked.holder(&tokens)?)?.0),
        "session": session(asked, &tokens)?,
    }))
}

/// What the original keeps of a user beside what everybody has: attributes here.
const OWN: [&str; 5] = [
    "mobile",
    "mailingList",
    "homepage",
    "cocNumber",
    "taxNumber",
];

/// `language` counts where both are given.
fn edited(input: &Fields, now: Timestamp) -> Result<Edit> {
    let mut edit = edit(input, &CAMEL, now)?;
    if edit.language.is_none()
        && let Some(language) = input.value("primaryLanguage")
    {
        let language = Map::from_iter([("language".to_owned(), language.clone())]);
        edit.language = self::edit(&Fields::from(language), &CAMEL, now)?.language;
    }
    let own = OWN.into_iter();
    let own = own.filter_map(|name| Some((name.to_owned(), input.value(name)?.clone())));
    edit.single_attributes = own.collect();
    Ok(edit)
}

/// `viewer` (row P-13).
fn viewer(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let (person, _) = profile::person(&asked.kw, actor)?;
    Ok(signed_in_as(&person))
}

/// `user(login)` (row P-29): null where there is none.
fn user(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    let login = Identifier::parse(fields.required("login")?);
    let found = find_by_identifier::look_up(&asked.kw, actor, login.as_ref())?;
    Ok(found.as_ref().map_or(Value::Null, shown))
}

/// `passwordResetLink(input)` (rows P-22 to P-28): the link, and no mail.
fn reset_link(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    reset_password::require_link(&asked.kw, actor)?;
    let inner = object(fields, "input")?;
    let input = inner.as_ref().unwrap_or(fields);
    let wish = asked.wish(input, "redirectUrl")?;
    let email = Email::parse(input.required("email")?);
    let link = reset_password::link(&asked.kw, actor, email.as_ref(), &wish)?;
    link.map(Value::from)
        .ok_or_else(|| Error::new(Code::NotFound, NO_RECORD))
}

/// `publishEmailEvent(input)` (rows P-32 to P-36).
fn publish(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    publish::require(actor)?;
    let input = object(fields, "input")?.unwrap_or_default();
    let to = Email::parse(recipient(&input)?.required("email")?);
    let publication = Publication {
        to: to.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?,
        subject: input.required("subject")?.to_owned(),
        content: input.required("content")?.to_owned(),
        variables: input.value("variables").cloned().unwrap_or_default(),
        site: site(&input)?.map(Site::into_inner),
    };
    let id = publish::publish(&asked.kw, actor, &publication)?;
    Ok(json!({ "success": true, "messageId": id }))
}

/// A list of one: an id stands for one mail, which goes to one person.
fn recipient(input: &Fields) -> Result<Fields> {
    match input.value("to") {
        Some(Value::Array(to)) => match to.as_slice() {
            [Value::Object(to)] => Ok(Fields::from(to.clone())),
            _ => Err(Error::payload("\"to\" must be one recipient")),
        },
        _ => Err(Error::payload("\"to\" is required")),
    }
}

/// `siteId` chooses the templates of the mail (row P-35).
fn site(input: &Fields) -> Result<Option<Site>> {
    let Some(number) = input.value("siteId").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let name = number.as_i64().map(|number| number.to_string());
    let site = name.and_then(|name| Site::parse(&name));
    let wrong = || Error::payload("\"siteId\" must be a whole number");
    site.map(Some).ok_or_else(wrong)
}

const NO_RECORD: &str = "There is no user record corresponding to the provided email.";

fn shown(person: &Person) -> Value {
    let mut user = response_bodies::person(person);
    user["userId"] = json!(person.account.id);
    user["isAnonymous"] = json!(person.account.anonymous);
    user["primaryLanguage"] = user["language"].clone();
    for name in OWN {
        let own = person.profile.attributes.get(name);
        user[name] = json!(own.and_then(Value::as_str));
    }
    user
}

/// The same of whoever asks.
fn signed_in_as(person: &Person) -> Value {
    let mut user = shown(person);
    user["isLoggedIn"] = json!(!person.account.anonymous);
    user
}

/// The tokens, and whose they are. The access token names an address that was proven alone.
fn session(asked: &Asked, tokens: &TokenSet) -> Result<Value> {
    let account = profile::of(&asked.kw, &asked.holder(tokens)?)?;
    let created = account.created_at.iso();
    let last_login = account.last_login_at.map(Timestamp::iso);
    Ok(json!({
        "uid": account.id,
        "isAnonymous": tokens.anonymous,
        "email": account.email,
        "emailVerified": account.verified,
        "displayName": Some(account.full_name()).filter(|name| !name.is_empty()),
        "accessToken": tokens.access.expose_secret(),
        "refreshToken": tokens.refresh.expose_secret(),
        "expirationTime": tokens.access_expires_at.iso(),
        "createdAt": created,
        "lastLoginAt": last_login,
        "metadata": { "creationTime": created, "lastSignInTime": last_login },
        "disabled": false,
    }))
}
