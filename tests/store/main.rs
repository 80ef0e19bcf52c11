//! What the store promises, on both databases: one suite, run on a throw-away SQLite file
//! and, where there is one, on PostgreSQL. Acts are not asked here, so that what fails is
//! the store.

#![allow(clippy::cast_possible_wrap, reason = "counts of a few rows")]

#[macro_use]
mod kit;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/scratch.rs"]
mod scratch;

mod built_in_roles;
mod conflicts;
mod doors;
mod guards;
mod guests;
mod handfuls;
mod lost_commit;
mod migrations;
mod on_postgres;
mod on_sqlite;
mod plans;
mod purge;
mod revocations;
mod search;
mod sessions;
mod text;
mod url;
