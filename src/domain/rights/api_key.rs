//! API keys: what a program shows in the place of an access token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::domain::id::{AccountId, ApiKeyId, OrganizationId};
use crate::domain::rights::access::{ADMIN, Access};
use crate::domain::rights::permission::LENT_BY_ADMIN;
use crate::support::clock::Timestamp;

/// The most living keys of one name that an account has: the old one, and the one that takes its
/// place.
pub const MOST_OF_A_NAME: usize = 2;

/// The most living keys of an account.
pub const MOST: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub account: AccountId,
    /// The one organization that it is good in; every one of its account's where there is none.
    pub organization: Option<OrganizationId>,
    pub name: String,
    /// The name, as names are compared.
    pub canonical: String,
    /// Its last letters.
    pub hint: String,
    /// What it may do, as far as its account may.
    pub scope: BTreeSet<String>,
    pub created_at: Timestamp,
    /// Who made it, where not its own account.
    pub created_by: Option<AccountId>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// As lists show it, in answers and at the command line, and as its owner takes it along: what it is for,
    /// and nothing that helps to guess its text.
    #[must_use]
    pub fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "hint": self.hint,
            "account": self.account,
            "organizationId": self.organization,
            "permissions": self.scope,
            "created": self.created_at.millis(),
            "createdBy": self.created_by,
            "expires": self.expires_at.map(Timestamp::millis),
            "lastUsed": self.last_used_at.map(Timestamp::millis),
        })
    }

    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| now >= end)
    }

    #[must_use]
    pub fn may(&self, word: &str) -> bool {
        self.scope.contains(word)
    }

    /// What its account's roles come to in the hands of its holder: the words of its scope, and
    /// the roles all of whose words those are. A role without a word is nobody's here, for what
    /// others make of its name nobody knows.
    #[must_use]
    pub fn limit(&self, roles: BTreeMap<String, BTreeSet<String>>) -> Access {
        let mut access = Access::default();
        for (role, words) in roles {
            if !words.is_empty() && words.is_subset(&self.scope) {
                access.roles.insert(role);
            }
            // Who may everything may have a key for a part of it.
            let more = words.contains(ADMIN).then_some(LENT_BY_ADMIN);
            let more = more.into_iter().flatten().map(|&word| word.to_owned());
            let held = words.into_iter().chain(more).filter(|word| self.may(word));
            access.permissions.extend(held.collect::<Vec<_>>());
        }
        access
    }
}

impl Access {
    /// Whether it holds one of these words, each within the scope of the key that is shown, where one is.
    #[must_use]
    pub fn lets(&self, words: &[&str], key: Option<&ApiKey>) -> bool {
        // Who may everything may have a key for a part of it.
        let has = |word: &str| self.is_admin() || self.permissions.contains(word);
        let mut words = words.iter();
        words.any(|word| key.is_none_or(|key| key.may(word)) && has(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_key_holds_what_is_in_its_scope_and_its_accounts() {
        let key = ApiKey {
            id: ApiKeyId(uuid::Uuid::nil()),
            account: AccountId(uuid::Uuid::nil()),
            organization: None,
            name: String::new(),
            canonical: String::new(),
            hint: String::new(),
            scope: words(&["a:b", "c:d"]),
            created_at: Timestamp::from_millis(0),
            created_by: None,
            expires_at: Some(Timestamp::from_millis(10)),
            last_used_at: None,
        };
        let roles = [
            ("both", words(&["a:b", "e:f"])),
            ("within", words(&["a:b"])),
            ("empty", words(&[])),
        ];
        let roles = roles.map(|(name, words)| (name.to_owned(), words));
        let access = key.limit(roles.into());
        assert_eq!(access.permissions, words(&["a:b"]));
        assert_eq!(access.roles, words(&["within"]));
        assert!(!key.is_over(Timestamp::from_millis(9)));
        assert!(key.is_over(Timestamp::from_millis(10)));
    }
}
