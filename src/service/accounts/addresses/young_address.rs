//! An address is young while an undo code of another address is valid whose sealed state does not
//! contain it. Whoever is in an account for a moment adds an address of their own, and a code that was
//! mailed there would restore it (docs/decisions/0140).

use crate::domain::id::AccountId;
use crate::domain::one_time_code::CodePurpose;
use crate::service::accounts::addresses::sealed_state::Written;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::mail::mailed_code::opened;
use crate::store::{credentials, one_time_codes};
use crate::support::clock::Timestamp;

/// A code that undoes, and which addresses were proven before the act that it undoes.
struct Undoing {
    mac: String,
    reader: String,
    made_at: Timestamp,
    proven: Vec<String>,
}

/// The account's codes that undo, as far as they are good still.
pub(in crate::service::accounts) struct Undoings(Vec<Undoing>);

impl Undoings {
    pub(in crate::service::accounts) fn of(
        change: &mut Change<'_>,
        account: AccountId,
    ) -> Result<Self> {
        let (kw, now) = (change.kw, change.now);
        let codes = one_time_codes::list_of(change, account)?.into_iter();
        let codes = codes.filter(|it| it.purpose == CodePurpose::KeepEmail && now < it.expires_at);
        let each = codes.filter_map(|code| {
            // One of another KEYWARD_SECRET undoes nothing.
            let written: Written = opened(kw, &code).ok()??;
            Some(Undoing {
                proven: written.proven()?,
                mac: code.mac,
                reader: code.address,
                made_at: code.created_at,
            })
        });
        Ok(Self(each.collect()))
    }

    /// Those that would undo the coming of this address. One that was made while the address was gone
    /// does not, where an older one would bring it back: a thief removes the owner's, too.
    fn against(&self, address: &str) -> impl Iterator<Item = &Undoing> {
        let since = self.0.iter().filter(|it| it.has(address));
        let since = since.map(|it| it.made_at).min();
        let others = self.0.iter().filter(move |it| it.reader != address);
        let others = others.filter(move |it| since.is_none_or(|since| it.made_at <= since));
        others.filter(move |it| !it.has(address))
    }

    pub(super) fn is_young(&self, address: &str) -> bool {
        self.against(address).next().is_some()
    }

    /// Whether a young primary address is told without a code: the password was chosen anew since it
    /// came, or the primary one is by now one that stood before it came.
    pub(super) fn is_spent(
        &self,
        change: &mut Change<'_>,
        account: AccountId,
        (address, now_primary): (&str, Option<&str>),
    ) -> Result<bool> {
        let Some(came) = self.against(address).map(|it| it.made_at).max() else {
            return Ok(false);
        };
        let stood = |primary: &str| self.against(address).any(|it| it.has(primary));
        if now_primary.is_some_and(stood) {
            return Ok(true);
        }
        let chosen = credentials::times_of(change, account)?;
        Ok(chosen.is_some_and(|(_, last)| last > came))
    }

    /// Whoever reads the mail of `reader` chose a password: the codes of addresses that came while
    /// that one stood are no codes any more.
    pub(in crate::service::accounts) fn end_of_younger(
        &self,
        change: &mut Change<'_>,
        reader: &str,
    ) -> Result<()> {
        for code in &self.0 {
            let mut against = self.against(&code.reader);
            if against.any(|it| it.has(reader)) {
                one_time_codes::consume(change, &code.mac)?;
            }
        }
        Ok(())
    }
}

impl Undoing {
    fn has(&self, address: &str) -> bool {
        self.proven.iter().any(|it| it == address)
    }
}
