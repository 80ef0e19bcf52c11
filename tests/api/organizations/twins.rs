//! What one way of doing something asks, the other way asks too.

use keyward::service::Code;
use keyward::service::accounts::administer as accounts;
use keyward::service::organizations::administer;
use serde_json::json;

use super::{ALICE, BOB, id_of, make, member, person, rows, sign_in_to};
use crate::support::{PASSWORD, TestKeyward, text};

const ROOT: &str = "root@example.com";
const HOUR: &[(&str, &str)] = &[("KEYWARD_STEP_UP_MAX_AGE", "1h")];

fn root(kw: &TestKeyward) -> (String, String) {
    kw.add(ROOT, None, true);
    kw.sign_in(ROOT, PASSWORD).tokens()
}

both!(an_organization_begins_with_who_can_sign_in, |kw| {
    let (root, _) = root(kw);
    let off = id_of(&person(kw, ALICE));
    accounts::set_enabled(&kw.kw, off, false).unwrap();
    let machine = kw.machine("robot", &[]);
    let before = rows(kw);
    for owner in [off, machine] {
        let body = json!({ "name": "Acme", "owner": owner });
        let made = kw.post("/admin/organizations").bearer(&root).json(&body);
        made.send().refused(409, "CONFLICT");
        let name = keyward::domain::organization::Name::parse("Acme").unwrap();
        let refused = administer::add(&kw.kw, name, owner).unwrap_err();
        assert_eq!(refused.code, Code::Conflict);
    }
    assert_eq!(rows(kw), before);
    // Whoever was provisioned chooses a password later.
    let new = json!({ "email": BOB });
    let made = kw.post("/admin/accounts").bearer(&root).json(&new).send();
    let owner = text(&made.json(), "id");
    let body = json!({ "name": "Acme", "owner": owner });
    let made = kw.post("/admin/organizations").bearer(&root).json(&body);
    assert_eq!(made.send().status, 201);
});

both!(who_makes_an_owner_showed_of_late_who_they_are, HOUR, |kw| {
    let (_, refresh) = root(kw);
    let owner = kw.add_verified(ALICE);
    kw.advance(3601);
    let access = kw.refresh(&refresh).tokens().0;
    let before = rows(kw);
    let body = json!({ "name": "Acme", "owner": owner });
    let made = kw.post("/admin/organizations").bearer(&access).json(&body);
    made.send().refused(401, "STEP_UP_REQUIRED");
    assert_eq!(rows(kw), before);
    let fresh = kw.sign_in(ROOT, PASSWORD).tokens().0;
    let made = kw.post("/admin/organizations").bearer(&fresh).json(&body);
    assert_eq!(made.send().status, 201);
});

both!(keys_of_a_name_are_counted_where_they_are_good, |kw| {
    let alice = person(kw, ALICE);
    let [acme, other] = ["Acme", "Other"].map(|name| make(kw, &alice, name));
    let [here, there] = [&acme, &other].map(|id| sign_in_to(kw, ALICE, id).tokens().0);
    let body = json!({ "name": "ci", "permissions": [] });
    let make = |access: &str| {
        let made = kw.post("/auth/api-keys").bearer(access).json(&body);
        made.send()
    };
    for access in [&here, &there, &alice, &here, &there, &alice] {
        assert_eq!(make(access).status, 201);
    }
    for access in [&here, &there, &alice] {
        make(access).refused(409, "CONFLICT");
    }
    assert_eq!(kw.count("api_keys"), 6);
});

both!(an_id_of_oisp_is_one_in_either_case, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, (BOB, "viewer"));
    let (bob, upper) = (id_of(&bob).to_string(), acme.to_uppercase());
    let put = |path: &str, body: serde_json::Value| {
        let path = format!("/v1/api/accounts/{path}");
        kw.put(&path).bearer(&alice).json(&body).send()
    };
    for (path, id, key) in [
        (format!("{upper}/users/{bob}"), bob.clone(), &acme),
        (
            format!("{acme}/users/{}", bob.to_uppercase()),
            bob.clone(),
            &upper,
        ),
        (format!("{acme}/users/{bob}"), bob.to_uppercase(), &acme),
    ] {
        let answer = put(&path, json!({ "id": id, "accounts": { key: "admin" } }));
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    let before = rows(kw);
    let path = format!("{acme}/users/{bob}");
    let other = id_of(&alice);
    let wrong = [
        json!({ "id": other, "accounts": { &acme: "user" } }),
        json!({ "id": "x", "accounts": { &acme: "user" } }),
        json!({ "accounts": { other.to_string(): "user" } }),
        json!({ "accounts": { &acme: "user", &upper: "admin" } }),
        json!({ "accounts": {} }),
    ];
    for body in wrong {
        let answer = put(&path, body);
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    assert_eq!(rows(kw), before);
});

both!(a_role_s_name_is_one_s_whoever_was_first, |kw| {
    let (root, _) = root(kw);
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let path = format!("/auth/organizations/{acme}/roles");
    let own = json!({ "name": "Fitter", "permissions": [] });
    assert_eq!(kw.post(&path).bearer(&alice).json(&own).send().status, 201);
    for scope in ["service", "organization"] {
        let shared = json!({ "name": "FITTER", "scope": scope, "permissions": [] });
        let made = kw.post("/auth/roles").bearer(&root).json(&shared).send();
        made.refused(409, "CONFLICT");
    }
    assert_eq!(
        kw.rows("SELECT name AS line FROM roles WHERE lower(name) = 'fitter'")
            .len(),
        0
    );
    let gone = kw.delete(&format!("{path}/Fitter")).bearer(&alice).send();
    assert_eq!(gone.status, 204, "{gone:?}");
    let shared = json!({ "name": "FITTER", "scope": "organization", "permissions": [] });
    let made = kw.post("/auth/roles").bearer(&root).json(&shared).send();
    assert_eq!(made.status, 201, "{made:?}");
    kw.post(&path)
        .bearer(&alice)
        .json(&own)
        .send()
        .refused(409, "CONFLICT");
});

both!(a_role_that_a_body_names_and_nobody_made_is_400, |kw| {
    let (root, _) = root(kw);
    let before = kw.count("accounts");
    for (path, body) in [
        ("/admin/accounts", json!({ "email": BOB, "role": "nobody" })),
        (
            "/admin/accounts",
            json!({ "kind": "machine", "username": "robot", "role": "nobody" }),
        ),
        (
            "/admin/accounts",
            json!({ "email": BOB, "password": PASSWORD, "role": "owner" }),
        ),
        (
            "/admin/invitations",
            json!({ "email": BOB, "role": "nobody" }),
        ),
    ] {
        let refused = kw.post(path).bearer(&root).json(&body).send();
        refused.refused(400, "INVALID_PAYLOAD");
        assert!(refused.body.contains("role"), "{refused:?}");
    }
    assert_eq!(kw.count("accounts"), before);
    // In a path it is what is not found.
    let path = format!("/admin/accounts/{}/roles/nobody", id_of(&root));
    kw.put(&path).bearer(&root).send().refused(404, "NOT_FOUND");
});

both!(
    a_refresh_by_the_name_of_another_organization_spends_nothing,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        make(kw, &alice, "Other");
        let (access, refresh) = sign_in_to(kw, ALICE, &acme).tokens();
        let by = |token: &str, name: &str| {
            let body = json!({ "refresh_token": token, "organizationName": name });
            kw.post("/auth/refresh").json(&body).send()
        };
        for name in ["Other", "Nowhere", "a\u{0}b"] {
            by(&refresh, name).refused(401, "INVALID_CREDENTIALS");
            assert_eq!(kw.generation_of(&access), 0);
        }
        let both =
            json!({ "refresh_token": refresh, "organizationName": "Acme", "organizationId": acme });
        let both = kw.post("/auth/refresh").json(&both).send();
        both.refused(400, "INVALID_PAYLOAD");
        let renewed = by(&refresh, "ACME");
        assert_eq!(renewed.status, 200, "{renewed:?}");
        assert_eq!(renewed.json()["organizationId"], json!(acme));
        // A session in none is in none of that name.
        let (_, none) = kw.sign_in(ALICE, PASSWORD).tokens();
        by(&none, "Acme").refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.refresh(&none).status, 200);
    }
);
