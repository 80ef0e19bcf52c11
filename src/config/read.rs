//! From the environment to a [`Config`]: one statement for each setting, in the order of
//! the table. How a text becomes a value is `parse`'s and `rules`' concern.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::config::parse::{boolean, duration, list, network, origin, whole};
use crate::config::reader::{Fault, Reader};
use crate::config::rules::{is_cookie_domain, is_loopback, make_secret, secret};
use crate::crypto::master_key::MasterKey;
use crate::domain::algorithm::Algorithm;
use crate::domain::claims::LONGEST_LIFE;
use crate::domain::identifier::Email;
use crate::domain::password::Password;
use crate::store;
use crate::support::secret::SecretString;

pub struct Config {
    pub test_mode: bool,
    pub database: store::Url,
    pub database_pool: u32,
    pub listen: SocketAddr,
    pub public_url: Url,
    pub master_key: MasterKey,
    /// Where a start would make the secret. Until then `master_key` opens nothing.
    pub secret_to_make: Option<PathBuf>,
    pub admin_email: Email,
    pub admin_password: Option<SecretString>,
    pub issuer: String,
    pub audience: String,
    pub algorithm: Algorithm,
    pub access_ttl: Duration,
    pub refresh_ttl: Duration,
    pub session_max_ttl: Duration,
    pub oisp_ttl: Duration,
    pub exchange_window: Duration,
    pub refresh_grace: Duration,
    pub query_tokens: bool,
    pub directus_envelope: bool,
    pub cookie_domain: Option<String>,
    pub cookie_same_site: SameSite,
    pub allowed_origins: Vec<Url>,
    pub trusted_proxies: Vec<IpNet>,
    pub shutdown_delay: Duration,
    pub connections: usize,
    pub connections_per_address: usize,
    pub bcrypt_cost: u32,
    /// 0: as many as the machine carries.
    pub password_threads: usize,
    pub password_queue: usize,
    pub password_min_length: usize,
    pub require_verified_email: bool,
    pub failure_alarm: i64,
    pub key_rotation: Duration,
    pub dialects: Vec<Dialect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

/// A face that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Directus,
    Oisp,
    Hypi,
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "directus" => Ok(Self::Directus),
            "oisp" => Ok(Self::Oisp),
            "hypi" => Ok(Self::Hypi),
            _ => Err(format!("of directus, oisp and hypi, not {text:?}")),
        }
    }
}

/// As a start reads them: the secret is made where there is none and it may be.
///
/// # Errors
/// Every fault that was found, each with the name of its setting. Then nothing was made.
pub fn read(given: &BTreeMap<String, String>, test_mode: bool) -> Result<Config, Vec<Fault>> {
    let mut config = look(given, test_mode)?;
    config.database.make_folder();
    if let Some(path) = config.secret_to_make.take() {
        let fault = |why| {
            let setting = "KEYWARD_SECRET_FILE".to_owned();
            vec![Fault { setting, why }]
        };
        config.master_key = make_secret(&path).map_err(fault)?;
    }
    Ok(config)
}

/// The same without making anything.
///
/// # Errors
/// Every fault that was found, each with the name of its setting.
#[expect(
    clippy::too_many_lines,
    reason = "one line for each setting, in the table's order"
)]
pub fn look(given: &BTreeMap<String, String>, test_mode: bool) -> Result<Config, Vec<Fault>> {
    let mut reader = Reader::new(given);
    let r = &mut reader;
    let database: Option<store::Url> = match (test_mode, given.contains_key("DATABASE_URL")) {
        (true, false) => Some(store::Url::throw_away()),
        // Its quick hashes and moved clock would ruin a database that is in use.
        (true, true) => r.fault(
            "DATABASE_URL",
            "must be unset in test mode, which has a throw-away database of its own".to_owned(),
        ),
        (false, _) => r.value("DATABASE_URL", str::parse),
    };
    let listen: Option<SocketAddr> = r.value("KEYWARD_LISTEN", |text| {
        text.parse()
            .map_err(|_| "an address and a port, such as 127.0.0.1:8080".to_owned())
    });
    let port = listen.map_or(8080, |listen| listen.port());
    let public_url = match r.text("KEYWARD_PUBLIC_URL") {
        Some(_) => r.value("KEYWARD_PUBLIC_URL", origin),
        None => Url::parse(&format!("http://localhost:{port}")).ok(),
    };
    if test_mode {
        if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            r.fault::<()>(
                "KEYWARD_LISTEN",
                "must be a loopback address in test mode".to_owned(),
            );
        }
        if public_url.as_ref().is_some_and(|url| !is_loopback(url)) {
            r.fault::<()>(
                "KEYWARD_PUBLIC_URL",
                "must be loopback in test mode".to_owned(),
            );
        }
    }
    let secret = match &database {
        Some(database) => secret(r, database),
        None => None,
    };
    let admin_email = r.value("KEYWARD_ADMIN_EMAIL", |text| {
        Email::parse(text).ok_or_else(|| "an e-mail address".to_owned())
    });
    let admin_password = r.untrimmed("KEYWARD_ADMIN_PASSWORD");
    if admin_password
        .as_deref()
        .is_some_and(|text| Password::parse(text).is_err())
    {
        r.fault::<()>(
            "KEYWARD_ADMIN_PASSWORD",
            "must be 1 to 1024 characters without NUL".to_owned(),
        );
    }
    let issuer = r
        .text("KEYWARD_ISSUER")
        .or_else(|| public_url.as_ref().map(text));
    let audience = r.value("KEYWARD_AUDIENCE", |text| match text {
        "" => Err("a name, such as keyward".to_owned()),
        name => Ok(name.to_owned()),
    });
    let algorithm = r.value("KEYWARD_JWT_ALGORITHM", str::parse);
    let access_ttl = r.life("KEYWARD_ACCESS_TOKEN_TTL", 86_400);
    let refresh_ttl = r.life("KEYWARD_REFRESH_TOKEN_TTL", 365 * 86_400);
    let session_max_ttl = r.life("KEYWARD_SESSION_MAX_TTL", 3650 * 86_400);
    let oisp_ttl = r.life("KEYWARD_OISP_TOKEN_TTL", LONGEST_LIFE.as_secs());
    let exchange_window = r.value("KEYWARD_EXCHANGE_WINDOW", duration);
    let refresh_grace = r.value("KEYWARD_REFRESH_GRACE", |text| {
        duration(text)
            .ok()
            .filter(|grace| grace.as_secs() <= 60)
            .ok_or_else(|| "0s to 60s".to_owned())
    });
    let query_tokens = r.value("KEYWARD_QUERY_TOKENS", boolean);
    let directus_envelope = r.value("KEYWARD_DIRECTUS_ENVELOPE", boolean);
    let cookie_domain = r.text("KEYWARD_COOKIE_DOMAIN");
    if let (Some(domain), Some(url)) = (&cookie_domain, &public_url)
        && !is_cookie_domain(domain, url)
    {
        r.fault::<()>(
            "KEYWARD_COOKIE_DOMAIN",
            format!("must be the host of {url} or a domain above it, or browsers drop the cookie"),
        );
    }
    let cookie_same_site = r.value("KEYWARD_COOKIE_SAMESITE", |text| match text {
        "strict" => Ok(SameSite::Strict),
        "lax" => Ok(SameSite::Lax),
        "none" => Ok(SameSite::None),
        _ => Err("strict, lax or none".to_owned()),
    });
    let allowed_origins: Option<Vec<Url>> = r.value("KEYWARD_ALLOWED_ORIGINS", |text| {
        list(text).map(origin).collect()
    });
    if cookie_same_site == Some(SameSite::None)
        && allowed_origins.as_ref().is_some_and(Vec::is_empty)
    {
        r.fault::<()>(
            "KEYWARD_COOKIE_SAMESITE",
            "none needs KEYWARD_ALLOWED_ORIGINS: without it every site could use the cookie"
                .to_owned(),
        );
    }
    let trusted_proxies = r.value("KEYWARD_TRUSTED_PROXIES", |text| {
        list(text).map(network).collect()
    });
    let shutdown_delay = r.value("KEYWARD_SHUTDOWN_DELAY", |text| {
        duration(text)
            .ok()
            .filter(|delay| delay.as_secs() <= 300)
            .ok_or_else(|| "0s to 5m".to_owned())
    });
    let connections = r.value("KEYWARD_CONNECTIONS", |text| whole(text, 16, 1_000_000));
    let connections_per_address = r.value("KEYWARD_CONNECTIONS_PER_ADDRESS", |text| {
        whole(text, 1, 1_000_000)
    });
    let bcrypt_cost = if test_mode {
        Some(4)
    } else {
        r.value("KEYWARD_BCRYPT_COST", |text| whole(text, 10, 15))
    };
    let password_threads = r.value("KEYWARD_PASSWORD_THREADS", |text| whole(text, 0, 256));
    let password_queue = r.value("KEYWARD_PASSWORD_QUEUE", |text| whole(text, 0, 4096));
    let password_min_length = r.value("KEYWARD_PASSWORD_MIN_LENGTH", |text| whole(text, 8, 128));
    let require_verified_email = r.value("KEYWARD_REQUIRE_VERIFIED_EMAIL", boolean);
    let failure_alarm = r.value("KEYWARD_FAILURE_ALARM", |text| whole(text, 0, 1_000_000));
    let key_rotation = r.value("KEYWARD_KEY_ROTATION", |text| {
        duration(text)
            .ok()
            .filter(|life| life.is_zero() || life.as_secs() >= 86_400)
            .ok_or_else(|| "0, or a duration of 1d or more".to_owned())
    });
    let database_pool = r.value("KEYWARD_DATABASE_POOL", |text| whole(text, 1, 200));
    let dialects = r.value("KEYWARD_DIALECTS", |text| {
        list(text).map(str::parse).collect()
    });
    let config = (|| {
        let (master_key, secret_to_make) = secret?;
        Some(Config {
            test_mode,
            database: database?,
            database_pool: database_pool?,
            listen: listen?,
            public_url: public_url?,
            master_key,
            secret_to_make,
            admin_email: admin_email?,
            admin_password: admin_password.map(Into::into),
            issuer: issuer?,
            audience: audience?,
            algorithm: algorithm?,
            access_ttl: access_ttl?,
            refresh_ttl: refresh_ttl?,
            session_max_ttl: session_max_ttl?,
            oisp_ttl: oisp_ttl?,
            exchange_window: exchange_window?,
            refresh_grace: refresh_grace?,
            query_tokens: query_tokens?,
            directus_envelope: directus_envelope?,
            cookie_domain,
            cookie_same_site: cookie_same_site?,
            allowed_origins: allowed_origins?,
            trusted_proxies: trusted_proxies?,
            shutdown_delay: shutdown_delay?,
            connections: connections?,
            connections_per_address: connections_per_address?,
            bcrypt_cost: bcrypt_cost?,
            password_threads: password_threads?,
            password_queue: password_queue?,
            password_min_length: password_min_length?,
            require_verified_email: require_verified_email?,
            failure_alarm: failure_alarm?,
            key_rotation: key_rotation?,
            dialects: dialects?,
        })
    })();
    match config {
        Some(config) if reader.faults.is_empty() => Ok(config),
        _ => Err(reader.faults),
    }
}

impl Config {
    /// With the port that the system gave where port 0 was asked for: the public URL and
    /// the issuer name it where nobody said otherwise.
    pub fn listens_on(&mut self, address: SocketAddr) {
        let derived = self.public_url.port() == Some(0);
        let issuer = text(&self.public_url);
        self.listen = address;
        if derived
            && self.public_url.set_port(Some(address.port())).is_ok()
            && self.issuer == issuer
        {
            self.issuer = text(&self.public_url);
        }
    }

    /// Whether the refresh cookie can work: browsers keep a `Secure` cookie only from
    /// TLS or from this machine (threat C11).
    #[must_use]
    pub fn cookies_work(&self) -> bool {
        self.public_url.scheme() == "https" || is_loopback(&self.public_url)
    }
}

/// An origin as the issuer is written.
fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests;
