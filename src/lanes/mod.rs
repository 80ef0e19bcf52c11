//! Threads with a bound on who may wait for them.

/// Where passwords are hashed.
pub mod password_lane;
/// What many ask at once and one answers.
pub mod question;
/// Who may wait for it.
pub mod seats;
/// Where rows are read and written.
pub mod store_lane;
