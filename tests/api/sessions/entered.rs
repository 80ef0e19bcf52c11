//! Sessions that were entered from one another are of one sign-in: whoever stole the tokens of one
//! gains nothing by making more of them (docs/decisions/0156).

use keyward::domain::session::EndReason;
use serde_json::json;

use crate::organizations::{make, person};
use crate::support::{PASSWORD, TestKeyward, WRONG, text};

const ALICE: &str = "alice@example.com";

fn enter(
    kw: &TestKeyward,
    organization: &str,
    (access, refresh): (&str, &str),
) -> (String, String) {
    let path = format!("/auth/organizations/{organization}/enter");
    let body = json!({ "refresh_token": refresh });
    kw.post(&path).bearer(access).json(&body).send().tokens()
}

both!(
    attack_m5_guesses_in_all_sessions_of_a_sign_in_are_five,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
        let guess = |access: &str, password: &str| {
            let body = json!({ "password": password });
            kw.post("/auth/step-up").bearer(access).json(&body).send()
        };
        let mut entered = (access.clone(), refresh.clone());
        for _ in 0..5 {
            // Each from the one before, which is no way around it either.
            entered = enter(kw, &acme, (&entered.0, &entered.1));
            guess(&entered.0, WRONG).refused(403, "WRONG_PASSWORD");
        }
        for (access, refresh) in [(&access, &refresh), (&entered.0, &entered.1)] {
            let next = enter(kw, &acme, (access, refresh));
            let refused = guess(&next.0, PASSWORD);
            refused.refused(429, "REQUESTS_EXCEEDED");
            assert_eq!(refused.header("retry-after"), None);
            guess(access, PASSWORD).refused(429, "REQUESTS_EXCEEDED");
        }
        // Another sign-in has guesses of its own.
        let (other, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        assert_eq!(guess(&other, PASSWORD).status, 200);
    }
);

both!(
    attack_h1_what_was_entered_from_a_session_ends_with_it,
    |kw| {
        let replica = kw.replica();
        let alice = person(kw, ALICE);
        let (acme, other) = (make(kw, &alice, "Acme"), make(kw, &alice, "Other"));
        let (first, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
        kw.advance(1);
        let second = enter(kw, &acme, (&first, &refresh));
        kw.advance(1);
        let third = enter(kw, &acme, (&second.0, &second.1));
        let apart = kw.sign_in(ALICE, PASSWORD).tokens().0;
        // From the second on; the first, which is older, goes on.
        let body = json!({ "refresh_token": second.1 });
        let out = kw.post("/auth/logout").json(&body).send();
        assert_eq!(out.status, 204, "{out:?}");
        replica.catch_up();
        for kw in [kw, &replica] {
            assert_eq!((kw.me(&second.0), kw.me(&third.0)), (401, 401));
            assert_eq!((kw.me(&first), kw.me(&apart)), (200, 200));
        }
        kw.refresh(&third.1).refused(401, "INVALID_CREDENTIALS");
        // A token that came twice ends everything that its session made.
        let fork = enter(kw, &other, (&first, &refresh));
        let (_, next) = kw.refresh(&refresh).tokens();
        kw.refresh(&next).tokens();
        kw.advance(120);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        assert_eq!((kw.me(&first), kw.me(&fork.0)), (401, 401));
        kw.refresh(&fork.1).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.me(&apart), 200);
    }
);

both!(whoever_ends_the_old_session_from_the_new_one_stays, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (old, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let (new, next) = enter(kw, &acme, (&old, &refresh));
    let fork = enter(kw, &acme, (&old, &refresh)).0;
    let path = format!("/auth/sessions/{}", kw.session_of(&old).id);
    assert_eq!(kw.delete(&path).bearer(&new).send().status, 204);
    assert_eq!((kw.me(&old), kw.me(&fork), kw.me(&new)), (401, 401, 200));
    assert_eq!(kw.refresh(&next).outcome(), "fresh");
});

both!(a_key_of_ones_own_is_made_soon_after_a_sign_in, |kw| {
    kw.account(ALICE);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let make = |access: &str| {
        let body = json!({ "name": "ci", "permissions": [] });
        kw.post("/auth/api-keys").bearer(access).json(&body).send()
    };
    let made = make(&access);
    assert_eq!(made.status, 201, "{made:?}");
    let rotate = format!("/auth/api-keys/{}/rotate", text(&made.json(), "id"));
    kw.advance(3601);
    let (access, _) = kw.refresh(&refresh).tokens();
    make(&access).refused(401, "STEP_UP_REQUIRED");
    kw.post(&rotate)
        .bearer(&access)
        .send()
        .refused(401, "STEP_UP_REQUIRED");
    assert_eq!(kw.count("api_keys"), 1);
    let body = json!({ "password": PASSWORD });
    let shown = kw.post("/auth/step-up").bearer(&access).json(&body).send();
    let shown = text(&shown.json(), "access_token");
    assert_eq!(kw.post(&rotate).bearer(&shown).send().status, 201);
    let revoke = rotate.trim_end_matches("/rotate");
    assert_eq!(kw.delete(revoke).bearer(&access).send().status, 204);
});

/// By a refresh token of the session, whichever.
fn try_to_enter(kw: &TestKeyward, organization: &str, access: &str, refresh: &str) {
    let path = format!("/auth/organizations/{organization}/enter");
    let body = json!({ "refresh_token": refresh });
    let answer = kw.post(&path).bearer(access).json(&body).send();
    answer.refused(401, "INVALID_CREDENTIALS");
}

both!(attack_l24_a_spent_token_ends_its_session_here_too, |kw| {
    let acme = make(kw, &person(kw, ALICE), "Acme");
    let (first, zero) = kw.sign_in(ALICE, PASSWORD).tokens();
    let (_, one) = kw.refresh(&zero).tokens();
    kw.advance(60);
    let (access, two) = kw.refresh(&one).tokens();
    // Its predecessor inside the grace is a tab that is late: nothing changes.
    let before = kw.state();
    try_to_enter(kw, &acme, &access, &one);
    assert_eq!(kw.state(), before);
    kw.advance(31);
    assert_eq!(kw.me(&access), 200);
    try_to_enter(kw, &acme, &access, &zero);
    kw.assert_ended(&access, &[&two], EndReason::Reuse);
    assert_eq!(kw.me(&first), 401);
    assert_eq!(kw.count("audit_events WHERE what = 'refresh_reuse'"), 1);
    assert_eq!(
        kw.count("audit_events WHERE what = 'organization_entered'"),
        0
    );
});

both!(
    attack_l24_a_token_that_is_ahead_or_anothers_ends_nothing,
    |kw| {
        let acme = make(kw, &person(kw, ALICE), "Acme");
        let (access, zero) = kw.sign_in(ALICE, PASSWORD).tokens();
        let (_, theirs) = kw.sign_in(ALICE, PASSWORD).tokens();
        let (other, spent) = (kw.refresh(&theirs).tokens().0, theirs);
        kw.advance(60);
        assert_eq!(kw.me(&other), 200);
        let before = kw.state();
        try_to_enter(kw, &acme, &access, &spent);
        try_to_enter(kw, &acme, &access, "junk");
        assert_eq!(kw.state(), before);
        enter(kw, &acme, (&access, &zero));
    }
);
