//! The second factor.

use url::{Host, Url};

use crate::config::settings::declare::section;
use crate::config::values::parse::optional;

section! {
    /// What authenticator apps are told, and people by mail.
    SecondFactor, "Second factor" {
        /// The name that authenticator apps show beside a code, and that stands in every
        /// mail. Each deployment needs its own: an app may replace an entry by another one of the same name. Default: the
        /// host of KEYWARD_PUBLIC_URL.
        issuer: Option<String> = KEYWARD_TOTP_ISSUER, "", optional(issuer);
    }
}

impl SecondFactor {
    /// The name of this deployment. A colon parts issuer and account in the label of a code,
    /// so a port is left out, and an IPv6 address is written with hyphens.
    #[must_use]
    pub fn issuer(&self, public: &Url) -> String {
        self.issuer.clone().unwrap_or_else(|| match public.host() {
            Some(Host::Ipv6(address)) => address.to_string().replace(':', "-"),
            Some(host) => host.to_string(),
            None => "Keyward".to_owned(),
        })
    }
}

/// It stands in the QR code twice, so it must be short.
fn issuer(text: &str) -> Result<String, String> {
    if text.chars().count() <= 64 && !text.contains(':') {
        Ok(text.to_owned())
    } else {
        Err("a name of at most 64 characters without a colon, such as Example".to_owned())
    }
}
