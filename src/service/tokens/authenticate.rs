//! From an access token to a principal: the hot path. No database and no lock held
//! for long: a cache of tokens whose signature was checked, then age and revocation,
//! at every call.

use std::sync::Arc;

use aws_lc_rs::digest;

use crate::crypto::access_token;
use crate::domain::claims::{Claims, Fault, LEEWAY_SECONDS};
use crate::domain::principal::{By, Principal};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::memory::revoked_tokens::TokenStanding;
use crate::service::tokens::authenticate_api_key;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// A rightly signed token whose age was not asked. Only [`crate::service::sessions::exchange`],
/// seed O's refresh and signing out take it; no guard accepts it, so it opens nothing.
#[derive(Debug)]
pub struct ExpiredToken {
    pub(in crate::service) claims: Claims,
}

/// # Errors
/// `INVALID_TOKEN`, `TOKEN_EXPIRED`, `FORBIDDEN` for an API key, or `SERVICE_UNAVAILABLE` where
/// revocations could not be read of late.
pub fn authenticate(kw: &Keyward, text: &SecretString) -> Result<Arc<Principal>> {
    if !kw.memory.revoked.is_fresh() {
        return Err(Error::busy("revocations were not read for a second"));
    }
    if authenticate_api_key::is_one(text) {
        return Err(Error::for_persons());
    }
    let text = text.expose_secret();
    let now = kw.clock.now();
    let principal = verified(kw, text)?;
    let claims = &principal.claims;
    if now.seconds() >= claims.exp.saturating_add(LEEWAY_SECONDS) {
        return Err(Error::expired());
    }
    match kw.memory.revoked.standing(claims) {
        TokenStanding::Good => Ok(principal),
        TokenStanding::Revoked => Err(Error::token()),
        TokenStanding::Outdated => Err(Error::expired()),
    }
}

fn verified(kw: &Keyward, text: &str) -> Result<Arc<Principal>> {
    if text.len() > access_token::LONGEST {
        return Err(Error::token());
    }
    let mut key = [0; 32];
    key.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let now = kw.clock.now();
    let ring = kw.ring.load();
    if let Some(principal) = kw.memory.verified.get(&key) {
        // Check the key again: it may have been removed after this entry was cached, or the
        // entry inserted while the cache was being cleared.
        return match &principal.by {
            By::Token { key, .. } if ring.verifier(key, now).is_some() => Ok(principal),
            _ => Err(Error::token()),
        };
    }
    let (claims, signer) = access_token::verify(&ring, text, now).ok_or_else(Error::token)?;
    claims
        .check(&kw.expected, now)
        .map_err(|fault| match fault {
            Fault::Wrong => Error::token(),
            Fault::Expired => Error::expired(),
        })?;
    if !kw.keys.session_ids.is_ours(claims.sid) {
        return Err(Error::token());
    }
    // Once for each token and process: enough for "this generation was seen".
    kw.memory.seen.note(claims.sid, claims.generation);
    let principal = Arc::new(Principal {
        claims,
        by: By::Token {
            algorithm: signer.algorithm(),
            key: signer.id().to_owned(),
        },
    });
    kw.memory.verified.insert(key, Arc::clone(&principal));
    Ok(principal)
}

/// Everything that is checked of an access token, except its age (semantics 2, rule 2).
///
/// # Errors
/// `INVALID_TOKEN`, or `SERVICE_UNAVAILABLE` as above.
pub fn read_expired(kw: &Keyward, text: &SecretString) -> Result<ExpiredToken> {
    let now = kw.clock.now();
    let ring = kw.ring.load();
    let (claims, _) =
        access_token::verify(&ring, text.expose_secret(), now).ok_or_else(Error::token)?;
    claims
        .check_but_age(&kw.expected, now)
        .map_err(|_| Error::token())?;
    if !kw.keys.session_ids.is_ours(claims.sid) {
        return Err(Error::token());
    }
    kw.memory.seen.note(claims.sid, claims.generation);
    Ok(ExpiredToken { claims })
}
