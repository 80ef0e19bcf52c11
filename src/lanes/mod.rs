//! Threads with a bound on who may wait for them.

/// What waits for one kind of answer, taken together.
pub mod batcher;
/// Who may wait for it.
pub mod fair_queue;
/// What waits for the password lane.
mod password_jobs;
/// Where passwords are hashed.
pub mod password_lane;
/// What many ask at once and one answers.
pub mod single_flight;
/// Where rows are read and written.
pub mod store_lane;
/// Few threads, and what is to be done.
mod store_threads;
