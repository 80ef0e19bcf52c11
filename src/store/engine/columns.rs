//! Between columns and domain values. What a row holds that this binary can not read
//! is an error, never a default.

use std::str::FromStr;

use crate::store::engine::error::{Error, Result};
use crate::support::clock::Timestamp;

/// An id or a word that the domain knows.
pub(in crate::store) fn word<T: FromStr>(what: &'static str, text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::Corrupt(what))
}

pub(in crate::store) fn optional<T: FromStr>(
    what: &'static str,
    text: Option<&str>,
) -> Result<Option<T>> {
    text.map(|text| word(what, text)).transpose()
}

pub(in crate::store) const fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(in crate::store) fn number<T: TryFrom<i64>>(what: &'static str, number: i64) -> Result<T> {
    T::try_from(number).map_err(|_| Error::Corrupt(what))
}
