//! What a setting may be where that depends on more than its own text: on another
//! setting, on a file, on what browsers do.

use std::path::{Path, PathBuf};

use url::Url;

use crate::config::reader::Reader;
use crate::config::secret_file;
use crate::crypto::master_key::MasterKey;
use crate::store;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// The secret from which every key is derived: given, in a file, or beside an SQLite
/// database. Where it is to be made there: one that opens nothing, and the path.
pub(super) fn secret(
    r: &mut Reader<'_>,
    database: &store::Url,
) -> Option<(MasterKey, Option<PathBuf>)> {
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
        (None, Some(path), _) => match secret_file::read(Path::new(&path)) {
            Ok(secret) => secret,
            Err(why) => return r.fault("KEYWARD_SECRET_FILE", why),
        },
        (None, None, store::Url::Sqlite(path)) => {
            let path = path.with_file_name("keyward.secret");
            if !path.exists() {
                let nothing = MasterKey::new(secret_file::random().expose_secret().as_bytes());
                return nothing.map(|key| (key, Some(path)));
            }
            match secret_file::read(&path) {
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
    match MasterKey::new(secret.expose_secret().as_bytes()) {
        Some(key) => Some((key, None)),
        None => r.fault("KEYWARD_SECRET", TOO_WEAK.to_owned()),
    }
}

const TOO_WEAK: &str = "must be at least 32 random characters (openssl rand -base64 32)";

/// Makes the file, unless another process just did.
pub(super) fn make_secret(path: &Path) -> Result<MasterKey, String> {
    secret_file::make(path)?;
    let secret = secret_file::read(path)?;
    MasterKey::new(secret.expose_secret().as_bytes()).ok_or_else(|| TOO_WEAK.to_owned())
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

/// Whether the public URL's host is in this domain, which must not be a whole top-level
/// domain.
pub(super) fn is_cookie_domain(domain: &str, public_url: &Url) -> bool {
    let Some(url::Host::Domain(host)) = public_url.host() else {
        return false;
    };
    let domain = domain.to_ascii_lowercase();
    let within = host
        .strip_suffix(&domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    within && domain.contains('.') && !domain.starts_with('.')
}
