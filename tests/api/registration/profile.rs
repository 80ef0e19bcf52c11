//! The profile, by its owner.

use serde_json::{Value, json};

use super::{ALICE, OPEN};
use crate::support::{PASSWORD, text};

both!(
    p09_p13_o23_o25_a_profile_is_changed_and_read_back,
    OPEN,
    |kw| {
        kw.account(ALICE);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        kw.advance(60);
        let body = json!({
            "firstName": "Alice", "middleName": "", "lastName": "Liddell", "gender": "F",
            "phone": "+44 1865 270000", "company": "Wonderland", "parentId": 5,
            "dateOfBirth": "1852-05-04", "language": "nl-BE", "terms_accepted": true,
            "attributes": { "shoe": 36 }, "username": "alice",
        });
        let answer = kw
            .ask("PATCH", "/auth/me")
            .bearer(&access)
            .json(&body)
            .send();
        assert_eq!(answer.status, 200, "{answer:?}");
        let me = answer.json();
        for (name, value) in body.as_object().unwrap() {
            match name.as_str() {
                "middleName" => assert_eq!(me[name], json!(null)),
                "terms_accepted" => assert_eq!(me["termsAndConditions"], true),
                name => assert_eq!(&me[name], value, "{name}"),
            }
        }
        assert!(me["updated"].as_i64() > me["created"].as_i64());
        assert_eq!(text(&me, "termsVersion"), "1");
        // What is not named stays; null empties.
        let less = json!({ "company": null, "lastName": "Hargreaves" });
        let answer = kw
            .ask("PATCH", "/auth/me")
            .bearer(&access)
            .json(&less)
            .send();
        let me = answer.json();
        assert_eq!(me["company"], json!(null));
        assert_eq!(
            (text(&me, "firstName"), text(&me, "lastName")),
            ("Alice".into(), "Hargreaves".into())
        );
        assert_eq!(me["attributes"], json!({ "shoe": 36 }));
        assert_eq!(kw.get("/auth/me").bearer(&access).send().json(), me);
    }
);

both!(d_directus_updates_its_user_but_no_credentials, OPEN, |kw| {
    kw.account(ALICE);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    let patch = |body: &Value| {
        kw.ask("PATCH", "/users/me")
            .bearer(&access)
            .json(body)
            .send()
    };
    let user = patch(&json!({ "first_name": "Alice", "title": "Ms", "tags": ["a"] })).json();
    assert_eq!(
        (text(&user, "first_name"), text(&user, "title")),
        ("Alice".into(), "Ms".into())
    );
    let user = patch(&json!({ "description": "in Wonderland" })).json();
    assert_eq!(
        (text(&user, "title"), &user["tags"]),
        ("Ms".into(), &json!(["a"]))
    );
    let before = kw.state();
    for body in [
        json!({ "email": "b@example.com" }),
        json!({ "password": "x" }),
        json!({ "role": "administrator" }),
    ] {
        patch(&body).refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.state(), before);
});

both!(
    y10_a_username_of_another_account_is_a_conflict,
    OPEN,
    |kw| {
        kw.add("bob@example.com", Some("bob"), false);
        kw.account(ALICE);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let before = kw.state();
        let body = json!({ "username": "BOB", "firstName": "Bob" });
        let answer = kw
            .ask("PATCH", "/auth/me")
            .bearer(&access)
            .json(&body)
            .send();
        answer.refused(409, "CONFLICT");
        assert_eq!(kw.state(), before);
    }
);

both!(
    operators_62_a_profile_that_its_owner_leaves_as_it_is_is_not_in_the_log,
    OPEN,
    |kw| {
        kw.account(ALICE);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let oisp = kw.oisp_login(ALICE);
        let told = || kw.count("audit_events WHERE what = 'profile_changed'");
        let send = |method: &str, path: &str, body: &Value| {
            kw.advance(1);
            let token = if method == "PUT" { &oisp } else { &access };
            let answer = kw.ask(method, path).bearer(token).json(body).send();
            assert_eq!(answer.status, 200, "{body} {answer:?}");
        };
        let mine = json!({
            "firstName": "Alice", "middleName": "Pleasance", "lastName": "Liddell", "gender": "F",
            "company": "Wonderland", "dateOfBirth": "1852-05-04", "address": { "city": "Oxford" },
            "language": "nl-BE", "parentId": 5, "groups": ["b", "a"], "username": "alice",
            "phones": ["+44 1865 270000", "+44 1865 270002", "+44 1865 270001"],
            "attributes": { "shoe": 36.5, "hat": null }, "terms_accepted": true,
        });
        send("PATCH", "/auth/me", &mine);
        assert_eq!(told(), 1);
        let me = kw.get("/auth/me").bearer(&access).send().json();
        send("PATCH", "/auth/me", &mine);
        for (name, value) in mine.as_object().unwrap() {
            send("PATCH", "/auth/me", &json!({ name.as_str(): value }));
        }
        send("PATCH", "/auth/me", &json!({ "phone": "+44 1865 270000" }));
        send("PATCH", "/auth/me", &json!({}));
        send("PATCH", "/users/me", &json!({ "first_name": "Alice" }));
        let terms = json!({ "termsAndConditions": true });
        send("PUT", "/v1/api/users/me", &terms);
        assert_eq!(told(), 1);
        // The instant of the last change stays, too.
        assert_eq!(kw.get("/auth/me").bearer(&access).send().json(), me);
        for (count, body) in (2..).zip([
            json!({ "firstName": null }),
            json!({ "username": "Alice" }),
            json!({ "groups": ["a", "b"] }),
            json!({ "attributes": { "shoe": 36.5 } }),
            json!({ "phone": "+44 1865 270001" }),
            json!({ "phones": ["+44 1865 270001"] }),
            json!({ "phone": null }),
            json!({ "address": null, "company": "Wonderland" }),
        ]) {
            send("PATCH", "/auth/me", &body);
            assert_eq!(told(), count, "{body}");
            send("PATCH", "/auth/me", &body);
            assert_eq!(told(), count, "{body}");
        }
    }
);
