//! The letter that invites. It holds a code, by which whoever reads the mail accepts.

use crate::domain::identifier::Email;
use crate::domain::mail_letter::{Language, Letter, LetterPurpose, Site, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::invitations::accept::{Taker, taker_of};
use crate::service::mail::mailed_code::hours;
use crate::service::mail::owner_mail::{Wish, language_of};
use crate::service::mail::quota;
use crate::store::memberships::invitations::{self, WaitingInvitation};

/// Mails a code, which is the only one of the invitation from then on. Where a quota is used up, or
/// an account that is disabled has the address, no mail leaves and no code is made: the one in the
/// owner's mailbox stays good.
pub(in crate::service) fn send(
    change: &mut Change<'_>,
    invitation: &WaitingInvitation,
    kind: LetterPurpose,
    (wish, mut values): (&Wish, Values),
) -> Result<()> {
    let Some(email) = Email::parse(&invitation.written) else {
        return Ok(());
    };
    let Some(taker) = taker_of(change, invitation)? else {
        // What is left to whoever asks must not tell that there is such an account.
        return quota::take_ask(change, &wish.client).map(|_| ());
    };
    // The page asks for a password where there is none that counts.
    let purpose = match taker {
        Taker::Owner(_) => CodePurpose::Join,
        Taker::Nobody | Taker::Unproven(_) | Taker::WithoutPassword(_) => CodePurpose::Invite,
    };
    let (account, to) = match taker {
        // As its owner wrote it, and never as the caller did.
        Taker::Owner(owner) | Taker::WithoutPassword(owner) => {
            (Some(owner.account), owner.as_written().unwrap_or(email))
        }
        Taker::Nobody | Taker::Unproven(_) => (None, email),
    };
    let language = match account {
        Some(account) => language_of(change, account, wish)?,
        None => asked_for(wish),
    };
    let kw = change.kw;
    let made = kw.keys.one_time_codes.make(&kw.entropy);
    for (name, value) in [
        ("link", wish.link.to(kw, (purpose, language), &made.text)),
        ("hours", hours(kw, purpose)),
        ("address", to.written().to_owned()),
    ] {
        values.insert(name.to_owned(), value);
    }
    let letter = Letter {
        purpose: kind,
        account,
        to: to.written().to_owned(),
        language,
        site: wish.site.clone().map(Site::into_inner),
        asked_by: Some(wish.client.clone()),
        counts_as: None,
        values,
    };
    if change.mail(&letter)? {
        let until = change.now + kw.policy.registration.code_ttl(purpose);
        invitations::set_code(change, invitation, &made.mac, until)?;
    }
    Ok(())
}

fn asked_for(wish: &Wish) -> Language {
    let tag = wish.language.as_deref();
    tag.and_then(Language::parse).unwrap_or_default()
}
