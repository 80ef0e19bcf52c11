//! The profile, by its owner.

use serde_json::json;

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
    let patch = |body: &serde_json::Value| {
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
