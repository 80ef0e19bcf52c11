//! What a reverse proxy asks.

mod names;
mod verify;
