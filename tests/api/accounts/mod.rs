//! Passwords and names of accounts, and what is stored of them.

mod change_password;
mod delete_own_account;
mod export;
mod imported_passwords;
mod lookalikes;
mod names;
mod own_secrets;
mod taken_names;
