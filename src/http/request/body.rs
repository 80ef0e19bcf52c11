//! The body of a request: how large it may be, and how long it may take to come.

use std::time::Duration;

use actix_web::http::header::CONTENT_LENGTH;
use futures_util::StreamExt as _;

use crate::http::error_response::{Http, Refusal};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::service::{Error, Reason};

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 16 * 1024;

/// How long a body may take to come (threat D9: actix has no limit of its own).
const BODY_DEADLINE: Duration = Duration::from_secs(5);

impl Call {
    /// The members of the JSON body; none where there is no body.
    ///
    /// # Errors
    /// `CONTENT_TOO_LARGE`, `REQUEST_TIMEOUT`, `UNSUPPORTED_MEDIA_TYPE`, `INVALID_PAYLOAD`.
    pub async fn fields(&mut self) -> Result<Fields, Refusal> {
        let body = self.body_in_time().await?;
        Fields::parse(self.request.headers(), &body)
    }

    /// The body, whatever it is.
    ///
    /// # Errors
    /// `CONTENT_TOO_LARGE`, `REQUEST_TIMEOUT`, `INVALID_PAYLOAD`.
    pub async fn body_in_time(&mut self) -> Result<Vec<u8>, Refusal> {
        tokio::time::timeout(BODY_DEADLINE, self.body())
            .await
            .map_err(|_| Refusal::http(Http::RequestTimeout, "The body did not come in time."))?
    }

    async fn body(&mut self) -> Result<Vec<u8>, Refusal> {
        let too_large = || Refusal::http(Http::ContentTooLarge, "The body is larger than 16 KiB.");
        let declared = self.request.headers().get(CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > LONGEST_BODY as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.payload.next().await {
            let unread = "The body could not be read";
            let chunk = chunk.map_err(|_| Error::payload_for(Reason::Unreadable, unread))?;
            if body.len() + chunk.len() > LONGEST_BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
