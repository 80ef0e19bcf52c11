//! A key holds nothing that its account does not.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use super::{ROOT, made, make, root, rows, verify};
use crate::organizations::{make as make_organization, member, person};
use crate::registration::OPEN;
use crate::support::{Answer, PASSWORD, TestKeyward, account_of, text};

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

const THIEF: &str = "thief@example.com";

/// Asks by the key.
fn ask(kw: &TestKeyward, key: &str, (method, path): (&str, &str), body: &Value) -> Answer {
    kw.ask(method, path).bearer(key).json(body).send()
}

const MEMBERS: &str = "SELECT role || ' ' || state || ' ' || account_id AS line FROM memberships \
                       ORDER BY organization_id, account_id";

both!(no_key_makes_a_person_who_stays, OPEN, |kw| {
    let access = root(kw);
    let (key, _) = made(kw, &access, ("ci", &["admin"]));
    let owner = person(kw, "owner@example.com");
    let acme = make_organization(kw, &owner, "Acme");
    let account = json!({ "email": THIEF, "username": "thief" });
    let made = ask(kw, &key, ("POST", "/admin/accounts"), &account);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["verified"], json!(false), "{made:?}");
    let thief = text(&made.json(), "id");
    let path = format!("/admin/organizations/{acme}/members/{thief}");
    let before = kw.rows(MEMBERS);
    for role in ["owner", "admin", "manager"] {
        let refused = ask(kw, &key, ("PUT", &path), &json!({ "role": role }));
        refused.refused(403, "FORBIDDEN");
        assert!(refused.body.contains("person"), "{refused:?}");
    }
    assert_eq!(kw.rows(MEMBERS), before);
    // Who may look alone, it lets in; and nobody whom it let in rises by it.
    let added = ask(kw, &key, ("PUT", &path), &json!({ "role": "viewer" }));
    assert_eq!(added.status, 204, "{added:?}");
    for role in ["owner", "admin"] {
        ask(kw, &key, ("PUT", &path), &json!({ "role": role })).refused(403, "FORBIDDEN");
    }
    // A provisioned account is whole after its owner chose a password: nobody was in it before.
    let asked = json!({ "email": THIEF });
    let asked = kw.post("/auth/password/request").json(&asked).send();
    assert_eq!(asked.status, 204, "{asked:?}");
    let link = kw.last_mail_to(THIEF).link();
    let code = link.split_once('=').unwrap().1;
    let choice = json!({ "token": code, "password": PASSWORD });
    let chosen = kw.post("/auth/password/reset").json(&choice).send();
    assert_eq!(chosen.status, 204, "{chosen:?}");
    let own = kw.sign_in(THIEF, PASSWORD).tokens().0;
    let me = kw.get("/auth/me").bearer(&own).send().json();
    assert_eq!(text(&me, "username"), "thief");
    assert!(kw.rows(MEMBERS).contains(&format!("viewer active {thief}")));
    // An organization that it makes has the owner that it names.
    let new = json!({ "name": "New", "owner": thief });
    let made = ask(kw, &key, ("POST", "/admin/organizations"), &new);
    assert_eq!(made.status, 201, "{made:?}");
    // A person does all of it.
    let given = ask(kw, &access, ("PUT", &path), &json!({ "role": "owner" }));
    assert_eq!(given.status, 204, "{given:?}");
    // Lower it may, and bring back who administered it may not.
    let lower = ask(kw, &key, ("PUT", &path), &json!({ "role": "admin" }));
    assert_eq!(lower.status, 204, "{lower:?}");
    let of_account = format!("/admin/accounts/{thief}");
    let off = ask(
        kw,
        &key,
        ("PATCH", &of_account),
        &json!({ "enabled": false }),
    );
    assert_eq!(off.status, 200, "{off:?}");
    ask(
        kw,
        &key,
        ("PATCH", &of_account),
        &json!({ "enabled": true }),
    )
    .refused(403, "FORBIDDEN");
    let on = ask(
        kw,
        &access,
        ("PATCH", &of_account),
        &json!({ "enabled": true }),
    );
    assert_eq!(on.status, 200, "{on:?}");
});

both!(no_key_of_an_owner_makes_another_one, OPEN, |kw| {
    let owner = person(kw, "owner@example.com");
    let acme = make_organization(kw, &owner, "Acme");
    let (bob, _) = member(kw, &owner, &acme, ("bob@example.com", "viewer"));
    let (carol, _) = member(kw, &owner, &acme, ("carol@example.com", "admin"));
    let words: &[&str] = keyward::domain::rights::permission::OWN;
    let key = kw.key_in(account_of(&owner), words, None);
    let role = json!({ "name": "helper", "permissions": ["device:read"] });
    let roles = format!("/auth/organizations/{acme}/roles");
    let made = ask(kw, &key, ("POST", &roles), &role);
    assert_eq!(made.status, 201, "{made:?}");
    let of = |access: &str| format!("/auth/organizations/{acme}/members/{}", account_of(access));
    let suspended = ask(
        kw,
        &owner,
        ("PATCH", &of(&carol)),
        &json!({ "state": "suspended" }),
    );
    assert_eq!(suspended.status, 204, "{suspended:?}");
    let invitations = format!("/auth/organizations/{acme}/invitations");
    let before = (kw.rows(MEMBERS), kw.count("invitations"), kw.mails().len());
    let asks: [(&str, &str, Value); 5] = [
        ("PATCH", &of(&bob), json!({ "role": "owner" })),
        ("PATCH", &of(&bob), json!({ "role": "manager" })),
        ("PATCH", &of(&carol), json!({ "state": "active" })),
        (
            "POST",
            &invitations,
            json!({ "email": THIEF, "role": "admin" }),
        ),
        (
            "PATCH",
            &format!("{roles}/helper"),
            json!({ "permissions": ["device:read", "member:invite"] }),
        ),
    ];
    for (method, path, body) in asks {
        let refused = ask(kw, &key, (method, path), &body);
        refused.refused(403, "FORBIDDEN");
        assert!(refused.body.contains("person"), "{refused:?}");
    }
    assert_eq!(
        (kw.rows(MEMBERS), kw.count("invitations"), kw.mails().len()),
        before
    );
    let invited = ask(
        kw,
        &key,
        ("POST", &invitations),
        &json!({ "email": THIEF, "role": "viewer" }),
    );
    assert_eq!(invited.status, 202, "{invited:?}");
    let given = ask(kw, &key, ("PATCH", &of(&bob)), &json!({ "role": "helper" }));
    assert_eq!(given.status, 204, "{given:?}");
});
