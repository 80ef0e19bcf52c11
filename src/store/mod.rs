//! Rows. Knows Diesel and both backends; gives and takes domain values. It holds no
//! rule: when a row may change is an act's concern, that it changed exactly once is
//! checked here.
//!
//! Two doors: [`Store::read`] and [`Store::write`]. On SQLite the second is a queue
//! in front of one writer that commits in groups; on PostgreSQL a pooled transaction.

pub mod accounts;
pub mod audit_events;
mod columns;
mod conflict;
mod connection;
pub mod credentials;
pub mod error;
pub mod factors;
pub mod limits;
pub mod login_attempts;
pub mod migrations;
mod pool;
pub mod purge;
pub mod recovery_codes;
pub mod revocations;
pub mod roles;
pub mod rotation;
mod schema;
pub mod seen;
pub mod session_ends;
pub mod sessions;
pub mod signing_keys;
mod writer;

pub use conflict::Taken;
pub use connection::{AnyConnection, Url, assert_primary};
pub use error::{Error, Result, Transient};
pub use pool::{Options, Store};
