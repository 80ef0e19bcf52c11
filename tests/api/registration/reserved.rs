//! Names that others take for the service's own.

use keyward::domain::identifier::Username;
use serde_json::json;

use super::{ALICE, OPEN};
use crate::support::{PASSWORD, TestKeyward, text};

fn rename(kw: &TestKeyward, access: &str, username: &str) -> crate::support::Answer {
    let asked = kw.ask("PATCH", "/auth/me").bearer(access);
    asked.json(&json!({ "username": username })).send()
}

both!(nobody_chooses_a_name_of_the_services, OPEN, |kw| {
    for name in ["admin", "Root", "postmaster"] {
        let body = json!({ "email": ALICE, "username": name, "password": PASSWORD });
        let registered = kw.post("/auth/register").json(&body).send();
        registered.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.count("accounts"), 0);
    kw.account(ALICE);
    let access = text(&kw.login(ALICE), "access_token");
    rename(kw, &access, "admin").refused(400, "INVALID_PAYLOAD");
    let directus = kw.ask("PATCH", "/users/me").bearer(&access);
    let directus = directus.json(&json!({ "username": "system" })).send();
    assert_eq!(directus.status, 400, "{directus:?}");
    assert_eq!(rename(kw, &access, "alice").status, 200);
    assert_eq!(kw.count("accounts WHERE username = 'admin'"), 0);
});

both!(an_administrator_gives_such_a_name, |kw| {
    kw.add("root@example.com", None, true);
    let root = text(&kw.login("root@example.com"), "access_token");
    let body = json!({ "email": ALICE, "username": "support", "password": PASSWORD });
    let made = kw.post("/admin/accounts").bearer(&root).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    // Its owner may say it with the rest of the profile.
    let access = text(&kw.login(ALICE), "access_token");
    assert_eq!(rename(kw, &access, "support").status, 200);
    assert!(Username::parse("support").is_some());
});
