//! An account's profile and password, by its owner or an administrator.

/// What an administrator does to accounts.
pub mod administer;
/// Reads the audit log.
pub mod audit;
/// The owner changes the password.
pub mod change_password;
/// Everything that is stored about an account.
pub mod export;
/// Guests begin, and register.
pub mod guest;
/// An account is deleted, by its owner or an operator.
pub mod leave;
/// All accounts, a page at a time.
pub mod pages;
/// What an account shows of itself.
pub mod profile;
