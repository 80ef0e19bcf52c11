//! Another e-mail address.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::json;

use super::addresses::{add, confirm, make_primary, signed_in};
use super::{ALICE, OPEN, OTHER, alice, code_to, done, register};
use crate::support::{Answer, PASSWORD, TestKeyward, text};

const NEW: &str = "alice@new.example";

fn change(kw: &TestKeyward, access: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    kw.post("/auth/email/change")
        .bearer(access)
        .json(&body)
        .send()
}

both!(
    l15_a_new_address_counts_once_it_is_proven_and_the_old_one_takes_it_back,
    OPEN,
    |kw| {
        alice(kw);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let asked = change(kw, &access, NEW, PASSWORD);
        assert_eq!(asked.status, 202, "{asked:?}");
        let me = |access: &str| text(&kw.get("/auth/me").bearer(access).send().json(), "email");
        assert_eq!(me(&access), ALICE);
        kw.sign_in(NEW, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        let token = code_to(kw, NEW);
        done(kw, "/auth/email/change/confirm", &json!({ "token": token }));
        // What it says of the address is so no more; the session goes on.
        let outdated = kw.get("/auth/me").bearer(&access).send();
        outdated.refused(401, "TOKEN_EXPIRED");
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        let (thief, _) = kw.sign_in(NEW, PASSWORD).tokens();
        assert_eq!(me(&thief), NEW);
        let account = crate::support::account_of(&thief);
        let key = kw.key_in(account, &[], None);
        assert_eq!(kw.me(&key), 200);
        // The old one is told, and stays able to take it back, whatever comes after.
        let told = kw.last_mail_to(ALICE);
        assert_eq!(told.purpose, LetterPurpose::AddressChanged);
        assert!(told.text.contains(NEW), "{}", told.text);
        let back = code_to(kw, ALICE);
        assert_eq!(
            change(kw, &thief, "third@example.com", PASSWORD).status,
            202
        );
        let third = code_to(kw, "third@example.com");
        done(kw, "/auth/email/change/confirm", &json!({ "token": third }));
        kw.advance(6 * 86_400);
        // Of a session that would go on.
        let (thief, _) = kw.sign_in("third@example.com", PASSWORD).tokens();
        done(kw, "/auth/email/change/cancel", &json!({ "token": back }));
        assert_eq!(kw.me(&thief), 401);
        // The thief knew the password, and made a key to stay.
        assert_eq!(kw.me(&key), 401);
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        let choose = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/auth/password/reset", &choose);
        let (access, _) = kw.sign_in(ALICE, OTHER).tokens();
        assert_eq!(me(&access), ALICE);
        kw.sign_in("third@example.com", PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
    }
);

// Whoever reads a mistyped address must not have the account by it.
both!(
    l13_another_change_of_address_ends_the_one_before,
    OPEN,
    |kw| {
        alice(kw);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let typo = "alice@newe.example";
        assert_eq!(change(kw, &access, typo, PASSWORD).status, 202);
        let first = code_to(kw, typo);
        assert_eq!(change(kw, &access, NEW, PASSWORD).status, 202);
        let confirm = |token: &str| {
            let body = json!({ "token": token });
            kw.post("/auth/email/change/confirm").json(&body).send()
        };
        confirm(&first).refused(400, "INVALID_CODE");
        let second = code_to(kw, NEW);
        assert_eq!(confirm(&second).status, 204);
    }
);

// 202 without a mail, for a mail of another act that was asked for meanwhile.
both!(
    b17_a_change_of_address_and_a_proof_of_it_keep_no_mail_from_each_other,
    OPEN,
    |kw| {
        let proof = json!({ "email": ALICE });
        assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
        for _ in 0..5 {
            done(kw, "/auth/email/verify/request", &proof);
        }
        let to = |kw: &TestKeyward, email: &str| {
            let mails = kw.mails().into_iter();
            mails.filter(|sent| sent.to == email).count()
        };
        assert_eq!(to(kw, ALICE), 3, "its own quota is used up");
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        for _ in 0..5 {
            assert_eq!(change(kw, &access, NEW, PASSWORD).status, 202);
        }
        assert_eq!(to(kw, NEW), 3);
        // An hour later it is the other way round.
        kw.advance(3600);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        for _ in 0..5 {
            assert_eq!(change(kw, &access, NEW, PASSWORD).status, 202);
        }
        done(kw, "/auth/email/verify/request", &proof);
        assert_eq!((to(kw, ALICE), to(kw, NEW)), (4, 6));
    }
);

both!(
    e12_an_address_of_another_account_is_answered_as_a_free_one,
    OPEN,
    |kw| {
        alice(kw);
        assert_eq!(register(kw, "bob@example.com", PASSWORD).status, 202);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let taken = change(kw, &access, "bob@example.com", PASSWORD);
        let free = change(kw, &access, NEW, PASSWORD);
        assert_eq!((taken.status, &taken.body), (free.status, &free.body));
        assert_eq!(
            kw.last_mail_to("bob@example.com").purpose,
            LetterPurpose::AccountExists
        );
    }
);

both!(m4_an_access_token_alone_changes_no_address, OPEN, |kw| {
    alice(kw);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    let mails = kw.mails().len();
    change(kw, &access, NEW, "wrong horse battery").refused(403, "WRONG_PASSWORD");
    let bare = kw.post("/auth/email/change").bearer(&access);
    bare.json(&json!({ "email": NEW }))
        .send()
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.mails().len(), mails);
    assert_eq!(kw.rows("SELECT mac AS line FROM one_time_codes"), [""; 0]);
});

both!(
    an_address_that_was_taken_meanwhile_is_a_conflict,
    OPEN,
    |kw| {
        alice(kw);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        assert_eq!(change(kw, &access, NEW, PASSWORD).status, 202);
        let token = code_to(kw, NEW);
        kw.account(NEW);
        let body = json!({ "token": token });
        let answer = kw.post("/auth/email/change/confirm").json(&body).send();
        answer.refused(409, "CONFLICT");
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    }
);

both!(
    operators_62_an_address_that_became_the_primary_one_meanwhile_is_not_changed,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        assert_eq!(change(kw, &access, NEW, PASSWORD).status, 202);
        let late = json!({ "token": code_to(kw, NEW) });
        assert_eq!(add(kw, &access, NEW).status, 202);
        assert_eq!(confirm(kw, &code_to(kw, NEW)).status, 204);
        assert_eq!(make_primary(kw, &access, NEW).status, 204);
        let access = signed_in(kw, NEW);
        let (before, mails) = (kw.state(), kw.mails().len());
        done(kw, "/auth/email/change/confirm", &late);
        assert_eq!(kw.count("audit_events WHERE what = 'email_changed'"), 0);
        assert_eq!((kw.state(), kw.mails().len()), (before, mails));
        assert_eq!(kw.me(&access), 200);
        // The code is used up all the same.
        let again = kw.post("/auth/email/change/confirm").json(&late).send();
        again.refused(400, "INVALID_CODE");
    }
);
