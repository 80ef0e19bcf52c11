//! Faces. Knows actix. A handler reads, calls one act and renders; no rule is here.

mod body;
mod call;
mod caller;
mod client_address;
mod connection;
mod connections;
pub mod dialect;
mod docs;
mod forward_auth;
#[doc(hidden)]
pub mod fuzzed;
mod health;
mod origin;
mod refresh_cookie;
pub mod routes;
mod server;
mod shell;
mod test_mode;
mod throttle;
mod unread;
mod web;
mod well_known;

pub use server::{app, listen, serve};
pub use web::Web;
