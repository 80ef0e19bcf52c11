//! What holds around every request.

mod bodies;
mod cookies;
mod cookies_twice;
mod cors;
mod csrf;
mod https;
mod injection;
mod pipelined;
mod routes;
mod wire;
