//! How often something may happen within a fixed window, and whose address a client has: the
//! arithmetic, without storage.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::domain::guess_limit::Counter;
use crate::support::clock::{Timestamp, millis};

/// So often within a window, which begins with the first of them.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    pub most: i64,
    pub window: Duration,
}

impl Quota {
    /// Counts one more. `None` where the quota is used up, and nothing is counted.
    #[must_use]
    pub fn count(self, counter: Option<Counter>, now: Timestamp) -> Option<Counter> {
        let new = Counter {
            failures: 1,
            next_at: now,
            since: now,
            forgiven: 0,
        };
        let Some(counter) = counter else {
            return Some(new);
        };
        let passed = now.millis_since(counter.since);
        // A window that begins later than now was written by a clock that was ahead.
        if passed >= millis(self.window) || passed < -millis(self.window) {
            return Some(new);
        }
        (counter.failures < self.most).then_some(Counter {
            failures: counter.failures + 1,
            ..counter
        })
    }
}

/// Who counts as one client: an IPv4 address however it is written, or 64 bits of IPv6 (threats B5, B6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Household(IpAddr);

impl Household {
    /// What the database's counters are keyed by.
    #[must_use]
    pub fn octets(self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(network) => network.octets()[..8].to_vec(),
        }
    }
}

impl From<IpAddr> for Household {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => match address.octets() {
                // An IPv4 address inside `64:ff9b::/96` (RFC 6052).
                [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, inside @ ..] => {
                    Ipv4Addr::from(inside).into()
                }
                _ => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            },
        })
    }
}

impl fmt::Display for Household {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b17_a_window_begins_with_the_first_and_ends_an_hour_later() {
        let quota = Quota {
            most: 3,
            window: Duration::from_secs(3600),
        };
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let mut counter = None;
        for seconds in [0, 10, 3599] {
            counter = Some(quota.count(counter, at(seconds)).unwrap());
        }
        assert_eq!(quota.count(counter, at(3599)), None);
        // A clock that goes back forgives nothing.
        assert_eq!(quota.count(counter, at(-60)), None);
        let next = quota.count(counter, at(3600)).unwrap();
        assert_eq!((next.failures, next.since), (1, at(3600)));
        assert_eq!(quota.count(counter, at(-3601)).unwrap().failures, 1);
    }

    #[test]
    fn a_household_is_an_address_or_64_bits() {
        let of = |text: &str| Household::from(text.parse::<IpAddr>().unwrap());
        let octets = |text| of(text).octets();
        assert_eq!(octets("192.0.2.1"), [192, 0, 2, 1]);
        for written in ["::ffff:192.0.2.1", "64:ff9b::192.0.2.1"] {
            assert_eq!(of(written), of("192.0.2.1"));
        }
        assert_eq!(octets("2001:db8::1"), [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0]);
        assert_eq!(of("2001:db8::1").to_string(), "2001:db8::");
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
