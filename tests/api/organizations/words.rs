//! A word of organizations is held in one of them, and by no role of the whole service.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use super::{ALICE, BOB, id_of, make, person};
use crate::support::{Answer, Forge, PASSWORD, TestKeyward, text};

const ROOT: &str = "root@example.com";

fn make_role(kw: &TestKeyward, token: &str, body: &Value) -> Answer {
    kw.post("/auth/roles").bearer(token).json(body).send()
}

both!(
    attack_m12_no_role_of_the_service_holds_words_of_organizations,
    |kw| {
        kw.add(ROOT, None, true);
        let root = text(&kw.login(ROOT), "access_token");
        let before =
            kw.rows("SELECT role || ' ' || permission AS line FROM role_permissions ORDER BY 1");
        for word in keyward::domain::rights::permission::OWN {
            let body = json!({ "name": "s", "scope": "service", "permissions": [word] });
            make_role(kw, &root, &body).refused(400, "INVALID_PAYLOAD");
        }
        let after =
            || kw.rows("SELECT role || ' ' || permission AS line FROM role_permissions ORDER BY 1");
        assert_eq!(after(), before);
        let body = json!({ "name": "s", "scope": "service", "permissions": ["device:read"] });
        assert_eq!(make_role(kw, &root, &body).status, 201);
        let more = json!({ "permissions": ["device:read", "organization:update"] });
        let wider = kw.ask("PATCH", "/auth/roles/s").bearer(&root).json(&more);
        wider.send().refused(400, "INVALID_PAYLOAD");
        assert_eq!(after().len(), before.len() + 1);
    }
);

// A role that holds them already, from before they were refused.
both!(attack_m12_what_was_held_before_is_told_to_nobody, |kw| {
    let alice = person(kw, ALICE);
    let owner = person(kw, BOB);
    let acme = make(kw, &owner, "Acme");
    kw.define_role("s", &["device:read", "organization:update"]);
    administer::grant_role(&kw.kw, id_of(&alice), "s").unwrap();
    let signed_in = kw.sign_in(ALICE, PASSWORD).tokens();
    let renewed = kw.refresh(&signed_in.1).tokens().0;
    for access in [&signed_in.0, &renewed] {
        let claims = Forge::claims_of(access);
        assert_eq!(claims["permissions"], json!(["device:read"]), "{claims}");
        let said = kw.get("/auth/verify").bearer(access).send();
        assert_eq!(said.header("x-keyward-permissions"), Some("device:read"));
    }
    let name = json!({ "name": "Mine" });
    let path = format!("/auth/organizations/{acme}");
    let changed = kw.ask("PATCH", &path).bearer(&renewed).json(&name).send();
    changed.refused(404, "NOT_FOUND");
    // No key is made of it, and one that was made before holds it no more.
    let body = json!({ "name": "ci", "permissions": ["organization:update"] });
    let made = kw
        .post("/auth/api-keys")
        .bearer(&renewed)
        .json(&body)
        .send();
    made.refused(403, "FORBIDDEN");
    assert_eq!(kw.count("api_keys"), 0);
    let key = kw.key(id_of(&alice), &["device:read"]);
    let more = "UPDATE api_keys SET permissions = 'device:read organization:update'";
    kw.execute(more, more);
    let replica = kw.replica();
    let said = replica.get("/auth/verify").bearer(&key).send();
    assert_eq!(said.header("x-keyward-permissions"), Some("device:read"));
});
