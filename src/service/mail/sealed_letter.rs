//! A letter in the database: sealed, since its link holds a code. A stolen database gives
//! neither codes nor addresses of mail on its way.

use serde::{Deserialize, Serialize};

use crate::domain::mail_letter::{Language, Letter, Values};
use crate::service::keyward::Keyward;
use crate::store::outbox::WaitingMail;

#[derive(Serialize, Deserialize)]
struct SealedLetter {
    to: String,
    language: String,
    site: Option<String>,
    values: std::collections::BTreeMap<String, String>,
}

/// The row that the box belongs to: opened elsewhere, it stays shut.
fn context(mail: &WaitingMail) -> String {
    format!("outbox {} {}", mail.id, mail.purpose)
}

pub(in crate::service) fn seal(kw: &Keyward, mail: &WaitingMail, letter: &Letter) -> Vec<u8> {
    let stored = SealedLetter {
        to: letter.to.clone(),
        language: letter.language.as_str().to_owned(),
        site: letter.site.clone(),
        values: (*letter.values).clone(),
    };
    let text = zeroize::Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default());
    kw.keys.outbox.seal(&context(mail), &text)
}

/// `None` where the row was changed, is of a newer Keyward, or the secret is another.
pub(in crate::service) fn open(kw: &Keyward, mail: &WaitingMail) -> Option<Letter> {
    let text = kw.keys.outbox.open(&context(mail), &mail.sealed)?;
    let stored: SealedLetter = serde_json::from_slice(&text).ok()?;
    Some(Letter {
        purpose: mail.purpose.parse().ok()?,
        account: mail.account,
        to: stored.to,
        language: Language::parse(&stored.language).unwrap_or_default(),
        site: stored.site,
        asked_by: None,
        counts_as: None,
        values: Values::from(stored.values),
    })
}
