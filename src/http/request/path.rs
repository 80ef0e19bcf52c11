//! Text in the path of a request. The router leaves `%25`, `%2B` and `%2F` as they came.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::domain::identifier::Email;
use crate::http::request::call::Call;

impl Call {
    /// The part of the path that the row calls `{name}`, decoded. `None` where the octets are
    /// no text.
    pub fn path_text(&self, name: &str) -> Option<Cow<'_, str>> {
        percent_decode_str(self.path_part(name)).decode_utf8().ok()
    }

    /// The address that the row calls `{email}`. `None` is an address that nobody can have, so
    /// a handler answers it like one that nobody has.
    pub fn path_email(&self) -> Option<Email> {
        Email::parse(&self.path_text("email")?)
    }
}
