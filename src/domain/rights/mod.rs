//! Who may do what, and how well they have shown who they are.

pub mod access;
pub mod acting;
pub mod api_key;
pub mod assurance;
pub mod bearer;
pub mod built_in_roles;
pub mod permission;
pub mod reserved_usernames;
