//! A key holds nothing that its account does not.

use keyward::service::accounts::administer;
use serde_json::json;

use super::{ROOT, made, make, root, rows, verify};
use crate::support::{PASSWORD, account_of, text};

both!(no_key_acts_for_others_by_the_word_admin, |kw| {
    let root = root(kw);
    let body = json!({ "name": "key", "permissions": ["admin", "account:act_as"] });
    make(kw, &root, &body).refused(403, "FORBIDDEN");
    // One that was made before tells of no such word.
    let (key, _) = made(kw, &root, ("key", &["admin", "account:read"]));
    let more = "UPDATE api_keys SET permissions = 'account:act_as account:read admin'";
    kw.execute(more, more);
    let replica = kw.replica();
    let said = verify(&replica, &key);
    assert_eq!(
        said.header("x-keyward-permissions"),
        Some("account:read,admin")
    );
});

both!(
    no_key_takes_the_place_of_one_that_may_more_than_its_account,
    |kw| {
        let root = root(kw);
        kw.add("second@example.com", None, true);
        let (_, id) = made(kw, &root, ("key", &["admin"]));
        let path = format!("/auth/api-keys/{id}/rotate");
        administer::take_role(&kw.kw, account_of(&root), "administrator").unwrap();
        let access = kw.sign_in(ROOT, PASSWORD).tokens().0;
        let before = rows(kw);
        kw.post(&path)
            .bearer(&access)
            .send()
            .refused(409, "CONFLICT");
        let second = kw.sign_in("second@example.com", PASSWORD).tokens().0;
        kw.post(&format!("/admin/api-keys/{id}/rotate"))
            .bearer(&second)
            .send()
            .refused(409, "CONFLICT");
        assert_eq!(rows(kw), before);
    }
);

both!(a_key_that_is_over_gets_no_new_life, |kw| {
    let root = root(kw);
    let expires = kw.kw.clock.now().millis() + 60_000;
    let body = json!({ "name": "key", "permissions": ["account:read"], "expires": expires });
    let made = make(kw, &root, &body);
    assert_eq!(made.status, 201, "{made:?}");
    let id = text(&made.json(), "id");
    kw.advance(61);
    let before = rows(kw);
    let path = format!("/auth/api-keys/{id}/rotate");
    kw.post(&path).bearer(&root).send().refused(409, "CONFLICT");
    let path = format!("/admin/api-keys/{id}/rotate");
    kw.post(&path).bearer(&root).send().refused(409, "CONFLICT");
    assert_eq!(rows(kw), before);
});

both!(a_proxy_is_told_that_a_key_was_shown, |kw| {
    let root = root(kw);
    let (key, id) = made(kw, &root, ("key", &[]));
    let said = verify(kw, &key);
    assert_eq!(said.header("x-keyward-api-key"), Some(&*id));
    let said = verify(kw, &root);
    assert_eq!(said.header("x-keyward-api-key"), Some(""));
});
