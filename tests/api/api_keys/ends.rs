//! What ends a key, and what does not.

use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use serde_json::json;

use super::{ALICE, made, make as make_key, root, rows, verify};
use crate::support::{PASSWORD, TestKeyward, account_of, text};

both!(s9_a_revoked_key_is_refused_by_every_process, |kw| {
    let root = root(kw);
    let replica = kw.replica();
    let (key, id) = made(kw, &root, ("ci", &["admin"]));
    for each in [kw, &replica] {
        assert_eq!(verify(each, &key).status, 200);
    }
    assert_eq!(
        kw.delete(&format!("/auth/api-keys/{id}"))
            .bearer(&root)
            .send()
            .status,
        204
    );
    replica.catch_up();
    for each in [kw, &replica] {
        verify(each, &key).refused(401, "INVALID_TOKEN");
        each.get("/admin/accounts")
            .bearer(&key)
            .send()
            .refused(401, "INVALID_TOKEN");
    }
});

both!(a_key_outlives_the_sessions_and_a_change_of_password, |kw| {
    let (alice, _) = kw.signed_in(ALICE);
    let (key, _) = made(kw, &alice, ("ci", &[]));
    assert_eq!(verify(kw, &key).status, 200);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "a quiet harbour at dawn" });
    let changed = kw
        .post("/auth/password/change")
        .bearer(&alice)
        .json(&body)
        .send();
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(kw.me(&alice), 401);
    for path in ["/auth/verify", "/auth/me"] {
        assert_eq!(kw.get(path).bearer(&key).send().status, 200);
    }
    administer::revoke_sessions(&kw.kw, account_of(&alice)).unwrap();
    assert_eq!(verify(kw, &key).status, 200);
});

/// Whoever was in before may have made a key to stay.
fn is_shut_out(kw: &TestKeyward, key: &str) {
    verify(kw, key).refused(401, "INVALID_TOKEN");
    assert_eq!(rows(kw), [""; 0]);
}

both!(l10_a_password_that_is_reset_or_set_ends_every_key, |kw| {
    let root = root(kw);
    let alice = kw.account(ALICE);
    let key = kw.key(alice, &[]);
    assert_eq!(verify(kw, &key).status, 200);
    let body = json!({ "email": ALICE });
    let link = kw
        .post("/admin/password-reset-link")
        .bearer(&root)
        .json(&body)
        .send();
    assert_eq!(link.status, 200, "{link:?}");
    let link = text(&link.json(), "link");
    let code = link
        .split("oobCode=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let body = json!({ "token": code, "password": "a quiet harbour at dawn" });
    assert_eq!(
        kw.post("/auth/password/reset").json(&body).send().status,
        204
    );
    is_shut_out(kw, &key);
    let key = kw.key(alice, &[]);
    assert_eq!(verify(kw, &key).status, 200);
    let password = Password::parse("another harbour at dusk").unwrap();
    administer::set_password(&kw.kw, alice, &password).unwrap();
    is_shut_out(kw, &key);
});

both!(an_account_takes_its_keys_along, |kw| {
    let (alice, _) = kw.signed_in(ALICE);
    let (key, id) = made(kw, &alice, ("ci", &[]));
    let export = kw.get("/auth/me/export").bearer(&alice).send();
    let keys = &export.json()["apiKeys"];
    assert_eq!(
        (&keys[0]["id"], &keys[0]["name"]),
        (&json!(id), &json!("ci"))
    );
    assert!(!export.body.contains(&key));
    let hash = kw.rows("SELECT hash AS line FROM api_keys");
    assert!(!export.body.contains(&hash[0]));
    let body = json!({ "password": PASSWORD });
    let left = kw.delete("/auth/me").bearer(&alice).json(&body).send();
    assert_eq!(left.status, 204, "{left:?}");
    is_shut_out(kw, &key);
});

both!(
    a_change_that_runs_while_its_key_is_revoked_is_refused,
    |kw| {
        // The key was good when the request came.
        use keyward::domain::organization::{Name, Scope};
        use keyward::domain::session::Client;
        use keyward::service::actor::Actor;
        use keyward::service::roles::{of_service, validate};
        use keyward::service::tokens::authenticate_api_key;
        let root = root(kw);
        let (key, id) = made(kw, &root, ("ci", &["admin"]));
        let actor = Actor {
            principal: authenticate_api_key::look_up(&kw.kw, &key.into()).unwrap(),
            client: Client::default(),
            at: kw.kw.clock.now(),
        };
        assert_eq!(
            kw.delete(&format!("/auth/api-keys/{id}"))
                .bearer(&root)
                .send()
                .status,
            204
        );
        let new = validate::New {
            name: Name::parse("reader").unwrap(),
            description: String::new(),
            permissions: ["x:read".to_owned()].into(),
            factor_from: None,
        };
        let made = of_service::make_role((&kw.kw, &actor), new, Scope::Service);
        assert_eq!(made.unwrap_err().code.as_str(), "INVALID_TOKEN");
        assert_eq!(kw.count("roles WHERE name = 'reader'"), 0);
    }
);

both!(what_is_over_for_a_month_is_forgotten, |kw| {
    use keyward::service::upkeep::purge::purge;
    let root = root(kw);
    let expires = kw.kw.clock.now().millis() + 1000;
    let body = json!({ "name": "ci", "permissions": [], "expires": expires });
    assert_eq!(make_key(kw, &root, &body).status, 201);
    made(kw, &root, ("without an end", &[]));
    kw.advance(30 * 86_400);
    purge(&kw.kw, kw.kw.clock.now()).unwrap();
    assert_eq!(rows(kw).len(), 2);
    kw.advance(2);
    purge(&kw.kw, kw.kw.clock.now()).unwrap();
    assert_eq!(rows(kw).len(), 1);
});
