//! An invitation of who may not invite so any more lets nobody in, and is shown so.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use super::{
    ALICE, BOB, CAROL, change, id_of, invite, make, member, path_of, person, rows, sign_in_to,
};
use crate::support::{PASSWORD, TestKeyward};

const DAN: &str = "dan@example.com";

fn mine(kw: &TestKeyward, access: &str) -> Value {
    let answer = kw.get("/auth/organizations").bearer(access).send();
    answer.json()["organizations"].clone()
}

fn listed(kw: &TestKeyward, access: &str, id: &str) -> Value {
    let path = format!("/auth/organizations/{id}/invitations");
    let answer = kw.get(&path).bearer(access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["invitations"].clone()
}

fn in_oisp(kw: &TestKeyward, access: &str, path: &str) -> Value {
    let answer = kw.get(path).bearer(access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

both!(clients_40_what_is_shown_lets_in, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, (BOB, "admin"));
    let carol = person(kw, CAROL);
    assert_eq!(invite(kw, &bob, &acme, (CAROL, "viewer")).status, 202);
    let invites = format!("/v1/api/accounts/{acme}/invites");
    let own = format!("/v1/api/invites/{CAROL}");
    let now = kw.kw.clock.now().millis();
    let rows_of = listed(kw, &alice, &acme);
    assert_eq!(rows_of[0]["good"], json!(true), "{rows_of}");
    assert_eq!(rows_of[0]["invitedBy"], json!(id_of(&bob)), "{rows_of}");
    assert!(rows_of[0]["expires"].as_i64().unwrap() > now, "{rows_of}");
    assert_eq!(mine(kw, &carol)[0]["state"], "invited");
    assert_eq!(in_oisp(kw, &alice, &invites), json!([CAROL]));
    assert_eq!(in_oisp(kw, &carol, &own).as_array().unwrap().len(), 1);
    // Who invited may not any more, and may again: the row stays (docs/decisions/0122).
    let path = path_of(&acme, id_of(&bob));
    let lower = json!({ "role": "viewer" });
    assert_eq!(change(kw, &alice, &path, &lower).status, 204);
    let before = rows(kw);
    assert_eq!(mine(kw, &carol), json!([]));
    assert_eq!(in_oisp(kw, &carol, &own), json!([]));
    assert_eq!(in_oisp(kw, &alice, &invites), json!([]));
    assert_eq!(listed(kw, &alice, &acme)[0]["good"], json!(false));
    let accept = format!("/auth/organizations/{acme}/accept");
    kw.post(&accept)
        .bearer(&carol)
        .send()
        .refused(404, "NOT_FOUND");
    assert_eq!(rows(kw), before);
    let higher = json!({ "role": "admin" });
    assert_eq!(change(kw, &alice, &path, &higher).status, 204);
    assert_eq!(mine(kw, &carol)[0]["state"], "invited");
    assert_eq!(kw.post(&accept).bearer(&carol).send().status, 204);
});

both!(clients_40_an_account_takes_its_invitations_along, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, (BOB, "admin"));
    let carol = person(kw, CAROL);
    assert_eq!(invite(kw, &bob, &acme, (CAROL, "viewer")).status, 202);
    assert_eq!(invite(kw, &alice, &acme, (DAN, "viewer")).status, 202);
    let body = json!({ "password": PASSWORD });
    let gone = kw.delete("/auth/me").bearer(&bob).json(&body).send();
    assert!(gone.status < 300, "{gone:?}");
    assert_eq!(mine(kw, &carol), json!([]));
    let left = kw.rows("SELECT address AS line FROM invitations ORDER BY 1");
    assert_eq!(left, [DAN]);
});

both!(clients_40_what_lets_nobody_in_keeps_no_role, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, (BOB, "admin"));
    let path = format!("/auth/organizations/{acme}/roles");
    let body = json!({ "name": "Fitter", "permissions": ["device:read"] });
    let made = kw.post(&path).bearer(&alice).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    // By the owner: an administrator of an organization holds no application's word.
    assert_eq!(invite(kw, &alice, &acme, (CAROL, "Fitter")).status, 202);
    let one = format!("{path}/Fitter");
    kw.delete(&one)
        .bearer(&alice)
        .send()
        .refused(409, "CONFLICT");
    assert_eq!(kw.count("invitations"), 1);
    // Another owner stays, and the one who invited is an owner no more.
    let of_bob = path_of(&acme, id_of(&bob));
    assert_eq!(
        change(kw, &alice, &of_bob, &json!({ "role": "owner" })).status,
        204
    );
    let bob = sign_in_to(kw, BOB, &acme).tokens().0;
    let of_alice = path_of(&acme, id_of(&alice));
    assert_eq!(
        change(kw, &bob, &of_alice, &json!({ "role": "viewer" })).status,
        204
    );
    let removed = kw.delete(&one).bearer(&bob).send();
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!(kw.count("invitations"), 0);
});

both!(clients_40_the_service_s_invitations_tell_the_same, |kw| {
    let [root, other] = ["root@example.com", "other@example.com"];
    kw.add(root, None, true);
    kw.add(other, None, true);
    let [access, second] = [root, other].map(|email| kw.sign_in(email, PASSWORD).tokens().0);
    let body = json!({ "email": CAROL });
    let invited = kw.post("/admin/invitations").bearer(&second).json(&body);
    assert_eq!(invited.send().status, 202);
    let list = || kw.get("/admin/invitations").bearer(&access).send().json();
    assert_eq!(list()["data"][0]["good"], json!(true), "{}", list());
    administer::take_role(&kw.kw, id_of(&second), "administrator").unwrap();
    assert_eq!(list()["data"][0]["good"], json!(false), "{}", list());
    assert_eq!(list()["data"].as_array().unwrap().len(), 1);
});
