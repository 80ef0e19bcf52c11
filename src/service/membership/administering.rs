//! A stolen API key must not leave an administrator behind: only a signed-in person gives permissions
//! that administer an organization (docs/decisions/0124).

use std::collections::BTreeSet;

use crate::domain::id::AccountId;
use crate::domain::rights::permission::administers;
use crate::service::error::{Code, Error, Result};
use crate::store::{AnyConnection, memberships, organization_roles};

/// Before somebody who may `before` in an organization may `after` there.
///
/// # Errors
/// `FORBIDDEN` for an API key, where a word by which one administers the organization is new.
pub(in crate::service) fn require_giver(
    by_key: bool,
    before: Option<&BTreeSet<String>>,
    after: &BTreeSet<String>,
) -> Result<()> {
    let is_new = |word: &&String| before.is_none_or(|before| !before.contains(*word));
    let mut given = after.iter().filter(|word| administers(word));
    match given.find(is_new) {
        Some(word) if by_key => {
            let words = format!(
                "An API key gives nobody \"{word}\" in an organization that is there: a person who \
                 is signed in does."
            );
            Err(Error::new(Code::Forbidden, words))
        }
        _ => Ok(()),
    }
}

/// Whether the account is an active member who administers an organization.
pub(in crate::service) fn administers_any(
    db: &mut AnyConnection,
    account: AccountId,
) -> Result<bool> {
    for (member, ..) in memberships::list_of(db, account)? {
        let roles = organization_roles::list(db, member.organization)?;
        let role = roles.iter().find(|role| role.key == member.role);
        let words = role.map(|role| &role.permissions);
        let does = words.is_some_and(|words| words.iter().any(|word| administers(word)));
        if does && member.is_active() {
            return Ok(true);
        }
    }
    Ok(false)
}
