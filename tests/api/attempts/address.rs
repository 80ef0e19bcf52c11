//! One address, one budget (semantics 4): thirty failures in five minutes, whoever's
//! account is meant. The address is the peer's, or what trusted proxies say of it
//! (semantics 8); a client can neither choose it nor win it back by succeeding.

use crate::support::{Answer, PASSWORD, TestKeyward, WRONG};

const OUTSIDE: &str = "203.0.113.9";

impl TestKeyward {
    /// A wrong guess at an account that nobody else guesses at.
    fn stray(&self, number: usize, peer: &str, forwarded: &[&str]) -> Answer {
        let mut ask = self
            .ask_sign_in(&format!("nobody{number}@example.com"), WRONG)
            .peer(peer);
        for value in forwarded {
            ask = ask.header("x-forwarded-for", value);
        }
        ask.send()
    }

    /// Uses up the budget of an address.
    #[track_caller]
    fn exhaust_address(&self, peer: &str, forwarded: &[&str]) {
        for number in 0..30 {
            let answer = self.stray(number, peer, forwarded);
            answer.refused(401, "INVALID_CREDENTIALS");
        }
    }
}

both!(b7_thirty_failures_in_five_minutes, |kw| {
    let alice = kw.account("alice@example.com");
    kw.exhaust_address(OUTSIDE, &[]);
    kw.booby_trap(alice);
    let stored = (kw.state(), kw.count("login_attempts"), kw.count("limits"));
    kw.advance(100);
    // Before the password is looked at, and without counting against the account.
    for password in [PASSWORD, WRONG] {
        let answer = kw.ask_sign_in("alice@example.com", password);
        answer.peer(OUTSIDE).send().limited(200);
    }
    kw.stray(99, OUTSIDE, &[]).limited(200);
    let after = (kw.state(), kw.count("login_attempts"), kw.count("limits"));
    assert_eq!(after, stored);
    kw.disarm(alice);
    // Others are not held up, and after five minutes nobody is.
    assert_eq!(kw.sign_in("alice@example.com", PASSWORD).status, 200);
    kw.advance(199);
    kw.stray(99, OUTSIDE, &[]).limited(1);
    kw.advance(1);
    let answer = kw.ask_sign_in("alice@example.com", PASSWORD).peer(OUTSIDE);
    assert_eq!(answer.send().status, 200);
});

both!(
    b7_b2_a_parallel_spray_has_thirty_too,
    // A quarter of the seats is more than the burst.
    &[("KEYWARD_PASSWORD_QUEUE", "600")],
    |kw| {
        let asks = (0..120).map(|number| {
            kw.ask_sign_in(&format!("nobody{number}@example.com"), WRONG)
                .peer(OUTSIDE)
        });
        let answers = kw.all(asks.collect());
        let (wrong, limited): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 401);
        assert_eq!((wrong.len(), limited.len()), (30, 90));
        assert_eq!(kw.count("login_attempts"), 30);
        assert_eq!(kw.counters_at(30), 1);
    }
);

both!(b11_a_success_does_not_win_the_address_back, |kw| {
    kw.account("mallory@example.com");
    for number in 0..29 {
        kw.stray(number, OUTSIDE, &[]).code();
        let own = kw
            .ask_sign_in("mallory@example.com", PASSWORD)
            .peer(OUTSIDE);
        assert_eq!(own.send().status, 200, "{number}");
    }
    assert_eq!(kw.counters_at(29), 1, "a success costs nothing either");
    kw.stray(29, OUTSIDE, &[])
        .refused(401, "INVALID_CREDENTIALS");
    kw.stray(30, OUTSIDE, &[]).limited(300);
    let own = kw
        .ask_sign_in("mallory@example.com", PASSWORD)
        .peer(OUTSIDE);
    own.send().limited(300);
});

both!(b3_no_header_of_an_untrusted_peer_is_believed, |kw| {
    kw.exhaust_address(OUTSIDE, &[]);
    for name in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "x-client-ip",
        "x-forwarded-host",
    ] {
        for value in ["198.51.100.7", "127.0.0.1", "for=198.51.100.7", "::1"] {
            let ask = kw.ask_sign_in("nobody@example.com", WRONG);
            let answer = ask.peer(OUTSIDE).header(name, value).send();
            answer.limited(300);
        }
    }
});

// Of a proxy that we trust only X-Forwarded-For is read; the others are its client's.
both!(b3_no_other_header_of_a_trusted_peer_is_believed, |kw| {
    kw.exhaust_address("127.0.0.1", &[OUTSIDE]);
    for name in ["forwarded", "x-real-ip", "cf-connecting-ip"] {
        let ask = kw.ask_sign_in("nobody@example.com", WRONG);
        let ask = ask.header(name, "198.51.100.7");
        ask.header("x-forwarded-for", OUTSIDE).send().limited(300);
    }
});

both!(
    b4_behind_a_proxy_the_rightmost_untrusted_address_counts,
    |kw| {
        kw.exhaust_address("127.0.0.1", &[OUTSIDE]);
        for forwarded in [
            &["1.1.1.1, 203.0.113.9"][..],
            &["127.0.0.1, 203.0.113.9"],
            &["1.1.1.1", "203.0.113.9"],
            &["junk, 203.0.113.9"],
            &["203.0.113.9, 127.0.0.1"],
            &[" 203.0.113.9 "],
        ] {
            kw.stray(99, "127.0.0.1", forwarded).limited(300);
        }
        // The same client without the proxy between is the same client.
        kw.stray(99, OUTSIDE, &[]).limited(300);
        for forwarded in [&["203.0.113.9, 198.51.100.7"][..], &["198.51.100.8"]] {
            let answer = kw.stray(99, "127.0.0.1", forwarded);
            answer.refused(401, "INVALID_CREDENTIALS");
        }
    }
);

both!(b5_one_ipv6_network_of_64_bits_is_one_address, |kw| {
    for number in 0..30 {
        let peer = format!("[2001:db8:0:7:{number:x}::{number:x}]");
        let answer = kw.stray(number, &peer, &[]);
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    kw.stray(30, "[2001:db8:0:7:ffff:ffff:ffff:ffff]", &[])
        .limited(300);
    kw.stray(30, "[2001:db8:0:8::1]", &[])
        .refused(401, "INVALID_CREDENTIALS");
});

// Who was given more than one network of 64 bits, and changes between them, is slowed by
// weaker limits around it.
both!(b5_wider_networks_have_weaker_limits, |kw| {
    for (group, failures) in [("2001:db8:1:1", 4 * 30), ("2001:db8:2:", 16 * 30)] {
        let wide = failures > 120;
        for number in 0..failures {
            // A /64 for each thirty; for the wider one a /56 for each hundred and twenty.
            let (net, part) = (number / 120, number / 30 % 4);
            let peer = if wide {
                format!("[{group}{net:x}{part:02x}::1]")
            } else {
                format!("[{group}{part:02x}::1]")
            };
            let answer = kw.stray(number, &peer, &[]);
            answer.refused(401, "INVALID_CREDENTIALS");
        }
        let other = if wide { "ff00" } else { "ff" };
        kw.stray(failures, &format!("[{group}{other}::1]"), &[])
            .limited(300);
    }
    // The neighbours are not held up.
    for peer in ["[2001:db8:1:200::1]", "[2001:db8:3::1]"] {
        kw.stray(0, peer, &[]).refused(401, "INVALID_CREDENTIALS");
    }
});

both!(
    b5_b11_a_success_takes_back_its_own_attempt_everywhere,
    |kw| {
        kw.account("alice@example.com");
        let peer = "[2001:db8::1]";
        kw.stray(0, peer, &[]).refused(401, "INVALID_CREDENTIALS");
        for _ in 0..3 {
            let own = kw.ask_sign_in("alice@example.com", PASSWORD).peer(peer);
            assert_eq!(own.send().status, 200);
        }
        // Of the name, and of three networks.
        assert_eq!((kw.count("limits"), kw.counters_at(1)), (4, 4));
    }
);

both!(b6_one_ipv4_address_in_all_its_spellings, |kw| {
    kw.exhaust_address(OUTSIDE, &[]);
    for forwarded in [
        "::ffff:203.0.113.9",
        "::FFFF:CB00:7109",
        "64:ff9b::203.0.113.9",
        "64:FF9B::CB00:7109",
        "0:0:0:0:0:ffff:cb00:7109",
    ] {
        kw.stray(99, "127.0.0.1", &[forwarded]).limited(300);
    }
    kw.stray(99, "[::ffff:203.0.113.9]", &[]).limited(300);
    kw.stray(99, "[64:ff9b::203.0.113.9]", &[]).limited(300);
    // What only looks like it is another.
    for peer in ["[2001:db8::203.0.113.9]", "203.0.113.10"] {
        kw.stray(99, peer, &[]).refused(401, "INVALID_CREDENTIALS");
    }
});

// A sidecar's own traffic is limited by account alone (semantics 4).
both!(an_address_among_the_trusted_proxies_is_not_limited, |kw| {
    for number in 0..40 {
        let answer = kw.stray(number, "127.0.0.1", &[]);
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(kw.counters_at(1), 40, "one counter for each account");
    kw.exhaust("alice@example.com");
    kw.sign_in("alice@example.com", WRONG).limited(1);
});
