//! Whose secrets are guessed at, and the keys of the counters that it is counted by.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::account::Account;
use crate::domain::guess_limit::Kind;
use crate::domain::id::{AccountId, SessionId};
use crate::domain::quota::Household;
use crate::domain::session::Client;
use crate::service::keyward::Keyward;
use crate::store::factors::Factor;
use crate::support::secret::same;

/// Whose secret is guessed at. An identifier that nobody has is counted like one that
/// somebody has, so that the answers are the same.
pub(in crate::service) enum Subject<'a> {
    Account(AccountId),
    /// A browser that shows the mark of its account, as all browsers do that are known to
    /// it (`crypto/browser_mark.rs`).
    KnownBrowser {
        account: AccountId,
        mark: &'a str,
    },
    /// An address from which the account signed in of late: what a known browser is to
    /// clients that keep no cookies.
    KnownAddress {
        account: &'a Account,
        household: String,
    },
    /// The holder of an access token: counted by the session of its sign-in alone, so that a
    /// stolen token shuts nobody else out (M5).
    Session(SessionId),
    Nobody {
        identifier: &'a str,
    },
}

/// What an account is known by.
pub(in crate::service) struct Known<'a> {
    /// The factor that counts.
    pub(in crate::service) factor: Option<&'a Factor>,
    /// From where it signed in of late.
    pub(in crate::service) addresses: &'a [IpAddr],
}

impl<'a> Subject<'a> {
    /// Whose guess at this account's secrets it is: a known browser's where the mark that
    /// was shown is the one of now, a known address's where the client comes from one, and
    /// else anybody's. `shown`: the marks that came, with spaces between.
    pub(in crate::service) fn of(
        kw: &Keyward,
        account: &'a Account,
        known: &Known<'_>,
        (shown, client): (Option<&'a str>, &Client),
    ) -> Self {
        let mark = mark_of(kw, account, known.factor);
        let mut shown = shown.into_iter().flat_map(|shown| shown.split(' '));
        if let Some(mark) = shown.find(|shown| same(shown.as_bytes(), mark.as_bytes())) {
            return Self::KnownBrowser {
                account: account.id,
                mark,
            };
        }
        match household_of(client) {
            Some(household) if is_among(household, known.addresses) => Self::KnownAddress {
                account,
                household: keyed(kw, "household", &household.octets()),
            },
            _ => Self::Account(account.id),
        }
    }

    pub(in crate::service::attempts) const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(id) | Self::KnownBrowser { account: id, .. } => Some(*id),
            Self::KnownAddress { account, .. } => Some(account.id),
            Self::Session(_) | Self::Nobody { .. } => None,
        }
    }
}

fn is_among(household: Household, addresses: &[IpAddr]) -> bool {
    addresses
        .iter()
        .any(|&address| Household::from(address) == household)
}

/// The mark of the browsers that sign in to it now.
pub(in crate::service) fn mark_of(
    kw: &Keyward,
    account: &Account,
    factor: Option<&Factor>,
) -> String {
    let factor = factor.map(|factor| factor.id);
    kw.keys.devices.mark(account.id, account.epoch, factor)
}

pub(in crate::service::attempts) fn account_key(
    kw: &Keyward,
    subject: &Subject<'_>,
) -> (String, Kind) {
    match subject {
        Subject::Account(id) => (keyed(kw, "account", id.0.as_bytes()), Kind::Account),
        Subject::KnownAddress { account, household } => {
            // Of the account's epoch: who knew a password that was changed is a stranger.
            let text = format!("{} {} {household}", account.id, account.epoch.0);
            (keyed(kw, "known address", text.as_bytes()), Kind::Household)
        }
        Subject::Session(id) => (keyed(kw, "session", id.0.as_bytes()), Kind::Session),
        Subject::KnownBrowser { mark, .. } => (keyed(kw, "device", mark.as_bytes()), Kind::Device),
        Subject::Nobody { identifier } => {
            (keyed(kw, "nobody", identifier.as_bytes()), Kind::Account)
        }
    }
}

/// Where codes are counted that come with the right password: known browsers have a bucket
/// of their own, and everybody else shares one, or each known address would be more guesses
/// (M4).
pub(in crate::service::attempts) fn code_key_of(
    kw: &Keyward,
    subject: &Subject<'_>,
) -> Option<(String, Kind)> {
    let of = |subject: &Subject<'_>| code_key(kw, &account_key(kw, subject).0);
    match subject {
        Subject::Session(_) => None,
        Subject::KnownBrowser { .. } => Some((of(subject), Kind::DeviceCode)),
        Subject::KnownAddress { account, .. } => {
            Some((of(&Subject::Account(account.id)), Kind::Code))
        }
        Subject::Account(_) | Subject::Nobody { .. } => Some((of(subject), Kind::Code)),
    }
}

/// The counter of codes that belongs to an account's counter, or to that of its known browsers.
pub(in crate::service::attempts) fn code_key(kw: &Keyward, account: &str) -> String {
    keyed(kw, "code", account.as_bytes())
}

/// The counters of failures of a client's address.
pub(in crate::service::attempts) fn address_keys(
    kw: &Keyward,
    client: &Client,
) -> Vec<(String, Kind)> {
    let kinds = [Kind::Address, Kind::Network, Kind::Site];
    keys_around(kw, client, "address", kinds)
}

/// The counters of a client's address, and of the networks of 56 and 48 bits around one of
/// IPv6. Addresses inside our own proxies' networks are a sidecar's own traffic, not a
/// client's: they have none.
pub(in crate::service::attempts) fn keys_around(
    kw: &Keyward,
    client: &Client,
    word: &str,
    [address, network, site]: [Kind; 3],
) -> Vec<(String, Kind)> {
    let Some(household) = household_of(client) else {
        return Vec::new();
    };
    let octets = household.octets();
    if octets.len() == 4 {
        return vec![(keyed(kw, word, &octets), address)];
    }
    // One household, one budget, and weaker limits around it for who was given more (B5).
    [(8, address), (7, network), (6, site)]
        .map(|(bytes, kind)| (keyed(kw, word, &octets[..bytes]), kind))
        .into()
}

/// The client's household; none where it is no client's.
fn household_of(client: &Client) -> Option<Household> {
    let address = client.address.filter(|_| !client.internal)?;
    Some(address.into())
}

pub(in crate::service::attempts) fn keyed(kw: &Keyward, kind: &str, text: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&kw.keys.limits);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(text);
    URL_SAFE_NO_PAD.encode(context.sign())
}
