//! The audit log: who did what to whom.

use serde_json::{Value, json};

use super::{ALICE, OTHER, administrator, done, of, rows};
use crate::organizations::{make, member, path_of, person};
use crate::support::{PASSWORD, TestKeyward, account_of, text};

both!(an_administrator_is_named_in_what_was_done, |kw| {
    let (root, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let body = json!({ "password": OTHER });
    let path = of(alice, "/password");
    let set = kw
        .post(&path)
        .peer("203.0.113.7")
        .bearer(&token)
        .json(&body);
    assert_eq!(set.send().status, 204);
    let path = format!("/admin/audit-events?account={alice}&event=password_set");
    let told = rows(&kw.get(&path).bearer(&token).send());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["actor"], json!(root));
    assert_eq!(told[0]["account"], json!(alice));
    assert_eq!(told[0]["address"], json!("203.0.113.7"));
    // The owner is told what happened, and not from where an administrator did it.
    let own = kw.sign_in(ALICE, OTHER).tokens().0;
    let export = kw.get("/auth/me/export").bearer(&own).send();
    assert!(export.body.contains("password_set"), "{export:?}");
    assert!(!export.body.contains("203.0.113.7"), "{export:?}");
    // With the administrator's account the address goes, and the id stays.
    kw.add("next@example.com", None, true);
    let body = json!({ "password": PASSWORD });
    let leave = kw.delete("/auth/me").bearer(&token).json(&body).send();
    assert_eq!(leave.status, 204, "{leave:?}");
    let row = format!(
        "audit_events WHERE what = 'password_set' AND actor_id = '{root}' AND address IS NULL"
    );
    assert_eq!(kw.count(&row), 1);
});

both!(events_are_listed_youngest_first_by_pages_and_kinds, |kw| {
    let (root, token) = administrator(kw);
    let alice = kw.account(ALICE);
    for _ in 0..5 {
        kw.sign_in(ALICE, PASSWORD).tokens();
        kw.advance(1);
        done(kw, "DELETE", &of(alice, "/sessions"), &token);
    }
    let all = rows(&kw.get("/admin/audit-events").bearer(&token).send());
    let mut paged = Vec::new();
    let mut path = "/admin/audit-events?limit=3".to_owned();
    loop {
        let answer = kw.get(&path).bearer(&token).send();
        paged.extend(rows(&answer));
        match answer.json()["next"].as_str() {
            Some(next) => path = format!("/admin/audit-events?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let times: Vec<i64> = all.iter().map(|row| row["at"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, other| one >= other));
    let since = times[4];
    for (query, count) in [
        (format!("account={alice}&event=sessions_revoked"), 5),
        (format!("account={root}"), 2),
        (format!("event=sessions_revoked&since={since}"), 3),
        ("since=2100-01-01".to_owned(), 0),
    ] {
        let path = format!("/admin/audit-events?{query}");
        let told = rows(&kw.get(&path).bearer(&token).send());
        assert_eq!(told.len(), count, "{query} {told:?}");
    }
    for bad in [
        "after=x%00",
        "event=nothing",
        "account=alice",
        "organization=acme",
        "since=yesterday",
        "kind=x",
    ] {
        let path = format!("/admin/audit-events?{bad}");
        let answer = kw.get(&path).bearer(&token).send();
        answer.refused(400, "INVALID_PAYLOAD");
        // A day is taken, so it is named.
        let is_named = answer.body.contains("2026-01-31 or 2026-01-31T08:00:00Z");
        assert_eq!(is_named, bad == "since=yesterday", "{answer:?}");
    }
    assert_eq!(text(&all[0], "event"), "sessions_revoked");
});

/// The events of this kind, youngest first.
fn events(kw: &TestKeyward, token: &str, what: &str) -> Vec<Value> {
    let path = format!("/admin/audit-events?event={what}");
    rows(&kw.get(&path).bearer(token).send())
}

both!(an_event_names_its_organization_and_its_role, |kw| {
    let (root, token) = administrator(kw);
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let other = make(kw, &alice, "Other");
    let roles = format!("/auth/organizations/{acme}/roles");
    let body = json!({ "name": "Fitter", "permissions": ["device:read"] });
    assert_eq!(
        kw.post(&roles).bearer(&alice).json(&body).send().status,
        201
    );
    let (bob, _) = member(kw, &alice, &acme, ("bob@example.com", "Fitter"));
    let bob = account_of(&bob);
    let ask = |method: &str, path: &str, token: &str, body: &Value| {
        let answer = kw.ask(method, path).bearer(token).json(body).send();
        assert!(answer.status < 300, "{method} {path} {answer:?}");
    };
    let own = path_of(&acme, bob);
    let fitter = format!("{roles}/Fitter");
    ask("PATCH", &fitter, &alice, &json!({ "permissions": [] }));
    ask(
        "PATCH",
        &fitter,
        &alice,
        &json!({ "mfaRequiredFrom": 4_102_444_800_000_i64 }),
    );
    ask("PATCH", &own, &alice, &json!({ "role": "viewer" }));
    ask("PATCH", &own, &alice, &json!({ "state": "suspended" }));
    ask("PATCH", &own, &alice, &json!({ "state": "active" }));
    done(kw, "DELETE", &own, &alice);
    done(kw, "DELETE", &fitter, &alice);
    let path = format!("/auth/organizations/{acme}");
    ask("PATCH", &path, &alice, &json!({ "name": "Acme Ltd" }));
    let admin = format!("/admin/organizations/{acme}/members/{bob}");
    ask("PUT", &admin, &token, &json!({ "role": "viewer" }));
    done(kw, "DELETE", &admin, &token);
    done(kw, "DELETE", &path, &alice);
    let (acme, none) = (json!(acme), Value::Null);
    for (what, organization, role) in [
        ("organization_renamed", &acme, none.clone()),
        ("organization_deleted", &acme, none.clone()),
        ("role_made", &acme, json!("Fitter")),
        ("role_changed", &acme, json!("Fitter")),
        ("factor_demanded", &acme, json!("Fitter")),
        ("role_removed", &acme, json!("Fitter")),
        ("member_invited", &acme, json!("Fitter")),
        ("member_role_changed", &acme, json!("viewer")),
        ("member_suspended", &acme, none.clone()),
        ("member_resumed", &acme, none.clone()),
        ("member_removed", &acme, none.clone()),
    ] {
        let told = events(kw, &token, what);
        assert!(!told.is_empty(), "{what}");
        for event in told {
            let named = (&event["organization"], &event["role"]);
            assert_eq!(named, (organization, &role), "{event}");
        }
    }
    // By an administrator, and by an invitation before.
    let joined = events(kw, &token, "member_joined");
    let roles: Vec<&Value> = joined.iter().map(|event| &event["role"]).collect();
    assert_eq!(roles, ["viewer", "Fitter"]);
    let made = events(kw, &token, "organization_created");
    let ids: Vec<&Value> = made.iter().map(|event| &event["organization"]).collect();
    assert_eq!(ids, [&json!(other), &acme]);
    // Roles of the service are in no organization.
    let path = of(bob, "/roles/administrator");
    done(kw, "PUT", &path, &token);
    done(kw, "DELETE", &path, &token);
    for what in ["role_granted", "role_taken"] {
        let told = &events(kw, &token, what)[0];
        assert_eq!(told["role"], "administrator", "{told}");
        assert_eq!(told["organization"], none, "{told}");
        assert_eq!(
            (&told["actor"], &told["account"]),
            (&json!(root), &json!(bob))
        );
    }
});

both!(
    an_administrators_change_of_a_member_is_told_as_what_it_was,
    |kw| {
        let (_, token) = administrator(kw);
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let bob = kw.add_verified("bob@example.com");
        let own = path_of(&acme, bob);
        let suspend = || {
            let body = json!({ "state": "suspended" });
            let answer = kw.ask("PATCH", &own).bearer(&alice).json(&body).send();
            assert!(answer.status < 300, "{answer:?}");
        };
        let put = |role: &str| {
            let path = format!("/admin/organizations/{acme}/members/{bob}");
            let body = json!({ "role": role });
            let answer = kw.ask("PUT", &path).bearer(&token).json(&body).send();
            assert!(answer.status < 300, "{answer:?}");
        };
        let told = || {
            let mut all = kw.audit(bob);
            all.retain(|what| what.starts_with("member_") && what != "member_suspended");
            all
        };
        put("viewer");
        let mut expected = vec!["member_joined"];
        assert_eq!(told(), expected);
        let joined = &events(kw, &token, "member_joined")[0];
        assert_eq!(joined["role"], "viewer", "{joined}");
        put("viewer");
        assert_eq!(told(), expected, "nothing was changed");
        suspend();
        put("viewer");
        expected.push("member_resumed");
        assert_eq!(told(), expected, "the role is the same");
        put("manager");
        expected.push("member_role_changed");
        assert_eq!(told(), expected);
        suspend();
        put("viewer");
        expected.extend(["member_resumed", "member_role_changed"]);
        assert_eq!(told(), expected);
    }
);

both!(a_reset_link_names_who_made_it, |kw| {
    let (root, token) = administrator(kw);
    kw.add_verified(ALICE);
    let body = json!({ "email": ALICE });
    let answer = kw
        .post("/admin/password-reset-link")
        .bearer(&token)
        .json(&body);
    assert_eq!(answer.send().status, 200);
    let told = &events(kw, &token, "password_reset_requested")[0];
    assert_eq!(told["actor"], json!(root));
});

both!(keys_that_something_else_revokes_leave_an_event_each, |kw| {
    let (root, token) = administrator(kw);
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, ("bob@example.com", "viewer"));
    let own = account_of(&bob);
    let outside = kw.sign_in("bob@example.com", PASSWORD).tokens().0;
    let key = |access: &str, name: &str, organization: Value| {
        let body = json!({
            "name": name, "permissions": ["organization:read"], "organizationId": organization,
        });
        let made = kw.post("/auth/api-keys").bearer(access).json(&body).send();
        assert_eq!(made.status, 201, "{made:?}");
        text(&made.json(), "id")
    };
    let (here, everywhere) = (
        key(&bob, "here", json!(acme)),
        key(&outside, "everywhere", Value::Null),
    );
    // The end of the membership ends the one that is good there.
    done(kw, "DELETE", &path_of(&acme, own), &alice);
    let told = events(kw, &token, "api_key_revoked");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["session"], json!(here));
    assert_eq!(told[0]["organization"], json!(acme));
    assert_eq!(told[0]["account"], json!(own));
    assert_eq!(told[0]["actor"], json!(account_of(&alice)));
    // A new password ends the rest.
    let body = json!({ "password": OTHER });
    let set = kw.post(&of(own, "/password")).bearer(&token).json(&body);
    assert_eq!(set.send().status, 204);
    let told = events(kw, &token, "api_key_revoked");
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["session"], json!(everywhere));
    assert_eq!(told[0]["actor"], json!(root));
    assert_eq!(told[0]["organization"], Value::Null);
});
