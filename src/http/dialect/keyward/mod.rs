//! Keyward's own dialect: what none of the five has a word for, and Directus's sign-in,
//! which Keyward took for its own. Times are epoch milliseconds, as in seed O's account.

/// `/auth/me` and the password.
pub mod account;
/// `/auth/email/change`, `/auth/me/emails`.
pub mod addresses;
/// `/admin/*`.
pub mod admin;
/// API keys.
pub mod api_keys;
/// `DELETE /auth/me`.
pub mod delete_own_account;
/// `/auth/anonymous`.
pub mod guest;
/// Who is in an organization.
pub mod members;
/// `/auth/organizations`.
pub mod organizations;
/// `/auth/register`, mailed codes.
pub mod registration;
/// `/auth/roles`, and the roles of an organization.
pub mod roles;
/// `/auth/mfa/*`.
pub mod second_factor;
/// `/auth/sessions`.
pub mod sessions;
/// `/auth/login`, `/auth/refresh`, `/auth/logout`.
pub mod sign_in;
/// `/auth/step-up`.
pub mod step_up;

pub use crate::http::error_response::Keyward;
