//! How many connections there may be (threat H4): of one address, and of all. A proxy that
//! is trusted brings many clients over its own address and counts towards all only.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use parking_lot::{Mutex, MutexGuard};

use crate::domain::quota::Household;
use crate::http::peers::client_address::{is_trusted, unmapped};

/// How often a refusal is told of, for each address.
const TOLD_EVERY: Duration = Duration::from_secs(60);

pub struct Connections {
    most: usize,
    most_of_one: usize,
    trusted: Vec<IpNet>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of: HashMap<Household, usize>,
    /// When a refusal was last told of; `None` stands for all addresses together.
    told: HashMap<Option<Household>, Instant>,
}

/// A connection's place among the others, given back when this is dropped.
pub struct Place {
    connections: Arc<Connections>,
    /// `None` for a trusted proxy.
    household: Option<Household>,
}

impl Connections {
    #[must_use]
    pub fn new(most: usize, most_of_one: usize, trusted: Vec<IpNet>) -> Self {
        Self {
            most,
            most_of_one,
            trusted,
            open: Mutex::default(),
        }
    }

    /// A place for a connection from there; `None` where there are too many already.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = unmapped(peer);
        let household = (!is_trusted(peer, &self.trusted)).then(|| peer.into());
        let mut open = self.open();
        // Strangers leave an eighth to our own proxies, which bring everybody else.
        let kept = if household.is_some() {
            self.most / 8
        } else {
            0
        };
        if open.all >= self.most - kept {
            open.tell(None, "in all");
            return None;
        }
        if let Some(household) = household {
            let of = open.of.entry(household).or_default();
            if *of >= self.most_of_one {
                open.tell(Some(household), &format!("of {household}"));
                return None;
            }
            *of += 1;
        }
        open.all += 1;
        Some(Place {
            connections: Arc::clone(self),
            household,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing in here can panic between two numbers that belong together.
        self.open.lock()
    }
}

impl Open {
    fn tell(&mut self, of: Option<Household>, whose: &str) {
        self.told.retain(|_, at| at.elapsed() < TOLD_EVERY);
        if let std::collections::hash_map::Entry::Vacant(entry) = self.told.entry(of) {
            entry.insert(Instant::now());
            log::warn!("too many connections {whose}: new ones are closed");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.all -= 1;
        if let Some(household) = self.household
            && let Some(of) = open.of.get_mut(&household)
        {
            *of -= 1;
            if *of == 0 {
                open.of.remove(&household);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h4_b5_places_are_counted_for_each_household_and_given_back() {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        let connections = Arc::new(Connections::new(6, 2, trusted));
        let admit = |text: &str| connections.admit(text.parse().unwrap());
        let first = [admit("203.0.113.9"), admit("::ffff:203.0.113.9")];
        assert!(first.iter().all(Option::is_some));
        assert!(admit("203.0.113.9").is_none(), "two of one address");
        let other = [admit("2001:db8::1"), admit("2001:db8::2")];
        assert!(other.iter().all(Option::is_some), "nobody else is touched");
        assert!(admit("2001:db8::3").is_none(), "one household");
        let proxy = [admit("10.0.0.7"), admit("10.0.0.7")];
        assert!(proxy.iter().all(Option::is_some));
        assert!(admit("10.0.0.7").is_none(), "six in all");
        drop(first);
        assert!(admit("10.0.0.7").is_some() && admit("203.0.113.9").is_some());
        drop((other, proxy));
        let open = connections.open();
        assert_eq!((open.all, open.of.len()), (0, 0), "nothing is left over");
    }
    #[test]
    fn b6_two_clients_behind_one_nat64_have_places_each() {
        let connections = Arc::new(Connections::new(8, 1, Vec::new()));
        let admit = |text: &str| connections.admit(text.parse().unwrap());
        let first = admit("64:ff9b::192.0.2.1");
        assert!(first.is_some());
        assert!(admit("192.0.2.1").is_none(), "the same client");
        assert!(admit("64:ff9b::192.0.2.2").is_some());
    }
}
