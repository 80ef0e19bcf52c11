//! What goes on by itself: threads that purge, flush and follow the tail of revocations.

/// Writes down when API keys were last used.
pub mod api_key_last_used;
/// Deletes guests who were not there for long.
mod delete_guests;
/// Writes names as they are looked for, where they were written before that was done.
mod fill_search_names;
/// Deletes what is over.
pub mod purge;
/// Whether this process can do its work now.
pub mod readiness;
/// Brings the revocations of other processes.
pub mod revocation_tail;
/// Tells of many failed sign-ins in a minute.
pub mod spray_alarm;
/// The threads of a running server.
pub mod threads;
