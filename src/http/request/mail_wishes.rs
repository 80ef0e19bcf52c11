//! How a caller wants a mail, as far as the request's head says it.

use crate::domain::mail_letter::Site;
use crate::domain::profile;
use crate::domain::session::Client;
use crate::http::request::fields::Fields;
use crate::service::mail::mailed_code::Link;
use crate::service::mail::owner_mail::Wish;
use crate::service::{Error, Keyward, Result};

/// The site that the body names.
///
/// # Errors
/// `INVALID_PAYLOAD` where it can be none: it becomes part of the name of a file.
pub fn site(fields: &Fields) -> Result<Option<Site>> {
    let Some(name) = fields.optional("site")? else {
        return Ok(None);
    };
    let site = Site::parse(name);
    let wrong = "\"site\" must be 1 to 64 of a to z, 0 to 9 and -";
    site.map(Some).ok_or_else(|| Error::payload(wrong))
}

pub struct Wishes {
    /// The first language that the caller accepts and mails are written in.
    pub language: Option<String>,
    pub client: Client,
}

impl Wishes {
    /// With the link and the language that the body says; `url` is the name of the link.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where the operator's list has not the address.
    pub fn read(self, kw: &Keyward, fields: &Fields, url: &str) -> Result<Wish> {
        let language = match fields.optional("language")? {
            None | Some("") => self.language,
            Some(tag) => {
                let tag = profile::language(tag);
                Some(tag.map_err(|why| Error::payload(format!("\"language\" {why}")))?)
            }
        };
        // An empty one is none: forms send it where nobody chose a page. A program that asks for a link
        // by `redirectUrl` has lost the page that it meant (row P-25).
        let is_there = |text: &&str| !text.is_empty() || url == "redirectUrl";
        Ok(Wish {
            link: Link::wished(kw, url, fields.optional(url)?.filter(is_there))?,
            language,
            site: None,
            client: self.client,
        })
    }
}
