//! The body of a request: how large it may be, and how long it may take to come.

use std::time::Duration;

use actix_web::http::header::CONTENT_LENGTH;
use futures_util::StreamExt as _;

use crate::http::error_response::{Http, Refusal};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::service::{Error, Reason};

/// The longest body that is read of anybody, in bytes.
const LONGEST: usize = 16 * 1024;

/// The longest of whoever sends mail in their own words.
const LONGEST_OF_SENDERS: usize = 256 * 1024;

/// How long a body may take to come (threat D9: actix has no limit of its own).
const DEADLINE: Duration = Duration::from_secs(5);

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
        self.body_up_to(LONGEST, "The body is larger than 16 KiB.")
            .await
    }

    /// The same of whoever was found to be one who sends mail in their own words.
    ///
    /// # Errors
    /// As [`Call::body_in_time`].
    pub async fn long_body_in_time(&mut self) -> Result<Vec<u8>, Refusal> {
        self.body_up_to(LONGEST_OF_SENDERS, "The body is larger than 256 KiB.")
            .await
    }

    /// Whether the body is said to be longer than those of everybody.
    pub fn has_long_body(&self) -> bool {
        self.declared_length()
            .is_some_and(|length| length > LONGEST as u64)
    }

    fn declared_length(&self) -> Option<u64> {
        let declared = self.headers().get(CONTENT_LENGTH);
        declared.and_then(|value| value.to_str().ok()?.parse().ok())
    }

    async fn body_up_to(&mut self, most: usize, words: &'static str) -> Result<Vec<u8>, Refusal> {
        tokio::time::timeout(DEADLINE, self.read(most, words))
            .await
            .map_err(|_| Refusal::http(Http::RequestTimeout, "The body did not come in time."))?
    }

    async fn read(&mut self, most: usize, words: &'static str) -> Result<Vec<u8>, Refusal> {
        let too_large = || Refusal::http(Http::ContentTooLarge, words);
        if self
            .declared_length()
            .is_some_and(|length| length > most as u64)
        {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.payload.next().await {
            let unread = "The body could not be read";
            let chunk = chunk.map_err(|_| Error::payload_for(Reason::Unreadable, unread))?;
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
