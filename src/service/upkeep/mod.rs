//! What goes on by itself: threads that purge, flush and follow the tail of revocations.

/// Tells of many failed sign-ins in a minute.
pub mod spray_alarm;
/// The threads of a running server.
pub mod threads;
