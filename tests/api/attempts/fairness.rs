//! Seats on the password lane are shared (semantics 5, "Fairness"; `attack_m2`): nobody holds
//! them all, and known browsers and live sessions come in while strangers wait.

use std::net::IpAddr;
use std::thread;

use keyward::domain::password::Password;
use keyward::domain::quota::Household;
use keyward::lanes::fair_queue::{Asker, Trust};
use keyward::lanes::password_lane::{Seat, Waiting};
use keyward::service::accounts::change_password::{NewPassword, change_password};
use keyward::service::sessions::login;
use serde_json::json;

use crate::support::{PASSWORD, TestKeyward, WRONG, actor, login_request, shut, wait_until};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// Nine seats: six for strangers, two for a household.
const NINE: &[(&str, &str)] = &[
    ("KEYWARD_PASSWORD_THREADS", "1"),
    ("KEYWARD_PASSWORD_QUEUE", "8"),
];

fn household(address: &str) -> Household {
    address.parse::<IpAddr>().unwrap().into()
}

/// As many strangers as are let in, each from an address of its own.
fn crowd(kw: &TestKeyward) -> Vec<(Seat, Waiting)> {
    let seats = (1..=20).map(|n| {
        kw.kw.lane.seat_for(Asker {
            household: Some(household(&format!("198.51.100.{n}"))),
            trust: Trust::Stranger,
        })
    });
    seats.filter_map(Result::ok).collect()
}

both!(
    attack_m2_a_crowd_of_strangers_keeps_out_no_known_browser,
    NINE,
    |kw| {
        kw.account(ALICE);
        let by_cookie = json!({ "email": ALICE, "password": PASSWORD, "mode": "cookie" });
        let first = kw.post("/auth/login").json(&by_cookie).send();
        let mark = first.device().unwrap();
        let (access, _) = kw.signed_in(BOB);
        let crowd = crowd(kw);
        assert_eq!(crowd.len(), 6);
        let before = (kw.state(), kw.counters());
        for password in [PASSWORD, WRONG] {
            let stranger = kw.ask_sign_in(BOB, password).peer("203.0.113.1").send();
            assert_eq!(stranger.status, 503, "{stranger:?}");
            assert_eq!(stranger.header("retry-after"), Some("1"));
        }
        // The mark of another account, and one that nobody was given.
        for planted in [mark.as_str(), "AAAA"] {
            let ask = kw.ask_sign_in(BOB, PASSWORD).peer("203.0.113.1");
            assert_eq!(ask.device(planted).send().status, 503);
        }
        assert_eq!((kw.state(), kw.counters()), before);
        for _ in 0..5 {
            let known = kw.ask_sign_in(ALICE, PASSWORD).peer("203.0.113.2");
            assert_eq!(known.device(&mark).send().status, 200);
        }
        let change = json!({ "currentPassword": PASSWORD, "newPassword": "another good one" });
        let ask = kw.post("/auth/password/change").peer("203.0.113.3");
        let answer = ask.bearer(&access).json(&change).send();
        assert!(answer.status < 300, "{answer:?}");
        drop(crowd);
        let stranger = kw.ask_sign_in(BOB, "another good one").peer("203.0.113.1");
        assert_eq!(stranger.send().status, 200);
    }
);

both!(attack_m2_one_household_holds_two_of_nine, NINE, |kw| {
    kw.account(ALICE);
    let asker = Asker {
        household: Some(household("2001:db8::")),
        trust: Trust::Known,
    };
    let held: Vec<_> = (0..9)
        .filter_map(|_| kw.kw.lane.seat_for(asker).ok())
        .collect();
    assert_eq!(held.len(), 2);
    let before = (kw.state(), kw.counters());
    let sign_in = |peer: &str| kw.ask_sign_in(ALICE, PASSWORD).peer(peer).send().status;
    assert_eq!(sign_in("[2001:db8::7]"), 503);
    assert_eq!((kw.state(), kw.counters()), before);
    assert_eq!(sign_in("[2001:db8:0:1::7]"), 200);
    // Hung up: the seat is free though nobody came to its job.
    let (seats, waiting): (Vec<_>, Vec<_>) = held.into_iter().unzip();
    drop(waiting);
    assert_eq!(sign_in("[2001:db8::7]"), 200);
    drop(seats);
});

both!(
    attack_m2_an_account_that_is_or_is_not_there_has_two_in_flight,
    NINE,
    |kw| {
        kw.account(ALICE);
        for email in [ALICE, "nobody@example.com"] {
            kw.execute("DELETE FROM limits", "DELETE FROM limits");
            let gates = shut(&kw.kw);
            thread::scope(|scope| {
                for _ in 0..2 {
                    let kw = kw.kw.clone();
                    scope.spawn(move || {
                        let (seat, _waiting) = kw.lane.seat().unwrap();
                        let _ = login::login(&kw, &seat, login_request(email));
                    });
                }
                wait_until(|| kw.counters_at(2) == 1);
                let before = (kw.state(), kw.counters());
                let third = kw.ask_sign_in(email, PASSWORD).peer("203.0.113.9").send();
                assert_eq!(third.status, 503, "{third:?}");
                assert_eq!((kw.state(), kw.counters()), before);
                drop(gates);
            });
            let after = kw.ask_sign_in(email, PASSWORD).peer("203.0.113.9").send();
            assert!(matches!(after.status, 200 | 401), "{after:?}");
        }
    }
);

// A session is begun in a moment: with seats for each of them one account would hold the lane,
// the part included that is kept from strangers.
both!(
    attack_m2_the_sessions_of_an_account_share_its_seats,
    NINE,
    |kw| {
        kw.account(ALICE);
        let sessions = ["mine", "thine", "ours"].map(|_| kw.sign_in(ALICE, PASSWORD).tokens().0);
        let (bystander, _) = kw.signed_in(BOB);
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
        let wrong = json!({ "currentPassword": WRONG, "newPassword": "another good one" });
        let ask = |access: &str, number: usize| {
            let ask = kw.post("/auth/password/change").bearer(access);
            ask.peer(&format!("198.51.100.{number}")).json(&wrong)
        };
        let gates = shut(&kw.kw);
        thread::scope(|scope| {
            for access in &sessions[..2] {
                let kw = kw.kw.clone();
                let actor = actor(&kw, access);
                let typed = NewPassword {
                    present: Password::parse(WRONG).unwrap(),
                    new: Password::parse("another good one").unwrap(),
                    otp: None,
                };
                scope.spawn(move || {
                    let (seat, _waiting) = kw.lane.seat().unwrap();
                    let _ = change_password(&kw, &seat, &actor, &typed);
                });
            }
            wait_until(|| kw.counters_at(1) == 2);
            let before = (kw.state(), kw.counters());
            let third = ask(&sessions[2], 3).send();
            assert_eq!(third.status, 503, "{third:?}");
            assert_eq!(third.header("retry-after"), Some("1"));
            assert_eq!((kw.state(), kw.counters()), before);
            drop(gates);
        });
        ask(&sessions[2], 3).send().refused(403, "WRONG_PASSWORD");
        ask(&bystander, 4).send().refused(403, "WRONG_PASSWORD");
    }
);
