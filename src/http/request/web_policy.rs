//! The operator's decisions as far as faces need them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::Url;

use crate::config::{Config, Dialect, SameSite};
use crate::http::peers::client_address::Unbelieved;
use crate::http::peers::connection_limit::Connections;
use crate::http::peers::log_share::LogShare;
use crate::http::peers::rate_limit::{Refusals, Throttle};
use crate::http::request::unlisted_origin::Unlisted;
use crate::lanes::single_flight::Question;
use crate::service;

/// Each is up to 256 KiB, and a few times that once it is read.
const MOST_LONG_BODIES: usize = 4;

pub struct Web {
    pub public_url: Url,
    /// Origins whose pages may use the refresh cookie, the public one first.
    pub origins: Vec<String>,
    pub query_tokens: bool,
    pub directus_envelope: bool,
    pub cookie_domain: Option<String>,
    pub cookie_same_site: SameSite,
    /// Whether a browser would keep the refresh cookie at all.
    pub cookies_work: bool,
    pub trusted_proxies: Vec<IpNet>,
    pub require_https: bool,
    pub dialects: Vec<Dialect>,
    pub exchange: bool,
    pub test_mode: bool,
    pub throttle: Throttle,
    pub unlisted: Unlisted,
    pub connections: Arc<Connections>,
    /// How long a client may take over what it was answered.
    pub answer_time: Duration,
    /// Whether the database takes writes, asked once for all who want to know.
    pub takes_writes: Arc<Question<service::Result<()>>>,
    pub unbelieved: Unbelieved,
    pub log_share: LogShare,
    pub refusals: Refusals,
    /// So many bodies longer than everybody's are held at once.
    pub long_bodies: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl Web {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let public_url = config.listen.public_url();
        let own = public_url.origin().ascii_serialization();
        let others = config.cookies.allowed_origins.iter().cloned();
        let origins = std::iter::once(own).chain(other_name(config)).chain(others);
        Self {
            public_url,
            origins: origins.collect(),
            query_tokens: config.tokens.in_queries,
            directus_envelope: config.faces.directus_envelope,
            cookie_domain: config.cookies.domain.clone(),
            cookie_same_site: config.cookies.same_site,
            cookies_work: config.listen.cookies_work(),
            trusted_proxies: config.peers.trusted_proxies.clone(),
            require_https: config.peers.require_https,
            dialects: config.faces.dialects.clone(),
            exchange: !config.tokens.exchange_window.is_zero(),
            test_mode: config.test_mode,
            throttle: Throttle::default(),
            unlisted: Unlisted::default(),
            connections: Arc::new(Connections::new(
                config.peers.connections,
                config.peers.connections_per_address,
                config.peers.trusted_proxies.clone(),
            )),
            answer_time: config.peers.answer_time,
            takes_writes: Arc::default(),
            unbelieved: Unbelieved::default(),
            log_share: LogShare::default(),
            refusals: Refusals::default(),
            long_bodies: Arc::new(Semaphore::new(MOST_LONG_BODIES)),
            stopping: AtomicBool::new(false),
        }
    }

    /// `{"data": …}` around a body, where the operator wants the original's envelope.
    #[must_use]
    pub fn enveloped(&self, body: Value) -> Value {
        if self.directus_envelope {
            json!({ "data": body })
        } else {
            body
        }
    }

    /// From now on it is not ready.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// With the public URL `http://localhost` and no proxy, the listen address is an accepted origin too: it
/// is what the greeting prints.
fn other_name(config: &Config) -> Option<String> {
    let url = config.listen.public_url();
    let direct = url.scheme() == "http"
        && url.host_str() == Some("localhost")
        && url.port_or_known_default() == Some(config.listen.address.port())
        && config.listen.address.ip().is_loopback();
    direct.then(|| format!("http://{}", config.listen.address))
}
