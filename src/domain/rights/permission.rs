//! Permissions: words of the form `thing:deed`. Keyward's own things have a closed list of deeds;
//! every other thing is an application's, which names its own words by using them in a role
//! (docs/decisions/0096). Which of them the built-in roles hold: `built_in_roles.rs`.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::rights::access::ADMIN;

/// What Keyward itself asks for. Each speaks of the organization that it is held in.
pub const OWN: &[&str] = &[
    ORGANIZATION_READ,
    ORGANIZATION_UPDATE,
    ORGANIZATION_DELETE,
    OWNS,
    MEMBER_READ,
    MEMBER_INVITE,
    MEMBER_UPDATE,
    MEMBER_REMOVE,
    ROLE_READ,
    ROLE_MANAGE,
];

/// What Keyward asks for in the whole service, beside `admin`. A role of the service may hold
/// them, and none of organizations: who makes an organization gives its permissions away.
pub const SERVICE: &[&str] = &[ACCOUNT_READ, ACCOUNT_RESET_LINK, ACCOUNT_MAIL, ACT_AS];

/// Whether it opens what is of the whole service.
#[must_use]
pub fn is_of_service(word: &str) -> bool {
    word == ADMIN || SERVICE.contains(&word)
}

/// Whether the word means something by a role that is held in the whole service. What speaks of an
/// organization is held in one: a role that was given such a word before that was refused gives none.
#[must_use]
pub fn counts_in_service(word: &str) -> bool {
    !OWN.contains(&word)
}

/// Whether whoever holds it in an organization administers that: it does more than look.
#[must_use]
pub fn administers(word: &str) -> bool {
    OWN.contains(&word) && !word.ends_with(":read")
}

/// The first permission in `wanted` that `own` lacks. Nobody gives, takes or acts on the holder of a
/// permission that they lack (O4).
#[must_use]
pub fn lacking<'a>(own: &'a BTreeSet<String>, wanted: &'a BTreeSet<String>) -> Option<&'a String> {
    if own.contains(OWNS) {
        return None;
    }
    wanted.difference(own).next()
}

/// What `admin` comes to in the whole service.
pub const LENT_BY_ADMIN: &[&str] = &[ACCOUNT_READ, ACCOUNT_RESET_LINK, ACCOUNT_MAIL];

/// Looking up anybody's names and profile.
pub const ACCOUNT_READ: &str = "account:read";
/// Making a link to a new password.
pub const ACCOUNT_RESET_LINK: &str = "account:reset-link";
/// Sending mail in words of one's own.
pub const ACCOUNT_MAIL: &str = "account:mail";
/// Acting for another account. `admin` does not hold it.
pub const ACT_AS: &str = "account:act_as";

pub const ORGANIZATION_READ: &str = "organization:read";
pub const ORGANIZATION_UPDATE: &str = "organization:update";
pub const ORGANIZATION_DELETE: &str = "organization:delete";
/// The owner's alone: who holds it may give away every permission there is.
pub const OWNS: &str = "organization:own";
pub const MEMBER_READ: &str = "member:read";
pub const MEMBER_INVITE: &str = "member:invite";
/// Giving another role, suspending, and taking a member back.
pub const MEMBER_UPDATE: &str = "member:update";
pub const MEMBER_REMOVE: &str = "member:remove";
pub const ROLE_READ: &str = "role:read";
/// Making, changing and removing roles of the organization.
pub const ROLE_MANAGE: &str = "role:manage";

/// Things that are Keyward's, those of issues to come among them: no application's word may
/// begin with one.
const THINGS: &[&str] = &[
    "account",
    "admin",
    "api-key",
    "audit",
    "key",
    "member",
    "organization",
    "role",
    "session",
];

/// The most permissions of one role.
pub const MOST: usize = 256;

/// Whether a role may hold the word: it is one of Keyward's, or well formed and of a thing that
/// is not Keyward's.
#[must_use]
pub fn may_be_held(word: &str) -> bool {
    if OWN.contains(&word) || SERVICE.contains(&word) {
        return true;
    }
    word.split_once(':')
        .is_some_and(|(thing, deed)| is_part(thing) && is_part(deed) && !THINGS.contains(&thing))
}

/// Whether the word is Keyward's own.
#[must_use]
pub fn is_own(word: &str) -> bool {
    word == ADMIN || OWN.contains(&word) || SERVICE.contains(&word)
}

/// Whether an API key may hold the word. What it comes to is what its account may, too.
#[must_use]
pub fn may_be_in_key(word: &str) -> bool {
    word == ADMIN || may_be_held(word)
}

/// Names a list of permissions, in its order.
#[must_use]
pub fn digest<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let mut context = Context::new(&SHA256);
    for word in words {
        context.update(word.as_bytes());
        context.update(b" ");
    }
    URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..16])
}

fn is_part(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    (1..=48).contains(&text.len())
        && text.bytes().all(fits)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_one_of_ours_or_of_a_thing_that_is_not_ours() {
        for word in [
            "member:invite",
            "device:read",
            "space-2:update_all",
            "a.b:c",
            "account:act_as",
        ] {
            assert!(may_be_held(word), "{word}");
        }
        for word in [
            "",
            "admin",
            "member",
            ":",
            "member:",
            ":read",
            "member:reed",
            "role:own",
            "organization:everything",
            "api-key:make",
            "Device:read",
            "device:read:all",
            "device read",
            "device:*",
            "*:*",
            "1a:b",
            "a:\u{0}",
            "session:end",
        ] {
            assert!(!may_be_held(word), "{word}");
        }
        assert!(!may_be_held(&format!("a:{}", "b".repeat(49))));
    }
}
