//! Accounts of programs.

use serde_json::json;

use super::{ALICE, root, verify};
use crate::support::{PASSWORD, text};

both!(an_administrator_makes_a_machine, |kw| {
    let root = root(kw);
    let body = json!({ "kind": "machine", "username": "ci-bot", "role": "system" });
    let made = kw.post("/admin/accounts").bearer(&root).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    let machine = made.json();
    assert_eq!(machine["kind"], json!("machine"));
    assert_eq!(machine["email"], json!(null));
    assert_eq!(
        machine["permissions"],
        json!(["account:mail", "account:read", "account:reset-link"])
    );
    let id = text(&machine, "id");
    let body = json!({ "account": id, "name": "ci", "permissions": ["account:read"] });
    let key = kw
        .post("/admin/api-keys")
        .bearer(&root)
        .json(&body)
        .send()
        .json();
    let answer = verify(kw, &text(&key, "key"));
    assert_eq!(answer.header("remote-user"), Some("ci-bot"));
    assert_eq!(answer.header("x-keyward-permissions"), Some("account:read"));
    // A role is a group only where the key may all that the role may.
    assert_eq!(answer.header("remote-groups"), Some(""));
    let before = kw.state();
    for (body, named) in [
        (json!({ "kind": "machine" }), "username"),
        (
            json!({ "kind": "machine", "username": "b", "email": "b@example.com" }),
            "email",
        ),
        (
            json!({ "kind": "machine", "username": "b", "password": PASSWORD }),
            "password",
        ),
        (json!({ "kind": "robot", "username": "b" }), "kind"),
    ] {
        let answer = kw.post("/admin/accounts").bearer(&root).json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(answer.body.contains(named), "{answer:?}");
    }
    let body = json!({ "kind": "machine", "username": "ci-bot" });
    kw.post("/admin/accounts")
        .bearer(&root)
        .json(&body)
        .send()
        .refused(409, "CONFLICT");
    assert_eq!(kw.state(), before);
});

both!(
    e1_a_machine_that_signs_in_looks_like_a_wrong_password,
    |kw| {
        kw.add(ALICE, Some("alice"), false);
        kw.machine("ci-bot", &[]);
        let sign_in = |name: &str, password: &str| {
            let body = json!({ "username": name, "password": password });
            kw.post("/v1/api/auth/token").json(&body).send()
        };
        let (machine, wrong) = (sign_in("ci-bot", PASSWORD), sign_in("alice", "wrong"));
        assert_eq!((machine.status, &machine.body), (wrong.status, &wrong.body));
        assert_eq!(machine.status, 401);
        let body = json!({ "identifier": "ci-bot", "email": "ci-bot", "password": PASSWORD });
        let answer = kw.post("/auth/login").json(&body).send();
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert_eq!(kw.rows("SELECT id AS line FROM sessions"), [""; 0]);
    }
);

// Even were a record there: as after a fault, or a restored table.
both!(e1_not_even_with_a_password_record, |kw| {
    let alice = kw.add(ALICE, Some("alice"), false);
    let machine = kw.machine("ci-bot", &[]);
    let text = format!(
        "INSERT INTO credentials (account_id, record, created_at, updated_at) \
         SELECT '{machine}', record, created_at, updated_at FROM credentials \
         WHERE account_id = '{alice}'"
    );
    kw.execute(&text, &text);
    let body = json!({ "username": "ci-bot", "password": PASSWORD });
    let answer = kw.post("/v1/api/auth/token").json(&body).send();
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(kw.rows("SELECT id AS line FROM sessions"), [""; 0]);
});

both!(a_machine_has_no_password_and_no_reset, |kw| {
    let root = root(kw);
    let machine = kw.machine("ci-bot", &[]);
    let path = format!("/admin/accounts/{machine}/password");
    let body = json!({ "password": "a quiet harbour at dawn" });
    kw.post(&path)
        .bearer(&root)
        .json(&body)
        .send()
        .refused(409, "CONFLICT");
    assert_eq!(
        kw.rows(&format!(
            "SELECT account_id AS line FROM credentials WHERE account_id = '{machine}'"
        )),
        [""; 0]
    );
    let body = json!({ "email": "ci-bot" });
    kw.post("/admin/password-reset-link")
        .bearer(&root)
        .json(&body)
        .send()
        .refused(404, "NOT_FOUND");
});
