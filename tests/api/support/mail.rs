//! What was mailed: kept in memory as it left.

use keyward::domain::mail_letter::{Language, Letter, LetterPurpose, Values};
use keyward::service::mail::deliver;

use super::TestKeyward;

#[derive(Clone)]
pub struct Sent {
    pub to: String,
    pub purpose: LetterPurpose,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub message_id: String,
    /// With its headers, as it went over the wire.
    pub raw: String,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} to {}: {}", self.purpose, self.to, self.subject)
    }
}

impl Sent {
    /// The one link of the text part.
    #[track_caller]
    pub fn link(&self) -> String {
        let links = self.links();
        assert_eq!(links.len(), 1, "{}", self.text);
        links[0].to_owned()
    }

    /// Every link of the text part.
    pub fn links(&self) -> Vec<&str> {
        let words = self.text.split_whitespace();
        words.filter(|word| word.contains("://")).collect()
    }
}

impl TestKeyward {
    /// Delivers what is due, and gives everything that this Keyward has sent, oldest first.
    pub fn mails(&self) -> Vec<Sent> {
        deliver::deliver_due(&self.kw).unwrap();
        let kept = self.kw.mailer.kept().into_iter();
        kept.map(|sent| Sent {
            to: sent.to,
            purpose: sent.purpose,
            subject: sent.subject,
            text: sent.text,
            html: sent.html,
            message_id: sent.message_id,
            raw: sent.raw,
        })
        .collect()
    }

    /// The youngest mail to this address, delivered now where it is due.
    #[track_caller]
    pub fn last_mail_to(&self, to: &str) -> Sent {
        let mut mails = self.mails().into_iter();
        let last = mails.rfind(|sent| sent.to == to);
        last.unwrap_or_else(|| panic!("no mail to {to}"))
    }
}

/// A letter that has all that its purpose needs.
pub fn letter(purpose: LetterPurpose, to: &str) -> Letter {
    Letter {
        purpose,
        account: None,
        to: to.to_owned(),
        language: Language::English,
        site: None,
        asked_by: None,
        counts_as: None,
        values: Values::from([
            ("link", "https://app.example.com/reset#kwo1_CANARY"),
            ("hours", "24"),
            ("new_address", "new@example.com"),
            ("removed_address", "gone@example.com"),
        ]),
    }
}
