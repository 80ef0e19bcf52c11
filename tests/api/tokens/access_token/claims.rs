//! A token's claims: issued by us, for us, for a time that has come and is not over,
//! each said once and in its own type.

use serde_json::json;

use super::{EXPIRED, forgeries, refused_at_every_door, refuses};
use crate::support::Forge;

both!(j11_a_token_of_another_issuer_is_refused, |kw| {
    refuses(kw, forgeries::of_another_issuer);
});

both!(j12_a_token_for_another_audience_is_refused, |kw| {
    refuses(kw, forgeries::for_another_audience);
});

both!(j13_an_end_that_is_no_end_is_refused, |kw| {
    refuses(kw, forgeries::with_odd_ends);
});

both!(j14_a_token_of_the_future_is_refused, |kw| {
    refuses(kw, forgeries::of_the_future);
});

// The clock of another replica may be a little ahead: a minute, and not more.
both!(j14_a_clock_that_is_a_minute_ahead_is_borne, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let now = kw.kw.clock.now().seconds();
    for ahead in [1, 60] {
        for claims in [
            vec![
                ("iat", json!(now + ahead)),
                ("exp", json!(now + ahead + 900)),
            ],
            vec![("nbf", json!(now + ahead))],
        ] {
            let claims = Forge::with(&access, &claims);
            let token = kw.forge().sign(&kw.forge().header(), &claims);
            assert_eq!(kw.me(&token), 200, "{claims}");
        }
    }
});

both!(
    j15_a_token_passes_for_less_than_five_seconds_after_its_end,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let before = kw.state();
        // Seconds since sign-in; the token lives for 900.
        let mut passed = 0;
        for (at, passes) in [
            (899, true),
            (900, true),
            (901, true),
            (904, true),
            (905, false),
            (906, false),
            (959, false),
            (90_000, false),
        ] {
            kw.advance(at - passed);
            passed = at;
            if passes {
                assert_eq!(kw.me(&access), 200, "after {at} s");
            } else {
                refused_at_every_door(kw, &access, EXPIRED);
            }
        }
        assert_eq!(kw.state(), before);
    }
);

// The same for a token that this process has never seen before, so that the memory of
// verified tokens and the first look agree.
both!(j15_a_token_seen_for_the_first_time_has_the_same_end, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let replica = kw.replica();
    replica.advance(904);
    assert_eq!(replica.me(&access), 200);
    let replica = kw.replica();
    replica.advance(905);
    refused_at_every_door(&replica, &access, EXPIRED);
});

both!(j16_a_token_that_says_a_thing_twice_is_refused, |kw| {
    refuses(kw, forgeries::saying_things_twice);
});

both!(j20_a_token_with_too_much_in_it_is_refused, |kw| {
    refuses(kw, forgeries::with_too_much_in_them);
});

// While replicas are upgraded one by one, the older ones meet a claim that they do not know.
both!(j20_a_claim_that_nobody_knows_is_passed_over, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    for claim in [
        (
            "cnf",
            json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
        ),
        ("scope", json!("everything")),
        ("admin", json!(true)),
    ] {
        let token = kw
            .forge()
            .sign(&kw.forge().header(), &Forge::with(&access, &[claim]));
        for path in ["/auth/me", "/v1/api/auth/me"] {
            let (with, without) = (kw.get(path).bearer(&token), kw.get(path).bearer(&access));
            let (with, without) = (with.send(), without.send());
            // It is nobody's more and says nothing.
            assert_eq!((with.status, with.body), (200, without.body));
        }
    }
});

both!(j24_a_token_of_no_session_is_refused, |kw| {
    refuses(kw, forgeries::of_no_session);
});
