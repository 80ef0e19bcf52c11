//! What the store promises, on both databases: one suite, run on a throw-away SQLite file
//! and, where there is one, on PostgreSQL. Acts are not asked here, so that what fails is
//! the store.

#[macro_use]
mod kit;
#[path = "../support/postgres.rs"]
mod postgres;

mod conflicts;
mod doors;
mod migrations;
mod on_postgres;
mod on_sqlite;
mod purge;
mod revocations;
mod sessions;
mod text;
mod url;
