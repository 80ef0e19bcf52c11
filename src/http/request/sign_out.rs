//! What came to sign out by, the same in every dialect.

use crate::http::request::call::Call;
use crate::service::Result;
use crate::service::sessions::logout::{self, Shown};

/// The access token that came, however it came.
pub fn shown(call: &Call) -> Shown {
    Shown {
        actor: call.person(),
        // Where two came, the actor says so.
        token: call.access_token().ok().flatten(),
        client: call.client(),
    }
}

/// Ends the session of the access token that came.
///
/// # Errors
/// 401 where no route takes it.
pub async fn by_access_token(call: &Call) -> Result<()> {
    let shown = shown(call);
    call.on_store(move |kw| logout::by_shown(kw, &shown)).await
}
