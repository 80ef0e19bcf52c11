//! What is a person's own affair no key opens.

use keyward::http::routes::{Guard, TABLE};
use serde_json::json;

use super::{ALICE, made, root, verify};
use crate::support::text;

both!(no_key_opens_what_is_for_a_person, |kw| {
    let root = root(kw);
    let (key, _) = made(kw, &root, ("ci", &["admin"]));
    let mut refused = 0;
    let before = kw.state();
    for row in TABLE.iter().flat_map(|group| group.rows) {
        if !matches!(row.guard, Guard::Guest | Guard::SignedIn) {
            continue;
        }
        let answer = kw.ask(row.method, row.path).bearer(&key).send();
        assert_eq!(
            answer.status, 403,
            "{} {}: {answer:?}",
            row.method, row.path
        );
        assert!(answer.body.contains("API key"), "{answer:?}");
        refused += 1;
    }
    assert!(refused > 30, "{refused}");
    assert_eq!(kw.state(), before);
    for path in [
        "/auth/password/change",
        "/auth/mfa/totp",
        "/auth/sessions",
        "/auth/api-keys",
        "/auth/me",
        "/auth/organizations/{id}/enter",
    ] {
        let row = TABLE.iter().flat_map(|group| group.rows);
        let mut rows = row.filter(|row| row.path == path);
        assert!(
            rows.any(|row| matches!(row.guard, Guard::Guest | Guard::SignedIn)),
            "{path}"
        );
    }
});

both!(a_key_is_no_refresh_token_and_signs_nobody_out, |kw| {
    let root = root(kw);
    let (key, _) = made(kw, &root, ("ci", &["admin"]));
    kw.refresh(&key).refused(401, "INVALID_CREDENTIALS");
    let before = kw.state();
    let out = kw.post("/auth/logout").bearer(&key).send();
    assert!(out.status == 400 || out.status == 403, "{out:?}");
    let exchange = kw.get(&format!("/auth/token?token={key}")).send();
    assert!((400..500).contains(&exchange.status), "{exchange:?}");
    let renewed = kw.post("/v1/api/auth/token").bearer(&key).send();
    assert_eq!(renewed.status, 403, "{renewed:?}");
    assert_eq!(kw.state(), before);
    assert_eq!(verify(kw, &key).status, 200);
});

both!(a_second_factor_is_not_a_keys_affair, |kw| {
    let (alice, _) = kw.signed_in(ALICE);
    let (key, _) = made(kw, &alice, ("ci", &[]));
    kw.enrol(&alice);
    assert_eq!(
        verify(kw, &key).status,
        200,
        "whoever made it shows its own"
    );
});

// Who found a key must not stay by another one.
both!(no_key_makes_or_rotates_a_key, |kw| {
    let root = root(kw);
    let (key, id) = made(kw, &root, ("ci", &["admin"]));
    let machine = json!({ "username": "robot", "kind": "machine" });
    let machine = kw
        .post("/admin/accounts")
        .bearer(&root)
        .json(&machine)
        .send();
    assert_eq!(machine.status, 201, "{machine:?}");
    let machine = text(&machine.json(), "id");
    let own = text(&kw.get("/auth/me").bearer(&key).send().json(), "id");
    let before = kw.state();
    for account in [&machine, &own] {
        let body = json!({ "account": account, "name": "other", "permissions": [] });
        let ask = kw.post("/admin/api-keys").bearer(&key).json(&body);
        ask.send().refused(403, "FORBIDDEN");
    }
    let rotate = kw
        .post(&format!("/admin/api-keys/{id}/rotate"))
        .bearer(&key);
    rotate.send().refused(403, "FORBIDDEN");
    assert_eq!(kw.state(), before);
});
