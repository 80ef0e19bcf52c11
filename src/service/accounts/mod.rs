//! An account's profile and password, by its owner or an administrator.

/// An administrator acts for an account.
pub mod act_as;
/// The e-mail addresses of an account.
pub mod addresses;
/// What an administrator does to accounts.
pub mod administer;
/// The owner changes the password.
pub mod change_password;
/// The owner changes the profile.
pub mod change_profile;
/// An account is deleted, by its owner or an administrator.
pub mod delete_own_account;
/// Everything that is stored about an account.
pub mod export;
/// Somebody's account, for an administrator.
pub mod find_by_identifier;
/// Guests begin, and register.
pub mod guest;
/// All accounts, a page at a time.
pub mod list;
/// The last who may administer stays.
mod only_administrator;
/// What an account shows of itself.
pub mod profile;
/// What an owner says of themselves.
pub mod profile_edit;
/// An account by its owner.
pub mod register;
/// Who made a link to a new password.
mod reset_link_maker;
/// A forgotten password.
pub mod reset_password;
/// Finding accounts by a part of a name or address.
pub mod search;
/// What an administrator sees of an account.
pub mod show_to_administrator;
/// Proving an e-mail address.
pub mod verify_email;
