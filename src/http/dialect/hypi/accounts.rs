//! Hypi (seed Y): `createAccount` in its REST form.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use crate::domain::account::Account;
use crate::domain::identifier::{Email, Username};
use crate::domain::rights::access::ADMIN;
use crate::http::dialect::hypi::Hypi;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, new_password};
use crate::http::request::profile_fields::{CAMEL, edit, emails, object};
use crate::lanes::password_lane::Seat;
use crate::service::accounts::administer::{self, NewAccount};
use crate::service::accounts::profile_edit::Edit;
use crate::service::accounts::register::{self, Registration};
use crate::service::accounts::show_to_administrator;
use crate::service::actor::Actor;
use crate::service::mail::owner_mail::Wish;
use crate::service::{Error, Keyward, Result};

/// `POST /auth/accounts` (rows Y-04 to Y-15, Y-19, Y-20): a username that is an e-mail address
/// is the account's primary address. As the original it tells that a name is taken.
pub async fn create(mut call: Call) -> Answer<Hypi> {
    let fields = call.fields().await?;
    fields.only(&[
        "username",
        "password",
        "owner",
        "emails",
        "phones",
        "groups",
        "verification_url",
        "language",
    ])?;
    let wish = call.wish(&fields, "verification_url")?;
    let new = registration(&call.kw, &fields, wish)?;
    let caller = call.anybody()?;
    let made = call
        .on_password(move |kw, seat| made(kw, seat, caller, new))
        .await?;
    let mut made = shown(&made);
    made.retain(|name, _| name != "updated");
    Ok(HttpResponse::Ok().json(made))
}

/// What the body, or the value of the mutation, asks for; of nobody who was a guest.
pub(super) fn registration(kw: &Keyward, fields: &Fields, wish: Wish) -> Result<Registration> {
    let written = fields.required("username")?;
    let password =
        object(fields, "password")?.ok_or_else(|| Error::payload("\"password\" is required"))?;
    password.only(&["value"])?;
    let email = Email::parse(written);
    let mut edit = person(kw, fields)?;
    if email.is_none() {
        edit.username = Some(Username::parse(written).ok_or_else(|| {
            Error::payload("\"username\" is neither an e-mail address nor a username")
        })?);
    }
    Ok(Registration {
        email,
        password: new_password(&password, "value")?,
        edit,
        more: emails(fields)?,
        wish,
        tells: true,
        guest: None,
    })
}

/// Whoever makes accounts by `POST /admin/accounts` makes one here, whether registration is open or
/// not; anybody else registers.
pub(super) fn made(
    kw: &Keyward,
    seat: &Seat,
    caller: Option<Actor>,
    mut new: Registration,
) -> Result<Account> {
    let administrator = caller.as_ref().filter(|it| it.require(ADMIN).is_ok());
    if let Some(administrator) = administrator {
        return made_by(kw, seat, administrator, new);
    }
    new.guest = caller.filter(|caller| caller.claims().anon);
    let made = register::register(kw, seat, new)?;
    made.ok_or_else(|| Error::defect("a registration that tells told nothing"))
}

fn made_by(kw: &Keyward, seat: &Seat, actor: &Actor, mut new: Registration) -> Result<Account> {
    // As the mount asks of the route's callers.
    actor.require_enrolled()?;
    actor.require_own()?;
    actor.require_fresh(kw)?;
    new.sort_out();
    let account = NewAccount {
        further: new.more,
        email: new.email,
        username: new.edit.username.take(),
        password: Some(new.password),
        admin: false,
        verified: true,
    };
    let id = administer::add_on_lane((kw, actor), seat, account, (new.edit, None))?;
    Ok(show_to_administrator::show(kw, id)?.person.account)
}

/// The metadata of an account, as the original shows it (rows Y-20, Y-21).
pub(super) fn shown(account: &Account) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(account.id));
    shown.insert("created".to_owned(), json!(account.created_at.iso()));
    shown.insert("createdBy".to_owned(), json!(account.created_by));
    shown.insert("updated".to_owned(), json!(account.updated_at.iso()));
    shown
}

/// The owner is a Person; telephones and groups stand beside it.
fn person(kw: &Keyward, fields: &Fields) -> Result<Edit> {
    let now = kw.clock.now();
    let owner = object(fields, "owner")?.unwrap_or_default();
    let beside = [
        "username",
        "groups",
        "phones",
        "attributes",
        "terms_accepted",
    ];
    let mut known = CAMEL.with(&["name"]);
    known.retain(|name| !beside.contains(name));
    owner.only(&known)?;
    let mut edit = edit(&owner, &CAMEL, now)?;
    if let Some(Value::String(name)) = owner.value("name") {
        let name = crate::domain::profile::line(name)
            .map_err(|why| Error::payload(format!("\"name\" {why}")))?;
        let parts = [edit.first_name.clone(), edit.last_name.clone()];
        let parts: Vec<_> = parts.into_iter().flatten().flatten().collect();
        if parts.is_empty() {
            edit.first_name = Some(name);
        } else if name.is_some_and(|name| name != parts.join(" ")) {
            // Two names are kept: a third beside them would be lost.
            return Err(Error::payload(
                "\"name\" is not \"firstName\" and \"lastName\": send \"name\", or the two",
            ));
        }
    }
    let outside =
        crate::http::request::profile_fields::edit(&without_username(fields), &CAMEL, now)?;
    edit.phones = outside.phones.or(edit.phones);
    edit.groups = outside.groups;
    edit.language = edit.language.or(outside.language);
    Ok(edit)
}

/// A username that is an address is no username by its form.
fn without_username(fields: &Fields) -> Fields {
    let kept = ["phones", "groups", "language"].into_iter();
    let kept = kept.filter_map(|name| Some((name.to_owned(), fields.value(name)?.clone())));
    Fields::from(kept.collect::<Map<_, _>>())
}
