//! What becomes of a session whose refresh token is shown (semantics 1, rules 2 to 9):
//! tabs and lost answers are forgiven, a copied token ends the session. `domain/refresh_rotation.rs`
//! has the table of rules with its edges; here they hold from the wire to the row.

use keyward::domain::session::{EndReason, Ending, Session};
use keyward::service::upkeep::threads;
use serde_json::json;

use crate::support::{Forge, TestKeyward, forged_refresh};

/// Shows an access token to some route.
type Sight = fn(&TestKeyward, &str);

/// A refusal that ends nothing: the row is as it was, the current token still good.
#[track_caller]
fn assert_harmless(kw: &TestKeyward, access: &str, shown: &str, current: &str) {
    let before = kw.session_of(access);
    kw.refresh(shown).refused(401, "INVALID_CREDENTIALS");
    // In a cookie jar a late tab's refusal must not take the better cookie away.
    let answer = kw.post("/auth/refresh").cookie(shown).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(kw.session_of(access), before);
    assert_eq!(kw.refresh(current).outcome(), "fresh");
}

both!(r3_rule_4_a_lost_answer_is_fetched_again, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    assert_eq!(kw.me(&access), 200);
    let before = kw.session_of(&access);
    for (number, seconds) in [5, 24, 1].into_iter().enumerate() {
        kw.advance(seconds);
        let answer = kw.refresh(&zero);
        assert_eq!(answer.outcome(), "replayed");
        let (again, same) = answer.tokens();
        assert_eq!(
            same, one,
            "the same successor, or a thief would have his own"
        );
        assert_eq!(Forge::claims_of(&again)["gen"], json!(1));
        assert_eq!(kw.me(&again), 200);
        let mut expected = before.clone();
        expected.generation.replays = u32::try_from(number).unwrap() + 1;
        assert_eq!(
            kw.session_of(&access),
            expected,
            "neither gen nor any end moves"
        );
    }
    let account = before.account;
    assert_eq!(
        kw.counted(account)[2..],
        [("refresh_replayed".to_owned(), 3)]
    );
});

both!(r4_rule_8_a_spent_token_ends_the_session, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    assert_eq!(kw.me(&access), 200, "its successor is in use");
    kw.advance(31);
    let answer = kw.post("/auth/refresh").cookie(&zero).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(
        answer.cookie().as_deref(),
        Some(""),
        "a final refusal clears the cookie"
    );
    let session = kw.session_of(&access);
    assert_eq!(
        session.ended,
        Some(Ending {
            at: kw.kw.clock.now(),
            reason: EndReason::Reuse
        })
    );
    assert_eq!(session.generation.number, 1, "it does not move any more");
    assert_eq!(kw.audit(session.account).last().unwrap(), "refresh_reuse");
    kw.advance(60);
    kw.assert_ended(&access, &[&zero, &one], EndReason::Reuse);
    assert_eq!(kw.audit(session.account).last().unwrap(), "refresh_reuse");
    let replica = kw.replica();
    assert_eq!(replica.me(&access), 401, "every process learns of it");
});

both!(r5_rule_7_a_late_tab_does_no_harm, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    kw.advance(10);
    let (_, two) = kw.refresh(&one).tokens();
    kw.advance(20);
    assert_harmless(kw, &access, &zero, &two);
});

both!(r6_rule_8_generation_0_a_day_later, |kw| {
    let (access, mut tokens) = kw.signed_in("alice@example.com");
    let zero = tokens.clone();
    for _ in 0..3 {
        kw.advance(8 * 3600);
        tokens = kw.refresh(&tokens).tokens().1;
    }
    kw.advance(31);
    kw.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(
        kw.session_of(&access).ended.unwrap().reason,
        EndReason::Reuse
    );
    kw.refresh(&tokens).refused(401, "INVALID_CREDENTIALS");
});

both!(rule_5_an_unseen_answer_is_recovered, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    let before = kw.session_of(&access);
    for (seconds, replays) in [(31, 1), (3600, 2), (10 * 3600, 3)] {
        kw.advance(seconds);
        let answer = kw.refresh(&zero);
        assert_eq!(answer.outcome(), "recovered");
        assert_eq!(answer.tokens().1, one);
        let mut expected = before.clone();
        expected.generation.replays = replays;
        // The tabs that wake with this one have a grace of their own.
        expected.generation.rotated_at = kw.kw.clock.now();
        assert_eq!(kw.session_of(&access), expected);
    }
    assert_eq!(kw.audit(before.account)[2..], ["refresh_recovered"; 3]);
    assert_eq!(kw.refresh(&one).outcome(), "fresh");
});

both!(
    rule_5_recovery_ends_after_a_day,
    &[("KEYWARD_REFRESH_TOKEN_TTL", "3d")],
    |kw| {
        let (access, [zero, one]) = kw.refreshed("alice@example.com");
        kw.advance(86_400);
        assert_eq!(kw.refresh(&zero).outcome(), "recovered");
        kw.advance(86_401);
        kw.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
        kw.assert_ended(&access, &[&one], EndReason::Reuse);
    }
);

// Any route that sees an access token of the successor's generation proves that the
// answer arrived. So does another process, once it has written that down.
both!(rule_5_a_seen_answer_is_not_given_again, |kw| {
    let sights: [(&str, Sight); 6] = [
        ("me", |kw, access| assert_eq!(kw.me(access), 200)),
        ("verify", |kw, access| {
            assert_eq!(kw.get("/auth/verify").bearer(access).send().status, 200);
        }),
        ("query", |kw, access| {
            let path = format!("/users/me?access_token={access}");
            assert_eq!(kw.get(&path).send().status, 200);
        }),
        ("token-info", |kw, access| {
            let ask = kw.get("/v1/api/auth/tokenInfo").bearer(access);
            assert_eq!(ask.send().status, 200);
        }),
        ("flushed", |kw, access| {
            assert_eq!(kw.me(access), 200);
            threads::flush_seen(&kw.kw).unwrap();
            assert!(kw.session_of(access).generation.seen);
        }),
        ("replica", |kw, access| {
            let replica = kw.replica();
            assert_eq!(replica.me(access), 200);
            threads::flush_seen(&replica.kw).unwrap();
        }),
    ];
    for (name, see) in sights {
        let (_, zero) = kw.signed_in(&format!("{name}@example.com"));
        let (access, one) = kw.refresh(&zero).tokens();
        see(kw, &access);
        kw.advance(31);
        kw.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
        kw.assert_ended(&access, &[&one], EndReason::Reuse);
    }
});

both!(rule_5_each_generation_is_seen_anew, |kw| {
    let (access, [_, one]) = kw.refreshed("alice@example.com");
    assert_eq!(kw.me(&access), 200);
    let (_, two) = kw.refresh(&one).tokens();
    threads::flush_seen(&kw.kw).unwrap();
    kw.advance(31);
    let answer = kw.refresh(&one);
    assert_eq!((answer.outcome(), answer.tokens().1), ("recovered", two));
});

both!(
    asvs_10_4_5_a_grace_of_zero_is_strict,
    &[("KEYWARD_REFRESH_GRACE", "0s")],
    |kw| {
        let (access, [zero, one]) = kw.refreshed("alice@example.com");
        kw.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
        kw.assert_ended(&access, &[&one], EndReason::Reuse);
    }
);

both!(r13_rule_6_a_database_older_than_its_tokens, |kw| {
    let (access, [_, one]) = kw.refreshed("alice@example.com");
    let session = kw.session_of(&access);
    kw.advance(3600);
    for ahead in [2, 3, u32::MAX] {
        assert_harmless_alarm(
            kw,
            &session,
            &forged_refresh(session.id, ahead, &session.salt),
        );
    }
    // The same as it happens in life: the row comes from yesterday's backup.
    let (_, two) = kw.refresh(&one).tokens();
    let restore = "UPDATE sessions SET gen = 1";
    kw.execute(restore, restore);
    assert_harmless_alarm(kw, &kw.session_of(&access), &two);
    assert_eq!(
        kw.refresh(&one).outcome(),
        "fresh",
        "no session is lost by a restore"
    );
});

#[track_caller]
fn assert_harmless_alarm(kw: &TestKeyward, session: &Session, token: &str) {
    let alarms = |kw: &TestKeyward| {
        let mut counted = kw.counted(session.account);
        counted.retain(|(what, _)| what == "database_older_than_tokens");
        counted.iter().map(|(_, times)| times).sum::<i64>()
    };
    let before = alarms(kw);
    let answer = kw.post("/auth/refresh").cookie(token).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(kw.session(&session.id.to_string()), *session);
    assert_eq!(alarms(kw), before + 1);
}

both!(r22_sixty_replays_and_no_more, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    for _ in 0..60 {
        assert_eq!(kw.refresh(&zero).outcome(), "replayed");
    }
    let before = kw.session_of(&access);
    for _ in 0..40 {
        let answer = kw.post("/auth/refresh").cookie(&zero).send();
        answer.refused(429, "REQUESTS_EXCEEDED");
        assert_eq!(answer.header("retry-after"), Some("30"));
        assert!(
            answer.set_cookies().is_empty(),
            "the cookie is not at fault"
        );
    }
    assert_eq!(kw.session_of(&access), before);
    assert_eq!(before.generation.number, 1);
    // Recovery has the same budget, and neither spends the owner's own token.
    kw.advance(31);
    kw.refresh(&zero).refused(429, "REQUESTS_EXCEEDED");
    assert_eq!(kw.refresh(&one).outcome(), "fresh");
});

both!(rule_9_a_clock_that_went_back_destroys_nothing, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    assert_eq!(kw.me(&access), 200);
    kw.goes_back(59);
    let answer = kw.refresh(&zero);
    assert_eq!(
        (answer.outcome(), answer.tokens().1),
        ("replayed", one.clone())
    );
    kw.kw.clock.step_back(std::time::Duration::from_secs(3600));
    assert_harmless(kw, &access, &zero, &one);
    assert_eq!(kw.session_of(&access).generation.number, 2);
});
