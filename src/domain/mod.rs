//! Values and rules. Pure: no clock of its own, no input or output, no Diesel, no
//! wire format. What is here could be printed in a book about signing in.

pub mod account;
pub mod algorithm;
pub mod attempt_outcome;
pub mod claims;
pub mod event;
pub mod guess_limit;
pub mod id;
pub mod identifier;
pub mod mail_letter;
pub mod mail_retries;
pub mod one_time_code;
pub mod organization;
pub mod password;
pub mod password_policy;
pub mod principal;
pub mod profile;
pub mod quota;
pub mod recent_generations;
pub mod redirect;
pub mod refresh_rotation;
pub mod rights;
pub mod search_words;
pub mod session;
pub mod texts;
