//! Passwords and names of accounts.

mod change_password;
mod imported_passwords;
mod lookalikes;
mod names;
mod own_secrets;
