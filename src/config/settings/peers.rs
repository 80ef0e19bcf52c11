//! Who connects.

use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::config::reader::Reader;
use crate::config::settings::declare::section;
use crate::config::values::parse::{boolean, lasting, list, network, whole};

section! {
    /// Proxies that are believed, and how many connections there may be.
    Peers, "Proxies and connections" {
        /// Networks, comma separated, whose X-Forwarded-For is believed. None wider than /8
        /// (IPv6: /16, private ones /7). none: nobody's.
        trusted_proxies: Vec<IpNet> =
            KEYWARD_TRUSTED_PROXIES, "127.0.0.0/8,::1", list(network);
        /// Whether plain http is refused, all but /health: what KEYWARD_TRUSTED_PROXIES do not
        /// call https in X-Forwarded-Proto. Needs a KEYWARD_PUBLIC_URL of https.
        require_https: bool = KEYWARD_REQUIRE_HTTPS, "false", boolean;
        /// How many connections may be open at once, 16 to 1000000. Beyond it new ones are
        /// closed.
        connections: usize = KEYWARD_CONNECTIONS, "10000", whole(16, 1_000_000);
        /// How many of them one address may have, 1 to 1000000. Not for
        /// KEYWARD_TRUSTED_PROXIES.
        connections_per_address: usize =
            KEYWARD_CONNECTIONS_PER_ADDRESS, "256", whole(1, 1_000_000);
        /// How long a client may take over what it was answered before its connection is
        /// closed, 1s to 1h.
        answer_time: Duration = KEYWARD_ANSWER_TIMEOUT, "10m", lasting("1s", "1h");
    }
}

impl Peers {
    /// Where nobody can ask by https, refusing plain http refuses everybody.
    pub(in crate::config) fn check(&self, reader: &mut Reader<'_>, public: &Url) {
        if !self.require_https {
            return;
        }
        if public.scheme() != "https" {
            let why = format!("needs a KEYWARD_PUBLIC_URL of https, which is {public}");
            reader.fault::<()>("KEYWARD_REQUIRE_HTTPS", why);
        }
        if self.trusted_proxies.is_empty() {
            let why = "needs KEYWARD_TRUSTED_PROXIES: a proxy that is believed says what came by \
                       https";
            reader.fault::<()>("KEYWARD_REQUIRE_HTTPS", why);
        }
    }
}
