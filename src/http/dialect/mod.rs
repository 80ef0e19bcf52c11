//! Dialects: one folder for each wire format. A dialect owns its bodies and how it says
//! no; what happens is an act's concern. No dialect knows another.
//!
//! To add one: write `NAME/mod.rs` with a unit struct that implements
//! [`Shape`](crate::http::error_response::Shape) and handlers that answer
//! [`Answer`](crate::http::error_response::Answer) of it, a `mod` line here, a group of rows in
//! `http/routes.rs`, its paths in `openapi.yaml`, and golden exchanges in `tests/api/dialects`; its name
//! in `config/settings/dialects.rs`; its fields in `http/schemas.rs` where it speaks GraphQL.
//! CONTRIBUTING has every step.

pub mod directus;
pub mod haltian;
pub mod hypi;
pub mod keyward;
pub mod oisp;
pub mod propeller;
