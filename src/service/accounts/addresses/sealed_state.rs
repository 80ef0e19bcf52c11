//! What is sealed beside the codes of addresses.

use serde::{Deserialize, Serialize};

use crate::domain::identifier::Email;
use crate::service::error::{Error, Result};
use crate::store::emails::StoredEmail;

/// An address as it is to be written, sealed beside a code.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    email: String,
    /// How the addresses stood before the act that the code undoes. Codes of the version before
    /// have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Vec<Was>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Was {
    pub(super) email: String,
    pub(super) verified: bool,
    pub(super) primary: bool,
}

impl Written {
    pub(super) fn of(email: &Email) -> Self {
        Self {
            email: email.written().to_owned(),
            before: None,
        }
    }

    /// The same beside a code that undoes.
    pub(super) fn with(email: &Email, before: Vec<Was>) -> Self {
        Self {
            before: Some(before),
            ..Self::of(email)
        }
    }

    pub(super) fn read(&self) -> Result<Email> {
        Email::parse(&self.email).ok_or_else(|| Error::defect("a code holds no e-mail address"))
    }

    /// Which of the addresses were proven as they stood, as addresses are compared.
    pub(super) fn proven(&self) -> Option<Vec<String>> {
        let proven = self.before.as_ref()?.iter().filter(|it| it.verified);
        let emails = proven.filter_map(|it| Email::parse(&it.email));
        Some(emails.map(|email| email.canonical().to_owned()).collect())
    }

    /// The addresses as they stood, of an account that has these now.
    pub(super) fn before(&self, now: Vec<StoredEmail>) -> Result<Vec<(Email, bool, bool)>> {
        let Some(before) = &self.before else {
            let others = now.into_iter().filter(|it| !it.is_primary);
            let others = others.filter_map(|it| Some((it.as_written()?, it.verified)));
            let others = others.map(|(email, verified)| (email, verified, false));
            return Ok([(self.read()?, true, true)]
                .into_iter()
                .chain(others)
                .collect());
        };
        let each = before.iter().map(|it| {
            let email = Email::parse(&it.email);
            let email = email.ok_or_else(|| Error::defect("a code holds no e-mail address"))?;
            Ok((email, it.verified, it.primary))
        });
        each.collect()
    }
}
