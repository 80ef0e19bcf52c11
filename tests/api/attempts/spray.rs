//! Passwords sprayed over many accounts from many addresses (row B7): an operator is told,
//! once a minute at the most, and nobody is refused for what strangers do.

use keyward::service::upkeep::spray_alarm;

use crate::support::{PASSWORD, TestKeyward, WRONG};

const ALICE: &str = "alice@example.com";

impl TestKeyward {
    /// Each at another account and from another address, in the same instant.
    fn spray(&self, failures: usize) {
        for number in 0..failures {
            let peer = format!("203.0.113.{number}");
            let ask = self.ask_sign_in(&format!("nobody{number}@example.com"), WRONG);
            ask.peer(&peer).send().refused(401, "INVALID_CREDENTIALS");
        }
    }

    fn told(&self) -> i64 {
        spray_alarm::failed_sign_ins(&self.kw).unwrap();
        self.count("audit_events WHERE what = 'sign_ins_failing'")
    }
}

both!(
    b7_many_failures_within_a_minute_are_told_once_and_refuse_nobody,
    &[("KEYWARD_FAILURE_ALARM", "20")],
    |kw| {
        kw.account(ALICE);
        kw.spray(19);
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
        assert_eq!(kw.told(), 0, "a success is no failure");
        kw.spray(1);
        assert_eq!(kw.told(), 1);
        // Another replica, or the same once more, has nothing to add.
        assert_eq!((kw.replica().told(), kw.told()), (1, 1));
        let stranger = kw.ask_sign_in(ALICE, PASSWORD).peer("198.51.100.7");
        assert_eq!(stranger.send().status, 200);
        // A minute later it is over, and what comes then is told anew.
        kw.advance(60);
        assert_eq!(kw.told(), 1);
        kw.spray(25);
        assert_eq!(kw.told(), 2);
    }
);

both!(
    b7_the_alarm_can_be_switched_off,
    &[("KEYWARD_FAILURE_ALARM", "0")],
    |kw| {
        kw.spray(25);
        assert_eq!(kw.told(), 0);
    }
);
