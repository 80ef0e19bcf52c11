//! What holds around every request.

mod cookies;
mod cors;
mod csrf;
mod injection;
mod routes;
mod wire;
