//! The one place below which transactions begin.

use diesel::Connection as _;
use diesel::result::Error as DieselError;

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Error;

/// A transaction, or a savepoint where one is open.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place below which transactions begin"
)]
pub(in crate::store) fn transaction<T, E: From<Error>>(
    connection: &mut AnyConnection,
    write: &mut impl FnMut(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E> {
    let mut refused = None;
    let done = connection.transaction(|connection| {
        write(connection).map_err(|error| {
            refused = Some(error);
            DieselError::RollbackTransaction
        })
    });
    // Where the rollback fails as well, what was refused first is the cause: SQLite rolls back by
    // itself where a disk is full, and then there is nothing that could be rolled back.
    done.map_err(|error| refused.unwrap_or_else(|| Error::from(error).into()))
}
