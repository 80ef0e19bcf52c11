//! Where Keyward is reached.

use std::net::SocketAddr;
use std::time::Duration;

use url::Url;

use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::values::origin;
use crate::config::values::parse::{address_and_port, lasting, optional};

section! {
    /// Where it listens, where clients reach it, and how it lets go of them.
    Listen, "Where it is reached" {
        /// Address and port to listen on.
        address: SocketAddr = KEYWARD_LISTEN, "127.0.0.1:8080", address_and_port;
        /// Where clients reach Keyward, without a path. Default: http://localhost and the
        /// port of KEYWARD_LISTEN.
        given_url: Option<Url> = KEYWARD_PUBLIC_URL, "", optional(origin::web);
        /// How long after SIGTERM it goes on serving, while /health/ready says 503, 0s to
        /// 5m. With a balancer: twice the time between its questions.
        shutdown_delay: Duration = KEYWARD_SHUTDOWN_DELAY, "0s", lasting("0s", "5m");
    }
}

impl Listen {
    #[must_use]
    pub fn public_url(&self) -> Url {
        let given = self.given_url.clone();
        given.unwrap_or_else(|| here(self.address.port()))
    }

    /// The public URL as an issuer is written: without a slash at its end.
    #[must_use]
    pub fn public_origin(&self) -> String {
        let url = self.public_url();
        url.as_str().trim_end_matches('/').to_owned()
    }

    /// Test mode is for this machine only.
    pub(in crate::config) fn require_loopback(&self, reader: &mut Reader<'_>) {
        if !self.address.ip().is_loopback() {
            let why = "must be a loopback address in test mode";
            reader.fault::<()>("KEYWARD_LISTEN", why);
        }
        if !is_loopback(&self.public_url()) {
            let why = "must be loopback in test mode";
            reader.fault::<()>("KEYWARD_PUBLIC_URL", why);
        }
    }

    /// Whether nobody but this machine asks: neither directly nor by a proxy before it.
    pub(in crate::config) fn is_of_this_machine(&self) -> bool {
        self.address.ip().is_loopback() && is_loopback(&self.public_url())
    }

    /// Whether browsers keep a `Secure` cookie from there: only from TLS or from this
    /// machine (threat C11).
    #[must_use]
    pub fn cookies_work(&self) -> bool {
        let url = self.public_url();
        url.scheme() == "https" || is_loopback(&url)
    }

    /// What travels in the clear, where somebody else can be between.
    pub(in crate::config) fn in_the_clear(&self) -> Option<String> {
        let url = self.public_url();
        if url.scheme() == "https" {
            return None;
        }
        if !is_loopback(&url) {
            return Some(format!(
                "KEYWARD_PUBLIC_URL is {url}, plain http: passwords and tokens can be read on \
                 the way, and browsers drop the refresh cookie. Put TLS before Keyward and name \
                 its https address"
            ));
        }
        let address = self.address;
        (!address.ip().is_loopback()).then(|| {
            format!(
                "KEYWARD_LISTEN is {address}, plain http beyond this machine: passwords and \
                 tokens can be read on the way. Put TLS before Keyward and name its https \
                 address in KEYWARD_PUBLIC_URL"
            )
        })
    }
}

fn here(port: u16) -> Url {
    Url::parse(&format!("http://localhost:{port}")).expect("a host and a port are a URL")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
