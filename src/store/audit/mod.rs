//! The audit log, and the seals that make a chain of it.

pub mod audit_events;
pub mod audit_seals;
pub mod unreadable_rows;
