//! Keys that an administrator makes: their own by the owner's route, and a machine's soon after a
//! sign-in (docs/decisions/0175).

use serde_json::{Value, json};

use super::{ROOT, made, root, rows, verify};
use crate::support::{Answer, PASSWORD, TestKeyward, account_of, text};

fn ask(kw: &TestKeyward, access: &str, path: &str, body: &Value) -> Answer {
    kw.post(path).bearer(access).json(body).send()
}

both!(attack_m10_ones_own_key_is_made_by_the_owners_route, |kw| {
    let root = root(kw);
    let (_, id) = made(kw, &root, ("ci", &["admin"]));
    let before = rows(kw);
    let body = json!({ "account": account_of(&root), "name": "other", "permissions": ["admin"] });
    let rotate = format!("/admin/api-keys/{id}/rotate");
    for (path, body) in [("/admin/api-keys", &body), (rotate.as_str(), &json!({}))] {
        let refused = ask(kw, &root, path, body);
        refused.refused(409, "CONFLICT");
        assert!(refused.body.contains("POST /auth/api-keys"), "{refused:?}");
    }
    assert_eq!(rows(kw), before);
    // Somebody else's key a person can not have either, and theirs they see and revoke.
    let revoked = kw.delete(&format!("/admin/api-keys/{id}")).bearer(&root);
    assert_eq!(revoked.send().status, 204);
});

both!(
    attack_m10_a_machines_key_is_made_by_who_signed_in_of_late,
    |kw| {
        root(kw);
        let machine = kw.machine("ci-bot", &["administrator"]);
        let (first, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
        let new = |name: &str, words: &[&str]| json!({ "account": machine, "name": name, "permissions": words });
        let key = ask(kw, &first, "/admin/api-keys", &new("one", &["admin"]));
        assert_eq!(key.status, 201, "{key:?}");
        let rotate = format!("/admin/api-keys/{}/rotate", text(&key.json(), "id"));
        kw.advance(3601);
        let old = kw.refresh(&refresh).tokens().0;
        let before = rows(kw);
        for (path, body) in [
            ("/admin/api-keys", new("two", &["admin"])),
            // What it can do is the machine's to have later.
            ("/admin/api-keys", new("two", &[])),
            (rotate.as_str(), json!({})),
        ] {
            ask(kw, &old, path, &body).refused(401, "STEP_UP_REQUIRED");
        }
        assert_eq!(rows(kw), before);
        let proof = json!({ "password": PASSWORD });
        let raised = ask(kw, &old, "/auth/step-up", &proof);
        assert_eq!(raised.status, 200, "{raised:?}");
        let access = text(&raised.json(), "access_token");
        let rotated = ask(kw, &access, &rotate, &json!({}));
        assert_eq!(rotated.status, 201, "{rotated:?}");
        assert_eq!(verify(kw, &text(&rotated.json(), "key")).status, 200);
    }
);
