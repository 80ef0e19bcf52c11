//! Signing in, going on and signing out.

/// What a sign-in writes.
mod complete_sign_in;
/// Ends sessions of the caller's account.
pub mod end_own_sessions;
/// What a sign-in takes the place of.
mod ended_by_sign_in;
/// Exchanges an access token, live or expired, for a new one (`GET /auth/token`).
pub mod exchange;
/// Lists the caller's sessions.
pub mod list;
/// Begins a session: password, second factor, limits.
pub mod login;
/// Who tried to sign in.
pub mod login_history;
/// Ends the caller's session.
pub mod logout;
/// Goes on with a refresh token.
pub mod refresh;
/// Goes on with a live token of a class that has no refresh token (seed O).
pub mod renew;
/// Shows again, or better, who holds a session.
pub mod step_up;
/// Tells the owner of a sign-in from a browser that is not known.
mod unknown_browser;
/// The organization that somebody signs in to.
pub mod wanted_organization;
/// Which of several refresh tokens of one browser is meant.
pub mod which_refresh_token;
