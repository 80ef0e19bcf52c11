//! The interface as a specification: every file here is one act or one dialect, every
//! test an exchange, with the ids of the requirements and threats that it proves.

#![allow(clippy::cast_possible_wrap, reason = "counts of a few rows")]

#[macro_use]
mod support;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/scratch.rs"]
mod scratch;

mod accounts;
mod admin;
mod api_keys;
mod attempts;
mod dialects;
mod discovery;
mod edge;
mod environment;
mod graphql;
mod guests;
mod keys;
mod mail;
mod matrix;
mod organizations;
mod registration;
mod second_factor;
mod sessions;
mod side_by_side;
mod sidecar;
mod smoke;
mod tokens;
