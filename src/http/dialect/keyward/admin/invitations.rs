//! `/admin/invitations`: inviting to the service, and who has not accepted yet.

use actix_web::HttpResponse;
use serde_json::json;

use crate::domain::identifier::Email;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::admin::{limit, page};
use crate::http::dialect::keyward::registration::wish_of_site;
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::request::profile_fields::required_email;
use crate::http::request::query;
use crate::http::response_bodies;
use crate::service::actor::Actor;
use crate::service::invitations::to_service::{self, HasAccount, ServiceInvitation, no_invitation};
use crate::service::{Error, Result};
use crate::support::page::Page;

/// `GET /admin/invitations?after=&limit=`: by their addresses.
pub async fn list(call: Call, actor: Actor) -> Answer<Keyward> {
    let query = query::fields(&call, &["after", "limit"])?;
    let limit = limit(&query)?;
    let after = query.optional("after")?.map(address).transpose()?;
    let most = i64::from(limit) + 1;
    let listed = call
        .on_store(move |kw| to_service::list(kw, &actor, after, most))
        .await?;
    let listed = Page::cut(listed, limit as usize);
    let next = listed.last();
    let next = next.map(|it| it.invitation.address.clone());
    Ok(HttpResponse::Ok().json(page(
        listed.rows.iter().map(response_bodies::invitation),
        next,
    )))
}

/// `POST /admin/invitations {"email","role"?,"invite_url"?,"language"?}`: 202, and 409 where the
/// address has an account (docs/decisions/0189). An address that was invited before is invited anew.
pub async fn invite(mut call: Call, actor: Actor) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["email", "role", "invite_url", "language", "site"])?;
    let email = required_email(&fields, "email")?;
    let role = fields.optional("role")?.map(str::to_owned);
    let body = json!({ "email": email.written(), "role": role });
    let invitation = ServiceInvitation {
        emails: vec![email],
        role,
        wish: wish_of_site(&call, &fields, "invite_url")?,
        has_account: HasAccount::IsRefused,
    };
    call.on_store(move |kw| to_service::invite(kw, &actor, invitation))
        .await?;
    Ok(HttpResponse::Accepted().json(body))
}

fn address(text: &str) -> Result<String> {
    let words = "\"after\" must be what \"next\" of a page before said";
    let email = Email::parse(text).ok_or_else(|| Error::payload(words))?;
    Ok(email.canonical().to_owned())
}

/// `DELETE /admin/invitations/{email}`: its code is good for nothing then.
pub async fn take_back(call: Call, actor: Actor) -> Answer<Keyward> {
    let email = call.path_email().ok_or_else(no_invitation)?;
    call.on_store(move |kw| to_service::take_back(kw, &actor, &email))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
