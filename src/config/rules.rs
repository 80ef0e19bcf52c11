//! What a setting may be where that depends on more than its own text: on another
//! setting, on a file, on what browsers do.

use std::path::PathBuf;

use url::Url;

use super::reader::Reader;
use super::secret_file;
use crate::crypto::master_key::MasterKey;
use crate::store;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// The secret from which every key is derived: given, in a file, or made beside an
/// SQLite database.
pub(super) fn master_key(r: &mut Reader<'_>, database: &store::Url) -> Option<MasterKey> {
    let secret = match (
        r.text("KEYWARD_SECRET"),
        r.text("KEYWARD_SECRET_FILE"),
        database,
    ) {
        (Some(_), Some(_), _) => {
            return r.fault(
                "KEYWARD_SECRET",
                "and KEYWARD_SECRET_FILE are both given: give one".to_owned(),
            );
        }
        (Some(secret), None, _) => SecretString::from(secret),
        (None, Some(path), _) => match secret_file::read(&PathBuf::from(path), false) {
            Ok(secret) => secret,
            Err(why) => return r.fault("KEYWARD_SECRET_FILE", why),
        },
        (None, None, store::Url::Sqlite(path)) => {
            match secret_file::read(&path.with_file_name("keyward.secret"), true) {
                Ok(secret) => secret,
                Err(why) => return r.fault("KEYWARD_SECRET_FILE", why),
            }
        }
        (None, None, store::Url::Postgres(_)) => {
            return r.fault(
                "KEYWARD_SECRET",
                "must be given with PostgreSQL, the same for every replica (openssl rand -base64 32)".to_owned(),
            );
        }
    };
    MasterKey::new(secret.expose_secret().as_bytes()).or_else(|| {
        r.fault(
            "KEYWARD_SECRET",
            "must be at least 32 random characters (openssl rand -base64 32)".to_owned(),
        )
    })
}

/// Whether a browser takes a `Secure` cookie from there without TLS.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) fn is_cookie_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}
