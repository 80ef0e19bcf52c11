//! Guests.

use serde_json::json;

use crate::domain::session::Mode;
use crate::http::dialect::keyward::Keyward;
use crate::http::dialect::keyward::sign_in::{mode, require_cookies};
use crate::http::error_response::Answer;
use crate::http::request::call::Call;
use crate::http::response_bodies;
use crate::service::accounts::guest;

/// `POST /auth/anonymous {"mode"?}` (row P-05). Where a page asks, it must be of an origin of
/// ours: a page of another site would use up its visitors' share of guests.
pub async fn begin(mut call: Call) -> Answer<Keyward> {
    let fields = call.fields().await?;
    fields.only(&["mode"])?;
    let mode = mode(&fields)?.unwrap_or(Mode::Json);
    if mode == Mode::Cookie {
        require_cookies(&call)?;
    } else {
        call.require_our_origin_or(OTHER_ORIGIN)?;
    }
    let client = call.client();
    let tokens = call
        .on_store(move |kw| guest::begin(kw, mode, client))
        .await?;
    let about = json!({ "id": tokens.account, "is_anonymous": tokens.anonymous });
    Ok(response_bodies::tokens_with(&call, &tokens, mode, about))
}

const OTHER_ORIGIN: &str =
    "A page of this origin may not begin guests: KEYWARD_ALLOWED_ORIGINS does not list it.";
