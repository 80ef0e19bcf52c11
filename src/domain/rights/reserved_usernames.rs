//! Usernames that strangers take for the service itself: the mailboxes of RFC 2142, and what
//! administrators, programs and pages are called by habit. Nobody chooses one; administrators give
//! them.

use crate::domain::identifier::Username;

/// In their canonical form, by the alphabet.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "admins",
    "administrator",
    "administrators",
    "anonymous",
    "api",
    "auth",
    "daemon",
    "everyone",
    "guest",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "keyward",
    "mailer-daemon",
    "marketing",
    "me",
    "moderator",
    "news",
    "nobody",
    "noc",
    "noreply",
    "no-reply",
    "null",
    "operator",
    "owner",
    "postmaster",
    "public",
    "root",
    "sales",
    "security",
    "staff",
    "sudo",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "undefined",
    "usenet",
    "uucp",
    "webmaster",
    "www",
];

#[must_use]
pub fn is_reserved(name: &Username) -> bool {
    RESERVED.contains(&name.canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_name_is_reserved_in_any_letter_case() {
        for text in ["admin", "Admin", "ROOT", "postmaster", "No-Reply"] {
            assert!(is_reserved(&Username::parse(text).unwrap()), "{text}");
        }
        for text in ["alice", "admin2", "theroot"] {
            assert!(!is_reserved(&Username::parse(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn each_is_a_username_and_in_its_canonical_form() {
        for text in RESERVED {
            assert_eq!(Username::parse(text).unwrap().canonical(), *text);
        }
    }
}
