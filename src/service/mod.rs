//! Acts: one file for each thing that Keyward does, in plain synchronous Rust. A rule
//! lives in exactly one of them. They know no HTTP and no SQL; they take values and
//! give values, and a face renders these.

pub mod administer;
mod audit;
pub mod authenticate;
pub mod context;
pub mod error;
pub mod exchange;
pub mod housekeeping;
pub mod issue;
pub mod keys;
pub mod login;
pub mod logout;
pub mod profile;
pub mod refresh;
pub mod reissue;
mod revoked;
mod rotate;
mod seen;

pub use context::{Keyward, Parts, Policy};
pub use error::{Code, Error, Result};
