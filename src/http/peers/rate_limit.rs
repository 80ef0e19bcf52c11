//! The first layer of limits (semantics 4): so many requests a second from one address,
//! counted in this process, before a body is read. It keeps floods of junk cheap; who
//! guesses at an account is the second layer's concern (`service/attempts/guess_budget.rs`).

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::sleep;

use crate::domain::quota::Household;
use crate::service::{Code, Error};

/// Requests that may come at once, and how many a second after that.
const BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();
const PER_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// Addresses that are remembered, at the most, before the idle ones are let go.
const REMEMBERED: usize = 50_000;

pub struct Throttle(DefaultKeyedRateLimiter<Household>);

impl Default for Throttle {
    fn default() -> Self {
        Self::of(PER_SECOND, BURST)
    }
}

/// Refusals that are cheap one by one. Whoever asks again at once, in spite of Retry-After,
/// gets so many that refusing takes the cores from hashing, which yields to everything
/// (docs/decisions/0041): beyond these a second each is held back for a while.
pub struct Refusals(Throttle);

const QUICK_REFUSALS: NonZeroU32 = NonZeroU32::new(100).unwrap();
const HELD: Duration = Duration::from_millis(250);

impl Default for Refusals {
    fn default() -> Self {
        Self(Throttle::of(QUICK_REFUSALS, QUICK_REFUSALS))
    }
}

impl Refusals {
    /// Waits before a refusal goes out, where too many went there. `None`: our own proxies.
    pub async fn pace(&self, household: Option<Household>) {
        let whose = household.unwrap_or_else(|| IpAddr::V4(Ipv4Addr::UNSPECIFIED).into());
        if self.0.admit(whose).is_err() {
            sleep(HELD).await;
        }
    }
}

impl Throttle {
    fn of(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self(RateLimiter::keyed(quota))
    }

    /// # Errors
    /// `REQUESTS_EXCEEDED` with the seconds to wait.
    pub fn admit(&self, whose: Household) -> Result<(), Error> {
        if self.0.len() >= REMEMBERED {
            self.0.retain_recent();
        }
        self.0.check_key(&whose).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
            let message = format!("Too many requests, retry after {seconds}s.");
            let mut error = Error::new(Code::RequestsExceeded, message);
            error.retry_after = Some(seconds);
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures_util::FutureExt as _;

    use super::*;

    fn household(address: &str) -> Household {
        Household::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn b5_b18_a_household_has_one_burst_and_others_are_not_touched() {
        let throttle = Throttle::default();
        for n in 0..200 {
            assert!(
                throttle
                    .admit(household(&format!("2001:db8::{n:x}")))
                    .is_ok(),
                "{n}"
            );
        }
        // Where the machine is slow a few more are there by now.
        let mut further =
            (0..1_000).filter_map(|_| throttle.admit(household("2001:db8::ffff")).err());
        let refused = further.next().unwrap();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::RequestsExceeded, Some(1))
        );
        assert!(throttle.admit(household("2001:db8:0:1::1")).is_ok());
        assert!(throttle.admit(household("203.0.113.9")).is_ok());
    }

    #[test]
    fn b6_two_clients_behind_one_nat64_have_a_burst_each() {
        let throttle = Throttle::default();
        while throttle.admit(household("64:ff9b::192.0.2.1")).is_ok() {}
        assert!(throttle.admit(household("64:ff9b::192.0.2.2")).is_ok());
        // However it comes, an address has one.
        assert!(throttle.admit(household("192.0.2.1")).is_err());
        assert!(throttle.admit(household("::ffff:192.0.2.1")).is_err());
    }

    #[actix_web::test]
    async fn attack_m9_who_is_refused_too_often_waits_for_it_and_nobody_else() {
        let refusals = Refusals::default();
        let impatient = Some(household("203.0.113.9"));
        let is_quick = |whose| refusals.pace(whose).now_or_never().is_some();
        assert!((0..QUICK_REFUSALS.get()).all(|_| is_quick(impatient)));
        let began = Instant::now();
        // Where the machine is slow a few more are quick.
        let mut further = (0..1_000).map(|_| Box::pin(refusals.pace(impatient)));
        let held = further.find_map(|mut pace| match (&mut pace).now_or_never() {
            Some(()) => None,
            None => Some(pace),
        });
        held.unwrap().await;
        assert!(began.elapsed() >= HELD);
        assert!(is_quick(Some(household("203.0.113.10"))));
        assert!(is_quick(None));
    }
}
