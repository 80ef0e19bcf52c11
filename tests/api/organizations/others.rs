//! What members and strangers learn of each other, and what is left of whoever was there first.

use serde_json::json;

use super::{ALICE, BOB, id_of, invite, make, member, path_of, person, rows};
use crate::support::{PASSWORD, text};

// Ids tell when an account was made, and so whether an invited one was there before.
both!(e12_invitations_tell_nothing_of_accounts, |kw| {
    person(kw, "zoe@example.com");
    kw.advance(3600);
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    for email in ["zoe@example.com", "bea@example.com", "ada@example.com"] {
        assert_eq!(invite(kw, &alice, &acme, (email, "viewer")).status, 202);
    }
    let mut path = format!("/auth/organizations/{acme}/invitations?limit=1");
    for (email, is_last) in [
        ("ada@example.com", false),
        ("bea@example.com", false),
        ("zoe@example.com", true),
    ] {
        let page = kw.get(&path).bearer(&alice).send().json();
        assert_eq!(page["invitations"][0]["email"], json!(email));
        let next = (!is_last).then_some(email);
        assert_eq!(page["next"], json!(next));
        path = format!("/auth/organizations/{acme}/invitations?limit=1&after={email}");
    }
    let page = kw.get(&path).bearer(&alice).send().json();
    assert_eq!(
        (&page["invitations"], &page["next"]),
        (&json!([]), &json!(null))
    );
    let odd = format!("/auth/organizations/{acme}/invitations?after=%00");
    kw.get(&odd)
        .bearer(&alice)
        .send()
        .refused(400, "INVALID_PAYLOAD");
});

// Whoever registered an address and never proved it has none of its invitations.
both!(
    o8_who_never_proved_an_address_has_none_of_its_invitations,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        kw.account(BOB);
        let squatter = kw.sign_in(BOB, PASSWORD).tokens().0;
        assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
        let before = rows(kw);
        let own = kw.get("/auth/organizations").bearer(&squatter).send();
        assert_eq!(own.json()["organizations"], json!([]));
        let path = format!("/auth/organizations/{acme}/leave");
        let leave = kw.post(&path).bearer(&squatter).send();
        leave.refused(404, "NOT_FOUND");
        assert_eq!(rows(kw), before);
    }
);

both!(
    l14_whoever_proves_an_address_is_in_nothing_of_the_one_before,
    |kw| {
        kw.account(BOB);
        let squatter = kw.sign_in(BOB, PASSWORD).tokens().0;
        let squat = make(kw, &squatter, "Squat");
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        // Another owner is in it: nothing is nobody's without the account.
        assert_eq!(invite(kw, &squatter, &squat, (ALICE, "owner")).status, 202);
        let path = format!("/auth/organizations/{squat}/accept");
        assert_eq!(kw.post(&path).bearer(&alice).send().status, 204);
        assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
        let body = json!({ "email": BOB });
        let asked = kw.post("/auth/password/request").json(&body).send();
        assert_eq!(asked.status, 204);
        let link = kw.last_mail_to(BOB).link();
        let code = link.rsplit('=').next().unwrap();
        let body = json!({ "token": code, "password": "another horse battery" });
        let reset = kw.post("/auth/password/reset").json(&body).send();
        assert_eq!(reset.status, 204, "{reset:?}");
        let owner = kw.sign_in(BOB, "another horse battery").tokens().0;
        let own = kw.get("/auth/organizations").bearer(&owner).send().json();
        let own = own["organizations"].as_array().unwrap();
        assert_eq!(own.len(), 1, "the invitation alone: {own:?}");
        assert_eq!(text(&own[0], "id"), acme);
        assert_eq!(kw.count("organizations WHERE name = 'Squat'"), 1);
    }
);

both!(
    what_members_do_to_each_other_names_them_and_not_their_addresses,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let (bob, _) = member(kw, &alice, &acme, (BOB, "viewer"));
        let path = path_of(&acme, id_of(&bob));
        let body = json!({ "role": "manager" });
        let ask = kw.ask("PATCH", &path).peer("203.0.113.9").bearer(&alice);
        assert_eq!(ask.json(&body).send().status, 204);
        let row = format!(
            "audit_events WHERE what = 'member_role_changed' AND account_id = '{}' \
         AND actor_id = '{}' AND address = '203.0.113.9'",
            id_of(&bob),
            id_of(&alice)
        );
        assert_eq!(kw.count(&row), 1);
        let own = kw.sign_in(BOB, PASSWORD).tokens().0;
        let export = kw.get("/auth/me/export").bearer(&own).send();
        assert!(export.body.contains("member_role_changed"), "{export:?}");
        assert!(!export.body.contains("203.0.113.9"), "{export:?}");
    }
);
