//! The interface as a specification: every file here is one act or one dialect, every
//! test an exchange, with the ids of the requirements and threats that it proves.

#[macro_use]
mod support;
#[path = "../support/postgres.rs"]
mod postgres;

mod access_token;
mod cookies;
mod cors;
mod csrf;
mod dialects;
mod environment;
mod exchange;
mod keys;
mod keys_stored;
mod limits;
mod limits_address;
mod limits_devices;
mod limits_shared;
mod login;
mod logout;
mod openapi;
mod passwords;
mod passwords_imported;
mod query_tokens;
mod refresh;
mod refresh_ends;
mod refresh_faults;
mod refresh_invariants;
mod refresh_races;
mod refresh_refused;
mod refresh_rules;
mod smoke;
mod verify;
