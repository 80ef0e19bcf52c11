//! Letters to the owner of an account: in which language, to which address, with which code.

use serde::Serialize;

use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::letter::{Language, Letter, LetterPurpose, Site, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::domain::session::Client;
use crate::service::accounts::mailed_code::{About, Link, end_older, hours, issue};
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::mail::quota;
use crate::store::emails::StoredEmail;
use crate::store::{accounts, one_time_codes, profiles};

/// How the caller wants a mail.
#[derive(Clone, Debug)]
pub struct Wish {
    pub link: Link,
    /// A language tag; the account's own goes before it.
    pub language: Option<String>,
    /// Whose templates go before the common ones, where the caller named one.
    pub site: Option<Site>,
    pub client: Client,
}

/// To whom a letter goes.
pub(in crate::service) struct To<'a> {
    pub(in crate::service) account: AccountId,
    pub(in crate::service) email: &'a Email,
}

/// The account's language, or else the caller's.
pub(in crate::service) fn language_of(
    change: &mut Change<'_>,
    account: AccountId,
    wish: &Wish,
) -> Result<Language> {
    let own = profiles::lookup(change, account)?.language;
    let mut tags = own.iter().chain(&wish.language);
    let language = tags.find_map(|tag| Language::parse(tag));
    Ok(language.unwrap_or_default())
}

/// Mails a code, and ends the older ones of its purpose. Where a quota is used up no code is
/// made either: the one in the owner's mailbox stays good.
pub(in crate::service) fn mail_code(
    change: &mut Change<'_>,
    to: &To<'_>,
    (purpose, kind): (CodePurpose, LetterPurpose),
    wish: &Wish,
    what: Option<&impl Serialize>,
) -> Result<bool> {
    mail_code_with(change, to, (purpose, kind), (wish, Values::default()), what)
}

/// The same with more that the template fills in.
pub(in crate::service) fn mail_code_with(
    change: &mut Change<'_>,
    to: &To<'_>,
    (purpose, kind): (CodePurpose, LetterPurpose),
    (wish, mut values): (&Wish, Values),
    what: Option<&impl Serialize>,
) -> Result<bool> {
    let about = About {
        account: to.account,
        purpose,
        address: to.email.canonical(),
    };
    let (code, stored) = issue(change, &about, what)?;
    let language = language_of(change, to.account, wish)?;
    let link = wish.link.to(change.kw, (purpose, language), &code);
    for (name, value) in [
        ("link", link),
        ("hours", hours(change.kw, purpose)),
        ("address", to.email.written().to_owned()),
    ] {
        values.insert(name.to_owned(), value);
    }
    let mut letter = letter(change, to, kind, wish)?;
    letter.values = values;
    letter.counts_as = Some(purpose.as_str());
    let mailed = change.mail(&letter)?;
    if mailed {
        end_older(change, &stored)?;
    } else {
        one_time_codes::consume(change, &stored.mac)?;
    }
    Ok(mailed)
}

/// For an address that is another account's: all that a code leaves behind which is mailed to it, but
/// for the mail. Whoever asks reads their own export, and the mail of addresses of their own. Whether a
/// mail would have left.
pub(in crate::service) fn feign_code(
    change: &mut Change<'_>,
    to: &To<'_>,
    (purpose, kind): (CodePurpose, LetterPurpose),
    wish: &Wish,
) -> Result<bool> {
    let about = About {
        account: to.account,
        purpose,
        address: to.email.canonical(),
    };
    let (_, stored) = issue(change, &about, None::<&()>)?;
    let mut letter = letter(change, to, kind, wish)?;
    letter.counts_as = Some(purpose.as_str());
    let mailed = change.kw.mailer.can_send() && quota::take(change, &letter)?;
    if mailed {
        end_older(change, &stored)?;
    } else {
        one_time_codes::consume(change, &stored.mac)?;
    }
    Ok(mailed)
}

/// Mails a code to choose a password: the one before is dead.
pub(in crate::service) fn mail_choice(
    change: &mut Change<'_>,
    to: &To<'_>,
    (client, values): (&Client, Values),
) -> Result<()> {
    let wish = Wish {
        link: Link::OwnPage,
        language: None,
        site: None,
        client: client.clone(),
    };
    let purpose = (CodePurpose::ResetPassword, LetterPurpose::Choose);
    if mail_code_with(change, to, purpose, (&wish, values), None::<&()>)? {
        let event = Event::new(What::PasswordResetRequested, client.clone());
        change.record(&event.of(to.account))?;
    }
    Ok(())
}

/// Mails a letter. False where a quota is used up.
pub(in crate::service) fn mail(
    change: &mut Change<'_>,
    to: &To<'_>,
    purpose: LetterPurpose,
    wish: &Wish,
    values: Values,
) -> Result<bool> {
    let mut letter = letter(change, to, purpose, wish)?;
    letter.values = values;
    change.mail(&letter)
}

/// The same of the quota of codes of a purpose, where the letter has none.
pub(in crate::service) fn mail_as(
    change: &mut Change<'_>,
    to: &To<'_>,
    (purpose, kind): (CodePurpose, LetterPurpose),
    (wish, values): (&Wish, Values),
) -> Result<bool> {
    let mut letter = letter(change, to, kind, wish)?;
    letter.values = values;
    letter.counts_as = Some(purpose.as_str());
    change.mail(&letter)
}

fn letter(
    change: &mut Change<'_>,
    to: &To<'_>,
    purpose: LetterPurpose,
    wish: &Wish,
) -> Result<Letter> {
    Ok(Letter {
        purpose,
        account: Some(to.account),
        to: to.email.written().to_owned(),
        language: language_of(change, to.account, wish)?,
        site: wish.site.clone().map(Site::into_inner),
        asked_by: Some(wish.client.clone()),
        counts_as: None,
        values: Values::default(),
    })
}

/// Tells whoever reads the mail of an address that it has an account already, and nobody else.
pub(in crate::service) fn tell_exists(
    change: &mut Change<'_>,
    taken: &StoredEmail,
    wish: &Wish,
) -> Result<()> {
    if quota::take_ask(change, &wish.client)? {
        tell_counted(change, taken, wish)?;
    }
    Ok(())
}

/// The same where whoever asked has been counted.
pub(in crate::service) fn tell_counted(
    change: &mut Change<'_>,
    taken: &StoredEmail,
    wish: &Wish,
) -> Result<()> {
    let account = accounts::lookup(change, taken.account)?;
    // As its owner wrote it, and never as the caller did.
    let email = Email::parse(&taken.written);
    if let (Some(_), Some(email)) = (account.filter(|it| it.enabled), &email) {
        let to = To {
            account: taken.account,
            email,
        };
        let mut letter = letter(change, &to, LetterPurpose::AccountExists, wish)?;
        letter.values = Values::from([("address", taken.written.clone())]);
        letter.asked_by = None;
        change.mail(&letter)?;
    }
    Ok(())
}

/// The address that letters about the account go to; none where it has none.
pub(in crate::service) fn email_of(account: &Account) -> Option<Email> {
    account.email.as_deref().and_then(Email::parse)
}
