//! A household begins thirty guests an hour (A4), and a guest is a stranger.

use std::net::IpAddr;

use keyward::domain::quota::Household;
use keyward::lanes::fair_queue::{Asker, Trust};
use keyward::lanes::password_lane::{Seat, Waiting};
use serde_json::json;

use super::OUTSIDE;
use crate::support::{PASSWORD, TestKeyward};

both!(a4_thirty_guests_an_hour_for_a_household, |kw| {
    for _ in 0..30 {
        assert_eq!(kw.guest_at(OUTSIDE).status, 200);
    }
    kw.advance(600);
    kw.guest_at(OUTSIDE).limited(3000);
    assert_eq!((kw.count("accounts"), kw.count("sessions")), (30, 30));
    // On every replica, and nobody else is held up: not even at a sign-in from there.
    kw.replica().guest_at(OUTSIDE).limited(3000);
    assert_eq!(kw.guest_at("198.51.100.7").status, 200);
    kw.account("alice@example.com");
    let sign_in = kw.ask_sign_in("alice@example.com", PASSWORD).peer(OUTSIDE);
    assert_eq!(sign_in.send().status, 200);
    kw.advance(3000);
    assert_eq!(kw.guest_at(OUTSIDE).status, 200);
});

both!(a4_a_burst_has_thirty_too, |kw| {
    let asks = (0..60).map(|_| kw.post("/auth/anonymous").peer(OUTSIDE));
    let answers = kw.all(asks.collect());
    let begun = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(begun.count(), 30);
    assert!(answers.iter().all(|it| matches!(it.status, 200 | 429)));
    assert_eq!(kw.count("accounts"), 30);
});

// B5: a household of IPv6 is a /64, and whoever was given more has not so many times more.
both!(a4_b5_networks_of_ipv6_have_wider_limits, |kw| {
    for number in 0..30 {
        let answer = kw.guest_at(&format!("[2001:db8::{number:x}]"));
        assert_eq!(answer.status, 200, "{number}");
    }
    kw.guest_at("[2001:db8::ffff]").limited(3600);
    for household in 1..4 {
        for number in 0..30 {
            let answer = kw.guest_at(&format!("[2001:db8:0:{household}::{number:x}]"));
            assert_eq!(answer.status, 200, "{household} {number}");
        }
    }
    // 120 from the /56.
    kw.guest_at("[2001:db8:0:4::1]").limited(3600);
    assert_eq!(kw.guest_at("[2001:db8:0:100::1]").status, 200);
});

// What comes from a trusted network and forwards for nobody is the application's own.
both!(a4_our_own_traffic_is_not_limited, |kw| {
    for _ in 0..40 {
        assert_eq!(kw.post("/auth/anonymous").send().status, 200);
    }
    assert_eq!(kw.count("limits"), 0);
    for _ in 0..30 {
        let ask = kw
            .post("/auth/anonymous")
            .header("x-forwarded-for", OUTSIDE);
        assert_eq!(ask.send().status, 200);
    }
    let ask = kw
        .post("/auth/anonymous")
        .header("x-forwarded-for", OUTSIDE);
    ask.send().limited(3600);
});

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

// Anybody can be a guest: the token must not open the seats that are kept for owners.
both!(
    a4_m2_a_guest_is_a_stranger_on_the_password_lane,
    &[
        ("KEYWARD_PASSWORD_THREADS", "1"),
        ("KEYWARD_PASSWORD_QUEUE", "8"),
    ],
    |kw| {
        let (alice, _) = kw.signed_in("alice@example.com");
        let (guest, _) = kw.guest();
        let crowd = crowd(kw);
        assert_eq!(crowd.len(), 6);
        let body = json!({ "email": "alice@example.com", "password": PASSWORD });
        let ask = |token: &str| {
            let ask = kw.post("/auth/login").peer("203.0.113.1");
            ask.bearer(token).json(&body).send().status
        };
        assert_eq!((ask(&guest), ask(&alice)), (503, 200));
        drop(crowd);
        assert_eq!(ask(&guest), 200);
    }
);
