//! A broken uniqueness is an answer, not an error: it is turned into one where the
//! insert is.

use diesel::Connection as _;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result, exactly_one};

/// Something with that name is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken;

/// Runs an insert in a savepoint: on PostgreSQL a broken uniqueness would otherwise break
/// off the whole transaction, and what follows the answer in it would be lost.
#[expect(
    clippy::disallowed_methods,
    reason = "a savepoint inside of what write() began"
)]
pub(in crate::store) fn unless_taken(
    connection: &mut AnyConnection,
    insert: impl FnOnce(&mut AnyConnection) -> diesel::QueryResult<usize>,
) -> Result<Result<(), Taken>> {
    match connection.transaction(insert) {
        Ok(rows) => exactly_one("writing what has a name of its own", rows).map(Ok),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(Err(Taken)),
        Err(error) => Err(Error::from(error)),
    }
}
