//! Keyward: a small, fast authentication service.
//!
//! The house has floors, and arrows run down only (`tests/architecture` keeps it so):
//!
//! ```text
//! main -> cli -> {app, http} -> service -> {store, crypto, mail, lanes, config} -> domain -> support
//! ```
//!
//! Read `http/routes.rs` for what there is, `service/` for what happens,
//! `domain/refresh_rotation.rs` for the one hard idea. `docs/ARCHITECTURE.md` is the tour.

pub mod app;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod first_start;
pub mod http;
pub mod lanes;
pub mod mail;
pub mod service;
pub mod store;
pub mod support;
