//! An administrator acts for an account: who may, what such a token opens, and what ends it.

use std::sync::Barrier;

use keyward::domain::id::AccountId;
use keyward::domain::rights::acting::{ActingLife, ActingReason};
use keyward::http::routes::TABLE;
use keyward::service::accounts::act_as::{Request, act_as};
use keyward::service::accounts::administer;
use keyward::service::tokens::authenticate::authenticate;
use serde_json::{Value, json};

use super::{ALICE, OTHER, ROOT, administrator, done, of, rows};
use crate::support::{Answer, Forge, Logbook, PASSWORD, TestKeyward, actor, text};

const SUPPORT: &str = "support";

/// An administrator who may act for others, and their access token.
fn helper(kw: &TestKeyward) -> (AccountId, String) {
    let root = kw.add(ROOT, None, true);
    kw.define_role(SUPPORT, &["account:act_as"]);
    administer::grant_role(&kw.kw, root, SUPPORT).unwrap();
    (root, kw.sign_in(ROOT, PASSWORD).tokens().0)
}

fn ask(kw: &TestKeyward, by: &str, account: AccountId, body: &Value) -> Answer {
    let path = of(account, "/act-as");
    kw.post(&path).bearer(by).json(body).send()
}

/// The token that acts for the account.
#[track_caller]
fn acting(kw: &TestKeyward, by: &str, account: AccountId) -> String {
    let answer = ask(kw, by, account, &json!({ "reason": "ticket 4711" }));
    assert_eq!(answer.status, 200, "{answer:?}");
    text(&answer.json(), "access_token")
}

both!(a_token_that_acts_says_for_whom_and_who, |kw| {
    let (root, token) = helper(kw);
    let alice = kw.add(ALICE, Some("alice"), false);
    let own = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let answer = ask(
        kw,
        &token,
        alice,
        &json!({ "reason": " ticket 4711 ", "expiresIn": 3600 }),
    );
    let body = answer.json();
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    let wanted = [
        "access_token",
        "account",
        "actor",
        "expires",
        "expires_at",
        "session",
    ];
    assert_eq!(names, wanted, "no refresh token");
    assert_eq!(body["expires"], json!(3_600_000));
    assert_eq!(
        (&body["account"], &body["actor"]),
        (&json!(alice), &json!(root))
    );
    assert!(answer.set_cookies().is_empty());
    let access = text(&body, "access_token");
    let claims = Forge::claims_of(&access);
    assert_eq!(claims["sub"], json!(alice));
    assert_eq!(claims["act"], json!({ "sub": root }));
    assert_eq!(claims["permissions"], json!([]));
    assert_eq!(Forge::claims_of(&own).get("act"), None);

    let verified = kw.get("/auth/verify").bearer(&access).send();
    assert_eq!(verified.header("remote-user"), Some("alice"));
    assert_eq!(verified.header("x-keyward-actor"), Some(&*root.to_string()));
    let verified = kw.get("/auth/verify").bearer(&own).send();
    assert_eq!(verified.header("x-keyward-actor"), Some(""));

    // Its owner sees it, who it is and until when; and not from where.
    let listed = kw.get("/auth/sessions").bearer(&own).send().json();
    let sessions = listed["sessions"].as_array().unwrap();
    let it = sessions
        .iter()
        .find(|it| it["id"] == body["session"])
        .unwrap();
    assert_eq!(it["actedBy"], json!(root));
    assert_eq!(it["expires"], body["expires_at"]);
    assert_eq!(
        (&it["address"], &it["device"]),
        (&Value::Null, &Value::Null)
    );
    assert!(sessions.iter().any(|it| it["actedBy"].is_null()));
    let export = kw.get("/auth/me/export").bearer(&own).send();
    assert!(export.body.contains(&format!("\"actedBy\":\"{root}\"")));

    let path = format!("/admin/audit-events?account={alice}&event=acted_as");
    let told = rows(&kw.get(&path).bearer(&token).send());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["actor"], json!(root));
    assert_eq!(told[0]["note"], json!("ticket 4711"));
    assert_eq!(told[0]["session"], body["session"]);

    kw.advance(3604);
    assert_eq!(kw.me(&access), 200);
    kw.advance(1);
    kw.get("/auth/me")
        .bearer(&access)
        .send()
        .refused(401, "TOKEN_EXPIRED");
});

both!(a_reason_must_be_given_and_an_hour_is_the_most, |kw| {
    let (_, token) = helper(kw);
    let alice = kw.account(ALICE);
    for body in [
        json!({}),
        json!({ "reason": "" }),
        json!({ "reason": "  " }),
        json!({ "reason": "two\nlines" }),
        json!({ "reason": "x".repeat(501) }),
        json!({ "reason": 4711 }),
        json!({ "reason": "it", "expiresIn": 3601 }),
        json!({ "reason": "it", "expiresIn": 59 }),
        json!({ "reason": "it", "expiresIn": -1 }),
        json!({ "reason": "it", "expiresIn": "900" }),
        json!({ "reason": "it", "expiresIn": 900.5 }),
        json!({ "reason": "it", "account": ROOT }),
    ] {
        ask(kw, &token, alice, &body).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.count("sessions WHERE actor_id IS NOT NULL"), 0);
    assert_eq!(kw.count("audit_events WHERE what = 'acted_as'"), 0);
});

both!(nobody_acts_who_may_not_or_for_whom_nobody_may, |kw| {
    let (root, token) = helper(kw);
    let alice = kw.account(ALICE);
    let body = json!({ "reason": "it" });
    // An administrator without the permission, and the permission without an administrator.
    let plain = kw.add("plain@example.com", None, true);
    let plain_token = kw.sign_in("plain@example.com", PASSWORD).tokens().0;
    ask(kw, &plain_token, alice, &body).refused(403, "FORBIDDEN");
    let agent = kw.account("agent@example.com");
    administer::grant_role(&kw.kw, agent, SUPPORT).unwrap();
    let agent_token = kw.sign_in("agent@example.com", PASSWORD).tokens().0;
    ask(kw, &agent_token, alice, &body).refused(403, "FORBIDDEN");
    // For an administrator, for who may act, for oneself, for a guest, for nobody, for the disabled.
    let guest = crate::support::account_of(&kw.guest().0);
    for account in [plain, agent, root, guest] {
        ask(kw, &token, account, &body).refused(403, "FORBIDDEN");
    }
    let nobody = AccountId(uuid::Uuid::nil());
    ask(kw, &token, nobody, &body).refused(404, "NOT_FOUND");
    administer::set_enabled(&kw.kw, alice, false).unwrap();
    ask(kw, &token, alice, &body).refused(409, "CONFLICT");
    assert_eq!(kw.count("sessions WHERE actor_id IS NOT NULL"), 0);
});

// A role of an organization gives nothing in the whole service.
both!(an_organization_can_not_give_it, |kw| {
    let (_, token) = helper(kw);
    let boss = kw.account("boss@example.com");
    let own = kw.sign_in("boss@example.com", PASSWORD).tokens().0;
    let made = kw
        .post("/auth/organizations")
        .bearer(&own)
        .json(&json!({ "name": "Acme" }))
        .send();
    let path = format!("/auth/organizations/{}/roles", text(&made.json(), "id"));
    let role = json!({ "name": "Spy", "permissions": ["account:act_as"] });
    kw.post(&path)
        .bearer(&own)
        .json(&role)
        .send()
        .refused(400, "INVALID_PAYLOAD");
    let make = |scope: &str, name: &str| {
        let role = json!({ "name": name, "scope": scope, "permissions": ["account:act_as"] });
        kw.post("/auth/roles").bearer(&token).json(&role).send()
    };
    make("organization", "Spy").refused(400, "INVALID_PAYLOAD");
    assert_eq!(make("service", "Helpdesk").status, 201);
    let role = json!({ "name": "Later", "scope": "organization", "permissions": [] });
    let made = kw.post("/auth/roles").bearer(&token).json(&role).send();
    assert_eq!(made.status, 201);
    let change = json!({ "permissions": ["account:act_as"] });
    kw.ask("PATCH", "/auth/roles/Later")
        .bearer(&token)
        .json(&change)
        .send()
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(
        kw.count(&format!("account_roles WHERE account_id = '{boss}'")),
        0
    );
});

// Every route that changes something, whatever its dialect; and what is the owner's alone.
both!(such_a_token_looks_and_changes_nothing, |kw| {
    let (_, token) = helper(kw);
    let alice = kw.account(ALICE);
    let access = acting(kw, &token, alice);
    let (state, events) = (kw.state(), kw.count("audit_events"));
    let mut walked = 0;
    for row in TABLE.iter().flat_map(|group| group.rows) {
        if row.guard.as_str() == "public" {
            continue;
        }
        let method = if row.method == "ANY" {
            "GET"
        } else {
            row.method
        };
        let answer = kw.ask(method, row.path).bearer(&access).send();
        if row.own {
            walked += 1;
            assert_eq!(answer.status, 403, "{method} {}: {answer:?}", row.path);
        } else {
            assert!(matches!(answer.status, 200 | 400 | 403 | 404), "{answer:?}");
        }
    }
    assert!(walked > 40, "{walked}");
    assert!(method_is_own("/auth/me/export") && method_is_own("/auth/password/change"));
    assert_eq!(kw.state(), state);
    assert_eq!(kw.count("audit_events"), events);
    assert_eq!(kw.me(&access), 200);
    // By no way there is another token for it.
    for ask in [
        kw.get(&format!("/auth/token?token={access}")),
        kw.post(&format!("/auth/token?token={access}")),
        kw.ask("PUT", "/v1/api/auth/me").bearer(&access),
        kw.post("/v1/api/auth/refresh").bearer(&access),
    ] {
        let answer = ask.send();
        assert!(matches!(answer.status, 401 | 403), "{answer:?}");
    }
    let forged = kw.session_of(&access);
    let refresh = crate::support::forged_refresh(forged.id, 0, &forged.salt);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.me(&access), 200);
    assert_eq!(kw.state(), state);
});

fn method_is_own(path: &str) -> bool {
    let mut rows = TABLE.iter().flat_map(|group| group.rows);
    rows.any(|row| row.path == path && row.own)
}

// Not after its end either, where other tokens can be exchanged.
both!(such_a_token_can_not_be_exchanged_later, |kw| {
    let (_, token) = helper(kw);
    let alice = kw.account(ALICE);
    let access = acting(kw, &token, alice);
    kw.advance(906);
    let answer = kw.get(&format!("/auth/token?token={access}")).send();
    assert_eq!(answer.status, 401, "{answer:?}");
});

both!(whoever_acts_may_stop_and_the_owner_may_stop_it, |kw| {
    let (root, token) = helper(kw);
    let alice = kw.account(ALICE);
    let own = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let access = acting(kw, &token, alice);
    let out = kw.post("/auth/logout").bearer(&access).send();
    assert_eq!(out.status, 204, "{out:?}");
    assert_eq!(kw.me(&access), 401);
    let by_actor = format!("audit_events WHERE what = 'logged_out' AND actor_id = '{root}'");
    assert_eq!(kw.count(&by_actor), 1, "the audit says who it was");
    let access = acting(kw, &token, alice);
    let id = text(&Forge::claims_of(&access), "sid");
    done(kw, "DELETE", &format!("/auth/sessions/{id}"), &own);
    assert_eq!(
        (kw.me(&access), kw.me(&own), kw.me(&token)),
        (401, 200, 200)
    );
    let access = acting(kw, &token, alice);
    done(kw, "DELETE", "/auth/sessions", &own);
    assert_eq!((kw.me(&access), kw.me(&own)), (401, 200));
    // Another one of the owner's own sign-ins does not end it.
    let access = acting(kw, &token, alice);
    kw.sign_in(ALICE, PASSWORD);
    assert_eq!(kw.me(&access), 200);
});

type Loss = fn(&TestKeyward, AccountId, AccountId);

/// What ends it within a second, on another process too.
const LOSSES: &[(&str, Loss)] = &[
    ("the permission", |kw, root, _| {
        administer::take_role(&kw.kw, root, SUPPORT).unwrap();
    }),
    ("the administrator's role", |kw, root, _| {
        administer::take_role(&kw.kw, root, "administrator").unwrap();
    }),
    ("the administrator", |kw, root, _| {
        administer::set_enabled(&kw.kw, root, false).unwrap();
    }),
    ("the administrator's sessions", |kw, root, _| {
        administer::revoke_sessions(&kw.kw, root).unwrap();
    }),
    ("the account", |kw, _, alice| {
        administer::set_enabled(&kw.kw, alice, false).unwrap();
    }),
    ("the account's sessions", |kw, _, alice| {
        administer::revoke_sessions(&kw.kw, alice).unwrap();
    }),
];

both!(it_ends_with_what_it_stands_on, |kw| {
    let (root, _) = helper(kw);
    kw.add("second@example.com", None, true);
    let alice = kw.account(ALICE);
    for (what, lose) in LOSSES {
        administer::set_enabled(&kw.kw, root, true).unwrap();
        administer::set_enabled(&kw.kw, alice, true).unwrap();
        administer::grant_role(&kw.kw, root, SUPPORT).unwrap();
        administer::grant_role(&kw.kw, root, "administrator").unwrap();
        let token = kw.sign_in(ROOT, PASSWORD).tokens().0;
        let access = acting(kw, &token, alice);
        let replica = kw.replica();
        assert_eq!(replica.me(&access), 200, "{what}");
        lose(kw, root, alice);
        assert_eq!(kw.me(&access), 401, "{what}");
        replica.catch_up();
        assert_eq!(replica.me(&access), 401, "{what}");
        assert!(kw.session_of(&access).ended.is_some(), "{what}");
    }
});

both!(it_ends_with_the_administrators_own_session, |kw| {
    let (_, token) = helper(kw);
    let alice = kw.account(ALICE);
    let other = kw.sign_in(ROOT, PASSWORD).tokens().0;
    let [first, second] = [&token, &other].map(|by| acting(kw, by, alice));
    kw.post("/auth/logout").bearer(&token).send();
    assert_eq!((kw.me(&first), kw.me(&second)), (401, 200));
    let third = kw.sign_in(ROOT, PASSWORD).tokens().0;
    done(kw, "DELETE", "/auth/sessions", &third);
    assert_eq!(kw.me(&second), 401);
    // A role that shrinks, at every holder.
    let access = acting(kw, &third, alice);
    let shrink = json!({ "permissions": [] });
    let path = format!("/auth/roles/{SUPPORT}");
    let changed = kw.ask("PATCH", &path).bearer(&third).json(&shrink).send();
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(kw.me(&access), 401);
    // A thief's, too.
    let (access, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
    let grow = json!({ "permissions": ["account:act_as"] });
    assert_eq!(
        kw.ask("PATCH", &path)
            .bearer(&access)
            .json(&grow)
            .send()
            .status,
        200
    );
    let acted = acting(kw, &access, alice);
    let next = kw.refresh(&refresh).tokens();
    kw.advance(31);
    kw.refresh(&next.1);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.me(&acted), 401);
});

// By its password a person changes the account; whoever acts learns nothing of it.
both!(
    guesses_at_the_owners_secrets_are_refused_unlooked_at,
    |kw| {
        let (_, token) = helper(kw);
        let alice = kw.account(ALICE);
        let access = acting(kw, &token, alice);
        let counted = kw.count("limits");
        for password in [PASSWORD, OTHER] {
            let body = json!({ "current_password": password, "new_password": OTHER });
            let asks = [
                kw.post("/auth/password/change").json(&body),
                kw.delete("/auth/me").json(&json!({ "password": password })),
                kw.delete("/users/me")
                    .json(&json!({ "password": password })),
            ];
            for ask in asks {
                ask.bearer(&access).send().refused(403, "FORBIDDEN");
            }
        }
        assert_eq!(kw.count("limits"), counted);
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    }
);

#[test]
fn every_request_of_it_is_marked_in_the_log() {
    let kw = TestKeyward::new();
    let book = Logbook::open();
    let (root, token) = helper(&kw);
    let alice = kw.account(ALICE);
    let access = acting(&kw, &token, alice);
    let marked = format!(" actor {root} as {alice}");
    let from = "203.0.113.177";
    kw.get("/auth/verify").peer(from).bearer(&access).send();
    kw.ask("PATCH", "/auth/me")
        .peer(from)
        .bearer(&access)
        .send();
    let body = json!({ "query": "{ me { id } }" });
    kw.post("/graphql")
        .peer(from)
        .bearer(&access)
        .json(&body)
        .send();
    let lines = book.lines_with(&format!("from {from} "));
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        assert!(line.ends_with(&marked), "{line}");
    }
    let own = kw.sign_in(ALICE, PASSWORD).tokens().0;
    kw.ask("PATCH", "/auth/me")
        .peer("203.0.113.178")
        .bearer(&own)
        .send();
    let lines = book.lines_with("from 203.0.113.178 ");
    assert!(
        lines.iter().all(|line| !line.contains(" actor ")),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 1);
}

// The permission is taken on one process while the other one begins: never a token that lives on.
both!(s9_acting_against_the_loss_of_the_permission, |kw| {
    let (root, _) = helper(kw);
    let alice = kw.account(ALICE);
    let replica = kw.replica();
    for _ in 0..12 {
        administer::grant_role(&kw.kw, root, SUPPORT).unwrap();
        let token = kw.sign_in(ROOT, PASSWORD).tokens().0;
        let by = actor(&kw.kw, &token);
        let start = Barrier::new(2);
        let (start, one, other) = (&start, kw.kw.clone(), replica.kw.clone());
        let given = std::thread::scope(|scope| {
            let given = scope.spawn(move || {
                let request = Request {
                    account: alice,
                    reason: ActingReason::parse("it").unwrap(),
                    life: ActingLife::USUAL,
                };
                start.wait();
                act_as(&one, &by, request).ok()
            });
            scope.spawn(move || {
                start.wait();
                administer::take_role(&other, root, SUPPORT).unwrap();
            });
            given.join().unwrap()
        });
        kw.catch_up();
        replica.catch_up();
        if let Some(tokens) = given {
            assert!(authenticate(&kw.kw, &tokens.access).is_err());
            assert!(authenticate(&replica.kw, &tokens.access).is_err());
        }
        let living = "sessions WHERE actor_id IS NOT NULL AND revoked_at IS NULL";
        assert_eq!(kw.count(living), 0);
    }
});

// An older binary's rows and tokens are as they were; the matrix has a column of its own.
both!(an_administrator_sees_who_acts, |kw| {
    let (root, token) = administrator(kw);
    kw.define_role(SUPPORT, &["account:act_as"]);
    administer::grant_role(&kw.kw, root, SUPPORT).unwrap();
    let alice = kw.account(ALICE);
    acting(kw, &token, alice);
    let sessions = rows(&kw.get(&of(alice, "/sessions")).bearer(&token).send());
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0]["actedBy"], json!(root));
});
