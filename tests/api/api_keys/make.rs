//! Making, listing, rotating and revoking one's own.

use keyward::crypto::api_key;
use keyward::support::secret::ExposeSecret as _;
use serde_json::json;

use super::{ALICE, ROOT, made, make, root, rows, verify};
use crate::support::{BEGIN, account_of, text};

both!(a_key_is_told_once_and_its_hash_is_kept, |kw| {
    let root = root(kw);
    let body = json!({ "name": "  Nightly   build ".trim().replace("   ", " "), "permissions": ["admin"] });
    let answer = make(kw, &root, &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let told = answer.json();
    let key = text(&told, "key");
    assert!(api_key::is_one(&key), "{key}");
    let id = text(&told, "id");
    let shown = json!({
        "id": id,
        "name": "Nightly build",
        "hint": key[33..],
        "account": account_of(&root),
        "organizationId": null,
        "permissions": ["admin"],
        "created": BEGIN,
        "createdBy": null,
        "expires": null,
        "lastUsed": null,
    });
    let mut whole = shown.clone();
    whole["key"] = json!(key);
    assert_eq!(told, whole);
    let list = kw.get("/auth/api-keys").bearer(&root).send();
    assert_eq!(list.json(), json!({ "apiKeys": [shown] }));
    assert!(!list.body.contains(&key));
    let stored = kw.rows("SELECT hash AS line FROM api_keys");
    assert_eq!(stored, [api_key::stored(&api_key::hash(&key))]);
    let tables = kw.rows("SELECT id || hash || name || hint || permissions AS line FROM api_keys");
    assert!(!tables[0].contains(&key[4..31]), "{tables:?}");
    let events = kw.rows(&format!(
        "SELECT account_id AS line FROM audit_events WHERE what = 'api_key_made' AND session_id = '{id}'"
    ));
    assert_eq!(events, [account_of(&root).to_string()]);
});

both!(a_key_is_shown_as_a_token_is, |kw| {
    let root = root(kw);
    let (key, _) = made(kw, &root, ("ci", &["admin"]));
    assert_eq!(verify(kw, &key).status, 200);
    let path = format!("/auth/verify?access_token={key}");
    assert_eq!(kw.get(&path).send().status, 200);
    assert_eq!(kw.get(&path).bearer(&key).send().status, 401, "one of them");
    let admin = kw.get("/admin/accounts").bearer(&key).send();
    assert_eq!(admin.status, 200, "{admin:?}");
    // No neighbour of a key is one, and the refusal says what a wrong token's says.
    let mut wrong = key.clone();
    wrong.replace_range(10..11, if &key[10..11] == "A" { "B" } else { "A" });
    let other = api_key::make(&kw.kw.entropy);
    for text in [&wrong, other.text.expose_secret(), "kwk_", &key[..36]] {
        verify(kw, text).refused(401, "INVALID_TOKEN");
        kw.get("/admin/accounts")
            .bearer(text)
            .send()
            .refused(401, "INVALID_TOKEN");
    }
});

both!(me_says_of_whom_a_key_is_and_what_it_may, |kw| {
    let root = root(kw);
    let (key, id) = made(kw, &root, ("ci", &["admin", "account:mail"]));
    let me = kw.get("/auth/me").bearer(&key).send();
    assert_eq!(
        me.json(),
        json!({
            "id": account_of(&root),
            "kind": "person",
            "email": ROOT,
            "username": null,
            "role": "administrator",
            "roles": ["administrator"],
            "permissions": ["account:mail", "admin"],
            "organizationId": null,
            "isAnonymous": false,
            "apiKey": { "id": id, "name": "ci", "expires": null },
        })
    );
    let answer = verify(kw, &key);
    for (name, value) in [
        ("remote-user", ROOT),
        ("remote-groups", "administrator"),
        ("x-keyward-session", &id),
        ("x-keyward-account", &account_of(&root).to_string()),
        ("x-keyward-organization", ""),
        ("x-keyward-permissions", "account:mail,admin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
});

both!(a_key_that_is_rotated_has_one_beside_it_and_no_third, |kw| {
    let root = root(kw);
    let (old, id) = made(kw, &root, ("ci", &["admin"]));
    let path = format!("/auth/api-keys/{id}/rotate");
    let rotated = kw.post(&path).bearer(&root).send();
    assert_eq!(rotated.status, 201, "{rotated:?}");
    let new = text(&rotated.json(), "key");
    assert_ne!(new, old);
    assert_eq!(rotated.json()["permissions"], json!(["admin"]));
    for key in [&old, &new] {
        assert_eq!(verify(kw, key).status, 200);
    }
    let before = rows(kw);
    kw.post(&path).bearer(&root).send().refused(409, "CONFLICT");
    for name in ["ci", "CI"] {
        let body = json!({ "name": name, "permissions": [] });
        make(kw, &root, &body).refused(409, "CONFLICT");
    }
    assert_eq!(rows(kw), before);
    let revoked = kw
        .delete(&format!("/auth/api-keys/{id}"))
        .bearer(&root)
        .send();
    assert_eq!(revoked.status, 204);
    verify(kw, &old).refused(401, "INVALID_TOKEN");
    assert_eq!(verify(kw, &new).status, 200);
    let other = text(&rotated.json(), "id");
    let path = format!("/auth/api-keys/{other}/rotate");
    assert_eq!(kw.post(&path).bearer(&root).send().status, 201);
});

both!(a_key_ends_and_its_successor_lives_as_long, |kw| {
    let root = root(kw);
    let day = 86_400_000;
    let body = json!({ "name": "ci", "permissions": [], "expires": BEGIN + day });
    let answer = make(kw, &root, &body).json();
    let key = text(&answer, "key");
    assert_eq!(answer["expires"], json!(BEGIN + day));
    assert_eq!(verify(kw, &key).status, 200);
    kw.advance(86_399);
    assert_eq!(verify(kw, &key).status, 200);
    let root = text(&kw.login(ROOT), "access_token");
    let path = format!("/auth/api-keys/{}/rotate", text(&answer, "id"));
    let rotated = kw.post(&path).bearer(&root).send().json();
    assert_eq!(rotated["expires"], json!(BEGIN + 86_399_000 + day));
    kw.advance(1);
    verify(kw, &key).refused(401, "TOKEN_EXPIRED");
    // Also where it is not remembered.
    verify(&kw.replica(), &key).refused(401, "TOKEN_EXPIRED");
    assert_eq!(verify(kw, &text(&rotated, "key")).status, 200);
});

// What is of no year that is written in four digits would be shown as another.
both!(an_end_is_an_instant_that_can_be_told, |kw| {
    let root = root(kw);
    let last = 253_402_300_799_999_i64;
    for wrong in [
        json!(last + 1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!("2030-01-01"),
    ] {
        let body = json!({ "name": "ci", "permissions": [], "expires": wrong });
        make(kw, &root, &body).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(rows(kw), Vec::<String>::new());
    let body = json!({ "name": "ci", "permissions": [], "expires": last });
    let made = make(kw, &root, &body).json();
    assert_eq!(made["expires"], json!(last));
    // Its successor would live as long, and ends with the last year.
    kw.advance(3600);
    let root = text(&kw.login(ROOT), "access_token");
    let path = format!("/auth/api-keys/{}/rotate", text(&made, "id"));
    let rotated = kw.post(&path).bearer(&root).send().json();
    assert_eq!(rotated["expires"], json!(last));
    for since in [last + 1, i64::MAX, i64::MIN] {
        let path = format!("/admin/audit-events?since={since}");
        let answer = kw.get(&path).bearer(&root).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
});

both!(o1_o13_nobody_elses_key_is_found, |kw| {
    let root = root(kw);
    let (alice, _) = kw.signed_in(ALICE);
    let (key, id) = made(kw, &root, ("ci", &["admin"]));
    let before = rows(kw);
    for id in [
        id.as_str(),
        "00000000-0000-0000-0000-000000000000",
        "x",
        "%20",
    ] {
        let path = format!("/auth/api-keys/{id}");
        kw.delete(&path)
            .bearer(&alice)
            .send()
            .refused(404, "NOT_FOUND");
        let path = format!("{path}/rotate");
        kw.post(&path)
            .bearer(&alice)
            .send()
            .refused(404, "NOT_FOUND");
    }
    assert_eq!(
        kw.get("/auth/api-keys").bearer(&alice).send().json(),
        json!({ "apiKeys": [] })
    );
    assert_eq!(rows(kw), before);
    assert_eq!(verify(kw, &key).status, 200);
});

both!(bad_input_is_named, |kw| {
    let root = root(kw);
    let good = json!({ "name": "ci", "permissions": ["admin"] });
    for (change, named) in [
        (json!({ "name": null }), "\\\"name\\\""),
        (json!({ "name": "" }), "\\\"name\\\""),
        (json!({ "name": "a".repeat(65) }), "\\\"name\\\""),
        (json!({ "name": "a\u{0}b" }), "\\\"name\\\""),
        (json!({ "name": 5 }), "\\\"name\\\""),
        (json!({ "permissions": null }), "\\\"permissions\\\""),
        (json!({ "permissions": "admin" }), "\\\"permissions\\\""),
        (json!({ "permissions": [5] }), "\\\"permissions\\\""),
        (json!({ "permissions": ["Admin"] }), "\\\"permissions\\\""),
        (json!({ "permissions": ["*"] }), "\\\"permissions\\\""),
        (json!({ "permissions": ["a b"] }), "\\\"permissions\\\""),
        (
            json!({ "permissions": ["account:everything"] }),
            "\\\"permissions\\\"",
        ),
        (
            json!({ "permissions": (0..100).map(|it| format!("device:{}{it}", "x".repeat(20))).collect::<Vec<_>>() }),
            "2,000",
        ),
        (json!({ "organizationId": "x" }), "\\\"organizationId\\\""),
        (json!({ "expires": BEGIN }), "\\\"expires\\\""),
        (json!({ "expires": "tomorrow" }), "\\\"expires\\\""),
        (json!({ "expires": 1.5 }), "\\\"expires\\\""),
        (json!({ "account": "x" }), "account"),
        (json!({ "hash": "x" }), "hash"),
    ] {
        let mut body = good.clone();
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = make(kw, &root, &body);
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(answer.body.contains(named), "{change}: {answer:?}");
    }
    assert_eq!(rows(kw), [""; 0]);
});
