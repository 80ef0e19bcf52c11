//! Writing a letter into the outbox.

use chrono::{DateTime, Utc};

use crate::domain::mail_letter::{Letter, is_site};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::{quota, sealed_letter};
use crate::store::outbox::{self, WaitingMail};
use crate::support::clock::Timestamp;

impl Change<'_> {
    /// Writes the letter into the outbox: it leaves if and only if this transaction commits.
    /// False where a quota is used up, or mail can not leave at all, and nothing was written.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where the site can be none.
    pub(in crate::service) fn mail(&mut self, letter: &Letter) -> Result<bool> {
        require_site(letter.site.as_deref())?;
        if let Some(missing) = missing(letter) {
            let purpose = letter.purpose.as_str();
            return Err(Error::defect(format!(
                "a letter {purpose} has no {missing}"
            )));
        }
        if !self.kw.mailer.can_send() || !quota::take(self, letter)? {
            return Ok(false);
        }
        let (kw, now) = (self.kw, self.now);
        let mut letter = letter.clone();
        let when = letter.values.entry("when".to_owned());
        when.or_insert_with(|| minute(now));
        let id = kw.entropy.id(now);
        let mut mail = WaitingMail {
            id,
            account: letter.account,
            purpose: letter.purpose.as_str().to_owned(),
            sealed: Vec::new(),
            message_id: format!("<{id}@{}>", kw.mailer.domain()),
            created_at: now,
            expires_at: letter.expires_at(now),
            attempts: 0,
            leased_until: Timestamp::default(),
        };
        mail.sealed = sealed_letter::seal(kw, &mail, &letter);
        outbox::add(self, &mail)?;
        self.has_mailed();
        Ok(true)
    }
}

impl Keyward {
    /// For acts that are of no use without mail, before they change anything.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where mail can not leave, with the name of the setting.
    pub fn require_mail(&self) -> Result<()> {
        if self.mailer.can_send() {
            return Ok(());
        }
        let message = "This service can not send mail: its operator has not set KEYWARD_SMTP_URL.";
        Err(Error::new(Code::ServiceUnavailable, message))
    }
}

/// A letter whose cause is nothing but the wish to send it.
///
/// # Errors
/// As where it belongs to a transaction: `INVALID_PAYLOAD` where the site can be none.
pub fn post(kw: &Keyward, letter: Letter) -> Result<bool> {
    kw.change(move |change| change.mail(&letter))
}

/// # Errors
/// `INVALID_PAYLOAD` where it can be none.
pub(in crate::service::mail) fn require_site(site: Option<&str>) -> Result<()> {
    if site.is_some_and(|site| !is_site(site)) {
        let reason = "A site is called by a to z, 0 to 9 and -, at most 64 of them";
        return Err(Error::payload(reason));
    }
    Ok(())
}

fn missing(letter: &Letter) -> Option<&'static str> {
    let mut needs = letter.purpose.needs().iter().copied();
    needs.find(|name| letter.values.get(*name).is_none_or(String::is_empty))
}

/// For people: 2026-01-01 00:00 UTC.
fn minute(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
