//! From an API key to a principal. A key that was read of late is checked as a token is: from
//! memory, by its end and by what was revoked. Only one that this process does not know, or of
//! whose account something was taken, is read from the database.

use std::sync::Arc;
use std::time::Instant;

use crate::crypto::api_key::{self, Hash};
use crate::domain::account::Account;
use crate::domain::claims::Claims;
use crate::domain::principal::{By, Principal};
use crate::domain::rights::access::Access;
use crate::domain::rights::api_key::ApiKey;
use crate::domain::session::Class;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::memory::cached_api_keys::Living;
use crate::service::memory::revoked_tokens::TokenStanding;
use crate::service::tokens::mint::names_of;
use crate::store::{access, accounts, api_keys};
use crate::support::clock::Timestamp;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// The end of a key that has none: the last second of the year 9999, in seconds since 1970.
const NEVER: i64 = 253_402_300_799;

/// Whether the text is an API key by its form. No access token is.
#[must_use]
pub fn is_one(text: &SecretString) -> bool {
    api_key::is_one(text.expose_secret())
}

/// The holder of the key, from memory alone. `None` where the database must be asked.
///
/// # Errors
/// `TOKEN_EXPIRED`; `SERVICE_UNAVAILABLE` where revocations could not be read of late.
pub fn remembered(kw: &Keyward, text: &SecretString) -> Result<Option<Arc<Principal>>> {
    require_fresh(kw)?;
    let hash = api_key::hash(text.expose_secret());
    let Some(living) = kw.memory.api_keys.get(&hash) else {
        return Ok(None);
    };
    // Revoked, or of an account of which something was taken away: the database knows which.
    if kw.memory.revoked.standing(&living.principal.claims) != TokenStanding::Good {
        return Ok(None);
    }
    holder(kw, &living).map(Some)
}

/// The same by the database.
///
/// # Errors
/// `INVALID_TOKEN` where there is no such key, or its account is disabled, or no member of the
/// key's organization; `TOKEN_EXPIRED`; `SERVICE_UNAVAILABLE`.
pub fn look_up(kw: &Keyward, text: &SecretString) -> Result<Arc<Principal>> {
    require_fresh(kw)?;
    let hash = api_key::hash(text.expose_secret());
    // What is revoked while it is read is read again.
    for _ in 0..2 {
        let began = Instant::now();
        let principal = read(kw, &hash)?.ok_or_else(Error::token)?;
        let living = kw.memory.api_keys.insert(hash, principal, began);
        if kw.memory.revoked.standing(&living.principal.claims) == TokenStanding::Good {
            return holder(kw, &living);
        }
    }
    Err(Error::token())
}

fn read(kw: &Keyward, hash: &Hash) -> Result<Option<Principal>> {
    let stored = api_key::stored(hash);
    kw.store.read(|db| {
        let Some(key) = api_keys::by_hash(db, &stored)? else {
            return Ok(None);
        };
        // Before what the account may do. Were that to shrink in between, its version would tell
        // that this is older.
        let account = accounts::lookup(db, key.account)?;
        let Some(account) = account.filter(|account| account.enabled) else {
            return Ok(None);
        };
        let access = access::of_key(db, &key)?;
        Ok(access.map(|access| principal(kw, key, &account, access)))
    })
}

fn require_fresh(kw: &Keyward) -> Result<()> {
    if kw.memory.revoked.is_fresh() {
        return Ok(());
    }
    Err(Error::busy("revocations were not read for a second"))
}

/// Who holds the key, which is not over, and was used now.
fn holder(kw: &Keyward, living: &Living) -> Result<Arc<Principal>> {
    let (now, principal) = (kw.clock.now(), &living.principal);
    if principal.api_key().is_none_or(|key| key.is_over(now)) {
        let message = "This API key is past its end: make another one.";
        return Err(Error::new(Code::TokenExpired, message));
    }
    kw.memory.api_keys.note(living, now);
    Ok(Arc::clone(principal))
}

/// What an access token would say of the holder of the key. Nobody signed in: no method and no
/// level is told, so nothing that asks for one takes a key.
fn principal(kw: &Keyward, key: ApiKey, account: &Account, access: Access) -> Principal {
    let [preferred_username, email, name] = names_of(account);
    let claims = Claims {
        iss: kw.policy.issuer.clone(),
        aud: kw.policy.audience.clone(),
        sub: account.id,
        sid: key.id.as_session(),
        jti: key.id.0,
        iat: key.created_at.seconds(),
        exp: key.expires_at.map_or(NEVER, Timestamp::seconds),
        nbf: None,
        generation: 0,
        epoch: account.epoch,
        acv: account.access_version,
        cls: Class::Standard,
        role: access.first_role(),
        roles: access.roles.into_iter().collect(),
        permissions: access.permissions.into_iter().collect(),
        perm_ref: None,
        amr: Vec::new(),
        aal: 0,
        // Nobody signed in by it.
        auth_time: 0,
        // A demand is of people (docs/decisions/0130).
        mfa_from: None,
        org: key.organization,
        accounts: Vec::new(),
        act: None,
        anon: false,
        preferred_username,
        email,
        name,
        id: None,
        app_access: None,
        admin_access: None,
    };
    Principal {
        claims,
        by: By::ApiKey(Arc::new(key)),
    }
}
