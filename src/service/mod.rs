//! Acts: one file for each thing that Keyward does, in plain synchronous Rust, or as a future
//! where many do it at once. A rule lives in exactly one of them. They know no HTTP and no SQL; they take values and
//! give values, and a face renders these.
//!
//! A folder for each noun, a file for each act. An act calls parts and tables, never an act of
//! another noun, but for the exceptions of docs/decisions/0128.
//!
//! Whatever asks the database answers `SERVICE_UNAVAILABLE` where that is away; `# Errors` names
//! what else there is.

/// Who acts.
pub mod actor;
/// Who administers.
pub mod administrator;
/// Which row of the audit log counts an event.
mod audit_row;
/// One transaction of an act.
mod change;
/// What an act answers when it does not answer what it was asked for.
pub mod error;
/// What every act is given: store, clock, keys, lanes and policy.
pub mod keyward;
/// The operator's decisions.
pub mod policy;
/// Why a payload is refused, for faces that word it otherwise.
pub mod refusal_reason;

/// What many requests ask the database for at once.
mod batched_queries;

/// An account's profile and password, by its owner or an administrator.
pub mod accounts;
/// API keys: making, rotating and revoking them.
pub mod api_keys;
/// Reading the audit log, and the chain that shows whether it is whole.
pub mod audit;
/// Inviting to the service, and accepting an invitation.
pub mod invitations;
/// Making, rotating and replacing signing keys.
pub mod keys;
/// Organizations: making them, and who is in them.
pub mod organizations;
/// Roles: of the service, and of one organization.
pub mod roles;
/// Enrolling and removing a second factor, and its recovery codes.
pub mod second_factor;
/// Signing in, going on and signing out.
pub mod sessions;
/// What goes on by itself: threads, purges, alarms.
pub mod upkeep;

/// Part: what acts of several nouns change in an account.
mod account_changes;
/// Part: checking secrets, within limits on guesses.
pub mod attempts;
/// Part: mail, from the transaction of its cause to the server that takes it.
pub mod mail;
/// Part: what somebody may do in an organization, and how a membership begins and ends.
pub mod membership;
/// Part: what each process remembers. It knows no act and no database.
mod memory;
/// Part: signing, checking and rotating tokens.
pub mod tokens;

pub use error::{Code, Error, Result};
pub use keyward::{Keyward, Parts};
pub use policy::Policy;
pub use refusal_reason::Reason;
