//! Slowing down guesses (semantics 4): every route that checks a secret of an account
//! shares one budget. An attempt is counted, and committed, before it is looked at.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::context::Keyward;
use super::error::{Code, Error, Result};
use crate::domain::id::AccountId;
use crate::domain::limit::{Kind, Refused};
use crate::domain::session::Client;
use crate::store::{self, AnyConnection, credentials, limits};
use crate::support::clock::Timestamp;

/// Whose secret is guessed at. An identifier that nobody has is counted like one that
/// somebody has, so that the answers are the same.
pub(super) enum Subject<'a> {
    /// With its epoch: whoever sets a password anew also frees the marked browsers.
    Account(AccountId, i64),
    Nobody {
        identifier: &'a str,
    },
}

/// An attempt that was counted. Dropped without [`Reservation::succeeded`], it stays a
/// failure.
#[derive(Clone)]
pub(super) struct Reservation {
    account: String,
    address: Option<String>,
    /// The password record that the attempt was found good by.
    proof: Option<(AccountId, String)>,
}

/// A compare-and-set loses only to another attempt that was counted: at the most to
/// all that one address may make at once.
const ROUNDS: usize = 64;

/// Counts an attempt.
///
/// # Errors
/// `ATTEMPTS_EXCEEDED` with the seconds to wait, and then nothing is counted;
/// `SERVICE_UNAVAILABLE`: without the counters no secret is looked at (B16).
pub(super) fn reserve(
    kw: &Keyward,
    subject: &Subject<'_>,
    client: &Client,
    device: Option<&str>,
) -> Result<Reservation> {
    let (account, kind) = account_key(kw, subject, device);
    let address = address_key(kw, client);
    let reservation = Reservation {
        account: account.clone(),
        address: address.clone(),
        proof: None,
    };
    let now = kw.clock.now();
    kw.store.write(move |tx| {
        if let Some(address) = &address {
            count(tx, address, Kind::Address, now)?;
        }
        count(tx, &account, kind, now)
    })?;
    Ok(reservation)
}

impl Reservation {
    #[must_use]
    pub(super) fn proved_by(mut self, account: AccountId, record: String) -> Self {
        self.proof = Some((account, record));
        self
    }

    /// The attempt was a good one, with every factor: the account's row of failures is
    /// over. The address only gets this attempt back (B11).
    ///
    /// # Errors
    /// `OVERTAKEN` where the password was changed, or its record made anew, since it was
    /// compared: nothing may begin by what is no password any more (R15).
    pub(super) fn succeeded(&self, tx: &mut AnyConnection) -> Result<()> {
        self.still_proved(tx)?;
        // In the order in which they were counted, or two of them could wait for each
        // other.
        if let Some(address) = &self.address {
            limits::release(tx, address)?;
        }
        limits::clear(tx, &self.account)?;
        Ok(())
    }

    /// The password was right, but it is one factor of two: the attempt is taken back, and
    /// the guesses at the other one stay counted (B12, M4).
    ///
    /// # Errors
    /// As [`Reservation::succeeded`].
    pub(super) fn half_succeeded(&self, tx: &mut AnyConnection) -> Result<()> {
        self.still_proved(tx)?;
        self.taken_back(tx)
    }

    fn still_proved(&self, tx: &mut AnyConnection) -> Result<()> {
        match &self.proof {
            Some((account, record)) if !credentials::hold(tx, *account, record)? => {
                Err(Error::overtaken())
            }
            _ => Ok(()),
        }
    }

    /// Nobody could say whether the attempt was a good one, or it needed none: it is as if
    /// it had not been.
    pub(super) fn given_back(&self, kw: &Keyward) -> Result<()> {
        let inner = self.clone();
        kw.store.write(move |tx| inner.taken_back(tx))
    }

    /// The attempt was a good one, but proves nothing that guards the account already: it
    /// is taken back, and what failed before stays counted.
    pub(super) fn taken_back(&self, tx: &mut AnyConnection) -> Result<()> {
        if let Some(address) = &self.address {
            limits::release(tx, address)?;
        }
        limits::release(tx, &self.account)?;
        Ok(())
    }
}

/// A new password: whoever guessed at the old one begins anew.
pub(super) fn forget(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: AccountId,
) -> store::Result<()> {
    limits::clear(tx, &account_key(kw, &Subject::Account(account, 0), None).0)
}

fn count(tx: &mut AnyConnection, key: &str, kind: Kind, now: Timestamp) -> Result<()> {
    for _ in 0..ROUNDS {
        let read = limits::lookup(tx, key)?;
        let counter = read
            .unwrap_or_default()
            .count(kind, now)
            .map_err(|refused| exceeded(refused, kind))?;
        if limits::set(tx, key, read, counter, counter.expires_at(kind, now))? {
            return Ok(());
        }
    }
    Err(Error::busy(
        "a counter of attempts changed under every attempt to count",
    ))
}

fn exceeded(refused: Refused, kind: Kind) -> Error {
    let code = match kind {
        Kind::Address => Code::RequestsExceeded,
        Kind::Account | Kind::Device => Code::AttemptsExceeded,
    };
    let seconds = refused.wait_seconds;
    let mut error = Error::new(code, format!("Too many requests, retry after {seconds}s."));
    error.retry_after = Some(seconds);
    error.not_final()
}

fn account_key(kw: &Keyward, subject: &Subject<'_>, device: Option<&str>) -> (String, Kind) {
    match subject {
        Subject::Nobody { identifier } => {
            (keyed(kw, "nobody", identifier.as_bytes()), Kind::Account)
        }
        Subject::Account(id, epoch) => match device.and_then(|mark| kw.devices.read(*id, mark)) {
            Some(device) => {
                let mut key = device.as_bytes().to_vec();
                key.extend(epoch.to_be_bytes());
                (keyed(kw, "device", &key), Kind::Device)
            }
            None => (keyed(kw, "account", id.0.as_bytes()), Kind::Account),
        },
    }
}

/// Addresses inside our own proxies' networks are a sidecar's own traffic, not a
/// client's: limited by account alone.
fn address_key(kw: &Keyward, client: &Client) -> Option<String> {
    let address = client
        .address
        .as_deref()
        .filter(|_| !client.internal)?
        .parse()
        .ok()?;
    Some(match address {
        IpAddr::V4(address) => keyed(kw, "address", &address.octets()),
        // One household, one budget: the first 64 bits (B5).
        IpAddr::V6(address) => match nat64(&address.octets()) {
            Some(octets) => keyed(kw, "address", &octets),
            None => keyed(kw, "address", &address.octets()[..8]),
        },
    })
}

/// The IPv4 address inside `64:ff9b::/96` (RFC 6052).
fn nat64(octets: &[u8; 16]) -> Option<[u8; 4]> {
    let inside = octets[..12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    inside.then(|| octets[12..].try_into().ok())?
}

fn keyed(kw: &Keyward, kind: &str, text: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&kw.limit_keys);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(text);
    URL_SAFE_NO_PAD.encode(context.sign())
}
