//! The refresh cookie, and the pages that may use it. It is written by `http/request/cookie_headers.rs`.

use url::Url;

use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::values::origin;
use crate::config::values::parse::{as_it_is, list, optional};

section! {
    /// What the refresh cookie is like, and whose pages may use it.
    Cookies, "Pages and cookies" {
        /// Domain of the refresh cookie: the public URL's host or a domain above it. Absent:
        /// this host only.
        domain: Option<String> = KEYWARD_COOKIE_DOMAIN, "", optional(as_it_is);
        /// strict, lax or none. none needs KEYWARD_ALLOWED_ORIGINS.
        same_site: SameSite = KEYWARD_COOKIE_SAMESITE, "strict", same_site;
        /// Origins, comma separated, whose pages may use the refresh cookie and read answers,
        /// besides KEYWARD_PUBLIC_URL. Those of apps and extensions too, such as
        /// capacitor://localhost.
        allowed_origins: Vec<String> = KEYWARD_ALLOWED_ORIGINS, "", list(origin::listed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

fn same_site(text: &str) -> Result<SameSite, String> {
    match text {
        "strict" => Ok(SameSite::Strict),
        "lax" => Ok(SameSite::Lax),
        "none" => Ok(SameSite::None),
        _ => Err("strict, lax or none".to_owned()),
    }
}

impl Cookies {
    /// What browsers would not keep, and what every site could use, is refused.
    pub(in crate::config) fn check(&self, reader: &mut Reader<'_>, public: &Url) {
        if let Some(domain) = &self.domain
            && !is_cookie_domain(domain, public)
        {
            let why = format!(
                "must be the host of {public} or a domain above it, or browsers drop the cookie"
            );
            reader.fault::<()>("KEYWARD_COOKIE_DOMAIN", why);
        }
        if self.same_site == SameSite::None && self.allowed_origins.is_empty() {
            let why =
                "none needs KEYWARD_ALLOWED_ORIGINS: without it every site could use the cookie";
            reader.fault::<()>("KEYWARD_COOKIE_SAMESITE", why);
        }
    }
}

/// Whether the public URL's host is in this domain, which must not be a whole top-level
/// domain.
fn is_cookie_domain(domain: &str, public: &Url) -> bool {
    let Some(url::Host::Domain(host)) = public.host() else {
        return false;
    };
    let domain = domain.to_ascii_lowercase();
    let within = host
        .strip_suffix(&domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    within && domain.contains('.') && !domain.starts_with('.')
}
