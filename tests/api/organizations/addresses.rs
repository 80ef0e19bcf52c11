//! An invitation is an address's: whoever has proven the address has it, and nobody else.

use serde_json::{Value, json};

use super::{
    ALICE, BOB, CAROL, change, id_of, invite, make, member, path_of, person, rows, sign_in_to,
};
use crate::support::{Answer, PASSWORD, TestKeyward, text};

const OTHER: &str = "another horse battery";
const CTO: &str = "cto@example.com";
const EVIL: &str = "evil@example.net";

fn code_to(kw: &TestKeyward, to: &str) -> String {
    let link = kw.last_mail_to(to).link();
    link.rsplit('=').next().unwrap().to_owned()
}

fn verify(kw: &TestKeyward, email: &str) {
    let body = json!({ "token": code_to(kw, email) });
    let verified = kw.post("/auth/email/verify").json(&body).send();
    assert_eq!(verified.status, 204, "{verified:?}");
}

fn accept(kw: &TestKeyward, body: &Value) -> Answer {
    kw.post("/auth/invitations/accept").json(body).send()
}

fn accept_signed_in(kw: &TestKeyward, id: &str, access: &str) -> Answer {
    let path = format!("/auth/organizations/{id}/accept");
    kw.post(&path).bearer(access).send()
}

/// The addresses that wait, with what their roles are called.
fn waiting(kw: &TestKeyward, id: &str, access: &str) -> Vec<(String, String)> {
    let path = format!("/auth/organizations/{id}/invitations");
    let told = kw.get(&path).bearer(access).send().json();
    let told = told["invitations"].as_array().unwrap();
    told.iter()
        .map(|it| (text(it, "email"), text(it, "role")))
        .collect()
}

/// Somebody whose primary address is another's, and who has proven a further one alone.
fn squatter(kw: &TestKeyward) -> String {
    let body = json!({ "email": CTO, "emails": [EVIL], "password": PASSWORD });
    let made = kw.post("/auth/register").json(&body).send();
    assert_eq!(made.status, 202, "{made:?}");
    verify(kw, EVIL);
    kw.sign_in(EVIL, PASSWORD).tokens().0
}

const OPEN: &[(&str, &str)] = &[("KEYWARD_REGISTRATION", "open")];

both!(
    o8_a_role_is_the_address_s_that_it_was_meant_for,
    OPEN,
    |kw| {
        let alice = person(kw, ALICE);
        for first in [EVIL, CTO] {
            let acme = make(kw, &alice, &format!("Acme {}", first.len()));
            let evil = if first == EVIL {
                squatter(kw)
            } else {
                kw.sign_in(EVIL, PASSWORD).tokens().0
            };
            let both = [(EVIL, "viewer"), (CTO, "owner")];
            let second = if first == EVIL {
                both
            } else {
                [both[1], both[0]]
            };
            for wanted in second {
                assert_eq!(invite(kw, &alice, &acme, wanted).status, 202);
            }
            let told = waiting(kw, &acme, &alice);
            let each = both.map(|(email, role)| (email.to_owned(), role.to_owned()));
            assert_eq!(told, [each[1].clone(), each[0].clone()]);
            assert_eq!(accept_signed_in(kw, &acme, &evil).status, 204);
            let own = kw.get("/auth/organizations").bearer(&evil).send().json();
            let own = own["organizations"].as_array().unwrap();
            let own = own.iter().find(|it| text(it, "id") == acme).unwrap();
            assert_eq!(text(own, "role"), "viewer");
            // The owner's waits, for whoever reads the mail.
            assert_eq!(waiting(kw, &acme, &alice), [each[1].clone()]);
        }
        let body = json!({ "token": code_to(kw, CTO), "password": OTHER });
        assert_eq!(accept(kw, &body).status, 204);
        let owner = kw.sign_in(CTO, OTHER).tokens().0;
        let own = kw.get("/auth/organizations").bearer(&owner).send().json();
        // Both wait for the owner, who took the one; what the squatter had joined is over.
        let own = own["organizations"].as_array().unwrap().iter();
        let mut states: Vec<_> = own
            .map(|it| (text(it, "state"), text(it, "role")))
            .collect();
        states.sort();
        let owner = "owner".to_owned();
        let expected = ["active", "invited"].map(|state| (state.to_owned(), owner.clone()));
        assert_eq!(states, expected);
    }
);

both!(l14_the_owner_of_a_squatted_address_is_invited, OPEN, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let evil = squatter(kw);
    assert_eq!(invite(kw, &alice, &acme, (EVIL, "viewer")).status, 202);
    assert_eq!(accept_signed_in(kw, &acme, &evil).status, 204);
    // The member merely wrote the address down.
    let path = format!("/auth/organizations/{acme}/members");
    let told = kw.get(&path).bearer(&alice).send().json();
    let mut emails: Vec<_> = told["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (text(it, "email"), it["verified"] == true))
        .collect();
    emails.sort();
    assert_eq!(emails, [(ALICE.to_owned(), true), (EVIL.to_owned(), true)]);
    let oisp = kw.oisp_login(ALICE);
    let path = format!("/v1/api/accounts/{acme}/users");
    let users = kw.get(&path).bearer(&oisp).send();
    assert!(!users.body.contains(CTO), "{users:?}");
    assert_eq!(invite(kw, &alice, &acme, (EVIL, "viewer")).status, 409);
    assert_eq!(invite(kw, &alice, &acme, (CTO, "admin")).status, 202);
    accept_signed_in(kw, &acme, &evil).refused(409, "CONFLICT");
});

both!(o8_each_organization_s_code_is_good, |kw| {
    let alice = person(kw, ALICE);
    let names = ["Acme", "Other"];
    let both = names.map(|name| make(kw, &alice, name));
    let codes = both.each_ref().map(|id| {
        assert_eq!(invite(kw, &alice, id, (BOB, "viewer")).status, 202);
        code_to(kw, BOB)
    });
    // A newer one of the same organization ends the older.
    assert_eq!(invite(kw, &alice, &both[1], (BOB, "viewer")).status, 202);
    let body = json!({ "token": codes[1], "password": OTHER });
    accept(kw, &body).refused(400, "INVALID_CODE");
    let newest = code_to(kw, BOB);
    let body = json!({ "token": codes[0], "password": OTHER });
    assert_eq!(accept(kw, &body).status, 204);
    // Now there is a password, and it stays.
    let body = json!({ "token": newest, "password": PASSWORD });
    accept(kw, &body).refused(409, "CONFLICT");
    kw.sign_in(BOB, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    assert_eq!(accept(kw, &json!({ "token": newest })).status, 204);
    let bob = kw.sign_in(BOB, OTHER).tokens().0;
    let own = kw.get("/auth/organizations").bearer(&bob).send().json();
    assert_eq!(own["organizations"].as_array().unwrap().len(), 2);
});

both!(o8_what_was_taken_back_makes_no_account, |kw| {
    let alice = person(kw, ALICE);
    let (acme, other) = (make(kw, &alice, "Acme"), make(kw, &alice, "Other"));
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let taken = code_to(kw, BOB);
    let path = format!("/auth/organizations/{acme}/invitations/{BOB}");
    assert_eq!(kw.delete(&path).bearer(&alice).send().status, 204);
    assert_eq!(invite(kw, &alice, &other, (CAROL, "viewer")).status, 202);
    let gone = code_to(kw, CAROL);
    let path = format!("/auth/organizations/{other}");
    assert_eq!(kw.delete(&path).bearer(&alice).send().status, 204);
    for code in [taken, gone] {
        let body = json!({ "token": code, "password": OTHER });
        for path in ["/users/invite/accept", "/auth/invitations/accept"] {
            let answer = kw.post(path).json(&body).send();
            answer.refused(400, "INVALID_CODE");
        }
    }
    assert_eq!(kw.count("accounts"), 1);
    assert_eq!(kw.count("invitations"), 0);
});

both!(
    o8_an_invitation_to_a_further_address_is_its_own,
    OPEN,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let body = json!({ "email": BOB, "emails": [CAROL], "password": PASSWORD });
        assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        verify(kw, BOB);
        verify(kw, CAROL);
        assert_eq!(invite(kw, &alice, &acme, (CAROL, "viewer")).status, 202);
        assert_eq!(kw.last_mail_to(CAROL).purpose.as_str(), "join");
        let told = waiting(kw, &acme, &alice);
        assert_eq!(told, [(CAROL.to_owned(), "viewer".to_owned())]);
        let of = |email: &str| format!("/auth/organizations/{acme}/invitations/{email}");
        let wrong = kw.delete(&of(BOB)).bearer(&alice).send();
        wrong.refused(404, "NOT_FOUND");
        assert_eq!(kw.delete(&of(CAROL)).bearer(&alice).send().status, 204);
        let bob = kw.sign_in(BOB, PASSWORD).tokens().0;
        accept_signed_in(kw, &acme, &bob).refused(404, "NOT_FOUND");
        // Invited by both addresses, the newest word counts, and nothing waits for a member.
        for wanted in [(BOB, "viewer"), (CAROL, "manager")] {
            assert_eq!(invite(kw, &alice, &acme, wanted).status, 202);
            kw.advance(1);
        }
        assert_eq!(accept_signed_in(kw, &acme, &bob).status, 204);
        assert_eq!(kw.count("memberships WHERE role = 'manager'"), 1);
        assert_eq!(kw.count("invitations"), 0);
    }
);

both!(o8_an_invitation_waits_for_its_address, OPEN, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let bob = person(kw, BOB);
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let code = code_to(kw, BOB);
    let body = json!({ "email": CAROL, "password": PASSWORD });
    let asked = kw
        .post("/auth/email/change")
        .bearer(&bob)
        .json(&body)
        .send();
    assert_eq!(asked.status, 202, "{asked:?}");
    let body = json!({ "token": code_to(kw, CAROL) });
    let confirmed = kw.post("/auth/email/change/confirm").json(&body).send();
    assert_eq!(confirmed.status, 204, "{confirmed:?}");
    let bob = kw.sign_in(CAROL, PASSWORD).tokens().0;
    accept_signed_in(kw, &acme, &bob).refused(404, "NOT_FOUND");
    accept(kw, &json!({ "token": code })).refused(400, "INVALID_PAYLOAD");
    // Whoever has the address now.
    let body = json!({ "email": BOB, "password": OTHER });
    assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
    verify(kw, BOB);
    let other = kw.sign_in(BOB, OTHER).tokens().0;
    assert_eq!(accept_signed_in(kw, &acme, &other).status, 204);
});

// Nobody made an account for the invited, so registering is as for everybody.
both!(l14_the_invited_register_as_everybody_does, OPEN, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let faces = [
        ("/auth/register", "a@example.com", 202),
        ("/users/register", "b@example.com", 204),
        ("/auth/accounts", "c@example.com", 200),
        ("/v1/api/users", "d@example.com", 201),
    ];
    for (path, email, status) in faces {
        assert_eq!(invite(kw, &alice, &acme, (email, "viewer")).status, 202);
        let code = code_to(kw, email);
        let body = if path == "/auth/accounts" {
            json!({ "username": "carol", "password": { "value": PASSWORD }, "emails": [{ "value": email }] })
        } else {
            json!({ "email": email, "password": PASSWORD })
        };
        let made = kw.post(path).json(&body).send();
        assert_eq!(made.status, status, "{path} {made:?}");
        let verify = json!({ "token": code_to(kw, email) });
        let route = "/auth/email/verify";
        assert_eq!(kw.post(route).json(&verify).send().status, 204);
        // The password that was chosen counts, and no mail says otherwise.
        assert_eq!(kw.sign_in(email, PASSWORD).status, 200, "{path}");
        assert_eq!(kw.last_mail_to(email).purpose.as_str(), "verify");
        assert_eq!(accept(kw, &json!({ "token": code })).status, 204);
        assert_eq!(sign_in_to(kw, email, &acme).status, 200, "{path}");
    }
});

both!(o8_accepted_many_times_at_once_makes_one_account, |kw| {
    let replica = kw.replica();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let body = json!({ "token": code_to(kw, BOB), "password": OTHER });
    let asks = (0..4).map(|number| {
        let kw = if number % 2 == 0 { kw } else { &replica };
        kw.post("/auth/invitations/accept").json(&body)
    });
    let answers = kw.all(asks.collect());
    let won = answers.iter().filter(|it| it.status == 204).count();
    assert_eq!(won, 1, "{answers:?}");
    for lost in answers.iter().filter(|it| it.status != 204) {
        assert!(matches!(lost.status, 400 | 503), "{lost:?}");
    }
    assert_eq!(kw.count("accounts"), 2);
    assert_eq!(kw.count("memberships"), 2);
});

both!(o8_an_invitation_ends_with_its_code, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let bob = person(kw, BOB);
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let code = code_to(kw, BOB);
    kw.advance(7 * 24 * 3600 + 1);
    accept(kw, &json!({ "token": code })).refused(400, "INVALID_CODE");
    assert_eq!([kw.me(&alice), kw.me(&bob)], [401, 401]);
    let [alice, bob] = [ALICE, BOB].map(|email| kw.sign_in(email, PASSWORD).tokens().0);
    accept_signed_in(kw, &acme, &bob).refused(404, "NOT_FOUND");
    assert!(waiting(kw, &acme, &alice).is_empty());
    assert_eq!(invite(kw, &alice, &acme, (BOB, "manager")).status, 202);
    assert_eq!(accept_signed_in(kw, &acme, &bob).status, 204);
});

both!(
    o8_an_invitation_leaves_with_the_account_of_its_address,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let bob = person(kw, BOB);
        for email in [BOB, CAROL] {
            assert_eq!(invite(kw, &alice, &acme, (email, "viewer")).status, 202);
        }
        let export = kw.get("/auth/me/export").bearer(&bob).send().json();
        assert_eq!(export["organizations"][0]["state"], "invited");
        let body = json!({ "password": PASSWORD });
        let gone = kw.delete("/auth/me").bearer(&bob).json(&body).send();
        assert_eq!(gone.status, 204, "{gone:?}");
        let told = waiting(kw, &acme, &alice);
        assert_eq!(told, [(CAROL.to_owned(), "viewer".to_owned())]);
        assert_eq!(rows(kw).len(), 3);
    }
);

both!(o5_an_owner_who_can_not_sign_in_counts_for_nothing, |kw| {
    let (root, _) = {
        kw.add("root@example.com", None, true);
        kw.sign_in("root@example.com", PASSWORD).tokens()
    };
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, _) = member(kw, &alice, &acme, (BOB, "owner"));
    let path = format!("/admin/accounts/{}", id_of(&bob));
    let body = json!({ "enabled": false });
    let disabled = kw.ask("PATCH", &path).bearer(&root).json(&body).send();
    assert_eq!(disabled.status, 200, "{disabled:?}");
    let before = rows(kw);
    let leave = format!("/auth/organizations/{acme}/leave");
    let own = path_of(&acme, id_of(&alice));
    for answer in [
        kw.post(&leave).bearer(&alice).send(),
        change(kw, &alice, &own, &json!({ "role": "admin" })),
        kw.delete(&own).bearer(&alice).send(),
    ] {
        answer.refused(409, "CONFLICT");
    }
    assert_eq!(rows(kw), before);
    // The one who is disabled may be taken out, and back he counts again.
    let body = json!({ "enabled": true });
    let enabled = kw.ask("PATCH", &path).bearer(&root).json(&body).send();
    assert_eq!(enabled.status, 200, "{enabled:?}");
    assert_eq!(kw.post(&leave).bearer(&alice).send().status, 204);
});

both!(
    attack_l27_no_invitation_tells_whose_an_address_is,
    OPEN,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let body = json!({ "email": BOB, "emails": [CAROL], "password": PASSWORD });
        assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        verify(kw, BOB);
        verify(kw, CAROL);
        assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
        let bob = kw.sign_in(BOB, PASSWORD).tokens().0;
        assert_eq!(accept_signed_in(kw, &acme, &bob).status, 204);
        // The list of members shows the one address and not the other.
        invite(kw, &alice, &acme, (BOB, "viewer")).refused(409, "CONFLICT");
        for email in ["nobody@example.com", CAROL] {
            let told = json!({ "email": email, "role": "viewer" });
            let invited = invite(kw, &alice, &acme, (email, "viewer"));
            assert_eq!((invited.status, invited.json()), (202, told));
        }
        let told: Vec<_> = waiting(kw, &acme, &alice)
            .into_iter()
            .map(|it| it.0)
            .collect();
        assert!(
            told.contains(&CAROL.to_owned()) && told.contains(&"nobody@example.com".to_owned())
        );
        // Whoever reads the mail is told that there is nothing to join, and stays what they are.
        let body = json!({ "token": code_to(kw, CAROL) });
        accept(kw, &body).refused(409, "CONFLICT");
        assert_eq!(kw.count("memberships"), 2);
    }
);
