//! Organizations: tenants, and who is in them. What is done with them is in `service/organizations`;
//! what somebody may do in one, and that an owner stays, in `service/membership`; their rows in
//! `store/organizations.rs` and `store/memberships`.

use std::collections::BTreeSet;
use std::str::FromStr;

use strum::{EnumString, IntoStaticStr};

use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::identifier::{composed, in_lower_case, mixes_scripts, two_forms, written};
use crate::domain::texts::name_characters::{is_mark, is_no_part_of_a_name};
use crate::support::clock::Timestamp;

/// The role of an owner. It is held by one active member at least, always.
pub const OWNER: &str = "owner";

/// The name of an organization or of a role: 1 to 64 characters, words with single spaces
/// between them, and no UUID, so that it never looks like an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    written: String,
    canonical: String,
}

two_forms!(Name);

impl Name {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = in_lower_case(&written(text)?);
        // The form by which names are compared makes "No" of "№", and two vowels of one of Thai.
        let written = composed(text);
        let plain = |word: &str| !word.contains(is_no_part_of_a_name);
        let clean = canonical
            .split(' ')
            .all(|word| !word.is_empty() && !word.starts_with(is_mark) && plain(word))
            && written.split(' ').all(plain);
        let fits = (1..=64).contains(&canonical.chars().count());
        let mixed = canonical.split(' ').any(mixes_scripts);
        (clean && fits && !mixed && uuid::Uuid::try_parse(&canonical).is_err())
            .then_some(Self { written, canonical })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// From when on a second factor is asked of its members.
    pub factor_from: Option<Timestamp>,
}

/// How somebody stands in an organization. Only an active member may do anything or sign in to it
/// (O7); whoever is invited is no member yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipState {
    Invited,
    Active,
    Suspended,
}

impl MembershipState {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

impl FromStr for MembershipState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // Whoever is invited has no row of a membership.
        [Self::Active, Self::Suspended]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// Where a role is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// By accounts, everywhere.
    Service,
    /// By members, in their organization.
    Organization,
}

impl Scope {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What memberships refer to it by.
    pub key: String,
    pub name: String,
    pub description: String,
    pub scope: Scope,
    /// Whose it is; of every organization where there is none.
    pub organization: Option<OrganizationId>,
    pub permissions: BTreeSet<String>,
    /// From when on a second factor is asked of whoever holds it.
    pub factor_from: Option<Timestamp>,
}

impl Role {
    /// The one that is meant by a name: the organization's own goes before one of every organization.
    #[must_use]
    pub fn called<'r>(all: &'r [Self], name: &str) -> Option<&'r Self> {
        let named = all.iter().filter(|role| role.name == name);
        named.max_by_key(|role| role.organization.is_some())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub organization: OrganizationId,
    pub account: AccountId,
    /// The key of a role.
    pub role: String,
    pub state: MembershipState,
    /// The address that was invited: canonical, and as it was written then.
    pub invited: Option<(String, String)>,
    pub created_at: Timestamp,
}

impl Membership {
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == MembershipState::Active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_37_a_name_is_shown_as_it_was_written() {
        for (text, written, canonical) in [
            (
                "น้ำดื่ม",
                "น้ำดื่ม",
                "น\u{e49}\u{e4d}\u{e32}\u{e14}\u{e37}\u{e48}\u{e21}",
            ),
            ("№ 5", "№ 5", "no 5"),
            ("ＡＣＭＥ\u{3000}Oy", "ＡＣＭＥ Oy", "acme oy"),
            ("Cafe\u{301}", "Café", "café"),
        ] {
            let name = Name::parse(text).unwrap();
            assert_eq!((name.written(), name.canonical()), (written, canonical));
            let again = Name::parse(name.written());
            assert_eq!(again.as_ref(), Some(&name), "{text}");
        }
    }

    #[test]
    fn one_name_in_any_letter_case_is_one_organizations() {
        let name = Name::parse("  Acme Oy ").unwrap();
        assert_eq!((name.written(), name.canonical()), ("Acme Oy", "acme oy"));
        assert_eq!(Name::parse("ACME\u{a0}OY").unwrap().canonical(), "acme oy");
        assert_eq!(Name::parse("ACME\u{a0}OY").unwrap().written(), "ACME OY");
        assert!(Name::parse("Müller & Söhne").is_some());
        for text in [
            "",
            " ",
            "a  b",
            "a\nb",
            "a\u{0}",
            "a\u{202e}b",
            "a\u{ffa0}b",
            "аcme",
            "2a749da0-5512-4000-8000-000000000000",
            &"a".repeat(65),
        ] {
            assert_eq!(Name::parse(text), None, "{text:?}");
        }
    }
}
