//! Who may wait for the password lane (semantics 5, "Fairness"): there are only so many
//! seats, and nobody may hold them all. Kept apart from the threads, so that it can be
//! read and tried alone.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::domain::quota::Household;

/// How many attempts at one account may be in flight at once.
const OF_ONE_ACCOUNT: usize = 2;

/// Who asks for a seat, as far as it can be told without the database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asker {
    /// The household that asks; `None` for our own proxies' traffic, whose many clients
    /// share one address.
    pub household: Option<Household>,
    pub trust: Trust,
}

/// What speaks for whoever asks. A third of the seats is kept from strangers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    #[default]
    Stranger,
    /// Shows a mark that nobody has looked at: it is taken for a known browser until the
    /// account was read, which takes no hashing.
    Claims,
    /// Has a live session.
    Known,
}

/// No seat is free for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

pub(super) struct Seats {
    all: usize,
    /// Of them, how many strangers may hold.
    for_strangers: usize,
    of_one_household: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_strangers: usize,
    households: HashMap<Household, usize>,
    accounts: HashMap<String, usize>,
}

/// One seat. It is free again when it is given back or dropped, whichever comes first.
pub(super) struct Place {
    seats: Arc<Seats>,
    held: Mutex<Option<Held>>,
    was_full: AtomicBool,
}

struct Held {
    household: Option<Household>,
    trust: Trust,
    account: Option<String>,
}

impl Seats {
    pub(super) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self {
            all,
            for_strangers: all - all / 3,
            of_one_household: (all / 4).max(2),
            taken: Mutex::default(),
        })
    }

    pub(super) fn take(self: &Arc<Self>, asker: Asker) -> Result<Place, Full> {
        let mut taken = lock(&self.taken);
        let stranger = asker.trust == Trust::Stranger;
        let of_household = asker
            .household
            .map_or(0, |household| of(&taken.households, &household));
        if taken.all >= self.all
            || (stranger && taken.by_strangers >= self.for_strangers)
            || of_household >= self.of_one_household
        {
            return Err(Full);
        }
        taken.all += 1;
        taken.by_strangers += usize::from(stranger);
        if let Some(household) = asker.household {
            *taken.households.entry(household).or_default() += 1;
        }
        Ok(Place {
            seats: Arc::clone(self),
            held: Mutex::new(Some(Held {
                household: asker.household,
                trust: asker.trust,
                account: None,
            })),
            was_full: AtomicBool::new(false),
        })
    }
}

impl Place {
    /// Says whose secret it is for, once that was read, and whether a known browser asks.
    /// A mark that was planted has no more than a stranger's seat from here on, or none.
    pub(super) fn is_for(&self, account: &str, known: bool) -> Result<(), Full> {
        let mut held = lock(&self.held);
        // Given back already: whoever asked is gone, and nothing will be hashed.
        let Some(held) = held.as_mut().filter(|held| held.account.is_none()) else {
            return Ok(());
        };
        let mut taken = lock(&self.seats.taken);
        let becomes_stranger = held.trust == Trust::Claims && !known;
        if (becomes_stranger && taken.by_strangers >= self.seats.for_strangers)
            || of(&taken.accounts, account) >= OF_ONE_ACCOUNT
        {
            self.was_full.store(true, Ordering::Relaxed);
            return Err(Full);
        }
        match held.trust {
            Trust::Claims if becomes_stranger => {
                held.trust = Trust::Stranger;
                taken.by_strangers += 1;
            }
            Trust::Claims => held.trust = Trust::Known,
            Trust::Stranger | Trust::Known => {}
        }
        *taken.accounts.entry(account.to_owned()).or_default() += 1;
        held.account = Some(account.to_owned());
        Ok(())
    }

    /// Whether it was no use in the end.
    pub(super) fn was_full(&self) -> bool {
        self.was_full.load(Ordering::Relaxed)
    }

    pub(super) fn give_back(&self) {
        let Some(held) = lock(&self.held).take() else {
            return;
        };
        let mut taken = lock(&self.seats.taken);
        taken.all -= 1;
        taken.by_strangers -= usize::from(held.trust == Trust::Stranger);
        if let Some(household) = held.household {
            leave(&mut taken.households, &household);
        }
        if let Some(account) = held.account {
            leave(&mut taken.accounts, &account);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn of<K, Q>(counts: &HashMap<K, usize>, key: &Q) -> usize
where
    K: Eq + Hash + Borrow<Q>,
    Q: Eq + Hash + ?Sized,
{
    counts.get(key).copied().unwrap_or(0)
}

fn leave<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can panic between two numbers that belong together.
    mutex.lock()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn from(address: &str, trust: Trust) -> Asker {
        Asker {
            household: Some(address.parse::<IpAddr>().unwrap().into()),
            trust,
        }
    }

    fn strangers(seats: &Arc<Seats>, addresses: u8) -> Vec<Place> {
        let addresses = (0..addresses).map(|n| format!("203.0.113.{n}"));
        let asked = addresses.map(|it| seats.take(from(&it, Trust::Stranger)));
        asked.filter_map(Result::ok).collect()
    }

    #[test]
    fn attack_m2_one_household_holds_a_quarter_and_our_own_proxies_are_none() {
        let seats = Seats::new(18);
        let asker = from("203.0.113.9", Trust::Known);
        let mut held: Vec<_> = (0..4).map(|_| seats.take(asker).ok().unwrap()).collect();
        assert_eq!(seats.take(asker).err(), Some(Full));
        held.pop();
        held.push(seats.take(asker).ok().unwrap());
        let own = Asker::default();
        held.extend((0..12).map(|_| seats.take(own).ok().unwrap()));
        assert!(seats.take(own).is_err(), "12 of 18 are for strangers");
        drop(held);
        let small = Seats::new(3);
        let held: Vec<_> = (0..3).filter_map(|_| small.take(asker).ok()).collect();
        assert_eq!(held.len(), 2, "two at least");
    }

    #[test]
    fn attack_m2_a_third_is_kept_from_strangers_and_planted_marks() {
        let seats = Seats::new(9);
        let held = strangers(&seats, 20);
        assert_eq!(held.len(), 6);
        let planted = seats.take(from("198.51.100.1", Trust::Claims)).ok();
        let planted = planted.unwrap();
        assert_eq!(planted.is_for("alice", false), Err(Full));
        drop(planted);
        let known = ["1", "2", "3"].map(|n| {
            let asker = from(&format!("198.51.100.{n}"), Trust::Claims);
            seats.take(asker).ok().unwrap()
        });
        for (n, place) in known.iter().enumerate() {
            assert_eq!(place.is_for(&n.to_string(), true), Ok(()));
        }
        assert!(seats.take(from("192.0.2.1", Trust::Known)).is_err());
        drop(held);
        assert!(seats.take(from("192.0.2.1", Trust::Stranger)).is_ok());
    }

    #[test]
    fn attack_m2_one_account_has_two_in_flight() {
        let seats = Seats::new(30);
        let places = strangers(&seats, 4);
        assert_eq!(places[0].is_for("alice", false), Ok(()));
        assert_eq!(places[1].is_for("alice", false), Ok(()));
        assert_eq!(places[2].is_for("alice", false), Err(Full));
        assert_eq!(places[3].is_for("bob", false), Ok(()));
        places[0].give_back();
        assert_eq!(places[2].is_for("alice", false), Ok(()));
    }

    #[test]
    fn what_is_given_back_twice_is_free_once() {
        let seats = Seats::new(2);
        let place = seats.take(Asker::default()).ok().unwrap();
        place.is_for("alice", false).unwrap();
        place.give_back();
        drop(place);
        let taken = lock(&seats.taken);
        assert_eq!((taken.all, taken.by_strangers), (0, 0));
        assert!(taken.households.is_empty() && taken.accounts.is_empty());
    }
}
