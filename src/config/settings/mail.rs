//! How mail leaves.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::settings::listen::Listen;
use crate::config::values::parse::{as_it_is, boolean, optional};
use crate::mail::message::Sender;
use crate::mail::smtp_url::SmtpUrl;
use crate::mail::templates::Templates;

section! {
    /// How mail leaves. What the templates are stands in `Config::templates`.
    Mail, "Mail" {
        /// The server that takes mail: smtps://USER:PASSWORD@HOST, or smtp:// with STARTTLS,
        /// which may be missing on this machine alone. Without it mail goes to the log where
        /// Keyward listens on loopback, and nowhere else.
        smtp: Option<SmtpUrl> = KEYWARD_SMTP_URL, "", optional(str::parse), secret;
        /// Whom mail is from: an address, or a name and an address as in App
        /// <app@example.com>. Needed with KEYWARD_SMTP_URL.
        from: Option<Sender> = KEYWARD_MAIL_FROM, "", optional(str::parse);
        /// A folder of templates that go before the built-in ones: reset.en.txt and
        /// reset.en.html, and my-site/reset.en.html for one site alone.
        folder: Option<PathBuf> = KEYWARD_MAIL_TEMPLATES, "", optional(as_it_is);
        /// Whether people are told by mail of a sign-in from a browser that their account was not
        /// signed in from before.
        new_sign_in: bool = KEYWARD_MAIL_NEW_SIGN_IN, "off", boolean;
    }
}

impl Mail {
    /// What depends on more than one of them, or on files.
    pub(in crate::config) fn check(&self, reader: &mut Reader<'_>) -> Option<Arc<Templates>> {
        if self.smtp.is_some() && self.from.is_none() {
            let why = "must be given with KEYWARD_SMTP_URL: servers refuse mail from nobody";
            reader.fault::<()>("KEYWARD_MAIL_FROM", why);
        }
        match Templates::load(self.folder.as_deref()) {
            Ok(templates) => Some(Arc::new(templates)),
            Err(why) => reader.fault("KEYWARD_MAIL_TEMPLATES", why),
        }
    }

    /// Whom mail is from, also where it only goes to the log.
    ///
    /// # Panics
    /// Never: the last resort is an address.
    #[must_use]
    pub fn sender(&self, listen: &Listen) -> Sender {
        self.from.clone().unwrap_or_else(|| {
            let host = host(listen);
            let own = format!("keyward@{host}").parse();
            own.unwrap_or_else(|_| "keyward@localhost".parse().expect("it is an address"))
        })
    }
}

/// The host of the public URL.
#[must_use]
pub fn host(listen: &Listen) -> String {
    let url = listen.public_url();
    url.host_str().unwrap_or("localhost").to_owned()
}
