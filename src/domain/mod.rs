//! Values and rules. Pure: no clock of its own, no input or output, no Diesel, no
//! wire format. What is here could be printed in a book about signing in.

pub mod account;
pub mod algorithm;
pub mod attempt;
pub mod claims;
pub mod event;
pub mod id;
pub mod identifier;
pub mod letter;
pub mod letters;
pub mod limit;
pub mod merge_fields;
pub mod one_time;
pub mod organization;
pub mod password;
pub mod password_policy;
pub mod plain_text;
pub mod principal;
pub mod profile;
pub mod quota;
pub mod recent;
pub mod redirect;
mod rights;
pub mod rotation;
pub mod session;
pub mod words;

pub use rights::{access, api_key, assurance, permission, reserved};
