//! How many mails somebody may be sent, so that nobody's mailbox is flooded through us (B17).
//! Counted in the transaction that writes the mail, so all replicas count together, and what
//! is rolled back was not counted.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::id::AccountId;
use crate::domain::identifier::{Email, in_lower_case};
use crate::domain::mail_letter::Letter;
use crate::domain::quota::{Household, Quota};
use crate::domain::session::Client;
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::limits::{self, Kept};

const HOUR: Duration = Duration::from_secs(3600);

/// Of one purpose to one account, and to one address whatever account it is said to have.
const TO_ONE: Quota = Quota {
    most: 3,
    window: HOUR,
};

/// Asked for by one client address.
const BY_ONE: Quota = Quota {
    most: 10,
    window: HOUR,
};

/// Published to one address, and by one account (docs/decisions/0117).
const PUBLISHED_TO: Quota = Quota {
    most: 30,
    window: HOUR,
};
const PUBLISHED_BY: Quota = Quota {
    most: 1000,
    window: HOUR,
};

/// A compare-and-set loses only to another mail that was counted.
const ROUNDS: usize = 64;

/// Whether so many mails that this client asks for would be sent: of its own quota, whoever they go
/// to.
pub(in crate::service) fn may_ask_for_mail(
    change: &mut Change<'_>,
    client: &Client,
    mails: usize,
) -> Result<bool> {
    let Some(key) = by_client(change.kw, "mail by", client) else {
        return Ok(true);
    };
    let mut counter = limits::lookup(change, &key)?;
    for _ in 0..mails {
        counter = BY_ONE.count(counter, change.now);
        if counter.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether this client may ask once more within the hour for what tells it who has an account.
pub(in crate::service) fn may_be_told(change: &mut Change<'_>, client: &Client) -> Result<bool> {
    match by_client(change.kw, "told by", client) {
        Some(key) => take_one(change, &key, BY_ONE),
        None => Ok(true),
    }
}

/// The same of whoever is signed in and asks for another name, of the account or of an organization:
/// of the account besides, wherever it asks from.
pub(in crate::service) fn may_ask_for_name(
    change: &mut Change<'_>,
    account: AccountId,
    client: &Client,
) -> Result<bool> {
    let quotas = told(change.kw, account, client);
    take_all(change, quotas)
}

/// The name was free, and nobody was told of anybody.
pub(in crate::service) fn was_told_nothing(
    change: &mut Change<'_>,
    account: AccountId,
    client: &Client,
) -> Result<()> {
    for (key, _) in told(change.kw, account, client) {
        limits::release(change, &key)?;
    }
    Ok(())
}

/// The household's first, as everywhere.
fn told(kw: &Keyward, account: AccountId, client: &Client) -> Vec<(String, Quota)> {
    let household = by_client(kw, "told by", client).into_iter();
    let own = keyed(kw, &["told to"], account.0.as_bytes());
    household.chain([own]).map(|key| (key, BY_ONE)).collect()
}

/// Of its household; none for what comes from one of our own networks.
fn by_client(kw: &Keyward, what: &str, client: &Client) -> Option<String> {
    let address = client.address.filter(|_| !client.internal)?;
    Some(keyed(kw, &[what], &Household::from(address).octets()))
}

/// Uses up a part of every quota that the letter has. False where one is used up. Who asks has asked,
/// whether the mail leaves or not: by what is left to them they would learn who has an account (E12).
pub(in crate::service) fn take(change: &mut Change<'_>, letter: &Letter) -> Result<bool> {
    let asker = letter.asked_by.as_ref();
    let asker = asker.filter(|_| letter.purpose.is_asked_for());
    if let Some(client) = asker
        && !take_ask(change, client)?
    {
        return Ok(false);
    }
    let quotas = quotas(change.kw, letter);
    take_all(change, quotas)
}

/// Counts that a client asked for a mail: as well where the address has no account, and none leaves.
/// False where it asked for enough.
pub(in crate::service) fn take_ask(change: &mut Change<'_>, client: &Client) -> Result<bool> {
    match by_client(change.kw, "mail by", client) {
        Some(key) => take_one(change, &key, BY_ONE),
        None => Ok(true),
    }
}

/// The same for what an administrator's own system sends.
pub(in crate::service) fn take_publication(
    change: &mut Change<'_>,
    by: AccountId,
    to: &Email,
) -> Result<bool> {
    let by = keyed(change.kw, &["published by"], by.0.as_bytes());
    let to = keyed(change.kw, &["published to"], to.canonical().as_bytes());
    take_all(change, vec![(by, PUBLISHED_BY), (to, PUBLISHED_TO)])
}

fn take_all(change: &mut Change<'_>, quotas: Vec<(String, Quota)>) -> Result<bool> {
    let now = change.now;
    // First whether all would hold, so that a mail that is not written uses up none.
    for (key, quota) in &quotas {
        if quota.count(limits::lookup(change, key)?, now).is_none() {
            return Ok(false);
        }
    }
    for (key, quota) in quotas {
        if !take_one(change, &key, quota)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn take_one(change: &mut Change<'_>, key: &str, quota: Quota) -> Result<bool> {
    let now = change.now;
    for _ in 0..ROUNDS {
        let before = limits::lookup(change, key)?;
        let Some(since) = quota.count(before, now) else {
            return Ok(false);
        };
        let kept = Kept {
            counter: since,
            until: since.since + quota.window,
        };
        if limits::set(change, key, before, kept)? {
            return Ok(true);
        }
    }
    Err(Error::busy("a counter of mails changed under every mail"))
}

/// After the asker's: the order in which every transaction takes their rows.
fn quotas(kw: &Keyward, letter: &Letter) -> Vec<(String, Quota)> {
    let purpose = letter.counts_as.unwrap_or(letter.purpose.as_str());
    let to = in_lower_case(&letter.to);
    let to = (keyed(kw, &["mail to", purpose], to.as_bytes()), TO_ONE);
    let of = letter.account.map(|account| {
        let key = keyed(kw, &["mail of", purpose], account.0.as_bytes());
        (key, TO_ONE)
    });
    [to].into_iter().chain(of).collect()
}

fn keyed(kw: &Keyward, words: &[&str], subject: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&kw.keys.limits);
    for word in words {
        context.update(word.as_bytes());
        context.update(&[0]);
    }
    context.update(subject);
    URL_SAFE_NO_PAD.encode(context.sign())
}
