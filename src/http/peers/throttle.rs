//! The first layer of limits (semantics 4): so many requests a second from one address,
//! counted in this process, before a body is read. It keeps floods of junk cheap; who
//! guesses at an account is the second layer's concern (`service/attempts/budget.rs`).

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::http::peers::client_address::household;
use crate::service::{Code, Error};

/// Requests that may come at once, and how many a second after that.
const BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();
const PER_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// Addresses that are remembered, at the most, before the idle ones are let go.
const REMEMBERED: usize = 50_000;

pub struct Throttle(DefaultKeyedRateLimiter<IpAddr>);

impl Default for Throttle {
    fn default() -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self(RateLimiter::keyed(quota))
    }
}

impl Throttle {
    /// # Errors
    /// `REQUESTS_EXCEEDED` with the seconds to wait.
    pub fn admit(&self, address: IpAddr) -> Result<(), Error> {
        if self.0.len() >= REMEMBERED {
            self.0.retain_recent();
        }
        self.0.check_key(&household(address)).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
            let message = format!("Too many requests, retry after {seconds}s.");
            let mut error = Error::new(Code::RequestsExceeded, message).not_final();
            error.retry_after = Some(seconds);
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b5_b18_a_household_has_one_burst_and_others_are_not_touched() {
        let throttle = Throttle::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for n in 0..200 {
            assert!(
                throttle.admit(address(&format!("2001:db8::{n:x}"))).is_ok(),
                "{n}"
            );
        }
        let refused = throttle.admit(address("2001:db8::ffff")).unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::RequestsExceeded, Some(1))
        );
        assert!(throttle.admit(address("2001:db8:0:1::1")).is_ok());
        assert!(throttle.admit(address("203.0.113.9")).is_ok());
    }
}
