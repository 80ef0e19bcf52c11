//! The log says what happened, and nothing of a deed that found everything as it was to be.

use serde_json::json;

use super::{ALICE, administrator, done, of};
use crate::support::{PASSWORD, TestKeyward};

/// Every event of these kinds.
fn told(kw: &TestKeyward, what: &'static str) -> i64 {
    kw.count(&format!("audit_events WHERE what = '{what}'"))
}

both!(operators_62_a_role_that_is_not_held_is_not_taken, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let path = of(alice, "/roles/administrator");
    let refused = kw.delete(&path).bearer(&token).send();
    refused.refused(404, "NOT_FOUND");
    assert_eq!(told(kw, "role_taken"), 0);
    for _ in 0..2 {
        done(kw, "PUT", &path, &token);
        assert_eq!(told(kw, "role_granted"), 1);
    }
    done(kw, "DELETE", &path, &token);
    kw.delete(&path)
        .bearer(&token)
        .send()
        .refused(404, "NOT_FOUND");
    assert_eq!(told(kw, "role_taken"), 1);
});

both!(operators_62_what_is_so_already_is_not_in_the_log, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    for (enabled, what) in [
        (true, "account_enabled"),
        (false, "account_disabled"),
        (true, "account_enabled"),
    ] {
        let before = told(kw, what);
        let happens = i64::from(what == "account_disabled" || told(kw, "account_disabled") > 0);
        for _ in 0..2 {
            let body = json!({ "enabled": enabled });
            let ask = kw.ask("PATCH", &of(alice, "")).bearer(&token);
            let answer = ask.json(&body).send();
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.json()["enabled"], enabled);
            assert_eq!(told(kw, what), before + happens, "{what}");
        }
    }
    done(kw, "POST", &of(alice, "/unlock"), &token);
    assert_eq!(told(kw, "account_unlocked"), 0);
    kw.exhaust(ALICE);
    for _ in 0..2 {
        done(kw, "POST", &of(alice, "/unlock"), &token);
        assert_eq!(told(kw, "account_unlocked"), 1);
    }
});

both!(operators_62_who_has_no_session_loses_none, |kw| {
    let (_, token) = administrator(kw);
    let machine = kw.machine("robot", &[]);
    done(kw, "DELETE", &of(machine, "/sessions"), &token);
    assert_eq!(told(kw, "sessions_revoked"), 0);
    let alice = kw.account(ALICE);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    for _ in 0..2 {
        done(kw, "DELETE", &of(alice, "/sessions"), &token);
        assert_eq!(told(kw, "sessions_revoked"), 1);
        assert_eq!(kw.me(&access), 401);
    }
});

both!(
    operators_62_a_role_and_a_name_that_stay_are_not_in_the_log,
    |kw| {
        let (_, token) = administrator(kw);
        let role = json!({ "name": "Reader", "scope": "service", "permissions": [] });
        let made = kw.post("/auth/roles").bearer(&token).json(&role).send();
        assert_eq!(made.status, 201, "{made:?}");
        let put = |body| {
            let ask = kw.ask("PATCH", "/auth/roles/Reader").bearer(&token);
            let answer = ask.json(&body).send();
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        put(json!({ "permissions": [], "mfaRequiredFrom": null }));
        assert_eq!(told(kw, "role_changed"), 0);
        assert_eq!(told(kw, "mfa_demand_lifted"), 0);
        put(json!({ "description": "reads" }));
        assert_eq!(told(kw, "role_changed"), 1);
    }
);

both!(operators_62_a_profile_that_stays_is_not_in_the_log, |kw| {
    let (_, token) = administrator(kw);
    let alice = of(kw.account(ALICE), "");
    let patch = |body| {
        kw.advance(60);
        let answer = kw.ask("PATCH", &alice).bearer(&token).json(&body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let mine = json!({
        "firstName": "Alice", "username": "alice", "language": "nl", "phones": ["+44 1865 270000"],
    });
    let first = patch(mine.clone());
    assert_eq!(told(kw, "profile_changed"), 1);
    assert_eq!(patch(mine), first);
    assert_eq!(
        patch(json!({ "username": "alice", "enabled": true })),
        first
    );
    assert_eq!(patch(json!({ "company": null, "groups": [] })), first);
    assert_eq!(told(kw, "profile_changed"), 1);
    patch(json!({ "username": "alice", "enabled": false }));
    assert_eq!(told(kw, "profile_changed"), 1);
    patch(json!({ "lastName": "Liddell" }));
    assert_eq!(told(kw, "profile_changed"), 2);
});
