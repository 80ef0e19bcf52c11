//! Keys that are good in one organization alone, and what keys may in organizations.

use keyward::domain::id::OrganizationId;
use serde_json::json;

use super::{ALICE, make as make_key, verify};
use crate::organizations::{change, id_of, make, member, path_of, person, sign_in_to};
use crate::support::{TestKeyward, text};

const BOB: &str = "bob@example.com";

/// An organization of Alice's with Bob in it, another one of hers, and a key of hers for the first.
fn two(kw: &TestKeyward) -> (String, [String; 2]) {
    let alice = person(kw, ALICE);
    let ids = [make(kw, &alice, "Acme"), make(kw, &alice, "Other")];
    member(kw, &alice, &ids[0], (BOB, "admin"));
    (alice, ids)
}

both!(o1_o2_a_key_of_one_organization_knows_no_other, |kw| {
    let (alice, [acme, other]) = two(kw);
    let body = json!({ "name": "ci", "permissions": ["organization:read", "member:read"], "organizationId": acme });
    let made = make_key(kw, &alice, &body);
    assert_eq!(made.status, 201, "{made:?}");
    let key = text(&made.json(), "key");
    let answer = verify(kw, &key);
    assert_eq!(answer.header("x-keyward-organization"), Some(acme.as_str()));
    assert_eq!(
        answer.header("x-keyward-permissions"),
        Some("member:read,organization:read")
    );
    let get = |path: String| kw.get(&path).bearer(&key).send();
    assert_eq!(get(format!("/auth/organizations/{acme}")).status, 200);
    assert_eq!(
        get(format!("/auth/organizations/{acme}/members")).status,
        200
    );
    get(format!("/auth/organizations/{acme}/roles")).refused(403, "FORBIDDEN");
    get(format!("/auth/organizations/{other}")).refused(404, "NOT_FOUND");
    let list = get("/auth/organizations".to_owned()).json();
    assert_eq!(list["organizations"].as_array().unwrap().len(), 1);
    let bob = id_of(&sign_in_to(kw, BOB, &acme).tokens().0);
    let refused = change(kw, &key, &path_of(&acme, bob), &json!({ "role": "viewer" }));
    refused.refused(403, "FORBIDDEN");
});

both!(
    a_key_of_no_organization_is_good_in_all_of_its_accounts,
    |kw| {
        let (alice, [acme, other]) = two(kw);
        let body = json!({ "name": "ci", "permissions": ["organization:read"] });
        let key = text(&make_key(kw, &alice, &body).json(), "key");
        for id in [&acme, &other] {
            let answer = kw
                .get(&format!("/auth/organizations/{id}"))
                .bearer(&key)
                .send();
            assert_eq!(answer.status, 200, "{answer:?}");
            let members = kw
                .get(&format!("/auth/organizations/{id}/members"))
                .bearer(&key)
                .send();
            members.refused(403, "FORBIDDEN");
        }
        let bob = person(kw, "carol@example.com");
        let theirs = make(kw, &bob, "Theirs");
        kw.get(&format!("/auth/organizations/{theirs}"))
            .bearer(&key)
            .send()
            .refused(404, "NOT_FOUND");
    }
);

both!(
    o4_o9_a_session_in_one_organization_makes_keys_for_that_one,
    |kw| {
        let (_, [acme, other]) = two(kw);
        let (bob, _) = sign_in_to(kw, BOB, &acme).tokens();
        let body = |scope: &[&str]| json!({ "name": "ci", "permissions": scope });
        let mut foreign = body(&["organization:read"]);
        foreign["organizationId"] = json!(other);
        make_key(kw, &bob, &foreign).refused(404, "NOT_FOUND");
        make_key(kw, &bob, &body(&["organization:own"])).refused(403, "FORBIDDEN");
        let made = make_key(kw, &bob, &body(&["organization:read"]));
        assert_eq!(made.json()["organizationId"], json!(acme));
    }
);

both!(o7_o10_a_membership_takes_its_keys_along, |kw| {
    let (alice, [acme, _]) = two(kw);
    let organization: OrganizationId = acme.parse().unwrap();
    let bob = id_of(&sign_in_to(kw, BOB, &acme).tokens().0);
    let replica = kw.replica();
    let scope = ["organization:read"];
    let [first, second] = [(); 2].map(|()| kw.key_in(bob, &scope, Some(organization)));
    let anywhere = {
        let new = kw.key_in(id_of(&alice), &[], None);
        assert_eq!(verify(&replica, &new).status, 200);
        new
    };
    for key in [&first, &second] {
        for each in [kw, &replica] {
            assert_eq!(verify(each, key).status, 200);
        }
    }
    // Less of a role is less of a key.
    let path = path_of(&acme, bob);
    let changed = change(kw, &alice, &path, &json!({ "state": "suspended" }));
    assert!(changed.status < 300, "{changed:?}");
    replica.catch_up();
    for key in [&first, &second] {
        for each in [kw, &replica] {
            verify(each, key).refused(401, "INVALID_TOKEN");
        }
    }
    assert_eq!(kw.keys_of(bob), []);
    // The whole organization goes.
    let changed = change(kw, &alice, &path, &json!({ "state": "active" }));
    assert!(changed.status < 300, "{changed:?}");
    let key = kw.key_in(bob, &scope, Some(organization));
    assert_eq!(verify(&replica, &key).status, 200);
    let gone = kw
        .delete(&format!("/auth/organizations/{acme}"))
        .bearer(&alice)
        .send();
    assert_eq!(gone.status, 204, "{gone:?}");
    replica.catch_up();
    for each in [kw, &replica] {
        verify(each, &key).refused(401, "INVALID_TOKEN");
        assert_eq!(verify(each, &anywhere).status, 200);
    }
});

both!(o6_a_role_that_shrinks_is_a_key_that_shrinks, |kw| {
    let (alice, [acme, _]) = two(kw);
    let organization: OrganizationId = acme.parse().unwrap();
    let bob = id_of(&sign_in_to(kw, BOB, &acme).tokens().0);
    let replica = kw.replica();
    let key = kw.key_in(
        bob,
        &["member:read", "organization:read"],
        Some(organization),
    );
    let members = format!("/auth/organizations/{acme}/members");
    for each in [kw, &replica] {
        assert_eq!(each.get(&members).bearer(&key).send().status, 200);
    }
    let changed = change(
        kw,
        &alice,
        &path_of(&acme, bob),
        &json!({ "role": "viewer" }),
    );
    assert!(changed.status < 300, "{changed:?}");
    replica.catch_up();
    for each in [kw, &replica] {
        each.get(&members)
            .bearer(&key)
            .send()
            .refused(403, "FORBIDDEN");
        let answer = verify(each, &key);
        assert_eq!(
            answer.header("x-keyward-permissions"),
            Some("organization:read")
        );
    }
});

both!(
    an_organizations_administrator_sees_and_revokes_its_keys,
    |kw| {
        let (alice, [acme, _]) = two(kw);
        let organization: OrganizationId = acme.parse().unwrap();
        let (bob, _) = sign_in_to(kw, BOB, &acme).tokens();
        let theirs = kw.key_in(id_of(&bob), &["member:read"], Some(organization));
        let owners = kw.key_in(id_of(&alice), &["organization:own"], Some(organization));
        kw.key_in(id_of(&alice), &[], None);
        let path = format!("/auth/organizations/{acme}/api-keys");
        let list = kw.get(&path).bearer(&bob).send().json();
        let ids: Vec<String> = list["apiKeys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| text(key, "id"))
            .collect();
        assert_eq!(ids.len(), 2);
        // Nobody rules over whoever may do more.
        kw.delete(&format!("{path}/{}", ids[1]))
            .bearer(&bob)
            .send()
            .refused(403, "FORBIDDEN");
        assert_eq!(verify(kw, &owners).status, 200);
        assert_eq!(
            kw.delete(&format!("{path}/{}", ids[0]))
                .bearer(&alice)
                .send()
                .status,
            204
        );
        verify(kw, &theirs).refused(401, "INVALID_TOKEN");
        kw.delete(&format!("{path}/{}", ids[0]))
            .bearer(&alice)
            .send()
            .refused(404, "NOT_FOUND");
        let viewer = member(kw, &alice, &acme, ("v@example.com", "viewer")).0;
        kw.get(&path)
            .bearer(&viewer)
            .send()
            .refused(403, "FORBIDDEN");
    }
);

both!(no_role_of_organizations_speaks_of_the_whole_service, |kw| {
    let (alice, [acme, _]) = two(kw);
    let path = format!("/auth/organizations/{acme}/roles");
    for word in ["account:read", "account:reset-link", "account:mail"] {
        let body = json!({ "name": "spy", "permissions": [word] });
        kw.post(&path)
            .bearer(&alice)
            .json(&body)
            .send()
            .refused(400, "INVALID_PAYLOAD");
    }
    let body = json!({ "name": "spy", "permissions": [] });
    assert_eq!(kw.post(&path).bearer(&alice).json(&body).send().status, 201);
    let body = json!({ "permissions": ["account:read"] });
    let changed = kw
        .ask("PATCH", &format!("{path}/spy"))
        .bearer(&alice)
        .json(&body)
        .send();
    changed.refused(400, "INVALID_PAYLOAD");
});
