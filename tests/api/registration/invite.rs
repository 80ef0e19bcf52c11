//! Inviting, as Directus's SDK asks for it.

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::accounts::administer;
use serde_json::json;

use super::{ALICE, OPEN, OTHER, code_to, done};
use crate::support::{PASSWORD, text};

both!(d_invited_people_choose_a_password_and_are_in, OPEN, |kw| {
    kw.add("admin@example.com", None, true);
    let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
    let body = json!({ "email": [ALICE, "bob@example.com", "ALICE@example.com"], "role": "administrator" });
    let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(kw.mails().len(), 2);
    assert_eq!(kw.last_mail_to(ALICE).purpose, LetterPurpose::Invite);
    let token = code_to(kw, ALICE);
    kw.sign_in(ALICE, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    let accept = json!({ "token": token, "password": OTHER });
    done(kw, "/users/invite/accept", &accept);
    let again = kw.post("/users/invite/accept").json(&accept).send();
    again.refused(400, "INVALID_CODE");
    let (access, _) = kw.sign_in(ALICE, OTHER).tokens();
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(text(&me, "role"), "administrator");
    assert_eq!(me["verified"], true);
    // Who has an account already is told so, and keeps the password (E12).
    let body = json!({ "email": ALICE });
    let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(kw.last_mail_to(ALICE).purpose, LetterPurpose::AccountExists);
    assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
});

// Keyward's own route says so to whoever asks: they read whose account it is by the same permission.
// Directus's has no word for it, and answers the same for both (E12).
both!(
    clients_56_inviting_who_has_an_account_is_refused_and_mails_nobody,
    OPEN,
    |kw| {
        kw.add("admin@example.com", None, true);
        kw.add_verified(ALICE);
        let gone = kw.add_verified("gone@example.com");
        administer::set_enabled(&kw.kw, gone, false).unwrap();
        let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
        let before = kw.state();
        for (email, role) in [
            (ALICE, json!("administrator")),
            ("ALICE@example.com", json!(null)),
            ("gone@example.com", json!(null)),
        ] {
            let body = json!({ "email": email, "role": role });
            let asked = kw.post("/admin/invitations").bearer(&admin);
            let answer = asked.json(&body).send();
            answer.refused(409, "CONFLICT");
            assert!(
                answer.body.contains("/admin/accounts/{id}/roles"),
                "{answer:?}"
            );
        }
        assert_eq!(kw.mails().len(), 0);
        assert_eq!(kw.state(), before);
        let body = json!({ "email": "bob@example.com" });
        let asked = kw.post("/admin/invitations").bearer(&admin);
        assert_eq!(asked.json(&body).send().status, 202);
        // Whoever is no administrator is told nothing of it.
        let (alice, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let asked = kw.post("/admin/invitations").bearer(&alice);
        let body = json!({ "email": "admin@example.com" });
        asked.json(&body).send().refused(403, "FORBIDDEN");
        let body = json!({ "email": ALICE });
        let asked = kw.post("/users/invite").bearer(&admin);
        assert_eq!(asked.json(&body).send().status, 204);
        let told = kw.last_mail_to(ALICE);
        assert_eq!(told.purpose, LetterPurpose::AccountExists);
        assert!(told.text.contains("wanted to use"), "{}", told.text);
        assert!(!told.text.contains("register"), "{}", told.text);
    }
);

both!(an_invitation_with_another_role_gives_it, OPEN, |kw| {
    kw.add("admin@example.com", None, true);
    let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
    for body in [
        json!({ "email": ALICE }),
        json!({ "email": ALICE, "role": "administrator" }),
    ] {
        let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    let accept = json!({ "token": code_to(kw, ALICE), "password": OTHER });
    done(kw, "/users/invite/accept", &accept);
    let (access, _) = kw.sign_in(ALICE, OTHER).tokens();
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(text(&me, "role"), "administrator");
});

// The newest word counts: a role that was said before is held by nobody.
both!(
    an_invitation_with_another_role_takes_the_first_back,
    OPEN,
    |kw| {
        kw.add("admin@example.com", None, true);
        let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
        for body in [
            json!({ "email": ALICE, "role": "administrator" }),
            json!({ "email": ALICE }),
        ] {
            let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
            assert_eq!(answer.status, 204, "{answer:?}");
            // Nobody has an account before somebody accepts, and no role.
            assert_eq!(kw.count("accounts"), 1);
            assert_eq!(kw.count("account_roles"), 1);
        }
        let accept = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/auth/invitations/accept", &accept);
        let (access, _) = kw.sign_in(ALICE, OTHER).tokens();
        let me = kw.get("/auth/me").bearer(&access).send().json();
        assert_eq!(me["role"], json!(null), "{me}");
        assert_eq!(kw.count("account_roles"), 1);
    }
);

both!(o8_an_administrator_takes_an_invitation_back, OPEN, |kw| {
    kw.add("admin@example.com", None, true);
    let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
    let body = json!({ "email": [ALICE, "bob@example.com"], "role": "administrator" });
    let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
    assert_eq!(answer.status, 204, "{answer:?}");
    let list = |query: &str| {
        let path = format!("/admin/invitations{query}");
        kw.get(&path).bearer(&admin).send().json()
    };
    let first = list("?limit=1");
    assert_eq!(text(&first["data"][0], "email"), ALICE);
    assert_eq!(text(&first["data"][0], "role"), "administrator");
    let rest = list(&format!("?after={}", text(&first, "next")));
    assert_eq!(text(&rest["data"][0], "email"), "bob@example.com");
    assert_eq!(rest["next"], json!(null));
    let code = code_to(kw, ALICE);
    let path = format!("/admin/invitations/{}", ALICE.to_uppercase());
    assert_eq!(kw.delete(&path).bearer(&admin).send().status, 204);
    let again = kw.delete(&path).bearer(&admin).send();
    again.refused(404, "NOT_FOUND");
    let accept = json!({ "token": code, "password": OTHER });
    for path in ["/users/invite/accept", "/auth/invitations/accept"] {
        let answer = kw.post(path).json(&accept).send();
        answer.refused(400, "INVALID_CODE");
    }
    assert_eq!(kw.count("accounts"), 1);
    assert_eq!(kw.count("invitations"), 1);
});

// Somebody registered the address before its owner did.
both!(
    l14_who_squats_an_address_takes_no_invitation_of_it,
    OPEN,
    |kw| {
        kw.add("admin@example.com", None, true);
        let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
        kw.account(ALICE);
        let (squatter, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let body = json!({ "email": ALICE, "role": "administrator" });
        let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
        let mail = kw.last_mail_to(ALICE);
        assert_eq!(mail.purpose, LetterPurpose::Invite);
        assert_eq!(kw.count("account_roles"), 1);
        let accept = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/users/invite/accept", &accept);
        assert_eq!(kw.me(&squatter), 401);
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        let (access, _) = kw.sign_in(ALICE, OTHER).tokens();
        let me = kw.get("/auth/me").bearer(&access).send().json();
        assert_eq!(text(&me, "role"), "administrator");
    }
);

// The page of a mailed link works with whatever dialects there are.
both!(
    o8_who_has_no_account_accepts_without_the_dialect_directus,
    &[
        ("KEYWARD_REGISTRATION", "invite"),
        ("KEYWARD_DIALECTS", "none")
    ],
    |kw| {
        let alice = kw.add_verified(ALICE);
        assert!(kw.record_of(alice).is_some());
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let body = json!({ "name": "Acme" });
        let made = kw.post("/auth/organizations").bearer(&access);
        let id = text(&made.json(&body).send().json(), "id");
        let path = format!("/auth/organizations/{id}/invitations");
        let body = json!({ "email": "bob@example.com", "role": "viewer" });
        let invited = kw.post(&path).bearer(&access).json(&body).send();
        assert_eq!(invited.status, 202, "{invited:?}");
        let accept = json!({ "token": code_to(kw, "bob@example.com"), "password": OTHER });
        let page = kw.get("/account").send();
        assert_eq!(page.status, 200);
        assert_eq!(
            kw.post("/users/invite/accept").json(&accept).send().status,
            404
        );
        done(kw, "/auth/invitations/accept", &accept);
        assert_eq!(kw.sign_in("bob@example.com", OTHER).status, 200);
    }
);

both!(h03_only_administrators_invite, OPEN, |kw| {
    kw.account(ALICE);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    let before = kw.state();
    let body = json!({ "email": "bob@example.com" });
    let answer = kw.post("/users/invite").bearer(&access).json(&body).send();
    answer.refused(403, "FORBIDDEN");
    let nobody = kw.post("/users/invite").json(&body).send();
    assert_eq!(nobody.status, 401);
    assert_eq!(kw.state(), before);
    assert_eq!(kw.mails().len(), 0);
});

both!(an_invitation_with_a_fault_makes_no_account, OPEN, |kw| {
    kw.add("admin@example.com", None, true);
    let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
    let before = kw.state();
    for body in [
        json!({ "email": [ALICE, "nobody"] }),
        json!({ "email": [] }),
        json!({ "email": ALICE, "role": "no such role" }),
        json!({ "email": ALICE, "role": "a\u{0}b" }),
        json!({ "email": ALICE, "invite_url": "https://evil.example" }),
        json!({}),
    ] {
        let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.mails().len(), 0);
});

both!(clients_52_an_empty_text_is_none_as_null_is, |kw| {
    kw.add("admin@example.com", None, true);
    let (admin, _) = kw.sign_in("admin@example.com", PASSWORD).tokens();
    for empty in [json!(""), json!(null)] {
        let body = json!({ "email": ALICE, "role": empty, "invite_url": empty });
        let answer = kw.post("/users/invite").bearer(&admin).json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(kw.last_mail_to(ALICE).link().contains("/account"));
        let body = json!({ "email": ALICE, "reset_url": empty });
        let answer = kw.post("/auth/password/request").json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    // Any other text is compared with the list still.
    let body = json!({ "email": ALICE, "reset_url": " " });
    let answer = kw.post("/auth/password/request").json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
});
