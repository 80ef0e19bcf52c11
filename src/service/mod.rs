//! Acts: one file for each thing that Keyward does, in plain synchronous Rust. A rule
//! lives in exactly one of them. They know no HTTP and no SQL; they take values and
//! give values, and a face renders these.

pub mod administer;
mod audit;
pub mod authenticate;
pub mod change_password;
pub mod context;
pub mod error;
pub mod exchange;
pub mod factors;
pub mod housekeeping;
pub mod issue;
pub mod keys;
mod limiter;
pub mod login;
pub mod logout;
mod news;
pub mod profile;
pub mod proof;
pub mod refresh;
pub mod reissue;
pub mod revoke;
mod revoked;
mod rotate;
mod seen;
mod standing;
pub mod watch;

pub use context::{Keyward, Parts, Policy};
pub use error::{Code, Error, Result};
