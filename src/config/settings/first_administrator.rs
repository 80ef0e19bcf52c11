//! The administrator that the first start makes.

use crate::config::settings::declare::section;
use crate::config::values::parse::{email, optional, password};
use crate::domain::identifier::Email;
use crate::support::secret::SecretString;

section! {
    /// Who can sign in after the first start.
    FirstAdministrator, "The first administrator" {
        /// E-mail address of the first administrator. Read at the first start only.
        email: Email = KEYWARD_ADMIN_EMAIL, "admin@localhost", email;
        /// Password of the first administrator, as it is, spaces included. Absent: a random
        /// one, printed once.
        password: Option<SecretString> =
            KEYWARD_ADMIN_PASSWORD, "", optional(password), verbatim;
    }
}

impl FirstAdministrator {
    /// Which of the two are given and say nothing to a start that finds accounts.
    #[must_use]
    pub fn without_effect(&self) -> Option<String> {
        let [email, password] = Self::SECTION.settings else {
            return None;
        };
        let mut given = Vec::new();
        if self.email.written() != email.default {
            given.push(email.name);
        }
        if self.password.is_some() {
            given.push(password.name);
        }
        let verb = if given.len() > 1 { "have" } else { "has" };
        (!given.is_empty()).then(|| {
            format!(
                "{} {verb} no effect: there are accounts already, and only the first start \
                 reads them. Change a password with keyward user set-password",
                given.join(" and ")
            )
        })
    }
}
