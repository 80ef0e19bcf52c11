//! What the digests of the audit chain cover, and the record that says where it begins and ends.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::AnyConnection;
use crate::store::audit::audit_events::AuditEntry;
use crate::store::audit::audit_seals::{self, Chain, Seal};

/// Before the first seal.
const NOTHING: [u8; 32] = [0; 32];

/// Where the chain ends: the number and the hash of its last seal. Who keeps one elsewhere can
/// tell later whether what it speaks of is still as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: i64,
    pub hash: Vec<u8>,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, URL_SAFE_NO_PAD.encode(&self.hash))
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let read = || {
            let (seq, hash) = text.split_once('.')?;
            let hash = URL_SAFE_NO_PAD.decode(hash).ok()?;
            let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
            (hash.len() == 32).then_some(Self { seq, hash })
        };
        read().ok_or_else(|| format!("{text:?} is no head: \"keyward audit verify\" prints one"))
    }
}

/// Of address and browser, which are forgotten with the account that they belong to. Without
/// the salt nobody can tell what the digest is of, whatever keys they have.
pub(super) fn client_digest(kw: &Keyward, event: &AuditEntry, salt: Option<&[u8]>) -> Vec<u8> {
    let fields = [
        salt,
        bytes(event.address.as_ref()),
        bytes(event.user_agent.as_ref()),
    ];
    kw.keys.audit_chain.digest("client", &fields)
}

/// Whether there is nothing in the event that could be forgotten, or no more.
pub(super) const fn is_bare(event: &AuditEntry) -> bool {
    event.address.is_none() && event.user_agent.is_none()
}

/// Of all the rest of an event. Events that are about no organization and no role have the digest
/// that they had before there were columns for these.
pub(super) fn content_digest(kw: &Keyward, event: &AuditEntry, client: &[u8]) -> Vec<u8> {
    let [at, times] = [event.at, event.times].map(i64::to_be_bytes);
    let last_at = event.last_at.map(i64::to_be_bytes);
    let mut fields = vec![
        Some(event.id.as_bytes()),
        Some(&at[..]),
        Some(event.what.as_bytes()),
        bytes(event.account.as_ref()),
        bytes(event.session.as_ref()),
        bytes(event.actor.as_ref()),
        bytes(event.note.as_ref()),
        Some(&times[..]),
        last_at.as_ref().map(|at| &at[..]),
        Some(client),
    ];
    if event.organization.is_none() && event.role.is_none() {
        return kw.keys.audit_chain.digest("event", &fields);
    }
    fields.extend([
        bytes(event.organization.as_ref()),
        bytes(event.role.as_ref()),
    ]);
    kw.keys.audit_chain.digest("event about", &fields)
}

/// Of a seal and of the one before it.
pub(super) fn link(kw: &Keyward, before: &[u8], seal: &Seal) -> Vec<u8> {
    let [seq, at, sealed_at] = [seal.seq, seal.at, seal.sealed_at].map(i64::to_be_bytes);
    let fields = [
        Some(before),
        Some(&seq[..]),
        Some(seal.event_id.as_bytes()),
        Some(&at[..]),
        Some(&sealed_at[..]),
        Some(&seal.client[..]),
        Some(&seal.content[..]),
    ];
    kw.keys.audit_chain.digest("seal", &fields)
}

fn mac(kw: &Keyward, chain: &Chain) -> Vec<u8> {
    let numbers = [
        chain.seq,
        chain.sealed_to,
        chain.counted_to,
        chain.base_seq,
        chain.purged_before,
    ]
    .map(i64::to_be_bytes);
    let mut fields: Vec<Option<&[u8]>> = numbers.iter().map(|number| Some(&number[..])).collect();
    fields.extend([Some(&chain.hash[..]), Some(&chain.base_hash[..])]);
    kw.keys.audit_chain.digest("chain", &fields)
}

/// Whether nobody else wrote the record.
pub(super) fn is_ours(kw: &Keyward, chain: &Chain) -> bool {
    chain.mac == mac(kw, chain)
}

/// The chain before its first seal.
pub(super) fn nothing(kw: &Keyward) -> Chain {
    let mut chain = Chain {
        id: 1,
        seq: 0,
        hash: NOTHING.to_vec(),
        sealed_to: i64::MIN,
        counted_to: i64::MIN,
        base_seq: 0,
        base_hash: NOTHING.to_vec(),
        purged_before: i64::MIN,
        mac: Vec::new(),
    };
    chain.mac = mac(kw, &chain);
    chain
}

pub(super) const FOREIGN: &str = "the record of the audit chain (table audit_chain) was altered, \
     or it was sealed under another KEYWARD_SECRET";

pub(super) const GONE: &str =
    "the record of the audit chain (table audit_chain) was removed, and its seals were not";

/// The record of the chain, held: one process at a time moves it. It goes with the connection whose
/// transaction holds it, so nothing is written by what another transaction read.
pub(super) struct HeldChain<'c> {
    kw: &'c Keyward,
    pub(super) db: &'c mut AnyConnection,
    pub(super) chain: Chain,
}

impl<'c> HeldChain<'c> {
    /// # Errors
    /// `INTERNAL_SERVER_ERROR` where it is not what Keyward wrote: what was sealed on top of it
    /// would hide that.
    pub(super) fn hold(kw: &'c Keyward, db: &'c mut AnyConnection) -> Result<Self> {
        let chain = if let Some(chain) = audit_seals::hold(db)? {
            chain
        } else {
            // Another process may have begun it meanwhile, and sealed.
            if audit_seals::begin(db, &nothing(kw))? && audit_seals::last(db)? > 0 {
                return Err(Error::defect(GONE));
            }
            audit_seals::hold(db)?.ok_or_else(|| Error::defect(GONE))?
        };
        if is_ours(kw, &chain) {
            Ok(Self { kw, db, chain })
        } else {
            Err(Error::defect(FOREIGN))
        }
    }

    /// Writes the record as it is now.
    pub(super) fn write(&mut self) -> Result<()> {
        self.chain.mac = mac(self.kw, &self.chain);
        Ok(audit_seals::set(self.db, &self.chain)?)
    }
}

fn bytes(text: Option<&String>) -> Option<&[u8]> {
    text.map(String::as_bytes)
}
