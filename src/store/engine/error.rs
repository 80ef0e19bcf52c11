//! Why the store could not answer. A broken uniqueness is not among these: it is an
//! answer, given where the insert is (`conflict.rs`).

use diesel::result::{DatabaseErrorKind, Error as DieselError};

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database is away, locked, full or overloaded. Asking again may help.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The connection was lost at the commit: nobody knows whether it took place.
    #[error("the database did not say whether it was done: {0}")]
    Unacknowledged(String),
    /// Its schema is not what this binary was made for, or is another role's: it is away until an
    /// operator has mended that.
    #[error("unfit database: {0}")]
    Unfit(String),
    /// The database broke off a transaction that did nothing wrong; it may be run
    /// again at once, since nothing of it was acknowledged.
    #[error("transaction broken off: {0}")]
    Transient(String),
    /// What stands in a row can not be: a defect, or a foreign hand.
    #[error("unreadable row: {0}")]
    Corrupt(&'static str),
    /// A guarded update met another number of rows than the one it was meant for.
    #[error("{0} changed {1} rows, not one")]
    NotExactlyOne(&'static str, usize),
    /// A statement for several rows changed fewer or more of them.
    #[error("{0} changed {1} rows, not {2}")]
    NotEveryOne(&'static str, usize, usize),
}

impl Error {
    /// Whether asking again can not help: what is stored is not what it must be.
    #[must_use]
    pub const fn is_defect(&self) -> bool {
        matches!(
            self,
            Self::Corrupt(_) | Self::NotExactlyOne(..) | Self::NotEveryOne(..)
        )
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether a failed write may be tried once more (semantics 10).
pub trait Transient {
    fn is_transient(&self) -> bool;

    /// What the database said, where it is the database that failed.
    fn said_by_database(&self) -> Option<String>;
}

impl Transient for Error {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Transient(_))
    }

    fn said_by_database(&self) -> Option<String> {
        match self {
            Self::Unavailable(why)
            | Self::Unacknowledged(why)
            | Self::Unfit(why)
            | Self::Transient(why) => Some(why.clone()),
            _ => None,
        }
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            // What the row refers to was there when the transaction looked, and was removed since:
            // whoever looks again finds that it is missing, and says so in words of its own.
            DieselError::DatabaseError(
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ForeignKeyViolation,
                info,
            ) => Self::Transient(info.message().to_owned()),
            DieselError::DatabaseError(_, info)
                if info.message().contains("deadlock detected")
                    || info.message().contains("could not serialize") =>
            {
                Self::Transient(info.message().to_owned())
            }
            DieselError::DatabaseError(_, info) if is_unfit(info.message()) => {
                Self::Unfit(one_line(info.message()))
            }
            _ => Self::Unavailable(one_line(&error.to_string())),
        }
    }
}

/// What both databases say of a table or column that is not there, and of one that is not for
/// this role.
fn is_unfit(message: &str) -> bool {
    let begins = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
    begins(&["permission denied for ", "no such table", "no such column"])
        || message.contains(" has no column named ")
        || (begins(&["relation ", "column "]) && message.ends_with(" does not exist"))
}

/// Of many rows that are read together, a damaged one is an error for whoever asked for it; any
/// other error is one for all.
pub(in crate::store) fn own_fault<T>(read: Result<T>) -> Result<Result<T>> {
    match read {
        Err(error) if !error.is_defect() => Err(error),
        read => Ok(read),
    }
}

/// libpq's messages come in several lines; a line of log is one.
pub(in crate::store) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The check of a guarded update (threat D16): exactly one row, or an error.
///
/// # Errors
/// [`Error::NotExactlyOne`].
pub fn exactly_one(what: &'static str, rows: usize) -> Result<()> {
    match rows {
        1 => Ok(()),
        rows => Err(Error::NotExactlyOne(what, rows)),
    }
}

/// The same for one that may come too late: whether it was in time.
///
/// # Errors
/// [`Error::NotExactlyOne`].
pub fn at_most_one(what: &'static str, rows: usize) -> Result<bool> {
    match rows {
        0 => Ok(false),
        rows => exactly_one(what, rows).map(|()| true),
    }
}

/// The same for a statement that is meant for so many.
///
/// # Errors
/// [`Error::NotEveryOne`].
pub fn every_one(what: &'static str, rows: usize, of: usize) -> Result<()> {
    if rows == of {
        Ok(())
    } else {
        Err(Error::NotEveryOne(what, rows, of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind) -> Error {
        DieselError::DatabaseError(kind, Box::new("said".to_owned())).into()
    }

    // What is referred to was removed since the transaction looked: it looks again.
    #[test]
    fn a_transaction_that_refers_to_what_is_gone_is_run_again() {
        assert!(said(DatabaseErrorKind::ForeignKeyViolation).is_transient());
        assert!(said(DatabaseErrorKind::SerializationFailure).is_transient());
        assert!(!said(DatabaseErrorKind::ClosedConnection).is_transient());
        assert!(!said(DatabaseErrorKind::NotNullViolation).is_transient());
    }
}
