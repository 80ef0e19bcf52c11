//! How an account is signed in to, as administrators change it.

use serde_json::json;

use super::{ALICE, OTHER, administrator, done, of, rows};
use crate::support::{PASSWORD, WRONG, text};

both!(
    y01_r8_a_password_that_is_set_ends_what_the_old_one_opened,
    |kw| {
        let (_, token) = administrator(kw);
        let alice = kw.account(ALICE);
        let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
        let path = of(alice, "/password");
        for bad in ["short", "password1", ALICE] {
            let body = json!({ "password": bad });
            let answer = kw.post(&path).bearer(&token).json(&body).send();
            answer.refused(400, "INVALID_PAYLOAD");
            assert_eq!(kw.me(&access), 200);
        }
        let body = json!({ "password": OTHER });
        let answer = kw.post(&path).bearer(&token).json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(kw.me(&access), 401);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(attack_m3_a_suspended_account_is_unlocked, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    kw.exhaust(ALICE);
    kw.sign_in(ALICE, PASSWORD)
        .refused(429, "REQUESTS_EXCEEDED");
    done(kw, "POST", &of(alice, "/unlock"), &token);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

both!(m23_a_lost_second_factor_is_taken_away, |kw| {
    let (_, token) = administrator(kw);
    let (access, _, _) = kw.with_factor(ALICE);
    let alice = crate::support::account_of(&access);
    let access = kw.get(&of(alice, "")).bearer(&token).send();
    assert_eq!(access.json()["mfaEnabled"], json!(true));
    done(kw, "DELETE", &of(alice, "/second-factor"), &token);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    let again = kw
        .delete(&of(alice, "/second-factor"))
        .bearer(&token)
        .send();
    again.refused(404, "NOT_FOUND");
});

// As DELETE of what is gone is elsewhere (docs/API-DESIGN.md), and with one full stop.
both!(clients_58_a_factor_that_is_not_there_is_404, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let before = kw.state();
    let path = of(alice, "/second-factor");
    let refused = kw.delete(&path).bearer(&token).send();
    refused.refused(404, "NOT_FOUND");
    assert!(
        refused.body.contains("The account has no second factor.\""),
        "{refused:?}"
    );
    assert_eq!(kw.state(), before);
});

both!(
    r8_sessions_are_listed_and_ended_one_by_one_and_together,
    |kw| {
        let (root, token) = administrator(kw);
        let alice = kw.account(ALICE);
        let tokens: Vec<String> = (0..3)
            .map(|_| kw.sign_in(ALICE, PASSWORD).tokens().0)
            .collect();
        let listed = rows(&kw.get(&of(alice, "/sessions")).bearer(&token).send());
        assert_eq!(listed.len(), 3);
        assert!(listed.iter().all(|row| row["current"] == json!(false)));
        let own = rows(&kw.get(&of(root, "/sessions")).bearer(&token).send());
        assert_eq!(own[0]["current"], json!(true));
        // A session of somebody else is none of this account's.
        let mine = text(&own[0], "id");
        let answer = kw
            .delete(&of(alice, &format!("/sessions/{mine}")))
            .bearer(&token)
            .send();
        answer.refused(404, "NOT_FOUND");
        assert_eq!(kw.me(&token), 200);
        let first = format!("/sessions/{}", kw.session_of(&tokens[0]).id);
        done(kw, "DELETE", &of(alice, &first), &token);
        let living = |at: usize| kw.me(&tokens[at]);
        assert_eq!([living(0), living(1), living(2)], [401, 200, 200]);
        let again = kw.delete(&of(alice, &first)).bearer(&token).send();
        again.refused(404, "NOT_FOUND");
        done(kw, "DELETE", &of(alice, "/sessions"), &token);
        assert_eq!([living(0), living(1), living(2)], [401, 401, 401]);
        assert_eq!(kw.me(&token), 200);
    }
);

both!(y17_the_last_attempts_are_listed_youngest_first, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    for password in [WRONG, WRONG, PASSWORD] {
        kw.sign_in(ALICE, password);
        kw.advance(1);
    }
    let path = of(alice, "/login-attempts");
    let listed = rows(&kw.get(&path).bearer(&token).send());
    let outcomes: Vec<String> = listed.iter().map(|row| text(row, "outcome")).collect();
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[0], "ok");
    assert!(outcomes[1..].iter().all(|outcome| outcome != "ok"));
    let limited = kw.get(&format!("{path}?limit=1")).bearer(&token).send();
    assert_eq!(rows(&limited), listed[..1]);
});

both!(y16_o11_o12_a_role_is_granted_and_taken, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let (before, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let path = of(alice, "/roles/administrator");
    done(kw, "PUT", &path, &token);
    done(kw, "PUT", &path, &token);
    let denied = kw.get("/admin/accounts").bearer(&before).send();
    denied.refused(403, "FORBIDDEN");
    let (access, refresh) = kw.refresh(&refresh).tokens();
    assert_eq!(kw.get("/admin/accounts").bearer(&access).send().status, 200);
    let replica = kw.replica();
    assert_eq!(replica.me(&access), 200);
    done(kw, "DELETE", &path, &token);
    replica.catch_up();
    for kw in [kw, &replica] {
        let answer = kw.get("/admin/accounts").bearer(&access).send();
        answer.refused(401, "TOKEN_EXPIRED");
    }
    let (access, _) = kw.refresh(&refresh).tokens();
    let answer = kw.get("/admin/accounts").bearer(&access).send();
    answer.refused(403, "FORBIDDEN");
    let unknown = kw.put(&of(alice, "/roles/king")).bearer(&token).send();
    unknown.refused(404, "NOT_FOUND");
});

both!(a_role_is_granted_by_any_name_that_it_can_have, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    // No new one is called so, and whoever has one keeps it.
    kw.sql("INSERT INTO roles (name, description, scope) VALUES ('S/R 1', '', 'service')");
    done(kw, "PUT", &of(alice, "/roles/S%2FR%201"), &token);
    let shown = kw.get(&of(alice, "")).bearer(&token).send().json();
    assert_eq!(shown["roles"], json!(["S/R 1"]));
    done(kw, "DELETE", &of(alice, "/roles/S%2fR%201"), &token);
});

// Each token names the roles, and must be read back.
both!(roles_are_as_many_as_a_token_can_name, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let mut refused = None;
    for number in 0..20 {
        let name = format!("{number:02}{}", "x".repeat(62));
        let body = json!({ "name": name, "scope": "service", "permissions": [] });
        let made = kw.post("/auth/roles").bearer(&token).json(&body).send();
        assert_eq!(made.status, 201, "{made:?}");
        let path = of(alice, &format!("/roles/{name}"));
        let granted = kw.ask("PUT", &path).bearer(&token).send();
        if granted.status != 204 {
            granted.refused(409, "CONFLICT");
            refused.get_or_insert(number);
        }
    }
    assert_eq!(refused, Some(15), "15 times 64 is less than 1,000");
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    assert_eq!(kw.me(&access), 200);
});
