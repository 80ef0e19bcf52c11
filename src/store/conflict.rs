//! A broken uniqueness is an answer, not an error: it is turned into one where the
//! insert is.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::error::{Error, Result};

/// Something with that name is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken;

pub(super) fn unless_taken(inserted: diesel::QueryResult<usize>) -> Result<Result<(), Taken>> {
    match inserted {
        Ok(_) => Ok(Ok(())),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(Err(Taken)),
        Err(error) => Err(Error::from(error)),
    }
}
