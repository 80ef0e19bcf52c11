//! Making, naming and deleting an organization, and whose it is.

use serde_json::json;

use super::{ALICE, BOB, CAROL, id_of, invite, make, member, path_of, person, rows, sign_in_to};
use crate::support::{PASSWORD, text};

both!(h11_o13_whoever_makes_an_organization_owns_it, |kw| {
    let alice = person(kw, ALICE);
    let body = json!({ "name": "Acme Oy" });
    let made = kw
        .post("/auth/organizations")
        .bearer(&alice)
        .json(&body)
        .send();
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let id = text(&made, "id");
    let parsed: uuid::Uuid = id.parse().unwrap();
    assert_eq!(parsed.get_version_num(), 4);
    assert_eq!(made["name"], "Acme Oy");
    assert_eq!(made["role"], "owner");
    let own = kw.get("/auth/organizations").bearer(&alice).send().json();
    assert_eq!(own["organizations"][0], made);
    assert_eq!(own["organizations"].as_array().unwrap().len(), 1);
    let path = format!("/auth/organizations/{id}");
    let one = kw.get(&path).bearer(&alice).send().json();
    assert_eq!(one["role"], "owner");
    let permissions = one["permissions"].to_string();
    assert!(permissions.contains("organization:own"), "{permissions}");
    // Another letter case is the same name.
    let renamed = json!({ "name": "Acme AB" });
    let answer = kw.ask("PATCH", &path).bearer(&alice).json(&renamed).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["name"], "Acme AB");
    let again = json!({ "name": "ACME ab" });
    let answer = kw
        .post("/auth/organizations")
        .bearer(&alice)
        .json(&again)
        .send();
    answer.refused(409, "CONFLICT");
    assert_eq!(rows(kw).len(), 2);
    let gone = kw.delete(&path).bearer(&alice).send();
    assert_eq!(gone.status, 204, "{gone:?}");
    // What told of the organization is outdated, and the session goes on.
    kw.get(&path)
        .bearer(&alice)
        .send()
        .refused(401, "TOKEN_EXPIRED");
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    kw.get(&path)
        .bearer(&alice)
        .send()
        .refused(404, "NOT_FOUND");
    assert_eq!(rows(kw), [""; 0]);
});

both!(o03_what_is_no_name_or_no_field_makes_nothing, |kw| {
    let alice = person(kw, ALICE);
    for body in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": " " }),
        json!({ "name": 5 }),
        json!({ "name": "a".repeat(65) }),
        json!({ "name": "a\u{202e}b" }),
        json!({ "name": "a\u{0}b" }),
        json!({ "name": "2a749da0-5512-4000-8000-000000000000" }),
        json!({ "name": "Acme", "id": "2a749da0-5512-4000-8000-000000000000" }),
        json!({ "name": "Acme", "role": "owner" }),
    ] {
        let answer = kw
            .post("/auth/organizations")
            .bearer(&alice)
            .json(&body)
            .send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    let body = json!({ "name": "Acme", "owner": true });
    let answer = kw
        .post("/auth/organizations")
        .bearer(&alice)
        .json(&body)
        .send();
    assert!(
        answer.body.contains("\\\"owner\\\" is not a field"),
        "{answer:?}"
    );
    assert_eq!(rows(kw), [""; 0]);
});

both!(
    who_makes_organizations_is_the_operators_to_say,
    &[("KEYWARD_ORGANIZATIONS", "administrators")],
    |kw| {
        kw.add("root@example.com", None, true);
        let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
        let alice = person(kw, ALICE);
        let body = json!({ "name": "Acme" });
        let path = "/auth/organizations";
        let refused = kw.post(path).bearer(&alice).json(&body).send();
        refused.refused(403, "FORBIDDEN");
        assert_eq!(rows(kw), [""; 0]);
        let acme = make(kw, &root, "Acme");
        member(kw, &root, &acme, (BOB, "owner"));
    }
);

// Every route below an organization, by somebody who is in another one, by a token that is in
// another one, and with an id that is nobody's.
both!(o1_o2_another_organization_is_not_found, |kw| {
    let (alice, bob) = (person(kw, ALICE), person(kw, BOB));
    let (acme, other) = (make(kw, &alice, "Acme"), make(kw, &bob, "Other"));
    let (carol, _) = member(kw, &alice, &acme, (CAROL, "manager"));
    // Bob is in both, and the session in the one.
    let in_other = sign_in_to(kw, BOB, &other).tokens().0;
    assert_eq!(invite(kw, &alice, &acme, (BOB, "admin")).status, 202);
    let accept = format!("/auth/organizations/{acme}/accept");
    assert_eq!(kw.post(&accept).bearer(&bob).send().status, 204);
    let before = rows(kw);
    let nowhere = "2a749da0-5512-4000-8000-000000000000";
    let carols = id_of(&carol);
    for (token, id) in [
        (&in_other, acme.as_str()),
        (&carol, other.as_str()),
        (&alice, other.as_str()),
        (&alice, nowhere),
        (&alice, "%2e%2e"),
        (&alice, "1"),
    ] {
        let base = format!("/auth/organizations/{id}");
        let name = json!({ "name": "Mine now" });
        let role = json!({ "role": "viewer", "email": "dave@example.com" });
        let viewer = json!({ "role": "viewer" });
        for (method, path, body) in [
            ("GET", base.clone(), None),
            ("PATCH", base.clone(), Some(&name)),
            ("DELETE", base.clone(), None),
            ("GET", format!("{base}/members"), None),
            ("PATCH", path_of(id, carols), Some(&viewer)),
            ("DELETE", path_of(id, carols), None),
            ("GET", format!("{base}/invitations"), None),
            ("POST", format!("{base}/invitations"), Some(&role)),
            ("DELETE", format!("{base}/invitations/{CAROL}"), None),
        ] {
            let mut ask = kw.ask(method, &path).bearer(token);
            if let Some(body) = body {
                ask = ask.json(body);
            }
            ask.send().refused(404, "NOT_FOUND");
        }
    }
    assert_eq!(rows(kw), before);
    let mails = kw.mails();
    assert!(
        mails.iter().all(|mail| mail.to != "dave@example.com"),
        "{mails:?}"
    );
});

both!(o10_sessions_in_a_deleted_organization_end_with_it, |kw| {
    let replica = kw.replica();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, refresh) = member(kw, &alice, &acme, (BOB, "viewer"));
    let free = kw.sign_in(BOB, PASSWORD).tokens();
    let path = format!("/auth/organizations/{acme}");
    let gone = kw.delete(&path).bearer(&alice).send();
    assert_eq!(gone.status, 204, "{gone:?}");
    for kw in [kw, &replica] {
        kw.catch_up();
        kw.get("/auth/me")
            .bearer(&bob)
            .send()
            .refused(401, "INVALID_TOKEN");
        kw.get("/auth/verify")
            .bearer(&bob)
            .send()
            .refused(401, "INVALID_TOKEN");
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        sign_in_to(kw, BOB, &acme).refused(401, "INVALID_CREDENTIALS");
    }
    // Whoever else Bob is goes on.
    let (access, _) = kw.refresh(&free.1).tokens();
    assert_eq!(kw.me(&access), 200);
});
