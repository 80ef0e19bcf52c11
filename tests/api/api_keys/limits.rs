//! A key does no more than its maker may, and no more than it was given.

use keyward::service::accounts::administer;
use serde_json::json;

use super::{ALICE, made, make, root, rows, verify};
use crate::support::{account_of, text};

both!(o4_nobody_gives_a_key_more_than_they_may, |kw| {
    let (alice, _) = kw.signed_in(ALICE);
    for word in ["admin", "account:mail", "member:read", "device:read"] {
        let answer = make(kw, &alice, &json!({ "name": "ci", "permissions": [word] }));
        answer.refused(403, "FORBIDDEN");
        assert!(answer.body.contains(word), "{answer:?}");
    }
    assert_eq!(rows(kw), [""; 0]);
    kw.define_role("reader", &["device:read"]);
    administer::grant_role(&kw.kw, account_of(&alice), "reader").unwrap();
    // The token is of before; the database decides.
    let (key, _) = made(kw, &alice, ("ci", &["device:read"]));
    let answer = verify(kw, &key);
    assert_eq!(answer.header("x-keyward-permissions"), Some("device:read"));
});

both!(
    a_key_without_scope_opens_nothing_that_asks_for_a_permission,
    |kw| {
        let root = root(kw);
        let (none, _) = made(kw, &root, ("none", &[]));
        let (other, _) = made(kw, &root, ("other", &["account:mail", "organization:read"]));
        for key in [&none, &other] {
            for path in ["/admin/accounts", "/admin/api-keys", "/auth/roles"] {
                let answer = kw.get(path).bearer(key).send();
                answer.refused(403, "FORBIDDEN");
                assert!(answer.body.contains("admin"), "{answer:?}");
            }
            let answer = verify(kw, key);
            assert_eq!(
                (answer.status, answer.header("remote-groups")),
                (200, Some(""))
            );
        }
        let answer = kw.get("/auth/organizations").bearer(&none).send();
        answer.refused(403, "FORBIDDEN");
        assert_eq!(
            kw.get("/auth/organizations").bearer(&other).send().status,
            200
        );
    }
);

both!(o6_o7_j23_a_key_loses_what_its_account_loses, |kw| {
    let root = root(kw);
    let alice = kw.account(ALICE);
    kw.define_role("reader", &["device:read"]);
    administer::grant_role(&kw.kw, alice, "reader").unwrap();
    let replica = kw.replica();
    let key = kw.key(alice, &["device:read"]);
    let held = |kw: &crate::support::TestKeyward| {
        let answer = verify(kw, &key);
        (
            answer.status,
            answer.header("x-keyward-permissions").map(str::to_owned),
        )
    };
    let whole = (200, Some("device:read".to_owned()));
    for each in [kw, &replica] {
        assert_eq!(held(each), whole);
    }
    let role = format!("/admin/accounts/{alice}/roles/reader");
    assert_eq!(kw.delete(&role).bearer(&root).send().status, 204);
    replica.catch_up();
    for each in [kw, &replica] {
        assert_eq!(held(each), (200, Some(String::new())));
    }
    assert_eq!(kw.put(&role).bearer(&root).send().status, 204);
    // What grows is seen by whoever reads the key anew.
    assert_eq!(held(&kw.replica()), whole);
    let path = format!("/admin/accounts/{alice}");
    let set = |enabled: bool| {
        let ask = kw
            .ask("PATCH", &path)
            .bearer(&root)
            .json(&json!({ "enabled": enabled }));
        assert_eq!(ask.send().status, 200);
        replica.catch_up();
    };
    set(false);
    for each in [kw, &replica] {
        verify(each, &key).refused(401, "INVALID_TOKEN");
    }
    set(true);
    for each in [kw, &replica] {
        assert_eq!(held(each), whole, "the key is its account's again");
    }
    assert_eq!(kw.delete(&path).bearer(&root).send().status, 204);
    replica.catch_up();
    for each in [kw, &replica] {
        verify(each, &key).refused(401, "INVALID_TOKEN");
    }
    assert_eq!(rows(kw), [""; 0]);
});

both!(a_hundred_keys_are_the_most, |kw| {
    let root = root(kw);
    for number in 0..100 {
        made(kw, &root, (&format!("key {number}"), &[]));
    }
    let answer = make(kw, &root, &json!({ "name": "one more", "permissions": [] }));
    answer.refused(409, "CONFLICT");
    let path = format!("/auth/api-keys/{}", kw.keys_of(account_of(&root))[0].id);
    assert_eq!(kw.delete(&path).bearer(&root).send().status, 204);
    made(kw, &root, ("one more", &[]));
});

both!(an_administrator_makes_no_persons_key, |kw| {
    let root = root(kw);
    let alice = kw.account(ALICE);
    let machine = kw.machine("ci-bot", &["system"]);
    let ask = |account: &str, scope: &[&str]| {
        let body = json!({ "account": account, "name": "ci", "permissions": scope });
        kw.post("/admin/api-keys").bearer(&root).json(&body).send()
    };
    ask(&alice.to_string(), &[]).refused(409, "CONFLICT");
    ask("00000000-0000-0000-0000-000000000000", &[]).refused(404, "NOT_FOUND");
    ask("x", &[]).refused(400, "INVALID_PAYLOAD");
    let lacking = ask(&machine.to_string(), &["admin"]);
    lacking.refused(400, "INVALID_PAYLOAD");
    assert!(lacking.body.contains("admin"), "{lacking:?}");
    assert_eq!(rows(kw), [""; 0]);
    let made = ask(&machine.to_string(), &["account:read"]);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["createdBy"], json!(account_of(&root)));
    let (key, id) = (text(&made.json(), "key"), text(&made.json(), "id"));
    assert_eq!(verify(kw, &key).status, 200);
    let list = kw
        .get(&format!("/admin/api-keys?account={machine}"))
        .bearer(&root)
        .send();
    assert_eq!(list.json()["data"][0]["id"], json!(id));
    assert_eq!(list.json()["next"], json!(null));
    assert!(!list.body.contains(&key));
    let rotated = kw
        .post(&format!("/admin/api-keys/{id}/rotate"))
        .bearer(&root)
        .send();
    assert_eq!(rotated.status, 201, "{rotated:?}");
    let page = kw
        .get("/admin/api-keys?limit=1")
        .bearer(&root)
        .send()
        .json();
    assert_eq!(page["next"], json!(id));
    let next = kw
        .get(&format!("/admin/api-keys?limit=1&after={id}"))
        .bearer(&root)
        .send();
    assert_eq!(next.json()["data"][0]["id"], rotated.json()["id"]);
    let path = format!("/admin/api-keys/{id}");
    assert_eq!(kw.delete(&path).bearer(&root).send().status, 204);
    kw.delete(&path)
        .bearer(&root)
        .send()
        .refused(404, "NOT_FOUND");
    verify(kw, &key).refused(401, "INVALID_TOKEN");
    let events = kw.rows("SELECT what || ' ' || account_id || ' ' || actor_id AS line FROM audit_events WHERE what LIKE 'api_key%' ORDER BY at, id");
    let by = account_of(&root);
    let expected = ["made", "rotated", "revoked"].map(|it| format!("api_key_{it} {machine} {by}"));
    assert_eq!(events, expected);
    // A person's keys are seen and revoked all the same.
    let key = kw.key(alice, &[]);
    let id = kw.keys_of(alice)[0].id;
    kw.post(&format!("/admin/api-keys/{id}/rotate"))
        .bearer(&root)
        .send()
        .refused(409, "CONFLICT");
    assert_eq!(
        kw.delete(&format!("/admin/api-keys/{id}"))
            .bearer(&root)
            .send()
            .status,
        204
    );
    verify(kw, &key).refused(401, "INVALID_TOKEN");
});

const LISTED: &[(&str, &str)] = &[("KEYWARD_PERMISSIONS", "device:read, device:update")];

both!(
    an_unlisted_word_is_refused_where_roles_and_keys_are_made,
    LISTED,
    |kw| {
        let root = root(kw);
        let machine = kw.machine("ci-bot", &["system"]);
        let ask = |method: &str, path: &str, body: serde_json::Value| {
            kw.ask(method, path).bearer(&root).json(&body).send()
        };
        let role = |words: &[&str]| {
            ask(
                "POST",
                "/auth/roles",
                json!({ "name": "Reader", "scope": "service", "permissions": words }),
            )
        };
        for word in ["device:delete", "door:open"] {
            for answer in [
                role(&["device:read", word]),
                ask(
                    "POST",
                    "/auth/api-keys",
                    json!({ "name": "ci", "permissions": [word] }),
                ),
                ask(
                    "POST",
                    "/admin/api-keys",
                    json!({ "account": machine, "name": "ci", "permissions": [word] }),
                ),
            ] {
                answer.refused(400, "INVALID_PAYLOAD");
                assert!(answer.body.contains(word), "{answer:?}");
            }
        }
        assert_eq!(
            kw.rows("SELECT name AS line FROM roles WHERE name = 'Reader'"),
            [""; 0]
        );
        assert_eq!(rows(kw), [""; 0]);
        assert_eq!(role(&["device:read", "account:mail"]).status, 201);
        let changed = ask(
            "PATCH",
            "/auth/roles/Reader",
            json!({ "permissions": ["door:open"] }),
        );
        changed.refused(400, "INVALID_PAYLOAD");
        // A role that was there before keeps what it has.
        let changed = ask(
            "PATCH",
            "/auth/roles/Data%20Viewer",
            json!({ "permissions": ["data:read"] }),
        );
        assert_eq!(changed.status, 200, "{changed:?}");
        made(kw, &root, ("ci", &["admin", "account:mail"]));
    }
);
