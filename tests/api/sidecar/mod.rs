//! What a reverse proxy asks.

mod left_out;
mod names;
mod verify;
