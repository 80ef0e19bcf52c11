//! Letters to the owner of an account: in which language, to which address, with which code.

use serde::Serialize;

use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{Language, Letter, LetterPurpose, Site, Values};
use crate::domain::one_time_code::CodePurpose;
use crate::domain::session::Client;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::mail::mailed_code::{About, Link, end_older, hours, issue};
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

impl Wish {
    /// Of a letter that nobody chose a page or a language for.
    pub(in crate::service) const fn plain(client: Client) -> Self {
        Self {
            link: Link::OwnPage,
            language: None,
            site: None,
            client,
        }
    }
}

/// To whom a letter goes.
#[derive(Clone, Copy)]
pub(in crate::service) struct To<'a> {
    pub(in crate::service) account: AccountId,
    pub(in crate::service) email: &'a Email,
}

/// A letter to the owner of an account, before anybody knows in which language.
pub(in crate::service) struct OwnerLetter<'a> {
    pub(in crate::service) to: To<'a>,
    pub(in crate::service) purpose: LetterPurpose,
    pub(in crate::service) wish: &'a Wish,
    /// What the template fills in.
    pub(in crate::service) values: Values,
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

impl<'a> OwnerLetter<'a> {
    /// One whose template asks for nothing but what every letter or code has.
    pub(in crate::service) fn new(to: To<'a>, purpose: LetterPurpose, wish: &'a Wish) -> Self {
        Self {
            to,
            purpose,
            wish,
            values: Values::default(),
        }
    }

    /// Mails it. False where a quota is used up.
    pub(in crate::service) fn mail(self, change: &mut Change<'_>) -> Result<bool> {
        let letter = self.written(change)?;
        change.mail(&letter)
    }

    /// The same of the quota of codes of a purpose, where the letter has none.
    pub(in crate::service) fn mail_as(
        self,
        change: &mut Change<'_>,
        code: CodePurpose,
    ) -> Result<bool> {
        let mut letter = self.written(change)?;
        letter.counts_as = Some(code.as_str());
        change.mail(&letter)
    }

    /// Mails a code, and ends the older ones of its purpose. `what`: what the use of the code is to
    /// change. Where a quota is used up no code is made either: the one in the owner's mailbox stays
    /// good.
    pub(in crate::service) fn mail_code(
        mut self,
        change: &mut Change<'_>,
        purpose: CodePurpose,
        what: Option<&impl Serialize>,
    ) -> Result<bool> {
        let (code, stored) = issue(change, &self.about(purpose), what)?;
        let language = language_of(change, self.to.account, self.wish)?;
        let link = self.wish.link.to(change.kw, (purpose, language), &code);
        for (name, value) in [
            ("link", link),
            ("hours", hours(change.kw, purpose)),
            ("address", self.to.email.written().to_owned()),
        ] {
            self.values.insert(name.to_owned(), value);
        }
        let mailed = self.mail_as(change, purpose)?;
        if mailed {
            end_older(change, &stored)?;
        } else {
            one_time_codes::consume(change, &stored.mac)?;
        }
        Ok(mailed)
    }

    /// For an address that is another account's: all that a code leaves behind which is mailed to it,
    /// but for the mail. Whoever asks reads their own export, and the mail of addresses of their own.
    /// Whether a mail would have left.
    pub(in crate::service) fn feign_code(
        self,
        change: &mut Change<'_>,
        purpose: CodePurpose,
    ) -> Result<bool> {
        let (_, stored) = issue(change, &self.about(purpose), None::<&()>)?;
        let mut letter = self.written(change)?;
        letter.counts_as = Some(purpose.as_str());
        let mailed = change.kw.mailer.can_send() && quota::take(change, &letter)?;
        if mailed {
            end_older(change, &stored)?;
        } else {
            one_time_codes::consume(change, &stored.mac)?;
        }
        Ok(mailed)
    }

    fn about(&self, purpose: CodePurpose) -> About<'_> {
        About {
            account: self.to.account,
            purpose,
            address: self.to.email.canonical(),
        }
    }

    fn written(self, change: &mut Change<'_>) -> Result<Letter> {
        Ok(Letter {
            purpose: self.purpose,
            account: Some(self.to.account),
            to: self.to.email.written().to_owned(),
            language: language_of(change, self.to.account, self.wish)?,
            site: self.wish.site.clone().map(Site::into_inner),
            asked_by: Some(self.wish.client.clone()),
            counts_as: None,
            values: self.values,
        })
    }
}

/// Mails a code to choose a password: the one before is dead.
pub(in crate::service) fn mail_choice(
    change: &mut Change<'_>,
    to: To<'_>,
    (client, values): (&Client, Values),
) -> Result<()> {
    let letter = OwnerLetter {
        to,
        purpose: LetterPurpose::Choose,
        wish: &Wish::plain(client.clone()),
        values,
    };
    if letter.mail_code(change, CodePurpose::ResetPassword, None::<&()>)? {
        let event = Event::new(What::PasswordResetRequested, client.clone());
        change.record(&event.of(to.account))?;
    }
    Ok(())
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
    let email = taken.as_written();
    if let (Some(_), Some(email)) = (account.filter(|it| it.enabled), &email) {
        let to = To {
            account: taken.account,
            email,
        };
        let letter = OwnerLetter {
            to,
            purpose: LetterPurpose::AccountExists,
            wish,
            values: Values::from([("address", taken.written.clone())]),
        };
        let mut letter = letter.written(change)?;
        letter.asked_by = None;
        change.mail(&letter)?;
    }
    Ok(())
}

/// The address that letters about the account go to; none where it has none.
pub(in crate::service) fn email_of(account: &Account) -> Option<Email> {
    account.email.as_deref().and_then(Email::parse)
}
