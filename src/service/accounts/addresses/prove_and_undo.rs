//! What acts on addresses have in common: the caller shows who they are, the addresses as they
//! stood before are kept beside the code that undoes the act, and tokens that name another primary
//! address are outdated.

use crate::domain::account::Account;
use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{LetterPurpose, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::lanes::password_lane::Seat;
use crate::service::accounts::addresses::sealed_state::{Was, Written};
use crate::service::accounts::addresses::young_address::Undoings;
use crate::service::accounts::delete_own_account::PasswordAndCode;
use crate::service::actor::{Actor, account_of};
use crate::service::attempts::claimant::Claimant;
use crate::service::change::{Change, Held};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::mailed_code::{Link, look, opened, take};
use crate::service::mail::owner_mail::{OwnerLetter, To, Wish, email_of, tell_counted};
use crate::store::emails::{self, StoredEmail};
use crate::store::{accounts, one_time_codes};
use crate::support::secret::SecretString;

pub struct NewEmail {
    pub email: Email,
    pub proof: PasswordAndCode,
    pub wish: Wish,
}

/// The account as it is before an act, and how its addresses stand.
pub(super) struct Before {
    pub(super) account: Account,
    pub(super) emails: Vec<StoredEmail>,
}

impl Before {
    pub(super) fn read<'t>(
        change: &mut Change<'t>,
        account: Held<'t, AccountId>,
    ) -> Result<Option<Self>> {
        let id = account.id();
        let Some(account) = accounts::lookup(change, id)?.filter(|it| it.enabled) else {
            return Ok(None);
        };
        let emails = emails::list_of(change, id)?;
        Ok(Some(Self { account, emails }))
    }

    /// The primary address, where it is proven: who never proved it was never its owner.
    pub(super) fn proven(&self) -> Option<Email> {
        email_of(&self.account).filter(|_| self.account.verified)
    }

    fn written(&self, email: &Email) -> Written {
        let each = self.emails.iter().map(|it| Was {
            email: it.written.clone(),
            verified: it.verified,
            primary: it.is_primary,
        });
        Written::with(email, each.collect())
    }

    /// Tells the reader of this address, with a code that undoes the act, where the address can be
    /// the owner's. Where mail leaves, an act that can not be told of is not done: a thief would use
    /// the quota up first.
    pub(super) fn tell(
        &self,
        change: &mut Change<'_>,
        (email, wish): (&Email, &Wish),
        (kind, values): (LetterPurpose, Values),
    ) -> Result<()> {
        let to = To {
            account: self.account.id,
            email,
        };
        let wish = Wish {
            // The page of an application knows how to confirm, and not how to undo.
            link: Link::OwnPage,
            ..wish.clone()
        };
        let letter = OwnerLetter {
            to,
            purpose: kind,
            wish: &wish,
            values,
        };
        let told = if self.gives_code(change, email)? {
            letter.mail_code(change, CodePurpose::KeepEmail, Some(&self.written(email)))?
        } else {
            letter.mail_as(change, CodePurpose::KeepEmail)?
        };
        if told || !change.kw.mailer.can_send() {
            return Ok(());
        }
        let words = "Too many changes of this account's addresses within an hour.";
        Err(Error::quota(words))
    }

    /// A code by which an address comes back is a way in. A further address that came of late gets
    /// none; the primary one gets one until the password was chosen anew or an older address is the
    /// primary one again. The act is done.
    fn gives_code(&self, change: &mut Change<'_>, email: &Email) -> Result<bool> {
        let id = self.account.id;
        let undoings = Undoings::of(change, id)?;
        let was_primary = email_of(&self.account);
        if was_primary.is_none_or(|it| !it.is_same(email)) {
            return Ok(!undoings.is_young(email.canonical()));
        }
        let now = accounts::lookup(change, id)?;
        let now = now.as_ref().and_then(email_of);
        let both = (email.canonical(), now.as_ref().map(Email::canonical));
        Ok(!undoings.is_spent(change, id, both)?)
    }

    /// What tokens and API keys say of the primary address must not outlive it: a proxy takes it
    /// for who asks, and another account may have it by now.
    pub(super) fn outdate(&self, change: &mut Change<'_>) -> Result<()> {
        let Some(told) = self.proven() else {
            return Ok(());
        };
        let now = accounts::lookup(change, self.account.id)?;
        let same =
            now.is_some_and(|now| now.verified && now.email.as_deref() == Some(told.written()));
        if same {
            return Ok(());
        }
        change.outdate_tokens(self.account.id)
    }
}

/// The caller proves who they are, as for every change of credentials: mail is a credential. Then a
/// code is mailed to the address. `fits` says whether the account may have it.
pub(super) fn ask(
    kw: &Keyward,
    seat: &Seat,
    (actor, purpose, new): (&Actor, CodePurpose, NewEmail),
    fits: impl FnOnce(&Account, &Email) -> Result<()>,
) -> Result<()> {
    kw.require_mail()?;
    if new.email.mixes_scripts() {
        return Err(Error::payload("\"email\" mixes letters of several scripts"));
    }
    let account = account_of(kw, actor)?;
    fits(&account, &new.email)?;
    let claimant = Claimant {
        kw,
        actor,
        account: &account,
    };
    let proven = claimant.both(seat, &new.proof.password, new.proof.otp.as_ref())?;
    proven.open(actor, move |change, caller, _| {
        change.record(&caller.actor.event(What::EmailChangeRequested))?;
        begin(change, caller.account.id(), purpose, &new)
    })
}

/// The address that a code of this purpose proves, of an account that is held from here on and
/// stands as it does now. The code is used up.
pub(super) fn proven_by(
    change: &mut Change<'_>,
    code: &SecretString,
    purpose: CodePurpose,
) -> Result<(Email, Before)> {
    let kw = change.kw;
    let id = look(kw, change, code, purpose)?.account;
    let held = change.hold_account(id)?;
    let held = held.ok_or_else(Error::one_time_code)?;
    let used = take(change, code, purpose)?;
    let written: Option<Written> = opened(kw, &used)?;
    let new = written.ok_or_else(Error::one_time_code)?.read()?;
    let before = Before::read(change, held)?.ok_or_else(Error::one_time_code)?;
    Ok((new, before))
}

/// Mails a code to an address that is to be the account's. Its owner is told where it is another
/// account's, and the caller is not (E12).
fn begin(
    change: &mut Change<'_>,
    account: AccountId,
    purpose: CodePurpose,
    new: &NewEmail,
) -> Result<()> {
    let taken = emails::find(change, &new.email)?;
    let to = To {
        account,
        email: &new.email,
    };
    let letter = OwnerLetter::new(to, LetterPurpose::Verify, &new.wish);
    if let Some(taken) = taken.filter(|taken| taken.account != account) {
        if letter.feign_code(change, purpose)? {
            tell_counted(change, &taken, &new.wish)?;
        }
        return Ok(());
    }
    letter.mail_code(change, purpose, Some(&Written::of(&new.email)))?;
    Ok(())
}

/// Nobody gets in any more by what was mailed to this address.
pub(super) fn end_codes(change: &mut Change<'_>, id: AccountId, address: &str) -> Result<()> {
    Ok(one_time_codes::remove_all_to(change, id, address)?)
}
