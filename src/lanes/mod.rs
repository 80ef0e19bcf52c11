//! Threads with a bound on who may wait for them.

/// Where passwords are hashed.
pub mod password_lane;
/// Who may wait for it.
pub mod seats;
/// Where rows are read and written.
pub mod store_lane;
