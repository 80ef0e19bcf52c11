//! Seed O's accounts and invitations: organizations, as its client speaks of them.

use serde_json::{Value, json};

use crate::support::{Answer, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

fn person(kw: &TestKeyward, email: &str) -> String {
    kw.add_verified(email);
    kw.oisp_login(email)
}

fn send(kw: &TestKeyward, ask: (&str, &str), token: &str, body: &Value) -> Answer {
    let sent = kw.ask(ask.0, ask.1).bearer(token);
    if body.is_null() {
        sent
    } else {
        sent.json(body)
    }
    .send()
}

#[track_caller]
fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["code"], status, "{answer:?}");
}

both!(o09_accounts_are_made_shown_renamed_and_deleted, |kw| {
    let (alice, bob) = (person(kw, ALICE), person(kw, BOB));
    let none = Value::Null;
    let acme = json!({ "name": "Acme" });
    let made = send(kw, ("POST", "/v1/api/accounts"), &alice, &acme);
    assert_eq!(made.status, 201, "{made:?}");
    let id = text(&made.json(), "id");
    let path = format!("/v1/api/accounts/{id}");
    assert_eq!(send(kw, ("GET", &path), &alice, &none).json(), made.json());
    let list = send(kw, ("GET", "/v1/api/accounts"), &alice, &none).json();
    assert_eq!(
        (&list[0]["id"], &list[0]["role"]),
        (&json!(id), &json!("admin"))
    );
    assert_eq!(
        send(kw, ("GET", "/v1/api/accounts"), &bob, &none).json(),
        json!([])
    );
    let other = json!({ "name": "Acme AB" });
    let renamed = send(kw, ("PUT", &path), &alice, &other);
    assert_eq!(renamed.json()["name"], "Acme AB", "{renamed:?}");
    refused(
        &send(
            kw,
            ("PUT", &path),
            &alice,
            &json!({ "name": "A", "description": "x" }),
        ),
        400,
    );
    refused(&send(kw, ("POST", "/v1/api/accounts"), &bob, &other), 409);
    for method in ["GET", "DELETE"] {
        refused(&send(kw, (method, &path), &bob, &none), 404);
    }
    refused(&send(kw, ("PUT", &path), &bob, &acme), 404);
    assert_eq!(send(kw, ("DELETE", &path), &alice, &none).status, 204);
    // What told of it is outdated.
    refused(&send(kw, ("GET", &path), &alice, &none), 401);
    let alice = kw.oisp_login(ALICE);
    refused(&send(kw, ("GET", &path), &alice, &none), 404);
});

both!(o07_o10_o11_people_are_invited_and_made_admins, |kw| {
    let (alice, bob) = (person(kw, ALICE), person(kw, BOB));
    let none = Value::Null;
    let acme = json!({ "name": "Acme" });
    let made = send(kw, ("POST", "/v1/api/accounts"), &alice, &acme);
    let id = text(&made.json(), "id");
    let (users, invites) = (
        format!("/v1/api/accounts/{id}/users"),
        format!("/v1/api/accounts/{id}/invites"),
    );
    let invited = send(kw, ("POST", &invites), &alice, &json!({ "email": BOB }));
    assert_eq!(invited.status, 201, "{invited:?}");
    assert_eq!(invited.json()["accountId"], json!(id));
    assert_eq!(
        send(kw, ("GET", &invites), &alice, &none).json(),
        json!([BOB])
    );
    refused(&send(kw, ("GET", &users), &bob, &none), 404);
    let own = format!("/v1/api/invites/{BOB}");
    let waiting = send(kw, ("GET", &own), &bob, &none).json();
    assert_eq!(text(&waiting[0], "accountId"), id);
    // Another's invitations are nobody's business.
    assert_eq!(send(kw, ("GET", &own), &alice, &none).json(), json!([]));
    let status = format!("/v1/api/invites/{}/status", text(&waiting[0], "_id"));
    refused(&send(kw, ("PUT", &status), &bob, &json!({})), 400);
    refused(
        &send(kw, ("PUT", &status), &bob, &json!({ "accept": "yes" })),
        400,
    );
    // What is null is absent.
    let null = json!({ "accept": null });
    refused(&send(kw, ("PUT", &status), &bob, &null), 400);
    let accept = json!({ "accept": true });
    let accepted = send(kw, ("PUT", &status), &bob, &accept);
    assert_eq!(
        (accepted.status, accepted.json()),
        (200, waiting[0].clone())
    );
    refused(&send(kw, ("PUT", &status), &bob, &accept), 409);
    refused(
        &send(kw, ("PUT", &status), &bob, &json!({ "accept": false })),
        404,
    );
    let list = send(kw, ("GET", &users), &alice, &none).json();
    let of_bob = account_of(&bob).to_string();
    let bobs = list.as_array().unwrap();
    let bobs = bobs
        .iter()
        .find(|user| user["id"] == json!(of_bob))
        .unwrap();
    assert_eq!(bobs["accounts"], json!({ id.as_str(): "user" }));
    let own = send(kw, ("GET", "/v1/api/users/me"), &alice, &none).json();
    let account = json!({ "name": "Acme", "role": "admin", "healthTimePeriod": 86_400 });
    assert_eq!(
        own["accounts"],
        json!({ id.as_str(): account }),
        "clients_49"
    );
    // A user may not see who else is there.
    refused(&send(kw, ("GET", &users), &bob, &none), 403);
    let user = format!("{users}/{of_bob}");
    let admin = json!({ "id": of_bob, "accounts": { id.as_str(): "admin" } });
    refused(&send(kw, ("PUT", &user), &bob, &admin), 403);
    assert_eq!(send(kw, ("PUT", &user), &alice, &admin).status, 204);
    assert_eq!(send(kw, ("GET", &users), &bob, &none).status, 200);
    let elsewhere = "2a749da0-5512-4000-8000-000000000000";
    for body in [
        json!({}),
        json!({ "accounts": {} }),
        json!({ "accounts": { id.as_str(): "owner" } }),
        json!({ "accounts": { elsewhere: "admin" } }),
        json!({ "id": elsewhere, "accounts": { id.as_str(): "admin" } }),
    ] {
        refused(&send(kw, ("PUT", &user), &alice, &body), 400);
    }
    // The last owner is not made a user.
    let user = format!("{users}/{}", account_of(&alice));
    let body = json!({ "accounts": { id.as_str(): "user" } });
    refused(&send(kw, ("PUT", &user), &alice, &body), 409);
});

both!(o8_an_invitation_is_declined_or_taken_back, |kw| {
    let (alice, bob) = (person(kw, ALICE), person(kw, BOB));
    let none = Value::Null;
    let acme = json!({ "name": "Acme" });
    let made = send(kw, ("POST", "/v1/api/accounts"), &alice, &acme);
    let id = text(&made.json(), "id");
    let invites = format!("/v1/api/accounts/{id}/invites");
    let status = format!("/v1/api/invites/{id}/status");
    let email = json!({ "email": BOB });
    assert_eq!(send(kw, ("POST", &invites), &alice, &email).status, 201);
    let decline = json!({ "accept": false });
    let declined = send(kw, ("PUT", &status), &bob, &decline);
    assert_eq!(declined.status, 200);
    let invitation = json!({ "_id": id, "accountId": id, "accountName": "Acme", "email": BOB });
    assert_eq!(declined.json(), invitation);
    assert_eq!(send(kw, ("GET", &invites), &alice, &none).json(), json!([]));
    assert_eq!(send(kw, ("POST", &invites), &alice, &email).status, 201);
    let path = format!("{invites}/{BOB}");
    refused(&send(kw, ("DELETE", &path), &bob, &none), 404);
    assert_eq!(send(kw, ("DELETE", &path), &alice, &none).status, 204);
    refused(
        &send(kw, ("PUT", &status), &bob, &json!({ "accept": true })),
        404,
    );
    assert_eq!(kw.count("memberships"), 1);
});

both!(
    clients_49_what_was_read_is_sent_back_under_another_name,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = json!({ "name": "Acme" });
        let made = send(kw, ("POST", "/v1/api/accounts"), &alice, &acme);
        let path = format!("/v1/api/accounts/{}", text(&made.json(), "id"));
        let mut read = send(kw, ("GET", &path), &alice, &Value::Null).json();
        read["name"] = json!("Globex");
        read["healthTimePeriod"] = json!(86_400);
        let renamed = send(kw, ("PUT", &path), &alice, &read);
        assert_eq!(
            (renamed.status, &renamed.json()["name"]),
            (200, &json!("Globex"))
        );
        assert_eq!(renamed.json()["created"], read["created"]);
        read["id"] = json!("2a749da0-5512-4000-8000-000000000000");
        refused(&send(kw, ("PUT", &path), &alice, &read), 400);
        refused(
            &send(
                kw,
                ("PUT", &path),
                &alice,
                &json!({ "name": "Initech", "nonsense": 1 }),
            ),
            400,
        );
        let read = send(kw, ("GET", &path), &alice, &Value::Null).json();
        assert_eq!(read["name"], json!("Globex"));
    }
);
