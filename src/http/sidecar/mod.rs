//! What a reverse proxy asks.

pub(in crate::http) mod verify;
