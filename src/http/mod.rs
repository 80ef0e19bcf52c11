//! Faces. Knows actix. A handler reads, calls one act and renders; no rule is here.

/// One folder for each people whose wire is spoken.
pub mod dialect;
/// What others read about this service: keys, the `OpenAPI` document, its viewer.
mod discovery;
/// Around every request.
mod edge;
/// How a face says no.
pub mod error_response;
#[doc(hidden)]
pub mod fuzz_targets;
/// How a schema of `GraphQL` is served.
mod graphql;
/// Who may call a route.
pub mod guards;
/// Mounting the table of routes.
mod mount;
/// Health, and the clock of test mode.
mod ops;
/// Below HTTP: addresses, connections, limits by address.
mod peers;
/// What a handler may ask of a request.
mod request;
/// What more than one dialect shows in the same words.
pub(crate) mod response_bodies;
/// The table of routes.
pub mod routes;
/// The schemas of `GraphQL`.
mod schemas;
mod server;
/// What a reverse proxy asks.
mod sidecar;

pub use request::web_policy::Web;
pub use server::{app, listen, serve};
