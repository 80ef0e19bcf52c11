//! `KEYWARD_SMTP_URL`: which server mail is given to, and how. It is read here and not by
//! lettre, which passes over what it does not know: `?TLS=required` would be no TLS.

use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::support::secret::SecretString;

/// How the connection is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte on: `smtps`.
    AtOnce,
    /// The server must offer STARTTLS.
    Upgrade,
    /// To this machine alone.
    None,
}

#[derive(Clone)]
pub struct SmtpUrl {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub credentials: Option<(String, SecretString)>,
}

const WANTED: &str = "smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST:PORT, with what is \
                      neither letter nor digit in the password encoded as %40 is for @";

impl FromStr for SmtpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| WANTED.to_owned())?;
        let at_once = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(WANTED.to_owned()),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| WANTED.to_owned())?;
        // The parser of special schemes does this for http alone.
        let host = Host::parse(host).map_err(|_| WANTED.to_owned())?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(format!("{WANTED}; nothing may stand behind the port"));
        }
        let tls = match (at_once, must_upgrade(&url)?, is_loopback(&host)) {
            (true, true, _) => {
                return Err("without ?tls=required: smtps has TLS from the first byte on".into());
            }
            (true, false, _) => Tls::AtOnce,
            (false, false, true) => Tls::None,
            (false, _, _) => Tls::Upgrade,
        };
        let port = match tls {
            Tls::AtOnce => 465,
            Tls::Upgrade => 587,
            Tls::None => 25,
        };
        Ok(Self {
            port: url.port().unwrap_or(port),
            credentials: credentials(&url)?,
            host: match host {
                Host::Domain(name) => name,
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            tls,
        })
    }
}

/// `?tls=required` is what `smtp` to another machine does anyway.
fn must_upgrade(url: &Url) -> Result<bool, String> {
    match url.query() {
        None => Ok(false),
        Some("tls=required") => Ok(true),
        Some(_) => Err("without parameters, but that smtp:// may have ?tls=required".to_owned()),
    }
}

fn credentials(url: &Url) -> Result<Option<(String, SecretString)>, String> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
        (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, password) => {
            let user = decoded(user);
            let password = password.and_then(decoded);
            let both = user.zip(password).map(|(u, p)| (u, p.into()));
            both.map(Some)
                .ok_or_else(|| format!("{WANTED}; user and password come together"))
        }
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl SmtpUrl {
    /// For people: never a password.
    #[must_use]
    pub fn label(&self) -> String {
        let scheme = match self.tls {
            Tls::AtOnce => "smtps",
            Tls::Upgrade | Tls::None => "smtp",
        };
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        format!("{scheme}://{host}:{}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::secret::ExposeSecret as _;

    #[test]
    fn the_scheme_decides_and_plain_text_is_for_this_machine() {
        for (text, label, tls) in [
            (
                "smtps://mx.example.com",
                "smtps://mx.example.com:465",
                Tls::AtOnce,
            ),
            (
                "smtp://mx.example.com",
                "smtp://mx.example.com:587",
                Tls::Upgrade,
            ),
            (
                "smtp://mx.example.com:25/",
                "smtp://mx.example.com:25",
                Tls::Upgrade,
            ),
            (
                "smtp://mx.example.com?tls=required",
                "smtp://mx.example.com:587",
                Tls::Upgrade,
            ),
            ("smtp://10.0.0.7", "smtp://10.0.0.7:587", Tls::Upgrade),
            ("smtp://localhost", "smtp://localhost:25", Tls::None),
            ("smtp://LOCALHOST:1025", "smtp://localhost:1025", Tls::None),
            (
                "smtp://127.0.0.1:1025?tls=required",
                "smtp://127.0.0.1:1025",
                Tls::Upgrade,
            ),
            ("smtp://[::1]", "smtp://[::1]:25", Tls::None),
            ("smtps://localhost", "smtps://localhost:465", Tls::AtOnce),
        ] {
            let url: SmtpUrl = text.parse().unwrap();
            assert_eq!((url.label().as_str(), url.tls), (label, tls), "{text}");
            assert!(url.credentials.is_none(), "{text}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_printed() {
        let url: SmtpUrl = "smtps://a%40b.c:p%2Fw%20@mx.example.com".parse().unwrap();
        let (user, password) = url.credentials.as_ref().unwrap();
        assert_eq!(user, "a@b.c");
        assert_eq!(password.expose_secret(), "p/w ");
        assert_eq!(url.label(), "smtps://mx.example.com:465");
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_repeated() {
        for text in [
            "",
            "mx.example.com",
            "mx.example.com:25",
            "http://mx.example.com",
            "smtp://",
            "smtp:mx.example.com",
            "smtp://mx.example.com/path",
            "smtp://mx.example.com#x",
            "smtp://mx.example.com?TLS=required",
            "smtp://mx.example.com?tls=opportunistic",
            "smtp://mx.example.com?tls=required&x=CANARY",
            "smtp://mx.example.com?tls=none",
            "smtps://mx.example.com?tls=required",
            "smtp://CANARY@mx.example.com",
            "smtp://:CANARY@mx.example.com",
            "smtp://u:CANARY%0d%0a@mx.example.com",
            "smtp://u:CANARY%ff@mx.example.com",
            "smtp://mx.example.com:99999",
            "smtp://mx example.com",
            "smtp://mx.exa<mple.com",
        ] {
            let Err(why) = text.parse::<SmtpUrl>() else {
                panic!("{text}");
            };
            assert!(!why.contains("CANARY"), "{why}");
        }
    }
}
