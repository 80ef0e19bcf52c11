//! What a reverse proxy asks.

mod verify;
