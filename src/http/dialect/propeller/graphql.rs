//! Propeller's fields of `/graphql`.

use serde_json::{Value, json};

use crate::config::Dialect;
use crate::domain::identifier::{Email, Identifier};
use crate::domain::mail_letter::Site;
use crate::domain::session::Mode;
use crate::http::dialect::propeller::refusals::{say, say_of_link};
use crate::http::graphql::Loose;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{
    Argument, Field, Fieldset, Input, Object, Type, Words, argument, member, public, signed_in,
};
use crate::http::request::fields::{Fields, new_password};
use crate::http::request::profile_fields::{CAMEL, edit, object};
use crate::http::response_bodies;
use crate::service::accounts::profile::{self, Person};
use crate::service::accounts::register::{self, Registration};
use crate::service::accounts::{find_by_identifier, guest, reset_password};
use crate::service::actor::Actor;
use crate::service::mail::owner_mail::Wish;
use crate::service::mail::publish::{self, Publication};
use crate::service::tokens::mint::TokenSet;
use crate::service::{Code, Error, Result};
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
        changes("exchangeRefreshToken", EXCHANGE_INPUT, exchange),
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
        public("logout", Type::TRUTH, &[], logout)
            .once()
            .saying(say),
    ],
};

/// The document prints line breaks in the content, and an object of free form.
pub const LOOSE: Loose = Loose {
    field: "publishEmailEvent",
    argument: "variables",
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

static REGISTERED: Object = Object {
    name: "RegisterUserResponse",
    fields: &[
        member("user", Type::object(&USER).required()),
        member("session", Type::object(&SESSION)),
    ],
};

static PUBLISHED: Object = Object {
    name: "PublishEmailEventResponse",
    fields: &[member("messageId", Type::TEXT.required())],
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

static GENDERS: Words = Words {
    name: "Gender",
    words: &["M", "F", "U"],
};

static REGISTER: Input = Input {
    name: "RegisterUserInput",
    members: &[
        argument("firstName", Type::TEXT),
        argument("middleName", Type::TEXT),
        argument("lastName", Type::TEXT),
        argument("email", Type::TEXT.required()),
        argument("phone", Type::TEXT),
        argument("gender", Type::one_of(&GENDERS)),
        argument("company", Type::TEXT),
        argument("password", Type::TEXT.required()),
        argument("parentId", Type::WHOLE),
        argument("dateOfBirth", Type::TEXT),
        argument("language", Type::TEXT),
        argument("siteId", Type::WHOLE),
    ],
};

static RESET: Input = Input {
    name: "PasswordResetLinkInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("redirectUrl", Type::TEXT.required()),
        argument("language", Type::TEXT),
    ],
};

static EVENTS: Words = Words {
    name: "EmailEventType",
    words: &["transactional"],
};

static PUBLISH: Input = Input {
    name: "PublishEmailEventInput",
    members: &[
        argument("type", Type::one_of(&EVENTS).required()),
        argument("to", Type::input(&RECIPIENT).required()),
        argument("subject", Type::TEXT.required()),
        argument("content", Type::TEXT.required()),
        argument("variables", Type::JSON),
        argument("siteId", Type::WHOLE),
    ],
};

static RECIPIENT: Input = Input {
    name: "EmailRecipientInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("name", Type::TEXT),
    ],
};

static EXCHANGE: Input = Input {
    name: "ExchangeRefreshTokenInput",
    members: &[argument("refreshToken", Type::TEXT.required())],
};

const LOGIN_INPUT: &[Argument] = &[argument("input", Type::input(&LOGIN).required())];
const REGISTER_INPUT: &[Argument] = &[argument("input", Type::input(&REGISTER).required())];
const RESET_INPUT: &[Argument] = &[argument("input", Type::input(&RESET).required())];
const PUBLISH_INPUT: &[Argument] = &[argument("input", Type::input(&PUBLISH).required())];
const USER_LOGIN: &[Argument] = &[argument("login", Type::TEXT.required())];
const EXCHANGE_INPUT: &[Argument] = &[argument("input", Type::input(&EXCHANGE).required())];

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
    Ok(json!({ "session": session(asked, &tokens)? }))
}

/// `logout` (decision 9).
fn logout(asked: &Asked, _: &Fields) -> Result<Value> {
    asked.sign_out()?;
    Ok(json!(true))
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
        edit: edit(&input, &CAMEL, asked.kw.clock.now())?,
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
        "user": shown(&profile::person(&asked.kw, &asked.holder(&tokens)?)?.0),
        "session": session(asked, &tokens)?,
    }))
}

/// `viewer` (row P-13).
fn viewer(asked: &Asked, _: &Fields, actor: &Actor) -> Result<Value> {
    let (person, _) = profile::person(&asked.kw, actor)?;
    Ok(shown(&person))
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
    let input = object(fields, "input")?.unwrap_or_default();
    let wish = asked.wish(&input, "redirectUrl")?;
    let email = Email::parse(input.required("email")?);
    let link = reset_password::link(&asked.kw, actor, email.as_ref(), &wish)?;
    link.map(Value::from)
        .ok_or_else(|| Error::new(Code::NotFound, NO_RECORD))
}

/// `publishEmailEvent(input)` (rows P-32 to P-36).
fn publish(asked: &Asked, fields: &Fields, actor: &Actor) -> Result<Value> {
    publish::require(actor)?;
    let input = object(fields, "input")?.unwrap_or_default();
    let to = object(&input, "to")?.unwrap_or_default();
    let to = Email::parse(to.required("email")?);
    let publication = Publication {
        to: to.ok_or_else(|| Error::payload("\"email\" must be a valid email"))?,
        subject: input.required("subject")?.to_owned(),
        content: input.required("content")?.to_owned(),
        variables: input.value("variables").cloned().unwrap_or_default(),
        site: site(&input)?.map(Site::into_inner),
    };
    let id = publish::publish(&asked.kw, actor, &publication)?;
    Ok(json!({ "messageId": id }))
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
    user
}

/// The tokens, and whose they are. The access token names an address that was proven alone.
fn session(asked: &Asked, tokens: &TokenSet) -> Result<Value> {
    let account = profile::of(&asked.kw, &asked.holder(tokens)?)?;
    Ok(json!({
        "isAnonymous": tokens.anonymous,
        "email": account.email,
        "accessToken": tokens.access.expose_secret(),
        "refreshToken": tokens.refresh.expose_secret(),
        "expirationTime": tokens.access_expires_at.iso(),
    }))
}
