//! Signing keys (semantics 7): the next one is published before it signs, the old one
//! verifies until what it signed has ended, and one that others know is gone at once.
//! What a verifier elsewhere relies on is the JWK set and the tokens, so these are what
//! is looked at.

use keyward::service::Code;
use keyward::service::keys::{self, Published};
use serde_json::Value;

use crate::support::{Forge, TestKeyward, text};

const ALICE: &str = "alice@example.com";

const DAY: u64 = 86_400;

impl TestKeyward {
    /// The ids of the published keys, oldest first.
    fn published(&self) -> Vec<String> {
        let answer = self.get("/.well-known/jwks.json").send();
        assert_eq!(answer.status, 200, "{answer:?}");
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        for key in &keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{private} is published");
            }
        }
        keys.iter().map(|key| text(key, "kid")).collect()
    }
}

/// The id of the key that signed a token.
fn key_of(token: &str) -> String {
    text(&Forge::header_of(token), "kid")
}

fn access(kw: &TestKeyward, email: &str) -> String {
    text(&kw.login(email), "access_token")
}

both!(
    j21_a_next_key_is_published_at_once_and_signs_after_its_notice,
    |kw| {
        let (before, _) = kw.signed_in(ALICE);
        let first = key_of(&before);
        let Published { id: next, from } = keys::rotate(&kw.kw).unwrap();
        assert_eq!(from, kw.kw.clock.now() + keys::NOTICE);
        // Whoever fetched the set just before has it fresh when the key begins to sign.
        assert!(keys::NOTICE >= 2 * keys::JWKS_CACHE);
        let answer = kw.get("/.well-known/jwks.json").send();
        let cached = format!("public, max-age={}", keys::JWKS_CACHE.as_secs());
        assert_eq!(answer.header("cache-control"), Some(&*cached));
        assert_eq!(kw.published(), [first.clone(), next.clone()]);

        let notice = keys::NOTICE.as_secs();
        kw.advance(notice - 1);
        assert_eq!(key_of(&access(kw, ALICE)), first);
        kw.advance(1);
        let (after, oisp) = (access(kw, ALICE), kw.oisp_login(ALICE));
        assert_eq!(
            (key_of(&after), key_of(&oisp)),
            (next.clone(), next.clone())
        );
        // Both verify, and both are published.
        assert_eq!((kw.me(&before), kw.me(&after)), (200, 200));
        assert_eq!(kw.published(), [first, next]);
    }
);

both!(
    j21_an_old_key_verifies_until_what_it_signed_has_ended,
    |kw| {
        kw.account(ALICE);
        let first = key_of(&access(kw, ALICE));
        let next = keys::rotate(&kw.kw).unwrap().id;
        kw.advance(keys::NOTICE.as_secs() - 1);
        // The last token that the old key signs, of the class that lives longest: 24 h, and
        // then its exchange for as long as a session may be idle, 12 h.
        let last = kw.oisp_login(ALICE);
        assert_eq!(key_of(&last), first);
        kw.advance(DAY - 1);
        assert_eq!(kw.me(&last), 200);
        kw.advance(DAY / 2);
        assert_eq!(kw.published(), [first, next.clone()]);
        let exchanged = kw.get(&format!("/auth/token?token={last}")).send();
        assert_eq!(exchanged.status, 200, "{exchanged:?}");
        assert_eq!(key_of(&text(&exchanged.json(), "token")), next);
        // A minute later nothing of it is left, and a token that claims it is nobody's.
        kw.advance(62);
        assert_eq!(kw.published(), [next]);
        let now = kw.kw.clock.now().seconds();
        let claims = Forge::with(
            &access(kw, ALICE),
            &[("iat", now.into()), ("exp", (now + 60).into())],
        );
        let forged = Forge::ours().sign(&Forge::ours().header(), &claims);
        let answer = kw.get("/auth/me").bearer(&forged).send();
        answer.refused(401, "INVALID_TOKEN");
    }
);

both!(j21_one_next_key_waits_at_a_time, |kw| {
    let next = keys::rotate(&kw.kw).unwrap().id;
    let refused = keys::rotate(&kw.kw).unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.message.contains(&next), "{refused}");
    assert_eq!(kw.count("signing_keys"), 2);
    kw.advance(keys::NOTICE.as_secs());
    keys::rotate(&kw.kw).unwrap();
    assert_eq!(kw.published().len(), 3);
});

// A machine whose clock was ahead makes a key that would wait until then, and every other one behind it.
both!(
    operators_56_a_key_of_a_clock_that_was_ahead_waits_no_longer_than_others,
    |kw| {
        const MONTH: u64 = 30 * 86_400;
        kw.account(ALICE);
        let replica = kw.replica();
        let ahead = [kw, &replica];
        for kw in ahead {
            kw.advance(MONTH);
        }
        let first = keys::rotate(&kw.kw).unwrap();
        for kw in ahead {
            kw.kw.clock.step_back(std::time::Duration::from_secs(MONTH));
        }
        let again = keys::rotate(&kw.kw).unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(again.from, kw.kw.clock.now() + keys::NOTICE);
        assert_eq!(kw.count("signing_keys"), 2);
        assert_eq!(keys::rotate(&kw.kw).unwrap_err().code, Code::Conflict);
        replica.catch_up();
        for kw in ahead {
            kw.advance(keys::NOTICE.as_secs() + 1);
            assert_eq!(key_of(&access(kw, ALICE)), first.id);
        }
    }
);

both!(j21_replicas_sign_and_verify_by_the_same_keys, |kw| {
    let (before, _) = kw.signed_in(ALICE);
    let replica = kw.replica();
    let next = keys::rotate(&kw.kw).unwrap().id;
    replica.catch_up();
    assert_eq!(replica.published(), kw.published());
    kw.advance(keys::NOTICE.as_secs());
    replica.advance(keys::NOTICE.as_secs());
    let (ours, theirs) = (access(kw, ALICE), access(&replica, ALICE));
    assert_eq!((key_of(&ours), key_of(&theirs)), (next.clone(), next));
    for token in [&before, &ours, &theirs] {
        assert_eq!((kw.me(token), replica.me(token)), (200, 200));
    }
});

both!(
    keys_rotate_when_they_have_signed_for_long_enough,
    &[("KEYWARD_KEY_ROTATION", "30d")],
    |kw| {
        kw.account(ALICE);
        let first = key_of(&access(kw, ALICE));
        let due = || {
            keys::rotate_when_due(&kw.kw).unwrap();
            kw.published()
        };
        let notice = keys::NOTICE.as_secs();
        kw.advance(30 * DAY - notice - 1);
        assert_eq!(due(), std::slice::from_ref(&first));
        kw.advance(1);
        let [_, second] = due().try_into().unwrap();
        // Asked every minute, it makes one key all the same.
        for _ in 0..9 {
            kw.advance(60);
            assert_eq!(due(), [first.clone(), second.clone()]);
        }
        assert_eq!(key_of(&access(kw, ALICE)), first);
        kw.advance(60);
        assert_eq!(
            key_of(&access(kw, ALICE)),
            second,
            "after 30 days to the second"
        );
        kw.advance(30 * DAY - notice);
        let [kept, third] = due().try_into().unwrap();
        assert_eq!(kept, second, "the first is retired for good");
        kw.advance(notice);
        assert_eq!(key_of(&access(kw, ALICE)), third);
        assert_eq!(kw.count("signing_keys"), 3);
    }
);

// Each looks at the database, not at what it remembers: one key, though both find one
// due before they hear of each other.
both!(
    keys_that_are_due_on_two_replicas_rotate_once,
    &[("KEYWARD_KEY_ROTATION", "30d")],
    |kw| {
        let replica = kw.replica();
        for keyward in [kw, &replica] {
            keyward.advance(30 * DAY);
        }
        for keyward in [kw, &replica] {
            keys::rotate_when_due(&keyward.kw).unwrap();
        }
        assert_eq!(kw.count("signing_keys"), 2);
        assert_eq!(replica.published(), kw.published());
    }
);

both!(
    keys_rotate_by_hand_alone_where_the_setting_is_zero,
    &[("KEYWARD_KEY_ROTATION", "0")],
    |kw| {
        kw.advance(3650 * DAY);
        keys::rotate_when_due(&kw.kw).unwrap();
        assert_eq!(kw.count("signing_keys"), 1);
        keys::rotate(&kw.kw).unwrap();
        assert_eq!(kw.count("signing_keys"), 2);
    }
);

both!(a_compromised_key_is_believed_nowhere_any_more, |kw| {
    let (before, refresh) = kw.signed_in(ALICE);
    let oisp = kw.oisp_login(ALICE);
    keys::rotate(&kw.kw).unwrap();
    let replica = kw.replica();
    // Also what was verified before, and is remembered.
    for keyward in [kw, &replica] {
        assert_eq!((keyward.me(&before), keyward.me(&oisp)), (200, 200));
    }
    let sessions = kw.state();

    let fresh = keys::replace_compromised(&kw.kw).unwrap();
    replica.catch_up();

    let forged = Forge::ours().sign(&Forge::ours().header(), &Forge::claims_of(&before));
    for keyward in [kw, &replica] {
        assert_eq!(keyward.published(), std::slice::from_ref(&fresh));
        for token in [&before, &oisp, &forged] {
            let answer = keyward.get("/auth/me").bearer(token).send();
            answer.refused(401, "INVALID_TOKEN");
            let answer = keyward.get(&format!("/auth/token?token={token}")).send();
            assert_eq!(answer.status, 401, "{answer:?}");
        }
    }
    assert_eq!(kw.state(), sessions, "sessions live on");
    let (after, _) = replica.refresh(&refresh).tokens();
    assert_eq!(key_of(&after), fresh);
    assert_eq!((kw.me(&after), replica.me(&after)), (200, 200));
    assert_eq!(kw.count("audit_events WHERE what = 'key_compromised'"), 1);
});

both!(a_set_holds_public_halves_and_nothing_else, |kw| {
    let answer = kw.get("/.well-known/jwks.json").send();
    let body = answer.json();
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["keys"]);
    let key = body["keys"][0].as_object().unwrap().clone();
    let mut names: Vec<&str> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    let is = |name: &str, value: &str| assert_eq!(key[name], Value::from(value));
    is("alg", "RS256");
    is("use", "sig");
    is("kty", "RSA");
});
