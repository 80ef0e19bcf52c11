//! Health, and the clock of test mode.

pub(in crate::http) mod health;
pub(in crate::http) mod test_mode;
