//! The caller's own account, as Directus shows a user.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::domain::account::Account;
use crate::http::answer::Answer;
use crate::http::dialect::directus::Directus;
use crate::http::request::call::Call;
use crate::service::accounts::profile;
use crate::service::actor::Actor;

/// What the original shows in the place of a secret that is there.
const CONCEALED: &str = "**********";

/// `GET /users/me`, with `?fields=` of top-level names.
pub async fn me(call: Call, actor: Actor) -> Answer<Directus> {
    let caller = actor.clone();
    let (account, second) = call
        .on_store(move |kw| profile::with_factor(kw, &caller))
        .await?;
    let mut user = user(&account, &actor);
    if second {
        user.insert("tfa_secret".to_owned(), json!(CONCEALED));
    }
    if let Some(wanted) = wanted_fields(call.query()) {
        user.retain(|name, _| wanted.iter().any(|field| field == "*" || field == name));
    }
    Ok(HttpResponse::Ok().json(call.web.enveloped(Value::Object(user))))
}

fn user(account: &Account, actor: &Actor) -> Map<String, Value> {
    let user = json!({
        "id": account.id,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.email,
        "password": CONCEALED,
        "location": null,
        "title": null,
        "description": null,
        "tags": null,
        "avatar": null,
        "language": null,
        "tfa_secret": null,
        "status": "active",
        "role": actor.claims().roles.first(),
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

/// `?fields=id,email` or `?fields[]=id&fields[]=email`; of `role.name` the first part.
fn wanted_fields(query: &str) -> Option<Vec<String>> {
    let fields: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "fields" || name.starts_with("fields["))
        .flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|field| field.split('.').next().map(str::to_owned))
        .filter(|field| !field.is_empty())
        .collect();
    (!fields.is_empty()).then_some(fields)
}
