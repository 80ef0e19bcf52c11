//! Signing in, going on, exchanging, signing out, and the list of sessions.

mod cap;
mod ended;
mod entered;
mod everybody;
mod exchange;
mod list;
mod login;
mod logout;
mod many;
mod refresh;
mod step_up;
