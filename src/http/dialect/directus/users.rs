//! The caller's own account, as Directus shows a user.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::domain::account::Account;
use crate::domain::profile::Profile;
use crate::http::dialect::directus::Directus;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::profile_fields::{SNAKE, edit};
use crate::service::accounts::change_profile;
use crate::service::accounts::profile;
use crate::service::actor::Actor;
use crate::service::{Error, Keyward, Reason, Result};

/// What the original shows in the place of a secret that is there.
const CONCEALED: &str = "**********";

/// `GET /users/me`, with `?fields=` of top-level names.
pub async fn me(call: Call, actor: Actor) -> Answer<Directus> {
    let mut user = call.on_store(move |kw| show(kw, &actor)).await?;
    if let Some(wanted) = wanted_fields(call.query()) {
        user.retain(|name, _| wanted.iter().any(|field| field == "*" || field == name));
    }
    Ok(HttpResponse::Ok().json(call.web.enveloped(Value::Object(user))))
}

/// The caller, as the original shows a user.
pub(super) fn show(kw: &Keyward, actor: &Actor) -> Result<Map<String, Value>> {
    let (account, profile, second) = profile::with_factor(kw, actor)?;
    let mut user = user(&account, &profile, actor);
    if second {
        user.insert("tfa_secret".to_owned(), json!(CONCEALED));
    }
    Ok(user)
}

fn user(account: &Account, profile: &Profile, actor: &Actor) -> Map<String, Value> {
    let own = |name: &str| profile.attributes.get(name);
    let user = json!({
        "id": account.id,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.email,
        "password": CONCEALED,
        "location": own("location"),
        "title": own("title"),
        "description": own("description"),
        "tags": own("tags"),
        "avatar": null,
        "language": profile.language,
        "tfa_secret": null,
        "status": "active",
        "role": actor.claims().role,
        "token": null,
        "last_access": account.last_login_at.map(crate::support::clock::Timestamp::iso),
        "last_page": null,
        "provider": "default",
        "external_identifier": null,
        "auth_data": null,
        "email_notifications": true,
        "appearance": null,
        "text_direction": "auto",
        "policies": [],
    });
    match user {
        Value::Object(user) => user,
        _ => Map::new(),
    }
}

/// What the original keeps of a user beside what everybody has: attributes here.
const OWN: [&str; 4] = ["location", "title", "description", "tags"];

/// `PATCH /users/me` (Directus): names, language, and what is the original's own.
pub async fn update(mut call: Call, actor: Actor) -> Answer<Directus> {
    let fields = call.fields().await?;
    if let Some(name) = ["email", "password"]
        .into_iter()
        .find(|name| fields.value(name).is_some())
    {
        let words = format!(
            "\"{name}\" is changed by a route that asks for the present password: \
             POST /auth/{name}/change"
        );
        return Err(Error::payload(words).into());
    }
    fields.only(&SNAKE.with(&OWN))?;
    let mut edit = edit(&fields, &SNAKE, call.kw.clock.now())?;
    let own = OWN.into_iter();
    let own = own.filter_map(|name| Some((name.to_owned(), fields.value(name)?.clone())));
    edit.single_attributes = own.collect();
    let caller = actor.clone();
    call.on_store(move |kw| change_profile::change_profile(kw, &caller, edit))
        .await
        .map_err(in_words_of_directus)?;
    me(call, actor).await
}

/// What is the original's own is kept among the attributes, of which its client knows nothing.
fn in_words_of_directus(mut error: Error) -> Error {
    if error.reason == Some(Reason::AttributesTooLarge) {
        let words = "\"location\", \"title\", \"description\" and \"tags\" must not be larger than \
                     8 KiB together with the other attributes of the account";
        error.message = words.into();
    }
    error
}

/// `?fields=id,email` or `?fields[]=id&fields[]=email`; of `role.name` the first part.
fn wanted_fields(query: &str) -> Option<Vec<String>> {
    let fields: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "fields" || name.starts_with("fields["))
        .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|field| field.split('.').next().map(|it| it.trim().to_owned()))
        .filter(|field| !field.is_empty())
        .collect();
    (!fields.is_empty()).then_some(fields)
}
