//! The engine under the tables: connections, the pool, the writer, migrations.

pub(in crate::store) mod advisory;
pub(in crate::store) mod any;
pub(in crate::store) mod columns;
pub(in crate::store) mod conflict;
pub(in crate::store) mod connection;
mod database_role;
pub(in crate::store) mod deadline;
pub mod error;
pub(in crate::store) mod guarded_statement;
mod lost_commit;
pub mod migrations;
mod open_files;
pub(in crate::store) mod pooled;
pub(in crate::store) mod postgres;
pub mod purge;
pub(in crate::store) mod schema;
pub(in crate::store) mod search_by_parts;
pub(in crate::store) mod socket;
pub(in crate::store) mod sqlite_file;
pub(in crate::store) mod store;
mod test_mode_offset;
pub(in crate::store) mod transaction;
pub(in crate::store) mod writer;
