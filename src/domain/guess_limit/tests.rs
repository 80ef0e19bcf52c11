//! The curves, second by second.

use super::*;

const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + seconds * 1000)
}

/// The seconds that must be waited before each further attempt.
#[test]
fn b1_the_curve_of_an_account() {
    let mut counter = Counter::default();
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..100 {
        counter = counter.count(Kind::Account, now).unwrap();
        let wait = counter.next_at.millis_since(now).max(0) / 1000;
        waits.push(wait);
        if wait > 0 {
            let early = counter.count(Kind::Account, now).unwrap_err();
            assert_eq!(i64::from(early.wait_seconds.unwrap()), wait);
        }
        now = now.max(counter.next_at);
    }
    assert_eq!(
        waits[..16],
        [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    );
    assert!(waits[16..99].iter().all(|wait| *wait == 900));
    // Beyond a hundred: one a day, and never none (M3).
    assert_eq!(waits[99], DAY);
    for _ in 0..3 {
        let early = Timestamp::from_millis(now.millis() - 1);
        let refused = counter.count(Kind::Account, early).unwrap_err();
        assert_eq!(refused.wait_seconds, Some(1));
        counter = counter.count(Kind::Account, now).unwrap();
        assert_eq!(counter.next_at.millis_since(now), DAY * 1000);
        now = counter.next_at;
    }
}

#[test]
fn b1_a_free_attempt_does_not_wait_for_a_clock_that_went_back() {
    let counter = Counter::default().count(Kind::Account, at(0)).unwrap();
    assert!(counter.count(Kind::Account, at(-61)).is_ok());
}

/// Before the clock went back: used up by as many failures as it takes.
#[test]
fn s8_a_clock_that_was_ahead_costs_no_more_than_the_longest_wait() {
    for (kind, failures, longest) in [
        (Kind::Account, 16, 900),
        (Kind::Device, 16, 900),
        (Kind::Code, 10, 7200),
        (Kind::DeviceCode, 5, 14_400),
        (Kind::Address, 30, 300),
        (Kind::Network, 120, 300),
        (Kind::Site, 480, 300),
        (Kind::Guest, 30, 3600),
        (Kind::GuestNetwork, 120, 3600),
        (Kind::GuestSite, 480, 3600),
    ] {
        let mut counter = Counter::default();
        let mut ahead = at(DAY);
        for _ in 0..failures {
            ahead = ahead.max(counter.next_at);
            counter = counter.count(kind, ahead).unwrap();
        }
        assert!(counter.count(kind, ahead).is_err(), "{kind:?}");
        // One attempt is looked at, and nothing is forgiven by it.
        let counted = counter.count(kind, at(0)).unwrap();
        assert!(counted.failures >= counter.failures, "{kind:?}");
        let refused = counted.count(kind, at(0)).unwrap_err();
        assert_eq!(
            i64::from(refused.wait_seconds.unwrap()),
            longest,
            "{kind:?}"
        );
        assert!(counted.count(kind, at(longest)).is_ok(), "{kind:?}");
        let expires_at = counted.expires_at(kind, at(0));
        assert!(expires_at <= at(30 * DAY), "{kind:?}");
    }
}

#[test]
fn s8_a_clock_that_went_back_a_little_frees_no_attempt() {
    for (kind, failures) in [(Kind::Account, 16), (Kind::Code, 10), (Kind::Address, 30)] {
        let mut counter = Counter::default();
        let mut now = at(0);
        for _ in 0..failures {
            now = now.max(counter.next_at);
            counter = counter.count(kind, now).unwrap();
        }
        let back = Timestamp::from_millis(now.millis() - 60_000);
        assert!(counter.count(kind, back).is_err(), "{kind:?}");
    }
}

#[test]
fn s8_a_suspension_outlasts_every_clock() {
    let suspended = Counter {
        failures: 100,
        next_at: at(DAY),
        since: at(DAY),
        forgiven: 0,
    };
    let refused = suspended.count(Kind::Account, at(0)).unwrap_err();
    assert_eq!(refused.wait_seconds.map(i64::from), Some(DAY));
}

#[test]
fn attack_m3_failures_are_told_of_at_ten_fifty_and_a_hundred() {
    let mut told = Vec::new();
    for failures in 0..=300 {
        let counter = Counter {
            failures,
            ..Counter::default()
        };
        for kind in [Kind::Account, Kind::Device, Kind::Household] {
            told.extend(counter.milestone(kind).map(|it| (failures, it)));
        }
        for kind in [Kind::Session, Kind::Code, Kind::Address, Kind::Site] {
            assert_eq!(counter.milestone(kind), None);
        }
    }
    let wanted = [
        (10, Milestone::Guessed),
        (50, Milestone::Guessed),
        (100, Milestone::Suspended),
    ];
    assert_eq!(told, wanted.map(|it| [it; 3]).concat());
}

#[test]
fn attack_h2_of_what_was_forgiven_each_tenth_is_told() {
    let mut told = Vec::new();
    for forgiven in [5, 10, 14] {
        for failures in 1..=120 {
            let counter = Counter {
                failures,
                forgiven,
                ..Counter::default()
            };
            let milestone = counter.milestone(Kind::Account);
            let wanted = match failures {
                100 => Some(Milestone::Suspended),
                1..100 if (failures + forgiven) % 10 == 0 => Some(Milestone::Guessed),
                _ => None,
            };
            assert_eq!(milestone, wanted, "{failures} {forgiven}");
            told.extend(milestone);
        }
    }
    assert_eq!(told.len(), 11 + 10 + 11);
    // What was forgiven costs no waiting, and is not forgotten with a free attempt.
    let forgiven = Counter {
        forgiven: 95,
        ..Counter::default()
    };
    let mut counter = forgiven;
    for _ in 0..5 {
        counter = counter.count(Kind::Account, at(0)).unwrap();
    }
    assert_eq!((counter.failures, counter.forgiven), (5, 95));
    let kept = forgiven.expires_at(Kind::Account, at(0));
    assert_eq!(kept, forgiven_until(at(0)));
}

#[test]
fn attack_m5_a_session_guesses_five_times_and_waiting_does_not_help() {
    let mut counter = Counter::default();
    for second in 0..5 {
        counter = counter.count(Kind::Session, at(second)).unwrap();
    }
    for instant in [at(5), at(29 * DAY), at(-DAY)] {
        let refused = counter.count(Kind::Session, instant).unwrap_err();
        assert_eq!(refused.wait_seconds, None);
    }
}

#[test]
fn b7_an_address_has_thirty_failures_in_five_minutes() {
    let mut counter = Counter::default();
    for second in 0..30 {
        counter = counter.count(Kind::Address, at(second)).unwrap();
    }
    let refused = counter.count(Kind::Address, at(100)).unwrap_err();
    assert_eq!(
        refused,
        MustWait {
            wait_seconds: Some(200)
        }
    );
    assert_eq!(counter.count(Kind::Address, at(300)).unwrap().failures, 1);
}

/// The instants of four days at which a code is looked at, of one each minute.
fn looked_at(kind: Kind) -> Vec<i64> {
    let mut counter = Counter::default();
    let mut looked_at = Vec::new();
    for second in (0..4 * DAY).step_by(60) {
        if let Ok(counted) = counter.count(kind, at(second)) {
            counter = counted;
            looked_at.push(second);
        }
    }
    looked_at
}

/// The arithmetic of docs/SECURITY.md: the chance to guess a code within a day, for
/// who has both budgets of an account.
#[test]
fn m4_whoever_knows_the_password_guesses_a_code_with_less_than_one_in_ten_thousand() {
    let (codes, device_codes) = (looked_at(Kind::Code), looked_at(Kind::DeviceCode));
    let most = |looked_at: &[i64]| {
        let within = |from: i64| {
            let day = from..=from + DAY;
            looked_at
                .iter()
                .filter(|second| day.contains(second))
                .count()
        };
        (0..3 * DAY).step_by(60).map(within).max().unwrap()
    };
    let in_a_day = (most(&codes), most(&device_codes));
    assert_eq!(in_a_day, (22, 11));
    // Three codes of a million are right at a time: 33 * 3e-6 is 9.9e-5.
    assert!((in_a_day.0 + in_a_day.1) * 3 * 10_000 < 1_000_000);
    assert_eq!(
        codes[..12],
        [0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 7200, 14_400]
    );
    assert_eq!(device_codes[..6], [0, 60, 120, 180, 240, 14_400]);
}

#[test]
fn m4_a_full_bucket_says_how_long_and_a_clock_that_went_back_empties_none() {
    let mut counter = Counter::default();
    for _ in 0..10 {
        assert!(!counter.is_used_up(Kind::Code));
        counter = counter.count(Kind::Code, at(0)).unwrap();
    }
    assert!(counter.is_used_up(Kind::Code));
    let wait = |second| {
        counter
            .count(Kind::Code, at(second))
            .unwrap_err()
            .wait_seconds
            .unwrap()
    };
    assert_eq!((wait(0), wait(7199), wait(-60)), (7200, 1, 7260));
    assert_eq!(counter.expires_at(Kind::Code, at(0)), at(72_000));
    let later = counter.count(Kind::Code, at(72_000)).unwrap();
    assert_eq!((later.failures, later.since), (1, at(72_000)));
}

#[test]
fn b5_a_wider_network_has_a_weaker_limit() {
    for (kind, most) in [(Kind::Address, 30), (Kind::Network, 120), (Kind::Site, 480)] {
        let mut counter = Counter::default();
        for _ in 0..most {
            counter = counter.count(kind, at(0)).unwrap();
        }
        assert_eq!(
            counter.count(kind, at(0)).unwrap_err().wait_seconds,
            Some(300)
        );
    }
}

#[test]
fn b15_few_failures_are_kept_for_a_day_and_a_suspension_until_it_is_lifted() {
    let kept = |failures| {
        let counter = Counter {
            failures,
            ..Counter::default()
        };
        counter.expires_at(Kind::Account, at(0))
    };
    assert_eq!(kept(4), at(86_400));
    assert_eq!(kept(5), at(30 * 86_400));
    assert_eq!(kept(99), at(30 * 86_400));
    assert_eq!(kept(100), Timestamp::from_millis(i64::MAX));
}
