//! Whose names others ask about they learn of few (docs/decisions/0178).

use serde_json::json;

use super::{ALICE, BOB, make, person};
use crate::support::{Answer, PASSWORD, TestKeyward};

const HERE: &str = "203.0.113.7";

/// Asks for an organization of that name by one of the three ways there are.
fn ask_for(kw: &TestKeyward, access: &str, (way, own): (usize, &str), name: &str) -> Answer {
    let renamed = format!("/auth/organizations/{own}");
    let (method, path) = [
        ("POST", "/auth/organizations"),
        ("PATCH", renamed.as_str()),
        ("POST", "/v1/api/accounts"),
    ][way];
    let ask = kw.ask(method, path).bearer(access).peer(HERE);
    ask.json(&json!({ "name": name })).send()
}

both!(
    attack_l26_names_of_customers_are_told_ten_times_an_hour,
    |kw| {
        let alice = person(kw, ALICE);
        let bob = person(kw, BOB);
        make(kw, &alice, "Acme Secret");
        let own = make(kw, &bob, "Bob");
        for number in 0..10 {
            let name = ["Acme Secret", "ACME secret"][number % 2];
            let taken = ask_for(kw, &bob, (number % 3, &own), name);
            assert_eq!(taken.status, 409, "{taken:?}");
        }
        let before = kw.state();
        for way in 0..3 {
            // Free or not.
            for name in ["Acme Secret", "Nobodys"] {
                let refused = ask_for(kw, &bob, (way, &own), name);
                assert_eq!(refused.status, 429, "{refused:?}");
                assert_eq!(refused.header("retry-after"), Some("3600"));
            }
        }
        assert_eq!(kw.state(), before);
        // What names it not anew is no question.
        assert_eq!(ask_for(kw, &bob, (1, &own), "BOB").status, 200);
        kw.advance(3600);
        let bob = kw.sign_in(BOB, PASSWORD).tokens().0;
        assert_eq!(ask_for(kw, &bob, (0, &own), "Acme Secret").status, 409);
    }
);

both!(attack_l26_names_that_are_free_are_not_counted, |kw| {
    let alice = person(kw, ALICE);
    let own = make(kw, &alice, "Own");
    for number in 0..24 {
        let name = format!("Name {number}");
        let made = ask_for(kw, &alice, (number % 2, &own), &name);
        assert!(matches!(made.status, 200 | 201), "{made:?}");
    }
    assert_eq!(kw.count("organizations"), 13);
});

both!(attack_l26_who_may_not_rename_is_told_nothing, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let bob = person(kw, BOB);
    for _ in 0..12 {
        let refused = ask_for(kw, &bob, (1, &acme), "Acme");
        refused.refused(404, "NOT_FOUND");
    }
    assert_eq!(ask_for(kw, &bob, (0, &acme), "Acme").status, 409);
});
