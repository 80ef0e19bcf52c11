//! Slowing down guesses (semantics 4): every route that checks a secret of an account
//! shares one budget. An attempt is counted, and committed, before it is looked at.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::limit::{Counter, Kind, Refused};
use crate::domain::session::Client;
use crate::lanes::password_lane::Seat;
use crate::lanes::seats::Full;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::store::factors::Stored as Factor;
use crate::store::{self, AnyConnection, credentials, limits};
use crate::support::clock::Timestamp;
use crate::support::secret::same;

/// Whose secret is guessed at. An identifier that nobody has is counted like one that
/// somebody has, so that the answers are the same.
pub(in crate::service) enum Subject<'a> {
    Account(AccountId),
    /// A browser that shows the mark of its account, as all browsers do that are known to
    /// it (`crypto/device.rs`).
    KnownBrowser {
        mark: &'a str,
    },
    Nobody {
        identifier: &'a str,
    },
}

impl<'a> Subject<'a> {
    /// Whose guess at this account's secrets it is: a known browser's where the mark that
    /// was shown is the one of now, and else anybody's.
    ///
    /// `factor`: the one that counts. `shown`: the marks that came, with spaces between.
    pub(in crate::service) fn of(
        kw: &Keyward,
        account: &Account,
        factor: Option<&Factor>,
        shown: Option<&'a str>,
    ) -> Self {
        let mark = mark_of(kw, account, factor);
        let mut shown = shown.into_iter().flat_map(|shown| shown.split(' '));
        match shown.find(|shown| same(shown.as_bytes(), mark.as_bytes())) {
            Some(mark) => Self::KnownBrowser { mark },
            None => Self::Account(account.id),
        }
    }
}

/// The mark of the browsers that sign in to it now.
pub(in crate::service) fn mark_of(
    kw: &Keyward,
    account: &Account,
    factor: Option<&Factor>,
) -> String {
    let factor = factor.map(|factor| factor.id.as_str());
    kw.keys.devices.mark(account.id, account.epoch, factor)
}

/// An attempt that was counted. Dropped without [`Reservation::succeeded`], it stays a
/// failure.
#[derive(Clone)]
pub(in crate::service) struct Reservation {
    account: Counted,
    /// The client's address and the networks around it, from the inside out: the order
    /// in which every transaction takes their rows.
    addresses: Vec<Counted>,
    /// The counter of codes, where one was counted.
    code: Option<Counted>,
    /// The password record that the attempt was found good by.
    proof: Option<(AccountId, String)>,
}

/// A counter that an attempt was counted in: as it stood before, and since.
#[derive(Clone)]
struct Counted {
    key: String,
    kind: Kind,
    before: Option<Counter>,
    since: Counter,
}

/// A compare-and-set loses only to another attempt that was counted: at the most to
/// all that one address may make at once.
const ROUNDS: usize = 64;

/// Counts an attempt.
///
/// # Errors
/// `ATTEMPTS_EXCEEDED` with the seconds to wait, and then nothing is counted;
/// `SERVICE_UNAVAILABLE`: without the counters no secret is looked at (B16).
pub(in crate::service) fn reserve(
    kw: &Keyward,
    subject: &Subject<'_>,
    client: &Client,
) -> Result<Reservation> {
    let (account, kind) = account_key(kw, subject);
    let addresses = address_keys(kw, client);
    let now = kw.clock.now();
    kw.store.write(move |tx| {
        let addresses = addresses.iter();
        let addresses = addresses.map(|(address, kind)| count(tx, address, *kind, now));
        Ok(Reservation {
            // Before the account's: every transaction takes its rows in this order.
            addresses: addresses.collect::<Result<_>>()?,
            account: count(tx, &account, kind, now)?,
            code: None,
            proof: None,
        })
    })
}

/// Tells the lane whose secret will be looked at: of one account only so many are in flight,
/// and a mark that is not the account's earns no seat. An identifier that nobody has is
/// treated like one that somebody has.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`, and then nothing is counted.
pub(in crate::service) fn keep_seat(
    kw: &Keyward,
    seat: &Seat,
    subject: &Subject<'_>,
) -> Result<()> {
    let known = matches!(subject, Subject::KnownBrowser { .. });
    let (account, _) = account_key(kw, subject);
    seat.is_for(&account, known).map_err(|Full| {
        Error::busy("too many sign-ins of one account or of strangers are in flight")
    })
}

impl Reservation {
    #[must_use]
    pub(in crate::service) fn proved_by(mut self, account: AccountId, record: String) -> Self {
        self.proof = Some((account, record));
        self
    }

    /// Counts a code before it is looked at, once for each attempt. Its budget is apart
    /// from the account's: whoever comes so far knows the password, or is signed in, and
    /// no success of the owner may give him more guesses (M4).
    ///
    /// # Errors
    /// `ATTEMPTS_EXCEEDED`: the code must not be looked at; the attempt stays counted.
    pub(in crate::service) fn guess_code(
        &mut self,
        kw: &Keyward,
        account: AccountId,
        client: &Client,
    ) -> Result<()> {
        if self.code.is_some() {
            return Ok(());
        }
        let key = code_key(kw, &self.account.key);
        let kind = match self.account.kind {
            Kind::Device => Kind::DeviceCode,
            _ => Kind::Code,
        };
        let now = kw.clock.now();
        let client = client.clone();
        let counted = kw.change(move |change| {
            let counted = count(change, &key, kind, now)?;
            if counted.since.is_used_up(kind) {
                let event = Event::new(What::CodesGuessed, client.clone());
                change.record(&event.of(account))?;
            }
            Ok(counted)
        })?;
        self.code = Some(counted);
        Ok(())
    }

    /// The attempt was a good one, with every factor: the account's row of failures is
    /// over. Address and codes only get this attempt back (B11, M4).
    ///
    /// # Errors
    /// `OVERTAKEN` where the password was changed, or its record made anew, since it was
    /// compared: nothing may begin by what is no password any more (R15).
    pub(in crate::service) fn succeeded(&self, tx: &mut AnyConnection) -> Result<()> {
        self.still_proved(tx)?;
        // In the order in which they were counted, or two of them could wait for each
        // other.
        self.release_around(tx)?;
        limits::clear(tx, &self.account.key)?;
        Ok(())
    }

    /// The password was right, but it is one factor of two: the attempt is taken back, and
    /// the guesses at the other one stay counted (B12, M4).
    ///
    /// # Errors
    /// As [`Reservation::succeeded`].
    pub(in crate::service) fn half_succeeded(&self, tx: &mut AnyConnection) -> Result<()> {
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

    /// Nobody said whether the attempt was a good one, or it needed none: it is as if it
    /// had not been, the wait that it began included.
    pub(in crate::service) fn given_back(&self, kw: &Keyward) -> Result<()> {
        let (inner, now) = (self.clone(), kw.clock.now());
        kw.store.write(move |tx| {
            let around = inner.addresses.iter().chain(&inner.code);
            for counted in around.chain([&inner.account]) {
                counted.undo(tx, now)?;
            }
            Ok(())
        })
    }

    /// The attempt was a good one, but proves nothing that guards the account already: it
    /// is taken back, and what failed before stays counted.
    pub(in crate::service) fn taken_back(&self, tx: &mut AnyConnection) -> Result<()> {
        self.release_around(tx)?;
        limits::release(tx, &self.account.key)?;
        Ok(())
    }

    fn release_around(&self, tx: &mut AnyConnection) -> store::Result<()> {
        for counted in self.addresses.iter().chain(&self.code) {
            limits::release(tx, &counted.key)?;
        }
        Ok(())
    }
}

impl Counted {
    /// Makes the counter what it was. Where another attempt was counted since, what it has
    /// to wait for stands, and only this one's failure is taken back.
    fn undo(&self, tx: &mut AnyConnection, now: Timestamp) -> store::Result<()> {
        let undone = match self.before {
            Some(before) => {
                let until = before.expires_at(self.kind, now);
                limits::set(tx, &self.key, Some(self.since), before, until)?
            }
            None => limits::remove(tx, &self.key, self.since)?,
        };
        if !undone {
            limits::release(tx, &self.key)?;
        }
        Ok(())
    }
}

/// A new password: whoever guessed at the old one begins anew. The codes that were
/// guessed stay counted, since a change of password proves no code.
pub(in crate::service) fn forget(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: AccountId,
) -> store::Result<()> {
    limits::clear(tx, &account_key(kw, &Subject::Account(account)).0)
}

/// An operator vouches for the owner: whoever guessed codes does not know the password,
/// or has no factor to guess at, any more.
pub(in crate::service) fn forget_codes(
    kw: &Keyward,
    tx: &mut AnyConnection,
    account: AccountId,
) -> store::Result<()> {
    let account = account_key(kw, &Subject::Account(account)).0;
    limits::clear(tx, &code_key(kw, &account))
}

fn count(tx: &mut AnyConnection, key: &str, kind: Kind, now: Timestamp) -> Result<Counted> {
    for _ in 0..ROUNDS {
        let before = limits::lookup(tx, key)?;
        let since = before
            .unwrap_or_default()
            .count(kind, now)
            .map_err(|refused| exceeded(refused, kind))?;
        if limits::set(tx, key, before, since, since.expires_at(kind, now))? {
            return Ok(Counted {
                key: key.to_owned(),
                kind,
                before,
                since,
            });
        }
    }
    Err(Error::busy(
        "a counter of attempts changed under every attempt to count",
    ))
}

fn exceeded(refused: Refused, kind: Kind) -> Error {
    let code = match kind {
        Kind::Address | Kind::Network | Kind::Site => Code::RequestsExceeded,
        Kind::Account | Kind::Device | Kind::Code | Kind::DeviceCode => Code::AttemptsExceeded,
    };
    let seconds = refused.wait_seconds;
    let mut error = Error::new(code, format!("Too many requests, retry after {seconds}s."));
    error.retry_after = Some(seconds);
    error
}

fn account_key(kw: &Keyward, subject: &Subject<'_>) -> (String, Kind) {
    match subject {
        Subject::Account(id) => (keyed(kw, "account", id.0.as_bytes()), Kind::Account),
        Subject::KnownBrowser { mark } => (keyed(kw, "device", mark.as_bytes()), Kind::Device),
        Subject::Nobody { identifier } => {
            (keyed(kw, "nobody", identifier.as_bytes()), Kind::Account)
        }
    }
}

/// The counter of codes that belongs to an account's counter, or to that of its known browsers.
fn code_key(kw: &Keyward, account: &str) -> String {
    keyed(kw, "code", account.as_bytes())
}

/// Addresses inside our own proxies' networks are a sidecar's own traffic, not a
/// client's: limited by account alone.
fn address_keys(kw: &Keyward, client: &Client) -> Vec<(String, Kind)> {
    let address = client.address.as_deref().filter(|_| !client.internal);
    let Some(address) = address.and_then(|text| text.parse().ok()) else {
        return Vec::new();
    };
    let one = |octets: &[u8]| vec![(keyed(kw, "address", octets), Kind::Address)];
    match address {
        IpAddr::V4(address) => one(&address.octets()),
        IpAddr::V6(address) => match (address.octets(), nat64(&address.octets())) {
            (_, Some(octets)) => one(&octets),
            // One household, one budget: the first 64 bits, and weaker limits around
            // them for who was given more (B5).
            (octets, None) => [(8, Kind::Address), (7, Kind::Network), (6, Kind::Site)]
                .map(|(bytes, kind)| (keyed(kw, "address", &octets[..bytes]), kind))
                .into(),
        },
    }
}

/// The IPv4 address inside `64:ff9b::/96` (RFC 6052).
fn nat64(octets: &[u8; 16]) -> Option<[u8; 4]> {
    let inside = octets[..12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    inside.then(|| octets[12..].try_into().ok())?
}

fn keyed(kw: &Keyward, kind: &str, text: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&kw.keys.limits);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(text);
    URL_SAFE_NO_PAD.encode(context.sign())
}
