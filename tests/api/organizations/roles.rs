//! Roles that are made over the interface: of one organization, and of the service.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use super::{ALICE, BOB, CAROL, change, id_of, invite, make, member, path_of, person, sign_in_to};
use crate::support::{Answer, Forge, PASSWORD, TestKeyward, text};

fn make_role(kw: &TestKeyward, access: &str, path: &str, body: &Value) -> Answer {
    kw.post(path).bearer(access).json(body).send()
}

/// The permissions of the token of a new session in the organization.
fn permissions(kw: &TestKeyward, email: &str, id: &str) -> Value {
    let (access, _) = sign_in_to(kw, email, id).tokens();
    Forge::claims_of(&access)["permissions"].clone()
}

both!(
    h44_y16_a_role_of_ones_own_is_made_held_grown_and_shrunk,
    |kw| {
        let replica = kw.replica();
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let path = format!("/auth/organizations/{acme}/roles");
        let there = kw.get(&path).bearer(&alice).send().json();
        let names: Vec<String> = there["roles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|role| text(role, "name"))
            .collect();
        let seeded = [
            "Asset Installer",
            "Data Viewer",
            "Organization Manager",
            "Space Designer",
            "System Admin",
            "admin",
            "manager",
            "owner",
            "viewer",
        ];
        assert_eq!(names, seeded);
        let body = json!({ "name": "Fitter", "permissions": ["device:read", "member:read"] });
        let made = make_role(kw, &alice, &path, &body);
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json()["organizationId"], json!(acme));
        member(kw, &alice, &acme, (BOB, "Fitter"));
        let (bob, refresh) = sign_in_to(kw, BOB, &acme).tokens();
        let claims = Forge::claims_of(&bob);
        assert_eq!(claims["role"], "Fitter");
        assert_eq!(claims["permissions"], json!(["device:read", "member:read"]));
        // What grows comes with the next token.
        let own = format!("{path}/Fitter");
        let more = json!({ "permissions": ["device:read", "device:update", "member:read"] });
        assert_eq!(change(kw, &alice, &own, &more).status, 200);
        assert_eq!(kw.me(&bob), 200);
        let (bob, refresh) = kw.refresh(&refresh).tokens();
        let grown = Forge::claims_of(&bob)["permissions"].to_string();
        assert!(grown.contains("device:update"), "{grown}");
        // What shrinks is gone at once, everywhere (O-12).
        let less = json!({ "permissions": ["device:read"] });
        assert_eq!(change(kw, &alice, &own, &less).status, 200);
        for kw in [kw, &replica] {
            kw.catch_up();
            let answer = kw.get("/auth/verify").bearer(&bob).send();
            answer.refused(401, "TOKEN_EXPIRED");
        }
        let (bob, _) = kw.refresh(&refresh).tokens();
        assert_eq!(
            Forge::claims_of(&bob)["permissions"],
            json!(["device:read"])
        );
        // Who is held is not removed.
        kw.delete(&own)
            .bearer(&alice)
            .send()
            .refused(409, "CONFLICT");
        let bobs = path_of(&acme, id_of(&bob));
        assert_eq!(
            change(kw, &alice, &bobs, &json!({ "role": "viewer" })).status,
            204
        );
        assert_eq!(kw.delete(&own).bearer(&alice).send().status, 204);
        kw.delete(&own)
            .bearer(&alice)
            .send()
            .refused(404, "NOT_FOUND");
        let gone = format!("/auth/organizations/{acme}");
        assert_eq!(make_role(kw, &alice, &path, &body).status, 201);
        assert_eq!(kw.delete(&gone).bearer(&alice).send().status, 204);
        assert_eq!(kw.count("roles WHERE organization_id IS NOT NULL"), 0);
    }
);

both!(o4_nobody_makes_a_role_that_may_more_than_they, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (admin, _) = member(kw, &alice, &acme, (BOB, "admin"));
    let (viewer, _) = member(kw, &alice, &acme, (CAROL, "viewer"));
    let path = format!("/auth/organizations/{acme}/roles");
    let body = json!({ "name": "Reader", "permissions": ["member:read"] });
    let refused = make_role(kw, &viewer, &path, &body);
    refused.refused(403, "FORBIDDEN");
    assert!(refused.body.contains("role:manage"), "{refused:?}");
    assert_eq!(make_role(kw, &admin, &path, &body).status, 201);
    let before =
        kw.rows("SELECT role || ' ' || permission AS line FROM role_permissions ORDER BY 1");
    for permission in ["organization:delete", "device:read"] {
        let body = json!({ "name": "More", "permissions": [permission] });
        let refused = make_role(kw, &admin, &path, &body);
        refused.refused(403, "FORBIDDEN");
        assert!(refused.body.contains(permission), "{refused:?}");
        let body = json!({ "permissions": [permission] });
        change(kw, &admin, &format!("{path}/Reader"), &body).refused(403, "FORBIDDEN");
    }
    for (name, permissions) in [
        ("More", json!(["organization:own"])),
        ("More", json!(["admin"])),
        ("More", json!(["member:reed"])),
        ("More", json!(["Device:Read"])),
        ("More", json!([5])),
        ("More", json!("member:read")),
        ("More", json!(null)),
        ("a\u{0}b", json!([])),
        ("", json!([])),
    ] {
        let body = json!({ "name": name, "permissions": permissions });
        make_role(kw, &alice, &path, &body).refused(400, "INVALID_PAYLOAD");
    }
    // Nothing that looks like another's.
    for name in ["owner", "OWNER", "Administrator", "reader", "data viewer"] {
        let body = json!({ "name": name, "permissions": [] });
        make_role(kw, &alice, &path, &body).refused(409, "CONFLICT");
    }
    for shared in ["owner", "viewer"] {
        let body = json!({ "permissions": ["device:read"] });
        let path = format!("{path}/{shared}");
        change(kw, &alice, &path, &body).refused(403, "FORBIDDEN");
        kw.delete(&path)
            .bearer(&alice)
            .send()
            .refused(403, "FORBIDDEN");
    }
    let after =
        kw.rows("SELECT role || ' ' || permission AS line FROM role_permissions ORDER BY 1");
    assert_eq!(after, before);
    // Two organizations may use one name for two roles.
    let other = make(kw, &alice, "Other");
    let path = format!("/auth/organizations/{other}/roles");
    let body = json!({ "name": "Reader", "permissions": ["organization:read"] });
    assert_eq!(make_role(kw, &alice, &path, &body).status, 201);
});

both!(y16_roles_of_the_service_are_an_administrators, |kw| {
    kw.add("root@example.com", None, true);
    let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let body = json!({ "name": "Editor", "scope": "service", "permissions": ["page:write"] });
    make_role(kw, &alice, "/auth/roles", &body).refused(403, "FORBIDDEN");
    let made = make_role(kw, &root, "/auth/roles", &body);
    assert_eq!(made.status, 201, "{made:?}");
    let body = json!({ "name": "Helper", "scope": "organization", "permissions": ["desk:read"] });
    assert_eq!(make_role(kw, &root, "/auth/roles", &body).status, 201);
    make_role(kw, &root, "/auth/roles", &body).refused(409, "CONFLICT");
    for body in [
        json!({ "name": "X", "scope": "everything", "permissions": [] }),
        json!({ "name": "X", "permissions": [] }),
        json!({ "name": "X", "scope": "service", "permissions": ["admin"] }),
        json!({ "name": "X", "scope": "service", "permissions": [], "key": "administrator" }),
    ] {
        make_role(kw, &root, "/auth/roles", &body).refused(400, "INVALID_PAYLOAD");
    }
    // Held by an account everywhere, and by a member in the organization.
    administer::grant_role(&kw.kw, id_of(&alice), "Editor").unwrap();
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let claims = Forge::claims_of(&access);
    assert_eq!(
        (&claims["role"], &claims["roles"]),
        (&json!("Editor"), &json!(["Editor"]))
    );
    assert_eq!(invite(kw, &alice, &acme, (BOB, "Editor")).status, 400);
    member(kw, &alice, &acme, (BOB, "Helper"));
    assert_eq!(permissions(kw, BOB, &acme), json!(["desk:read"]));
    let less = json!({ "permissions": [] });
    assert_eq!(change(kw, &root, "/auth/roles/Editor", &less).status, 200);
    kw.get("/auth/me")
        .bearer(&access)
        .send()
        .refused(401, "TOKEN_EXPIRED");
    let (access, _) = kw.refresh(&refresh).tokens();
    assert_eq!(Forge::claims_of(&access)["permissions"], json!([]));
    for fixed in ["administrator", "owner"] {
        let path = format!("/auth/roles/{fixed}");
        change(kw, &root, &path, &less).refused(409, "CONFLICT");
        kw.delete(&path)
            .bearer(&root)
            .send()
            .refused(409, "CONFLICT");
    }
    let missing = kw.delete("/auth/roles/Nobody").bearer(&root).send();
    missing.refused(404, "NOT_FOUND");
    let held = kw.delete("/auth/roles/Editor").bearer(&root).send();
    held.refused(409, "CONFLICT");
    administer::take_role(&kw.kw, id_of(&alice), "Editor").unwrap();
    let removed = kw.delete("/auth/roles/Editor").bearer(&root).send();
    assert_eq!(removed.status, 204, "{removed:?}");
});

both!(
    what_does_not_fit_into_a_token_is_told_by_me,
    &[("KEYWARD_MAX_TOKEN_BYTES", "1500")],
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let many: Vec<String> = (0..100).map(|n| format!("device-{n}:update")).collect();
        let mut held = many.clone();
        held.extend(["member:read".to_owned(), "role:manage".to_owned()]);
        let path = format!("/auth/organizations/{acme}/roles");
        let body = json!({ "name": "Fitter", "permissions": held });
        assert_eq!(make_role(kw, &alice, &path, &body).status, 201);
        let (bob, _) = member(kw, &alice, &acme, (BOB, "Fitter"));
        assert!(bob.len() <= 1500, "{}", bob.len());
        let claims = Forge::claims_of(&bob);
        assert_eq!(claims["permissions"], json!(["member:read", "role:manage"]));
        let reference = text(&claims, "perm_ref");
        let me = kw.get("/auth/me").bearer(&bob).send().json();
        let told = me["permissions"].as_array().unwrap();
        assert_eq!(told.len(), 102);
        let members = format!("/auth/organizations/{acme}/members");
        assert_eq!(kw.get(&members).bearer(&bob).send().status, 200);
        // The exchange gives the same list, or none.
        let exchange = |token: &str| kw.get("/auth/token").header("authorization", token).send();
        let new = text(&exchange(&bob).json(), "token");
        assert_eq!(text(&Forge::claims_of(&new), "perm_ref"), reference);
        let more = json!({ "permissions": many });
        assert_eq!(
            change(kw, &alice, &format!("{path}/Fitter"), &more).status,
            200
        );
        exchange(&new).refused(401, "INVALID_TOKEN");
        // A token that is short says nothing of it.
        let (own, _) = sign_in_to(kw, ALICE, &acme).tokens();
        assert_eq!(Forge::claims_of(&own).get("perm_ref"), None);
    }
);

// A role of the same permissions under another name: no token goes on with the old name.
both!(another_role_of_equal_permissions_is_named_at_once, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let path = format!("/auth/organizations/{acme}/roles");
    for name in ["Fitter", "Mechanic"] {
        let body = json!({ "name": name, "permissions": ["device:read"] });
        assert_eq!(make_role(kw, &alice, &path, &body).status, 201);
    }
    let (bob, refresh) = member(kw, &alice, &acme, (BOB, "Fitter"));
    let role = json!({ "role": "Mechanic" });
    let changed = change(kw, &alice, &path_of(&acme, id_of(&bob)), &role);
    assert_eq!(changed.status, 204, "{changed:?}");
    kw.get("/auth/me")
        .bearer(&bob)
        .send()
        .refused(401, "TOKEN_EXPIRED");
    let (bob, _) = kw.refresh(&refresh).tokens();
    assert_eq!(Forge::claims_of(&bob)["role"], "Mechanic");
});

// Its name is a part of an address, and no client or proxy leaves these as they are.
both!(a_role_is_called_what_can_stand_in_an_address, |kw| {
    kw.add("admin@example.com", None, true);
    let root = kw.sign_in("admin@example.com", PASSWORD).tokens().0;
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let own = format!("/auth/organizations/{acme}/roles");
    let before = kw.count("roles");
    for name in [
        ".", "..", "a/b", "/", "a\\b", "\u{ff0e}", "\u{ff0f}", "\u{2025}",
    ] {
        let body = json!({ "name": name, "permissions": [] });
        let refused = make_role(kw, &alice, &own, &body);
        refused.refused(400, "INVALID_PAYLOAD");
        assert!(refused.body.contains("address"), "{name:?} {refused:?}");
        let body = json!({ "name": name, "scope": "service", "permissions": [] });
        make_role(kw, &root, "/auth/roles", &body).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.count("roles"), before);
    // What is odd and can be addressed is made, changed and removed.
    for (name, part) in [
        ("...", "..."),
        ("a.b", "a.b"),
        ("a%2Fb", "a%252Fb"),
        ("?#", "%3F%23"),
    ] {
        let body = json!({ "name": name, "permissions": [] });
        assert_eq!(make_role(kw, &alice, &own, &body).status, 201, "{name}");
        let path = format!("{own}/{part}");
        let body = json!({ "description": "odd" });
        assert_eq!(change(kw, &alice, &path, &body).status, 200, "{name}");
        assert_eq!(kw.delete(&path).bearer(&alice).send().status, 204, "{name}");
    }
    // One that was made before goes on to be held.
    kw.sql("INSERT INTO roles (name, description, scope) VALUES ('a/b', '', 'organization')");
    member(kw, &alice, &acme, (BOB, "a/b"));
    let path = "/auth/roles/a%2Fb";
    let body = json!({ "description": "of before" });
    assert_eq!(change(kw, &root, path, &body).status, 200);
});

const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

// What no setting leaves out of a token is short enough to be taken.
both!(
    the_longest_token_is_taken,
    &[
        ("KEYWARD_MAX_TOKEN_BYTES", "1500"),
        ("KEYWARD_ISSUER", LONG),
        ("KEYWARD_AUDIENCE", LONG),
    ],
    |kw| {
        // Four bytes each.
        let letters = |letter: &str, many: usize| letter.repeat(many);
        let email = format!("{}@{}.example", "a".repeat(64), ["b"; 60].join("b."));
        let name = letters("\u{10428}", 128);
        let alice = kw.add(&email, Some(&name), true);
        kw.sql("UPDATE accounts SET verified = TRUE");
        for letter in ["\u{10429}", "\u{1042a}", "\u{1042b}"] {
            let role = letters(letter, 64);
            kw.define_role(&role, &["device:read"]);
            administer::grant_role(&kw.kw, alice, &role).unwrap();
        }
        let body = json!({ "name": letters("\u{1042c}", 64) });
        let access = kw.sign_in(&email, PASSWORD).tokens().0;
        let made = kw.post("/auth/organizations").bearer(&access).json(&body);
        let acme = text(&made.send().json(), "id");
        let role = json!({ "name": letters("\u{1042d}", 64), "permissions": ["device:read"] });
        let path = format!("/auth/organizations/{acme}/roles");
        assert_eq!(make_role(kw, &access, &path, &role).status, 201);
        let access = sign_in_to(kw, &email, &acme).tokens().0;
        assert!((4000..=5200).contains(&access.len()), "{}", access.len());
        assert_eq!(kw.me(&access), 200);
        assert_eq!(kw.get("/auth/verify").bearer(&access).send().status, 200);
    }
);
