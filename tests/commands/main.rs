//! The binary from outside, as an operator meets it: every command, in a temporary folder,
//! on SQLite. What is asserted is what people and scripts rely on: exit status, what
//! stands on which stream, and what never stands anywhere.

mod accounts;
mod env_file;
mod environment;
mod first_start;
mod help;
mod home;
mod mounted;
mod owners;
mod server;
mod serving;
mod setup;
mod test_mode;
