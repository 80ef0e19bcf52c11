//! What a member may do, and what becomes of one whose role changes or who goes.

use serde_json::json;

use super::{
    ALICE, BOB, CAROL, change, id_of, invite, make, member, path_of, person, rows, sign_in_to,
};
use crate::support::{Forge, PASSWORD, text};

both!(h03_h38_a_role_decides_what_a_member_may_do, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (viewer, _) = member(kw, &alice, &acme, (BOB, "viewer"));
    let (manager, _) = member(kw, &alice, &acme, (CAROL, "manager"));
    let base = format!("/auth/organizations/{acme}");
    assert_eq!(kw.get(&base).bearer(&viewer).send().status, 200);
    let before = rows(kw);
    let refused = invite(kw, &viewer, &acme, ("dave@example.com", "viewer"));
    refused.refused(403, "FORBIDDEN");
    assert!(refused.body.contains("member:invite"), "{refused:?}");
    let refused = kw.get(&format!("{base}/members")).bearer(&viewer).send();
    refused.refused(403, "FORBIDDEN");
    assert!(refused.body.contains("member:read"), "{refused:?}");
    let refused = kw.delete(&base).bearer(&manager).send();
    refused.refused(403, "FORBIDDEN");
    assert!(refused.body.contains("organization:delete"), "{refused:?}");
    // Nobody gives away what they do not have.
    let refused = invite(kw, &manager, &acme, ("dave@example.com", "admin"));
    refused.refused(403, "FORBIDDEN");
    assert_eq!(rows(kw), before);
    assert_eq!(
        invite(kw, &manager, &acme, ("dave@example.com", "viewer")).status,
        202
    );
    // A viewer who is made a manager may, without another token: the database decides.
    let path = path_of(&acme, id_of(&viewer));
    assert_eq!(
        change(kw, &alice, &path, &json!({ "role": "manager" })).status,
        204
    );
    assert_eq!(
        invite(kw, &viewer, &acme, ("erin@example.com", "viewer")).status,
        202
    );
    let members = kw.get(&format!("{base}/members")).bearer(&viewer).send();
    let members = members.json();
    assert_eq!(members["members"].as_array().unwrap().len(), 3);
    assert_eq!(members["next"], json!(null));
});

both!(members_are_told_a_page_at_a_time, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    for name in ["b", "c", "d", "e"] {
        member(
            kw,
            &alice,
            &acme,
            (&format!("{name}@example.com"), "viewer"),
        );
    }
    let base = format!("/auth/organizations/{acme}/members");
    let (mut after, mut found) = (String::new(), Vec::new());
    for _ in 0..5 {
        let page = kw
            .get(&format!("{base}?limit=2{after}"))
            .bearer(&alice)
            .send();
        let page = page.json();
        for member in page["members"].as_array().unwrap() {
            found.push(text(member, "email"));
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(found.len(), 5, "{found:?}");
    for query in [
        "limit=0",
        "limit=101",
        "limit=10000",
        "limit=x",
        "after=x",
        "after=%25",
    ] {
        let answer = kw.get(&format!("{base}?{query}")).bearer(&alice).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
});

both!(o3_o4_nobody_makes_themselves_more, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (admin, _) = member(kw, &alice, &acme, (BOB, "admin"));
    let (viewer, _) = member(kw, &alice, &acme, (CAROL, "viewer"));
    let before = rows(kw);
    let owners = path_of(&acme, id_of(&alice));
    for (token, path, body, missing) in [
        (
            &admin,
            path_of(&acme, id_of(&admin)),
            json!({ "role": "owner" }),
            "organization:",
        ),
        (
            &admin,
            path_of(&acme, id_of(&viewer)),
            json!({ "role": "owner" }),
            "organization:",
        ),
        (
            &admin,
            owners.clone(),
            json!({ "role": "viewer" }),
            "organization:",
        ),
        (
            &admin,
            owners.clone(),
            json!({ "state": "suspended" }),
            "organization:",
        ),
        (
            &viewer,
            path_of(&acme, id_of(&viewer)),
            json!({ "role": "admin" }),
            "member:update",
        ),
    ] {
        let refused = change(kw, token, &path, &body);
        refused.refused(403, "FORBIDDEN");
        assert!(refused.body.contains(missing), "{refused:?}");
    }
    kw.delete(&owners)
        .bearer(&admin)
        .send()
        .refused(403, "FORBIDDEN");
    let viewers = path_of(&acme, id_of(&viewer));
    for body in [
        json!({ "role": "viewer", "organization_id": acme }),
        json!({ "permissions": ["admin"] }),
        json!({ "account": id_of(&admin) }),
        json!({ "role": "no such role" }),
        json!({ "role": "administrator" }),
        json!({ "role": "a\u{0}b" }),
        json!({ "role": 5 }),
        json!({ "state": "invited" }),
    ] {
        change(kw, &admin, &viewers, &body).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(rows(kw), before);
    for body in [
        json!({ "role": "owner" }),
        json!({ "organizationId": acme }),
        json!({ "permissions": ["admin"] }),
    ] {
        let answer = kw
            .ask("PATCH", "/auth/me")
            .bearer(&viewer)
            .json(&body)
            .send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
});

both!(
    h03_an_administrator_of_the_service_may_what_an_owner_may,
    |kw| {
        kw.add("root@example.com", None, true);
        let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let (bob, _) = member(kw, &alice, &acme, (BOB, "viewer"));
        let base = format!("/auth/organizations/{acme}");
        let one = kw.get(&base).bearer(&root).send().json();
        assert_eq!(one["role"], json!(null));
        let path = path_of(&acme, id_of(&bob));
        assert_eq!(
            change(kw, &root, &path, &json!({ "role": "owner" })).status,
            204
        );
        kw.add("other@example.com", None, true);
        // An operator who takes the role away takes this away at once, too.
        let id = id_of(&root);
        keyward::service::accounts::administer::take_role(&kw.kw, id, "administrator").unwrap();
        kw.get(&base)
            .bearer(&root)
            .send()
            .refused(401, "TOKEN_EXPIRED");
        let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
        kw.get(&base).bearer(&root).send().refused(404, "NOT_FOUND");
    }
);

both!(
    o6_o12_a_role_that_shrinks_is_effective_everywhere_at_once,
    |kw| {
        let replica = kw.replica();
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let (bob, refresh) = member(kw, &alice, &acme, (BOB, "admin"));
        let path = path_of(&acme, id_of(&bob));
        assert_eq!(
            change(kw, &alice, &path, &json!({ "role": "viewer" })).status,
            204
        );
        for kw in [kw, &replica] {
            kw.catch_up();
            for path in ["/auth/me", "/auth/verify"] {
                kw.get(path)
                    .bearer(&bob)
                    .send()
                    .refused(401, "TOKEN_EXPIRED");
            }
            assert_eq!(
                kw.get("/v1/api/auth/tokenInfo").bearer(&bob).send().status,
                401
            );
        }
        let (bob, _) = kw.refresh(&refresh).tokens();
        let claims = Forge::claims_of(&bob);
        assert_eq!(claims["role"], "viewer");
        assert_eq!(claims["permissions"], json!(["organization:read"]));
        let account = id_of(&bob);
        assert!(
            kw.audit(account)
                .contains(&"member_role_changed".to_owned())
        );
    }
);

both!(
    j23_o7_r8_r23_a_membership_that_ends_ends_its_sessions_everywhere,
    |kw| {
        let replica = kw.replica();
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        for (name, how) in [("b", "remove"), ("c", "suspend"), ("d", "leave")] {
            let email = format!("{name}@example.com");
            let (access, refresh) = member(kw, &alice, &acme, (&email, "viewer"));
            let free = kw.sign_in(&email, PASSWORD).tokens().1;
            let path = path_of(&acme, id_of(&access));
            let answer = match how {
                "remove" => kw.delete(&path).bearer(&alice).send(),
                "suspend" => change(kw, &alice, &path, &json!({ "state": "suspended" })),
                _ => {
                    let path = format!("/auth/organizations/{acme}/leave");
                    kw.post(&path).bearer(&access).send()
                }
            };
            assert_eq!(answer.status, 204, "{how}: {answer:?}");
            for kw in [kw, &replica] {
                kw.catch_up();
                kw.get("/auth/me")
                    .bearer(&access)
                    .send()
                    .refused(401, "INVALID_TOKEN");
                kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
            }
            sign_in_to(kw, &email, &acme).refused(401, "INVALID_CREDENTIALS");
            // Elsewhere they go on.
            let (access, _) = kw.refresh(&free).tokens();
            let base = format!("/auth/organizations/{acme}");
            kw.get(&base)
                .bearer(&access)
                .send()
                .refused(404, "NOT_FOUND");
        }
        // Whoever is taken back signs in anew.
        let back = kw.sign_in("c@example.com", PASSWORD).tokens().0;
        let path = path_of(&acme, id_of(&back));
        assert_eq!(
            change(kw, &alice, &path, &json!({ "state": "active" })).status,
            204
        );
        assert_eq!(sign_in_to(kw, "c@example.com", &acme).status, 200);
    }
);
