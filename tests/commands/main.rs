//! The binary from outside, as an operator meets it: every command, in a temporary folder,
//! on SQLite. What is asserted is what people and scripts rely on: exit status, what
//! stands on which stream, and what never stands anywhere.

mod accounts;
mod api_keys;
mod as_json;
mod audit;
mod check;
mod confirm;
mod databases;
mod env_file;
mod environment;
mod first_start;
mod full_disk;
mod hashing;
mod help;
mod home;
mod junk;
mod keys;
mod leftovers;
mod limits;
mod lost_files;
mod mail_test;
mod mounted;
mod organizations;
mod output;
mod owners;
#[path = "../support/postgres.rs"]
mod postgres;
mod proxy;
#[path = "../support/scratch.rs"]
mod scratch;
mod server;
mod serving;
mod setup;
mod silence;
mod test_mode;
mod threads;
mod unread;
