//! The interface as a specification: every file here is one act or one dialect, every
//! test an exchange, with the ids of the requirements and threats that it proves.

#![allow(clippy::cast_possible_wrap, reason = "counts of a few rows")]

#[macro_use]
mod support;
#[path = "../support/postgres.rs"]
mod postgres;

mod access_token;
mod cookies;
mod cors;
mod csrf;
mod dialects;
mod docs;
mod ended_sessions;
mod environment;
mod exchange;
mod injection;
mod keys;
mod keys_stored;
mod limits;
mod limits_address;
mod limits_clock;
mod limits_devices;
mod limits_devices_acts;
mod limits_overload;
mod limits_shared;
mod limits_spray;
mod login;
mod login_abandoned;
mod login_passwords;
mod login_races;
mod logout;
mod lookalikes;
mod openapi;
mod openapi_answers;
mod openapi_bodies;
mod passwords;
mod passwords_imported;
mod public;
mod query_tokens;
mod refresh;
mod refresh_against_ends;
mod refresh_ends;
mod refresh_faults;
mod refresh_flood;
mod refresh_invariants;
mod refresh_races;
mod refresh_refused;
mod refresh_restart;
mod refresh_rules;
mod routes;
mod second_factor;
mod second_factor_directus;
mod second_factor_enrolment;
mod second_factor_guesses;
mod second_factor_recovery;
mod second_factor_sessions;
mod seen_notes;
mod sessions;
mod sessions_cap;
mod sessions_everybody;
mod sessions_many;
mod smoke;
mod verify;
mod wire;
