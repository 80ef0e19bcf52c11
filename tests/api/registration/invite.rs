//! Inviting, as Directus's SDK asks for it.

use keyward::domain::letter::Purpose;
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
    assert_eq!(kw.last_mail_to(ALICE).purpose, Purpose::Invite);
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
    assert_eq!(kw.last_mail_to(ALICE).purpose, Purpose::AccountExists);
    assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
});

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
