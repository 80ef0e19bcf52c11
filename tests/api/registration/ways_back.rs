//! Nobody keeps a way back into an account that is another's, and no owner loses it to an old
//! mail (L10, L14, L15).

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::accounts::administer;
use serde_json::json;

use super::{ALICE, OPEN, OTHER, alice, code_to, done, register};
use keyward::domain::password::Password;

use crate::support::{PASSWORD, TestKeyward, account_of};

const NEW: &str = "alice@new.example";
const THIEF: &str = "thief@example.com";

fn ask_for(kw: &TestKeyward, access: &str, email: &str) {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = kw
        .post("/auth/email/change")
        .bearer(access)
        .json(&body)
        .send();
    assert_eq!(answer.status, 202, "{answer:?}");
}

fn changes_to(kw: &TestKeyward, access: &str, email: &str) {
    ask_for(kw, access, email);
    let token = code_to(kw, email);
    done(kw, "/auth/email/change/confirm", &json!({ "token": token }));
}

fn no_code(kw: &TestKeyward, path: &str, token: &str) {
    let body = json!({ "token": token, "password": "a third horse battery" });
    kw.post(path)
        .json(&body)
        .send()
        .refused(400, "INVALID_CODE");
}

both!(
    l10_l15_what_was_mailed_to_an_old_address_opens_nothing,
    OPEN,
    |kw| {
        alice(kw);
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let old = code_to(kw, ALICE);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        changes_to(kw, &access, NEW);
        let before = kw.state();
        no_code(kw, "/auth/password/reset", &old);
        assert_eq!(kw.state(), before);
        assert_eq!(kw.sign_in(NEW, PASSWORD).status, 200);
    }
);

both!(l10_a_change_that_waits_ends_with_the_password, OPEN, |kw| {
    alice(kw);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    for set in [true, false] {
        kw.advance(3600);
        let (thief, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        ask_for(kw, &thief, THIEF);
        let token = code_to(kw, THIEF);
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let reset = code_to(kw, ALICE);
        if set {
            let id = account_of(&access);
            administer::set_password(&kw.kw, id, &Password::parse(PASSWORD).unwrap()).unwrap();
        } else {
            let owner = kw.sign_in(ALICE, PASSWORD).tokens().0;
            let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
            let answer = kw
                .post("/auth/password/change")
                .bearer(&owner)
                .json(&body)
                .send();
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        no_code(kw, "/auth/email/change/confirm", &token);
        no_code(kw, "/auth/password/reset", &reset);
    }
});

both!(l15_what_was_taken_back_stays_so, OPEN, |kw| {
    alice(kw);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    changes_to(kw, &access, THIEF);
    let back = code_to(kw, ALICE);
    kw.advance(60);
    let (thief, _) = kw.sign_in(THIEF, PASSWORD).tokens();
    changes_to(kw, &thief, "second@example.com");
    let theirs = code_to(kw, THIEF);
    done(kw, "/auth/email/change/cancel", &json!({ "token": back }));
    no_code(kw, "/auth/email/change/cancel", &theirs);
    // Whoever changed the address knew the password: its owner is mailed a code for another one.
    kw.sign_in(ALICE, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    let choose = code_to(kw, ALICE);
    let body = json!({ "token": choose, "password": OTHER });
    done(kw, "/auth/password/reset", &body);
    assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
});

// Who undid a change is told that, and not what is told to whom an address was proven for.
both!(
    clients_53_the_letter_after_an_undoing_tells_what_was_done,
    OPEN,
    |kw| {
        alice(kw);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        changes_to(kw, &access, THIEF);
        let body = json!({ "token": code_to(kw, ALICE) });
        done(kw, "/auth/email/change/cancel", &body);
        let told = kw.last_mail_to(ALICE);
        assert_eq!(told.purpose, LetterPurpose::Choose);
        assert!(told.text.contains("you undid the change"), "{told:?}");
        assert!(told.text.contains("works no more"), "{told:?}");
        for words in ["is confirmed", "registered", "emptied"] {
            assert!(!told.text.contains(words), "{told:?}");
        }
        // Whose address was registered twice is told what they were told before.
        for password in [PASSWORD, OTHER] {
            let body = json!({ "email": NEW, "password": password });
            // Who asks again at once is one person.
            kw.advance(1200);
            assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        }
        let body = json!({ "token": code_to(kw, NEW) });
        done(kw, "/auth/email/verify", &body);
        let told = kw.last_mail_to(NEW);
        assert_eq!(told.purpose, LetterPurpose::Choose);
        assert!(told.text.contains("is confirmed"), "{told:?}");
        assert!(!told.text.contains("undid"), "{told:?}");
    }
);

both!(
    l14_asking_for_codes_does_not_wash_a_registration_off,
    OPEN,
    |kw| {
        let body = json!({ "email": ALICE, "emails": [THIEF], "password": PASSWORD });
        assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        let again = |email: &str| {
            done(kw, "/auth/email/verify/request", &json!({ "email": email }));
        };
        // The quota of mails to the owner is used up, too.
        again(ALICE);
        again(ALICE);
        kw.advance(1200);
        assert_eq!(register(kw, ALICE, OTHER).status, 202);
        kw.advance(3600);
        again(THIEF);
        again(ALICE);
        let token = code_to(kw, ALICE);
        done(kw, "/auth/email/verify", &json!({ "token": token }));
        for password in [PASSWORD, OTHER] {
            kw.sign_in(ALICE, password)
                .refused(401, "INVALID_CREDENTIALS");
        }
        let told = kw.last_mail_to(ALICE);
        assert_eq!(told.purpose, LetterPurpose::Choose);
        assert!(!told.text.contains("stays as it is"), "{}", told.text);
        let theirs = code_to(kw, THIEF);
        no_code(kw, "/auth/email/verify", &theirs);
        let emails = "SELECT canonical AS line FROM emails";
        assert_eq!(kw.rows(emails), [ALICE]);
    }
);

both!(
    l14_an_address_that_was_never_proven_takes_nothing_back,
    OPEN,
    |kw| {
        assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let mails = kw.mails().len();
        changes_to(kw, &access, THIEF);
        assert_eq!(kw.mails().len(), mails + 1, "the code alone");
        // Whose it is can have it now.
        kw.advance(1200);
        assert_eq!(register(kw, ALICE, OTHER).status, 202);
        let token = code_to(kw, ALICE);
        done(kw, "/auth/email/verify", &json!({ "token": token }));
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(a_lost_answer_makes_nobody_a_stranger, OPEN, |kw| {
    for _ in 0..2 {
        assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
    }
    let token = code_to(kw, ALICE);
    done(kw, "/auth/email/verify", &json!({ "token": token }));
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

both!(the_present_address_is_no_other_one, OPEN, |kw| {
    alice(kw);
    let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
    let body = json!({ "email": "ALICE@example.com", "password": PASSWORD });
    let answer = kw
        .post("/auth/email/change")
        .bearer(&access)
        .json(&body)
        .send();
    answer.refused(400, "INVALID_PAYLOAD");
});

both!(
    l2_of_many_registrations_at_once_one_counts_and_all_are_answered,
    OPEN,
    |kw| {
        let asks = (0..12).map(|number| {
            let body = json!({ "email": ALICE, "password": PASSWORD });
            let peer = format!("203.0.113.{number}");
            kw.post("/auth/register").peer(&peer).json(&body)
        });
        for answer in kw.all(asks.collect()) {
            assert!(matches!(answer.status, 202 | 503), "{answer:?}");
        }
        assert_eq!(kw.rows("SELECT email AS line FROM accounts"), [ALICE]);
        let named = (0..6).map(|number| {
            let body = json!({ "username": "bob", "password": PASSWORD });
            let peer = format!("203.0.114.{number}");
            kw.post("/auth/register").peer(&peer).json(&body)
        });
        let answers = kw.all(named.collect());
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
    }
);

both!(
    m4_an_enrolment_that_waits_ends_with_the_password,
    OPEN,
    |kw| {
        alice(kw);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let (thief, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let begin = kw.post("/auth/mfa/totp").bearer(&thief);
        let begun = begin.json(&json!({ "password": PASSWORD })).send();
        let secret = begun.json()["secret"].as_str().unwrap().to_owned();
        let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
        let changed = kw
            .post("/auth/password/change")
            .bearer(&access)
            .json(&body)
            .send();
        let (access, _) = changed.tokens();
        let body = json!({ "otp": kw.code(&secret, 0) });
        let confirm = kw
            .post("/auth/mfa/totp/confirm")
            .bearer(&access)
            .json(&body)
            .send();
        confirm.refused(400, "INVALID_PAYLOAD");
    }
);

both!(
    clients_27_a_change_of_address_without_a_code_is_no_guess,
    OPEN,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        for _ in 0..8 {
            let body = json!({ "email": NEW, "password": PASSWORD });
            let answer = kw
                .post("/auth/email/change")
                .bearer(&access)
                .json(&body)
                .send();
            answer.refused(400, "INVALID_PAYLOAD");
            assert!(answer.body.contains("otp"), "{answer:?}");
        }
        kw.advance(60);
        let body = json!({ "email": NEW, "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
        let answer = kw
            .post("/auth/email/change")
            .bearer(&access)
            .json(&body)
            .send();
        assert_eq!(answer.status, 202, "{answer:?}");
    }
);

both!(l16_no_code_of_a_disabled_account_is_good, OPEN, |kw| {
    assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
    let token = code_to(kw, ALICE);
    kw.sql("UPDATE accounts SET enabled = FALSE");
    no_code(kw, "/auth/email/verify", &token);
});

both!(
    l8_the_query_of_a_page_holds_no_code_of_a_strangers,
    OPEN,
    |kw| {
        let page = "https://app.example.com/account?token=kwo1_mine";
        for (path, name) in [
            ("/auth/register", "verification_url"),
            ("/auth/password/request", "reset_url"),
        ] {
            let body = json!({ "email": ALICE, "password": PASSWORD, name: page });
            let answer = kw.post(path).json(&body).send();
            answer.refused(400, "INVALID_PAYLOAD");
        }
        assert_eq!(kw.mails().len(), 0);
    }
);

#[test]
fn o30_who_must_prove_an_address_needs_one() {
    let mut settings = OPEN.to_vec();
    settings.push(("KEYWARD_REQUIRE_VERIFIED_EMAIL", "on"));
    let kw = TestKeyward::with(&settings);
    let body = json!({ "username": "alice", "password": PASSWORD });
    let answer = kw.post("/auth/register").json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
    assert!(answer.body.contains("email"), "{answer:?}");
}
