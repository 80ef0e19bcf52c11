//! An address from which an account signed in of late is what a known browser is to clients
//! that keep no cookies (M3): strangers can not lock its owner out there.

use keyward::domain::password::Password;
use keyward::service::accounts::administer;

use crate::support::{Answer, PASSWORD, TestKeyward, WRONG};

const ALICE: &str = "alice@example.com";
const HOME: &str = "198.51.100.7";

fn from(kw: &TestKeyward, address: &str, password: &str) -> Answer {
    kw.ask_sign_in(ALICE, password).peer(address).send()
}

/// Strangers fail until an attempt has to wait.
fn lock(kw: &TestKeyward) {
    for number in 1..=5 {
        let answer = from(kw, &format!("203.0.113.{number}"), WRONG);
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    from(kw, "203.0.113.9", PASSWORD).limited(1);
}

both!(attack_m3_strangers_lock_no_known_address_out, |kw| {
    kw.account(ALICE);
    from(kw, HOME, PASSWORD).tokens();
    lock(kw);
    // Looked at from there, without a cookie; and nothing is won for the strangers by it.
    from(kw, HOME, PASSWORD).tokens();
    from(kw, "203.0.113.9", PASSWORD).limited(1);
    // Its budget is small, and its own.
    for _ in 0..5 {
        from(kw, HOME, WRONG).refused(401, "INVALID_CREDENTIALS");
    }
    from(kw, HOME, PASSWORD).limited(1);
});

both!(attack_m3_an_address_is_known_for_thirty_days, |kw| {
    kw.account(ALICE);
    from(kw, HOME, PASSWORD).tokens();
    kw.advance(30 * 86_400 - 1);
    lock(kw);
    from(kw, HOME, PASSWORD).tokens();
    kw.advance(30 * 86_400);
    from(kw, "203.0.113.9", WRONG).refused(401, "INVALID_CREDENTIALS");
    from(kw, HOME, PASSWORD).limited(2);
});

// What one household has of IPv6 is the first half of the address.
both!(
    attack_m3_an_address_of_ipv6_is_known_by_its_household,
    |kw| {
        kw.account(ALICE);
        from(kw, "[2001:db8:1:2:aaaa::1]", PASSWORD).tokens();
        lock(kw);
        from(kw, "[2001:db8:1:3::1]", PASSWORD).limited(1);
        from(kw, "[2001:db8:1:2:bbbb::9]", PASSWORD).tokens();
    }
);

// Who knew a password that was changed is a stranger; so is who failed, or is another.
both!(attack_m3_what_makes_no_address_known, |kw| {
    let alice = kw.account(ALICE);
    kw.account("bob@example.com");
    let bob = kw.ask_sign_in("bob@example.com", PASSWORD).peer(HOME);
    bob.send().tokens();
    from(kw, HOME, WRONG).refused(401, "INVALID_CREDENTIALS");
    for number in 1..=4 {
        let answer = from(kw, &format!("203.0.113.{number}"), WRONG);
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    from(kw, HOME, PASSWORD).limited(1);
    kw.advance(1);
    from(kw, HOME, PASSWORD).tokens();
    let same = Password::parse(PASSWORD).unwrap();
    administer::set_password(&kw.kw, alice, &same).unwrap();
    lock(kw);
    from(kw, HOME, PASSWORD).limited(1);
});
