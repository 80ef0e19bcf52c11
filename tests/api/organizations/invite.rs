//! Invitations: by mail, accepted by whoever reads it or whose proven address it is.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::json;

use super::{ALICE, BOB, CAROL, id_of, invite, make, person, rows, sign_in_to};
use crate::support::{Answer, PASSWORD, TestKeyward, text};

const OTHER: &str = "another horse battery";

/// What the link of the last mail to this address says.
fn code_to(kw: &TestKeyward, to: &str) -> (String, String) {
    let link = kw.last_mail_to(to).link();
    let (page, code) = link.split_once('=').unwrap();
    let (_, purpose) = page.split_once('#').unwrap();
    (purpose.to_owned(), code.to_owned())
}

fn accept(kw: &TestKeyward, code: &str) -> Answer {
    let body = json!({ "token": code });
    kw.post("/auth/invitations/accept").json(&body).send()
}

both!(o8_o10_a_code_lets_its_reader_join_once, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme. evil.example");
    person(kw, BOB);
    assert_eq!(invite(kw, &alice, &acme, (BOB, "manager")).status, 202);
    let mail = kw.last_mail_to(BOB);
    assert_eq!(mail.purpose, LetterPurpose::Join);
    // A name makes no link.
    assert!(mail.text.contains("Acme evil example"), "{}", mail.text);
    assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example"));
    sign_in_to(kw, BOB, &acme).refused(401, "INVALID_CREDENTIALS");
    let (purpose, code) = code_to(kw, BOB);
    assert_eq!(purpose, "join");
    // No other form takes it, and it chooses no password where there is one.
    let body = json!({ "token": code, "password": OTHER });
    let reset = kw.post("/auth/password/reset").json(&body).send();
    reset.refused(400, "INVALID_CODE");
    let verify = json!({ "token": code });
    let verify = kw.post("/auth/email/verify").json(&verify).send();
    verify.refused(400, "INVALID_CODE");
    for path in ["/users/invite/accept", "/auth/invitations/accept"] {
        kw.post(path).json(&body).send().refused(409, "CONFLICT");
    }
    assert_eq!(kw.sign_in(BOB, PASSWORD).status, 200);
    let asks = (0..4).map(|_| {
        let body = json!({ "token": code });
        kw.post("/auth/invitations/accept").json(&body)
    });
    let answers = kw.all(asks.collect());
    let joined = answers.iter().filter(|it| it.status == 204).count();
    assert_eq!(joined, 1, "{answers:?}");
    accept(kw, &code).refused(400, "INVALID_CODE");
    assert_eq!(sign_in_to(kw, BOB, &acme).status, 200);
    // A member is not invited again.
    invite(kw, &alice, &acme, (BOB, "viewer")).refused(409, "CONFLICT");
    let body = json!({ "token": code, "role": "owner" });
    let answer = kw.post("/auth/invitations/accept").json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
});

both!(o8_an_invitation_is_its_own_address_alone, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (bob, carol) = (person(kw, BOB), person(kw, CAROL));
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let before = rows(kw);
    let path = format!("/auth/organizations/{acme}/accept");
    kw.post(&path)
        .bearer(&carol)
        .send()
        .refused(404, "NOT_FOUND");
    assert_eq!(rows(kw), before);
    let own = kw.get("/auth/organizations").bearer(&bob).send().json();
    assert_eq!(own["organizations"][0]["state"], "invited");
    assert_eq!(kw.post(&path).bearer(&bob).send().status, 204);
    kw.post(&path).bearer(&bob).send().refused(409, "CONFLICT");
    // What was mailed is of no use any more.
    accept(kw, &code_to(kw, BOB).1).refused(400, "INVALID_CODE");
});

both!(o8_what_was_taken_back_lets_nobody_in, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let bob = person(kw, BOB);
    assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
    let code = code_to(kw, BOB).1;
    let listed = format!("/auth/organizations/{acme}/invitations");
    let told = kw.get(&listed).bearer(&alice).send().json();
    assert_eq!(told["invitations"][0]["email"], BOB);
    assert!(!told.to_string().contains(&id_of(&bob).to_string()));
    let path = format!("{listed}/BOB%40example.com");
    assert_eq!(kw.delete(&path).bearer(&alice).send().status, 204);
    kw.delete(&path)
        .bearer(&alice)
        .send()
        .refused(404, "NOT_FOUND");
    accept(kw, &code).refused(400, "INVALID_CODE");
    let accept = format!("/auth/organizations/{acme}/accept");
    kw.post(&accept)
        .bearer(&bob)
        .send()
        .refused(404, "NOT_FOUND");
    sign_in_to(kw, BOB, &acme).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(rows(kw).len(), 2);
});

both!(o10_who_has_no_account_chooses_a_password_and_is_in, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let answer = invite(kw, &alice, &acme, (BOB, "viewer"));
    let with = {
        person(kw, CAROL);
        invite(kw, &alice, &acme, (CAROL, "viewer"))
    };
    // The answer does not tell whether there was one (E12).
    assert_eq!(answer.body.replace("bob", "carol"), with.body);
    let (purpose, code) = code_to(kw, BOB);
    assert_eq!(purpose, "invite");
    assert_eq!(kw.count("accounts"), 2);
    // One route takes both kinds, and says what it lacks; nothing is used up by that.
    accept(kw, &code).refused(400, "INVALID_PAYLOAD");
    let weak = json!({ "token": code, "password": "password" });
    let refused = kw.post("/auth/invitations/accept").json(&weak).send();
    refused.refused(400, "INVALID_PAYLOAD");
    let body = json!({ "token": code, "password": OTHER });
    let accepted = kw.post("/auth/invitations/accept").json(&body).send();
    assert_eq!(accepted.status, 204, "{accepted:?}");
    let body = json!({ "email": BOB, "password": OTHER, "organizationId": acme });
    let answer = kw.post("/auth/login").json(&body).send();
    assert_eq!(&text(&answer.json(), "organizationId"), &acme);
});

// By Keyward's own route, which the page calls, and where nobody may register but who was invited.
both!(
    o10_an_invitation_counts_in_invite_mode_and_without_directus,
    &[
        ("KEYWARD_DIALECTS", "oisp"),
        ("KEYWARD_REGISTRATION", "invite"),
    ],
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        assert_eq!(invite(kw, &alice, &acme, (BOB, "viewer")).status, 202);
        let (purpose, code) = code_to(kw, BOB);
        assert_eq!(purpose, "invite");
        let with = |password: &str| {
            let body = json!({ "token": code, "password": password });
            kw.post("/auth/invitations/accept").json(&body).send()
        };
        let body = json!({ "token": code, "password": OTHER });
        let elsewhere = kw.post("/users/invite/accept").json(&body).send();
        assert_eq!(elsewhere.status, 404);
        accept(kw, &code).refused(400, "INVALID_PAYLOAD");
        with("short").refused(400, "INVALID_PAYLOAD");
        assert_eq!(with(OTHER).status, 204);
        with(OTHER).refused(400, "INVALID_CODE");
        let body = json!({ "email": BOB, "password": OTHER, "organizationId": acme });
        assert_eq!(kw.post("/auth/login").json(&body).send().status, 200);
        // Nobody else may come.
        let body = json!({ "email": CAROL, "password": OTHER });
        let refused = kw.post("/auth/register").json(&body).send();
        refused.refused(403, "FORBIDDEN");
    }
);

// Somebody registered the address before its owner did, and knows the password.
both!(o8_l14_nobody_joins_by_an_address_that_is_not_proven, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    kw.account(BOB);
    let squatter = kw.sign_in(BOB, PASSWORD).tokens().0;
    assert_eq!(invite(kw, &alice, &acme, (BOB, "owner")).status, 202);
    let path = format!("/auth/organizations/{acme}/accept");
    kw.post(&path)
        .bearer(&squatter)
        .send()
        .refused(404, "NOT_FOUND");
    let (purpose, code) = code_to(kw, BOB);
    assert_eq!(purpose, "invite");
    let body = json!({ "token": code, "password": OTHER });
    let accepted = kw.post("/users/invite/accept").json(&body).send();
    assert_eq!(accepted.status, 204, "{accepted:?}");
    assert_eq!(kw.me(&squatter), 401);
    sign_in_to(kw, BOB, &acme).refused(401, "INVALID_CREDENTIALS");
});

// Nor does an organization that such a one made, and invited the address to, keep its owner out. It is
// not deleted, for nobody knows who made it (O5).
both!(
    l14_an_invitation_to_an_organization_of_ones_own_lets_its_reader_in,
    |kw| {
        kw.account(BOB);
        let squatter = kw.sign_in(BOB, PASSWORD).tokens().0;
        let theirs = make(kw, &squatter, "Trap");
        assert_eq!(invite(kw, &squatter, &theirs, (BOB, "viewer")).status, 202);
        let (_, code) = code_to(kw, BOB);
        let body = json!({ "token": code, "password": OTHER });
        let accepted = kw.post("/auth/invitations/accept").json(&body).send();
        assert_eq!(accepted.status, 204, "{accepted:?}");
        assert_eq!(kw.me(&squatter), 401);
        let own = kw.sign_in(BOB, OTHER).tokens().0;
        let organizations = kw.get("/auth/organizations").bearer(&own).send().json();
        assert_eq!(organizations["organizations"][0]["role"], json!("owner"));
        assert_eq!(kw.count("organizations"), 1);
        assert_eq!(kw.count("memberships"), 1);
        assert_eq!(kw.count("invitations"), 0);
    }
);

both!(o14_invited_many_times_at_once_is_invited_once, |kw| {
    let replica = kw.replica();
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    person(kw, BOB);
    let path = format!("/auth/organizations/{acme}/invitations");
    for email in [BOB, "new@example.com"] {
        let body = json!({ "email": email, "role": "viewer" });
        let asks = (0..6).map(|number| {
            let kw = if number % 2 == 0 { kw } else { &replica };
            kw.post(&path).bearer(&alice).json(&body)
        });
        for answer in kw.all(asks.collect()) {
            assert_eq!(answer.status, 202, "{answer:?}");
        }
    }
    assert_eq!(kw.count("invitations"), 2);
    assert_eq!(kw.count("accounts"), 2);
});

both!(an_invitation_with_a_fault_invites_nobody, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let before = rows(kw);
    let path = format!("/auth/organizations/{acme}/invitations");
    for body in [
        json!({}),
        json!({ "email": BOB }),
        json!({ "role": "viewer" }),
        json!({ "email": "nobody", "role": "viewer" }),
        json!({ "email": BOB, "role": "no such role" }),
        json!({ "email": BOB, "role": "administrator" }),
        json!({ "email": BOB, "role": "viewer", "state": "active" }),
        json!({ "email": BOB, "role": "viewer", "invite_url": "https://evil.example" }),
    ] {
        let answer = kw.post(&path).bearer(&alice).json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(rows(kw), before);
    assert_eq!(kw.mails().len(), 0);
    assert_eq!(kw.count("accounts"), 1);
});

// Anybody makes an organization: what it mails counts as asked for by whoever asks.
both!(b17_invitations_of_one_household_are_limited, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let path = format!("/auth/organizations/{acme}/invitations");
    for number in 0..15 {
        let body = json!({ "email": format!("p{number}@example.com"), "role": "viewer" });
        let ask = kw.post(&path).bearer(&alice).peer("203.0.113.7");
        let answer = ask.json(&body).send();
        if number < 10 {
            assert_eq!(answer.status, 202, "{answer:?}");
        } else {
            // And nobody is invited whom no mail tells of it.
            answer.refused(429, "REQUESTS_EXCEEDED");
        }
    }
    assert_eq!(kw.count("accounts"), 1);
    assert_eq!(kw.count("invitations"), 10);
    assert_eq!(kw.mails().len(), 10);
});
