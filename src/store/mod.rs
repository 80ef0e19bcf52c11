//! Rows. Knows Diesel and both backends; gives and takes domain values. It holds no
//! rule: when a row may change is an act's concern, that it changed exactly once is
//! checked here.
//!
//! Two doors: [`Store::read`] and [`Store::write`]. On SQLite the second is a queue
//! in front of one writer that commits in groups; on PostgreSQL a pooled transaction.
//!
//! Whatever asks the database fails where it is away, or where a row is damaged; `# Errors` names
//! what else there is.
//!
//! `engine/` is what stands below the tables; every other file is the table of its name, or asks several.

pub mod engine;

pub mod access;
pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod credentials;
pub mod emails;
pub mod factors;
pub mod guests;
pub mod limits;
pub mod login_attempts;
pub mod memberships;
pub mod one_time_codes;
pub mod organization_roles;
pub mod organizations;
pub mod outbox;
pub mod phones;
pub mod profiles;
pub mod recovery_codes;
pub mod refresh_rotation;
pub mod revocations;
pub mod roles;
pub mod seen_generations;
pub mod session_access;
pub mod session_ends;
pub mod sessions;
pub mod signing_keys;

pub use engine::conflict::Taken;
pub use engine::connection::{AnyConnection, Url, assert_primary};
pub use engine::deadline::Watched;
pub use engine::error::{Error, Result, Transient};
pub use engine::guarded_statement::Guarded;
pub use engine::store::{Options, Store};
