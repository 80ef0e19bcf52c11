//! The audit log, and the seals that make a chain of it.

pub mod events;
pub mod seals;
pub mod unreadable_rows;
