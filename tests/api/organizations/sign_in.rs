//! Signing in to an organization, going on in it, and entering another.

use serde_json::{Value, json};

use super::{ALICE, BOB, change, id_of, invite, make, member, path_of, person, sign_in_to};
use crate::support::{Answer, Forge, PASSWORD, TestKeyward, WRONG, text};

fn sign_in_by_name(kw: &TestKeyward, email: &str, name: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "organizationName": name, "password": password });
    kw.post("/auth/login").json(&body).send()
}

both!(
    h02_h04_h07_a_session_is_in_the_organization_that_was_asked_for,
    |kw| {
        let alice = person(kw, ALICE);
        let (acme, demo) = (make(kw, &alice, "Acme"), make(kw, &alice, "demo"));
        for (name, id) in [("acme", &acme), ("demo", &demo), ("  DEMO ", &demo)] {
            let answer = sign_in_by_name(kw, ALICE, name, PASSWORD);
            assert_eq!(answer.status, 200, "{answer:?}");
            let body = answer.json();
            assert_eq!(&text(&body, "organizationId"), id);
            assert_eq!(body["expiresIn"], 900);
            assert_eq!(body["refreshExpiresIn"], 43_200);
            let (access, refresh) = answer.tokens();
            let claims = Forge::claims_of(&access);
            assert_eq!(&text(&claims, "org"), id);
            assert_eq!(claims["role"], "owner");
            // A proxy's groups are the service's own roles.
            assert_eq!(claims["roles"], json!([]));
            assert!(claims["permissions"].to_string().contains("member:invite"));
            let me = kw.get("/auth/me").bearer(&access).send().json();
            assert_eq!(me["organizationId"], json!(id));
            assert_eq!(me["role"], "owner");
            let (access, _) = kw.refresh(&refresh).tokens();
            assert_eq!(&text(&Forge::claims_of(&access), "org"), id);
        }
        let answer = sign_in_to(kw, ALICE, &acme);
        assert_eq!(&text(&answer.json(), "organizationId"), &acme);
        // Without one, none.
        let answer = kw.sign_in(ALICE, PASSWORD);
        assert_eq!(answer.json().get("organizationId"), None);
        let me = kw.get("/auth/me").bearer(&answer.tokens().0).send().json();
        assert_eq!(
            (&me["organizationId"], &me["role"]),
            (&Value::Null, &Value::Null)
        );
    }
);

both!(
    h06_e11_o7_an_organization_that_is_not_ones_own_is_a_wrong_password,
    |kw| {
        let (alice, bob) = (person(kw, ALICE), person(kw, BOB));
        let acme = make(kw, &alice, "Acme");
        let (carol, _) = member(kw, &alice, &acme, ("carol@example.com", "viewer"));
        let path = path_of(&acme, id_of(&carol));
        let suspend = json!({ "state": "suspended" });
        assert_eq!(change(kw, &alice, &path, &suspend).status, 204);
        assert_eq!(
            invite(kw, &alice, &acme, ("dave@example.com", "viewer")).status,
            202
        );
        let wrong = sign_in_by_name(kw, ALICE, "Acme", WRONG);
        wrong.refused(401, "INVALID_CREDENTIALS");
        let before = kw.state();
        let nowhere = "2a749da0-5512-4000-8000-000000000000";
        for answer in [
            sign_in_by_name(kw, BOB, "Acme", PASSWORD),
            sign_in_by_name(kw, ALICE, "No such", PASSWORD),
            sign_in_by_name(kw, ALICE, "no\u{0}name", PASSWORD),
            sign_in_by_name(kw, ALICE, nowhere, PASSWORD),
            sign_in_to(kw, BOB, &acme),
            sign_in_to(kw, ALICE, nowhere),
            sign_in_by_name(kw, "carol@example.com", "Acme", PASSWORD),
            sign_in_by_name(kw, "nobody@example.com", "Acme", PASSWORD),
        ] {
            assert_eq!((answer.status, &answer.body), (wrong.status, &wrong.body));
            answer.refused(401, "INVALID_CREDENTIALS");
        }
        assert_eq!(kw.state(), before);
        assert_eq!(kw.attempts(id_of(&bob))[..2], ["no_member", "no_member"]);
        // They are counted as wrong passwords are.
        for _ in 0..3 {
            sign_in_by_name(kw, BOB, "Acme", PASSWORD).refused(401, "INVALID_CREDENTIALS");
        }
        let waits = sign_in_by_name(kw, BOB, "Acme", PASSWORD);
        waits.refused(429, "REQUESTS_EXCEEDED");
    }
);

both!(h05_what_names_no_organization_is_a_bad_request, |kw| {
    person(kw, ALICE);
    for (name, value) in [
        ("organizationName", json!("")),
        ("organizationName", json!(5)),
        ("organizationId", json!("")),
        ("organizationId", json!("acme")),
        ("organizationId", json!({})),
    ] {
        let mut body = json!({ "email": ALICE, "password": PASSWORD });
        body[name] = value;
        let answer = kw.post("/auth/login").json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(answer.body.contains(name), "{answer:?}");
    }
    let nowhere = "2a749da0-5512-4000-8000-000000000000";
    let body = json!({
        "email": ALICE, "password": PASSWORD, "organizationId": nowhere, "organizationName": "a",
    });
    let answer = kw.post("/auth/login").json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
});

both!(
    h18_h19_o9_a_refresh_that_names_another_organization_spends_nothing,
    |kw| {
        let alice = person(kw, ALICE);
        let (acme, demo) = (make(kw, &alice, "Acme"), make(kw, &alice, "demo"));
        let (access, token) = sign_in_to(kw, ALICE, &acme).tokens();
        let refresh = |id: &str| {
            let body = json!({ "refresh_token": token, "organizationId": id });
            kw.post("/auth/refresh").json(&body).send()
        };
        for other in [demo.as_str(), "2a749da0-5512-4000-8000-000000000000"] {
            refresh(other).refused(401, "INVALID_CREDENTIALS");
            assert_eq!(kw.generation_of(&access), 0);
        }
        refresh("acme").refused(400, "INVALID_PAYLOAD");
        let good = refresh(&acme);
        assert_eq!(good.outcome(), "fresh");
        assert_eq!(&text(&good.json(), "organizationId"), &acme);
        // A session that is in none is in no other either.
        let (_, token) = kw.sign_in(ALICE, PASSWORD).tokens();
        let body = json!({ "refresh_token": token, "organizationId": acme });
        let answer = kw.post("/auth/refresh").json(&body).send();
        answer.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.refresh(&token).outcome(), "fresh");
    }
);

both!(h19_a_cookie_that_names_another_organization_is_kept, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let body = json!({ "email": ALICE, "password": PASSWORD, "mode": "cookie" });
    let answer = kw.post("/auth/login").json(&body).send();
    let cookie = answer.cookie().unwrap();
    let body = json!({ "organizationId": acme, "mode": "cookie" });
    let answer = kw.post("/auth/refresh").cookie(&cookie).json(&body).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(answer.refresh_cookies(), [""; 0]);
    let answer = kw.post("/auth/refresh").cookie(&cookie).send();
    assert_eq!(answer.status, 200, "{answer:?}");
});

both!(
    entering_begins_another_session_and_the_old_one_stays,
    |kw| {
        let (alice, bob) = (person(kw, ALICE), person(kw, BOB));
        let (acme, other) = (make(kw, &alice, "Acme"), make(kw, &bob, "Other"));
        let (old, token) = kw.sign_in(ALICE, PASSWORD).tokens();
        let enter = |access: &str, id: &str, token: &str| {
            let body = json!({ "refresh_token": token });
            let path = format!("/auth/organizations/{id}/enter");
            kw.post(&path).bearer(access).json(&body).send()
        };
        kw.advance(60);
        let entered = enter(&old, &acme, &token);
        let (access, refresh) = entered.tokens();
        assert_eq!(&text(&entered.json(), "organizationId"), &acme);
        let (one, two) = (kw.session_of(&old), kw.session_of(&access));
        assert_ne!(one.id, two.id);
        assert_eq!(one.authentication, two.authentication);
        assert_eq!(one.absolute_expires_at, two.absolute_expires_at);
        assert_eq!(kw.me(&old), 200);
        assert_eq!(kw.me(&access), 200);
        assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
        // An access token alone makes no session, nor does another's or a spent refresh token.
        let path = format!("/auth/organizations/{acme}/enter");
        kw.post(&path)
            .bearer(&old)
            .send()
            .refused(400, "INVALID_PAYLOAD");
        let before = kw.state();
        enter(&old, &acme, &refresh).refused(401, "INVALID_CREDENTIALS");
        enter(&old, &acme, "junk").refused(401, "INVALID_CREDENTIALS");
        enter(&old, &other, &token).refused(404, "NOT_FOUND");
        assert_eq!(kw.state(), before);
        let (new, _) = kw.refresh(&token).tokens();
        enter(&new, &acme, &token).refused(401, "INVALID_CREDENTIALS");
    }
);

both!(
    o08_o09_o10_o11_o12_oisp_tokens_tell_of_every_account,
    |kw| {
        let old = {
            person(kw, ALICE);
            kw.oisp_login(ALICE)
        };
        let accounts = |token: &str| {
            let info = kw.get("/v1/api/auth/tokenInfo").bearer(token).send();
            assert_eq!(info.status, 200, "{info:?}");
            info.json()["payload"]["accounts"].clone()
        };
        let renew = |token: &str| {
            let answer = kw.put("/v1/api/auth/me").bearer(token).send();
            text(&answer.json(), "token")
        };
        let acme = make(kw, &old, "Acme");
        assert_eq!(accounts(&old), json!([]));
        let new = renew(&old);
        let own = json!([{ "id": acme, "name": "Acme", "role": "admin" }]);
        assert_eq!(accounts(&new), own);
        assert_eq!(Forge::claims_of(&new)["accounts"], own);
        // Somebody who is invited, then granted more, then less.
        let bob = person(kw, BOB);
        let token = kw.oisp_login(BOB);
        assert_eq!(invite(kw, &new, &acme, (BOB, "viewer")).status, 202);
        assert_eq!(accounts(&renew(&token)), json!([]));
        let accept = format!("/auth/organizations/{acme}/accept");
        assert_eq!(kw.post(&accept).bearer(&token).send().status, 204);
        assert_eq!(accounts(&token), json!([]));
        let token = renew(&token);
        assert_eq!(accounts(&token)[0]["role"], "user");
        let path = path_of(&acme, id_of(&bob));
        let role = |name: &str| change(kw, &new, &path, &json!({ "role": name })).status;
        assert_eq!(role("admin"), 204);
        assert_eq!(accounts(&token)[0]["role"], "user");
        let token = renew(&token);
        assert_eq!(accounts(&token)[0]["role"], "admin");
        assert_eq!(role("viewer"), 204);
        let info = kw.get("/v1/api/auth/tokenInfo").bearer(&token).send();
        assert_eq!(info.status, 401, "{info:?}");
    }
);

both!(directus_tells_the_role_that_the_token_tells, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (there, _) = sign_in_to(kw, ALICE, &acme).tokens();
    for (access, role) in [(&alice, json!(null)), (&there, json!("owner"))] {
        let answer = kw.get("/users/me?fields=role").bearer(access).send();
        assert_eq!(answer.json()["role"], role, "{answer:?}");
        assert_eq!(Forge::claims_of(access)["role"], role);
    }
});
