//! A second factor that an organization or a role asks for, with a time to switch one on.

use keyward::http::routes::{Guard, TABLE};
use serde_json::{Value, json};

use crate::organizations::{make, member, person, sign_in_to};
use crate::second_factor::replaced::replace;
use crate::support::{Answer, Factor, Forge, PASSWORD, TestKeyward, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";
const ROOT: &str = "root@example.com";

const CHALLENGE: &str = "Bearer error=\"insufficient_user_authentication\", \
                         error_description=\"Show again who you are\", acr_values=\"aal2\"";

/// Asks for a second factor `seconds` from now on: when that is.
#[track_caller]
fn demand(kw: &TestKeyward, access: &str, path: &str, seconds: i64) -> i64 {
    let from = (kw.kw.clock.now().seconds() + seconds) * 1000;
    let body = json!({ "mfaRequiredFrom": from });
    let answer = kw.ask("PATCH", path).bearer(access).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["mfaRequiredFrom"], json!(from), "{answer:?}");
    from
}

fn lift(kw: &TestKeyward, access: &str, path: &str) {
    let body = json!({ "mfaRequiredFrom": null });
    let answer = kw.ask("PATCH", path).bearer(access).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["mfaRequiredFrom"], Value::Null, "{answer:?}");
}

/// What `GET /auth/me` says.
#[track_caller]
fn due(kw: &TestKeyward, access: &str) -> Value {
    let answer = kw.get("/auth/me").bearer(access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["mfaRequiredFrom"].clone()
}

#[track_caller]
fn closed(answer: &Answer) {
    answer.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE));
}

fn verify(kw: &TestKeyward, access: &str) -> Answer {
    kw.get("/auth/verify").bearer(access).send()
}

/// Switches one on in a session that opens nothing else.
fn enrol(kw: &TestKeyward, access: &str) -> Factor {
    let factor = kw.enrol(access);
    assert_eq!(verify(kw, &factor.access).status, 200);
    factor
}

both!(
    clients_63_a_whole_number_is_one_however_it_is_written,
    |kw| {
        kw.add(ROOT, None, true);
        let (access, _) = kw.sign_in(ROOT, PASSWORD).tokens();
        let change = |from: &str| {
            let body = format!("{{\"mfaRequiredFrom\":{from}}}");
            let asked = kw.ask("PATCH", "/auth/roles/owner").bearer(&access);
            asked.body("application/json", body).send()
        };
        for (from, read) in [
            ("253402300799999", 253_402_300_799_999_i64),
            ("2.5e14", 250_000_000_000_000),
            ("9e12", 9_000_000_000_000),
            ("9217578.0", 9_217_578),
        ] {
            let answer = change(from);
            assert_eq!(answer.status, 200, "{from}: {answer:?}");
            assert_eq!(answer.json()["mfaRequiredFrom"], json!(read), "{from}");
        }
        for from in [
            "9217578.5",
            "1e300",
            "253402300800000",
            "\"9217578\"",
            "true",
        ] {
            change(from).refused(400, "INVALID_PAYLOAD");
        }
    }
);

both!(
    an_organization_asks_for_a_factor_with_a_time_to_switch_one_on,
    |kw| {
        let replica = kw.replica();
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let (bob, refresh) = member(kw, &alice, &acme, (BOB, "viewer"));
        let (outside, _) = kw.sign_in(BOB, PASSWORD).tokens();
        let path = format!("/auth/organizations/{acme}");
        let from = demand(kw, &alice, &path, 3600);
        // Everybody in it learns of it within a second, and goes on.
        for kw in [kw, &replica] {
            kw.catch_up();
            verify(kw, &bob).refused(401, "TOKEN_EXPIRED");
        }
        let (bob, refresh) = kw.refresh(&refresh).tokens();
        assert_eq!(due(kw, &bob), json!(from));
        assert_eq!(verify(kw, &bob).status, 200);
        let signed_in = sign_in_to(kw, BOB, &acme);
        assert_eq!(signed_in.json()["mfaRequiredFrom"], json!(from));
        // A session that is in no organization is asked for nothing.
        assert_eq!(kw.me(&outside), 401, "outdated with the others");
        let (outside, _) = kw.sign_in(BOB, PASSWORD).tokens();
        assert_eq!(due(kw, &outside), Value::Null);
        let seen = kw.get(&path).bearer(&outside).send();
        assert_eq!(seen.status, 200, "{seen:?}");
        // No token lives past it, for whoever reads tokens without Keyward.
        kw.advance(3000);
        let (bob, refresh) = kw.refresh(&refresh).tokens();
        assert_eq!(Forge::claims_of(&bob)["exp"], json!(from / 1000));
        let (outside, _) = kw.sign_in(BOB, PASSWORD).tokens();
        kw.advance(600);
        assert_eq!(verify(kw, &outside).status, 200);
        closed(&kw.get(&path).bearer(&outside).send());
        closed(&verify(kw, &bob));
        let (bob, refresh) = kw.refresh(&refresh).tokens();
        let claims = Forge::claims_of(&bob);
        for (name, nothing) in [
            ("roles", json!([])),
            ("permissions", json!([])),
            ("role", Value::Null),
        ] {
            assert_eq!(claims[name], nothing, "{name} in {claims}");
        }
        closed(&verify(kw, &bob));
        closed(&kw.get(&path).bearer(&bob).send());
        assert_eq!(due(kw, &bob), json!(from));
        // Entering it and signing in to it give a session of that kind, and no other.
        let (beside, own) = kw.sign_in(BOB, PASSWORD).tokens();
        let entered = kw
            .post(&format!("{path}/enter"))
            .bearer(&beside)
            .json(&json!({ "refresh_token": own }))
            .send();
        closed(&verify(kw, &entered.tokens().0));
        let (late, _) = sign_in_to(kw, BOB, &acme).tokens();
        closed(&verify(kw, &late));
        // One is switched on there, and all works.
        let factor = enrol(kw, &late);
        assert_eq!(due(kw, &factor.access), Value::Null);
        assert_eq!(kw.get(&path).bearer(&factor.access).send().status, 200);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        let body = json!({
            "email": BOB, "password": PASSWORD, "organizationId": acme,
            "otp": kw.code(&factor.secret, 0),
        });
        let (bob, _) = kw.post("/auth/login").json(&body).send().tokens();
        assert_eq!(verify(kw, &bob).status, 200);
        assert_eq!(Forge::claims_of(&bob)["role"], "viewer");
        // It stays on as long as it is asked for.
        kw.advance(30);
        let proof = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
        // Whoever asks again and again is refused, and has guessed at nothing.
        for _ in 0..20 {
            let dropped = kw.delete("/auth/mfa/totp").bearer(&bob).json(&proof).send();
            dropped.refused(403, "FORBIDDEN");
        }
        assert_eq!(verify(kw, &bob).status, 200);
        // Another one comes in its place, and nothing is closed meanwhile.
        let factor = replace(kw, &bob, &kw.code(&factor.secret, 0));
        assert_eq!(verify(kw, &factor.access).status, 200);
        assert_eq!(Forge::claims_of(&factor.access)["role"], "viewer");
        let (alice, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        // The owner is a member like others.
        closed(&kw.get(&path).bearer(&alice).send());
        let alice = enrol(kw, &alice).access;
        lift(kw, &alice, &path);
        kw.catch_up();
        let body = json!({
            "email": BOB, "password": PASSWORD, "organizationId": acme,
            "otp": kw.code(&factor.secret, 1),
        });
        let (bob, _) = kw.post("/auth/login").json(&body).send().tokens();
        kw.advance(60);
        let proof = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
        let dropped = kw.delete("/auth/mfa/totp").bearer(&bob).json(&proof).send();
        assert_eq!(dropped.status, 200, "{dropped:?}");
    }
);

both!(
    a_session_without_a_factor_opens_nothing_but_enrolment,
    |kw| {
        let root = kw.add(ROOT, None, true);
        let (access, _) = kw.sign_in(ROOT, PASSWORD).tokens();
        demand(kw, &access, "/auth/roles/administrator", 0);
        assert_eq!(kw.me(&access), 401);
        let (access, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
        let mut walked = 0;
        for row in TABLE.iter().flat_map(|group| group.rows) {
            if row.guard == Guard::Public {
                continue;
            }
            let method = if row.method == "ANY" {
                "GET"
            } else {
                row.method
            };
            let path = row.path.replace("{id}", &root.to_string());
            let answer = kw.ask(method, &path).bearer(&access).send();
            let challenged = answer.header("www-authenticate") == Some(CHALLENGE);
            assert_eq!(challenged, !row.enrolling, "{method} {path} {answer:?}");
            if !row.enrolling {
                assert_eq!(answer.status, 401, "{method} {path} {answer:?}");
            }
            walked += 1;
        }
        assert!(walked > 100, "{walked}");
        // It goes on as such a session, and it ends.
        let (access, _) = kw.refresh(&refresh).tokens();
        closed(&kw.get("/admin/accounts").bearer(&access).send());
        let out = kw.post("/auth/logout").bearer(&access).send();
        assert_eq!(out.status, 204, "{out:?}");
        // One that is switched on mends it.
        let (access, _) = kw.sign_in(ROOT, PASSWORD).tokens();
        let factor = enrol(kw, &access);
        let listed = kw.get("/admin/accounts").bearer(&factor.access).send();
        assert_eq!(listed.status, 200, "{listed:?}");
        // What everything stands on is not changed otherwise.
        let body = json!({ "mfaRequiredFrom": null, "permissions": [] });
        kw.ask("PATCH", "/auth/roles/administrator")
            .bearer(&factor.access)
            .json(&body)
            .send()
            .refused(409, "CONFLICT");
        // Taken away by an administrator, it is asked for again.
        keyward::service::accounts::administer::reset_factor(&kw.kw, root).unwrap();
        let (access, _) = kw.sign_in(ROOT, PASSWORD).tokens();
        closed(&kw.get("/admin/accounts").bearer(&access).send());
    }
);

both!(directus_switches_one_on_where_the_session_goes_on, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    member(kw, &alice, &acme, (BOB, "viewer"));
    demand(kw, &alice, &format!("/auth/organizations/{acme}"), 0);
    let (bob, refresh) = sign_in_to(kw, BOB, &acme).tokens();
    closed(
        &kw.ask("PATCH", "/users/me")
            .bearer(&bob)
            .json(&json!({}))
            .send(),
    );
    assert_eq!(kw.get("/users/me").bearer(&bob).send().status, 200);
    kw.enrol_in_directus(&bob);
    // The token that opened nothing is over, and the session's next one opens all.
    verify(kw, &bob).refused(401, "TOKEN_EXPIRED");
    let (bob, _) = kw.refresh(&refresh).tokens();
    assert_eq!(verify(kw, &bob).status, 200);
    assert_eq!(Forge::claims_of(&bob)["role"], "viewer");
});

both!(every_dialect_says_that_a_factor_is_asked_for, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    member(kw, &alice, &acme, (BOB, "viewer"));
    demand(kw, &alice, &format!("/auth/organizations/{acme}"), 0);
    // Seed O's token tells of every organization, so each of them asks.
    let token = kw.oisp_login(BOB);
    assert_eq!(Forge::claims_of(&token).get("accounts"), None);
    for (method, path) in [
        ("GET", "/v1/api/auth/tokenInfo"),
        ("GET", "/v1/api/auth/me"),
        ("PUT", "/v1/api/auth/me"),
        ("GET", "/v1/api/accounts"),
        ("POST", "/v1/api/auth/token"),
    ] {
        let answer = kw.ask(method, path).bearer(&token).send();
        assert_eq!(answer.status, 401, "{path} {answer:?}");
        assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE), "{path}");
        assert!(answer.body.contains("/auth/mfa/totp"), "{answer:?}");
    }
    // The exchange gives no smaller token.
    let (bob, _) = sign_in_to(kw, BOB, &acme).tokens();
    kw.advance(1);
    let path = format!("/auth/token?token={bob}");
    kw.get(&path).send().refused(401, "INVALID_TOKEN");
    for (path, query, open) in [
        ("/graphql", "{ users_me { id } }", true),
        ("/graphql", "{ viewer { id } }", true),
        ("/graphql", "{ account { username } }", false),
        ("/v1/graphql", "{ viewer { id } }", true),
        ("/v1/graphql", "{ organization { id } }", false),
    ] {
        let body = json!({ "query": query });
        let answer = kw.post(path).bearer(&bob).json(&body).send();
        if open {
            assert_eq!(answer.json().get("errors"), None, "{query} {answer:?}");
        } else {
            asks_for_a_factor(&answer.json());
        }
    }
});

/// One field was refused, in REST's words, and gave nothing.
#[track_caller]
fn asks_for_a_factor(body: &Value) {
    let said = &body["errors"][0];
    assert_eq!(said["extensions"]["code"], "STEP_UP_REQUIRED", "{body}");
    let message = said["message"].as_str().unwrap();
    assert!(message.contains("/auth/mfa/totp"), "{body}");
    let mut given = body["data"].as_object().into_iter().flatten();
    assert!(given.all(|(_, value)| value.is_null()), "{body}");
}

// Haltian's schema is what the token permits, and a token that lacks a factor permits nothing: its
// fields stay, and say why they do nothing.
both!(
    graphql_03_h_35_a_field_that_lacks_a_factor_alone_says_so,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        member(kw, &alice, &acme, (BOB, "manager"));
        member(kw, &alice, &acme, (CAROL, "viewer"));
        demand(kw, &alice, &format!("/auth/organizations/{acme}"), 0);
        let (bob, _) = sign_in_to(kw, BOB, &acme).tokens();
        let (carol, _) = sign_in_to(kw, CAROL, &acme).tokens();
        kw.catch_up();
        let before = (kw.state(), kw.mails().len());
        let ask = |document: &str, token: &str| {
            let body = json!({ "query": document });
            let answer = kw.post("/v1/graphql").bearer(token).json(&body).send();
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.json()
        };
        let of_managers = [
            "{ users { id email } }",
            "{ invitations { email } }",
            "{ roles { name } }",
            "mutation { inviteUser(inviteUserInput: { email: \"d@example.com\", role: \"viewer\" }) { success } }",
            "mutation { removeUser(removeUserInput: { userId: \"x\" }) { success } }",
            "mutation { setUserRole(setUserRoleInput: { userId: \"x\", role: \"viewer\" }) { success } }",
            "mutation { cancelInvitation(cancelInvitationInput: { email: \"d@example.com\" }) { success } }",
        ];
        for document in of_managers {
            asks_for_a_factor(&ask(document, &bob));
            // What would not be there with a factor either stays nothing.
            let body = ask(document, &carol);
            let code = &body["errors"][0]["extensions"]["code"];
            assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{document}: {body}");
        }
        asks_for_a_factor(&ask("{ organization { id name } }", &bob));
        asks_for_a_factor(&ask("{ organization { id name } }", &carol));
        // Beside what is open, only that is given.
        let body = ask("{ viewer { email permissions } users { id } }", &bob);
        assert_eq!(
            body["data"]["viewer"],
            json!({ "email": BOB, "permissions": [] })
        );
        assert_eq!(body["data"]["users"], json!(null));
        assert_eq!(body["errors"][0]["extensions"]["code"], "STEP_UP_REQUIRED");
        assert_eq!((kw.state(), kw.mails().len()), before);
        // With one everything is done.
        let factor = enrol(kw, &bob);
        let body = ask("{ users { email } }", &factor.access);
        assert_eq!(body.get("errors"), None, "{body}");
        assert_eq!(body["data"]["users"].as_array().map(Vec::len), Some(3));
    }
);

both!(a_role_asks_for_a_factor_wherever_it_is_held, |kw| {
    kw.add(ROOT, None, true);
    let (root, _) = kw.sign_in(ROOT, PASSWORD).tokens();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let roles = format!("/auth/organizations/{acme}/roles");
    let body = json!({ "name": "Fitter", "permissions": ["device:read"] });
    assert_eq!(
        kw.post(&roles).bearer(&alice).json(&body).send().status,
        201
    );
    let (bob, _) = member(kw, &alice, &acme, (BOB, "Fitter"));
    let (carol, _) = member(kw, &alice, &acme, (CAROL, "viewer"));
    demand(kw, &alice, &format!("{roles}/Fitter"), 0);
    // Whoever does not hold it is left alone.
    assert_eq!(verify(kw, &bob).status, 401);
    assert_eq!(verify(kw, &carol).status, 200);
    let (bob, _) = sign_in_to(kw, BOB, &acme).tokens();
    closed(&verify(kw, &bob));
    let (carol, _) = sign_in_to(kw, CAROL, &acme).tokens();
    assert_eq!(verify(kw, &carol).status, 200);
    // One of every organization is the service's to ask of.
    let body = json!({ "mfaRequiredFrom": 0 });
    kw.ask("PATCH", &format!("{roles}/viewer"))
        .bearer(&alice)
        .json(&body)
        .send()
        .refused(403, "FORBIDDEN");
    demand(kw, &root, "/auth/roles/viewer", 0);
    let (carol, _) = sign_in_to(kw, CAROL, &acme).tokens();
    closed(&verify(kw, &carol));
    // Whoever can not say when is told so.
    for wrong in [
        json!("2026-01-01"),
        json!(1.5),
        json!(i64::MAX),
        json!(true),
    ] {
        let body = json!({ "mfaRequiredFrom": wrong });
        for path in [
            "/auth/roles/viewer",
            &format!("/admin/organizations/{acme}"),
        ] {
            let answer = kw.ask("PATCH", path).bearer(&root).json(&body).send();
            answer.refused(400, "INVALID_PAYLOAD");
            assert!(answer.body.contains("mfaRequiredFrom"), "{answer:?}");
        }
    }
    demand(kw, &root, &format!("/admin/organizations/{acme}"), 0);
    // Giving another role to whoever is to have none needs the right, as ever.
    let (viewer, _) = sign_in_to(kw, CAROL, &acme).tokens();
    closed(
        &kw.ask("PATCH", &format!("/auth/organizations/{acme}"))
            .bearer(&viewer)
            .json(&body)
            .send(),
    );
});

// An API key is a program's, which has no telephone (docs/decisions/0130).
both!(a_key_is_not_asked_for_a_factor, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let body = json!({
        "name": "ci", "permissions": ["organization:read"], "organizationId": acme,
    });
    let made = kw.post("/auth/api-keys").bearer(&alice).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    let key = text(&made.json(), "key");
    let path = format!("/auth/organizations/{acme}");
    demand(kw, &alice, &path, 0);
    assert_eq!(kw.get(&path).bearer(&key).send().status, 200);
    // Nobody makes one in a session that lacks the factor.
    let (alice, _) = sign_in_to(kw, ALICE, &acme).tokens();
    let body = json!({ "name": "more", "permissions": [] });
    closed(&kw.post("/auth/api-keys").bearer(&alice).json(&body).send());
});

both!(a_key_is_no_way_around_what_an_organization_asks_for, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let path = format!("/auth/organizations/{acme}");
    let key =
        |access: &str, body: &Value| kw.post("/auth/api-keys").bearer(access).json(body).send();
    let all = json!(["organization:read", "organization:update"]);
    let own = json!({ "name": "before", "permissions": all });
    let before = text(&key(&alice, &own).json(), "key");
    let there = json!({ "name": "there", "permissions": all, "organizationId": acme });
    let old = key(&alice, &there).json();
    demand(kw, &alice, &path, 60);
    kw.advance(61);
    let (alice, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    closed(&kw.get(&path).bearer(&alice).send());
    // One of the organization is neither made nor rotated.
    closed(&key(&alice, &there));
    let rotate = format!("/auth/api-keys/{}/rotate", text(&old, "id"));
    closed(&kw.post(&rotate).bearer(&alice).send());
    // One of the account is, and opens other things.
    let after = key(&alice, &json!({ "name": "after", "permissions": all }));
    assert_eq!(after.status, 201, "{after:?}");
    let after = text(&after.json(), "key");
    closed(&kw.get(&path).bearer(&after).send());
    let lifted = json!({ "mfaRequiredFrom": null });
    let lifting = kw.ask("PATCH", &path).bearer(&after).json(&lifted).send();
    closed(&lifting);
    assert_eq!(kw.me(&after), 200);
    // Those of before go on, and the others do once there is a factor.
    for key in [&before, &text(&old, "key")] {
        assert_eq!(kw.get(&path).bearer(key).send().status, 200);
    }
    let shown = enrol(kw, &alice).access;
    assert_eq!(kw.get(&path).bearer(&after).send().status, 200);
    assert_eq!(kw.post(&rotate).bearer(&shown).send().status, 201);
});
