//! A statement that may be one of many.

use diesel::pg::PgConnection;

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;

/// A statement whose guard decides whether it changes its row, and which may be one of many.
pub trait Guarded: Copy + Send + Sync + 'static {
    /// Whether it did.
    fn alone(&self, connection: &mut AnyConnection) -> Result<bool>;

    /// One statement for all of them, which waits for nobody: it passes over a row that another
    /// transaction is at work on. The places of those that changed theirs; of two of one row one
    /// at the most.
    fn together(all: &[Self], connection: &mut PgConnection) -> Result<Vec<usize>>;
}
