//! A forgotten password.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::json;

use super::{ALICE, OPEN, OTHER, alice, code_to, done, register};
use crate::support::{Fault, PASSWORD};

both!(
    d41_e6_a_request_is_answered_the_same_for_everybody,
    OPEN,
    |kw| {
        alice(kw);
        let mails = kw.mails().len();
        for email in [ALICE, "nobody@example.com", "not an address"] {
            done(kw, "/auth/password/request", &json!({ "email": email }));
        }
        assert_eq!(kw.mails().len(), mails + 1);
        assert_eq!(kw.last_mail_to(ALICE).purpose, LetterPurpose::Reset);
        let codes = "SELECT purpose AS line FROM one_time_codes";
        assert_eq!(kw.rows(codes), ["reset_password"]);
        let text = kw.last_mail_to(ALICE).text;
        let rows = kw.rows("SELECT mac AS line FROM one_time_codes");
        assert!(
            !text.contains(&rows[0]),
            "L11: what is stored is not what is mailed"
        );
    }
);

both!(
    l9_d41_a_url_that_is_not_on_the_list_is_refused_before_any_mail,
    OPEN,
    |kw| {
        alice(kw);
        let (before, mails) = (kw.state(), kw.mails().len());
        for url in [
            "https://evil.example/reset",
            "//app.example.com",
            "javascript:alert(1)",
            " ",
        ] {
            let body = json!({ "email": ALICE, "reset_url": url });
            let answer = kw.post("/auth/password/request").json(&body).send();
            answer.refused(400, "INVALID_PAYLOAD");
            assert!(answer.body.contains("reset_url"), "{answer:?}");
        }
        assert_eq!(kw.state(), before);
        assert_eq!(kw.mails().len(), mails);
    }
);

both!(l5_no_host_of_the_request_stands_in_the_mail, OPEN, |kw| {
    alice(kw);
    let answer = kw
        .post("/auth/password/request")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .json(&json!({ "email": ALICE }))
        .send();
    assert_eq!(answer.status, 204);
    let mail = kw.last_mail_to(ALICE);
    assert!(!mail.raw.contains("evil"), "{}", mail.raw);
});

both!(
    p27_l1_l10_r8_a_reset_shuts_everything_that_the_old_password_opened,
    OPEN,
    |kw| {
        alice(kw);
        let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let first = code_to(kw, ALICE);
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let token = code_to(kw, ALICE);
        let reset = |token: &str, password: &str| {
            let body = json!({ "token": token, "password": password });
            kw.post("/auth/password/reset").json(&body).send()
        };
        // L13: the newer one counts. L4: what is no code is none.
        for wrong in [first.as_str(), "0", "kwo1_", &access, &refresh] {
            reset(wrong, OTHER).refused(400, "INVALID_CODE");
        }
        // A password that is refused leaves the code good.
        reset(&token, "password").refused(400, "INVALID_PAYLOAD");
        assert_eq!(kw.me(&access), 200);
        let answer = reset(&token, OTHER);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(kw.me(&access), 401);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        kw.sign_in(ALICE, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        reset(&token, "a third horse battery").refused(400, "INVALID_CODE");
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
        assert_eq!(kw.rows("SELECT mac AS line FROM one_time_codes"), [""; 0]);
        assert_eq!(
            kw.last_mail_to(ALICE).purpose,
            LetterPurpose::PasswordChanged
        );
    }
);

both!(
    l3_l7_a_code_is_good_for_an_hour_and_for_one_purpose,
    OPEN,
    |kw| {
        assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
        let verify = code_to(kw, ALICE);
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let reset = code_to(kw, ALICE);
        let before = kw.state();
        for path in ["/auth/password/reset", "/users/invite/accept"] {
            let body = json!({ "token": verify, "password": OTHER });
            kw.post(path)
                .json(&body)
                .send()
                .refused(400, "INVALID_CODE");
        }
        let paths = [
            "/auth/email/verify",
            "/auth/email/change/confirm",
            "/auth/email/change/cancel",
        ];
        for path in paths {
            let body = json!({ "token": reset });
            kw.post(path)
                .json(&body)
                .send()
                .refused(400, "INVALID_CODE");
        }
        assert_eq!(kw.state(), before, "none of them was used up");
        kw.advance(3600);
        let body = json!({ "token": reset, "password": OTHER });
        let late = kw.post("/auth/password/reset").json(&body).send();
        late.refused(400, "INVALID_CODE");
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
        // The one to prove the address lives for a day.
        done(kw, "/auth/email/verify", &json!({ "token": verify }));
    }
);

// Codes are mailed, so they are read by more eyes than tokens are.
both!(j10_a_mailed_code_is_no_token_and_no_key, OPEN, |kw| {
    assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
    let verify = code_to(kw, ALICE);
    done(kw, "/auth/password/request", &json!({ "email": ALICE }));
    let reset = code_to(kw, ALICE);
    kw.add("root@example.com", None, true);
    let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
    let invited = kw.post("/admin/invitations").bearer(&root);
    let invited = invited.json(&json!({ "email": "bob@example.com" })).send();
    assert_eq!(invited.status, 202, "{invited:?}");
    let invite = code_to(kw, "bob@example.com");
    let before = kw.state();
    for code in [&verify, &reset, &invite] {
        for path in ["/auth/me", "/auth/verify"] {
            let answer = kw.get(path).bearer(code).send();
            answer.refused(401, "INVALID_TOKEN");
        }
        kw.refresh(code).refused(401, "INVALID_CREDENTIALS");
        let exchanged = kw.get("/auth/token").bearer(code).send();
        exchanged.refused(401, "INVALID_TOKEN");
    }
    assert_eq!(kw.state(), before);
    // Nothing was used up by it.
    done(kw, "/auth/email/verify", &json!({ "token": verify }));
});

both!(m17_a_reset_does_not_take_the_factor_away, OPEN, |kw| {
    alice(kw);
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let factor = kw.enrol(&access);
    done(kw, "/auth/password/request", &json!({ "email": ALICE }));
    let body = json!({ "token": code_to(kw, ALICE), "password": OTHER });
    done(kw, "/auth/password/reset", &body);
    kw.sign_in(ALICE, OTHER).refused(401, "INVALID_OTP");
    kw.advance(30);
    let otp = kw.code(&factor.secret, 0);
    let body = json!({ "email": ALICE, "password": OTHER, "otp": otp });
    assert_eq!(kw.post("/auth/login").json(&body).send().status, 200);
});

both!(l2_of_many_uses_of_a_code_at_once_one_counts, OPEN, |kw| {
    alice(kw);
    done(kw, "/auth/password/request", &json!({ "email": ALICE }));
    let token = code_to(kw, ALICE);
    let asks = (0..20).map(|number| {
        let password = format!("horse battery number {number}");
        let body = json!({ "token": token, "password": password });
        kw.post("/auth/password/reset")
            .peer(&format!("203.0.113.{number}"))
            .json(&body)
    });
    let answers = kw.all(asks.collect());
    let won: Vec<usize> = (0..20).filter(|&n| answers[n].status == 204).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    for (number, answer) in answers.iter().enumerate() {
        if number != won[0] && answer.status != 503 {
            answer.refused(400, "INVALID_CODE");
        }
    }
    let password = format!("horse battery number {}", won[0]);
    assert_eq!(kw.sign_in(ALICE, &password).status, 200);
});

both!(
    l19_a_reset_that_can_not_be_written_changes_nothing,
    OPEN,
    |kw| {
        alice(kw);
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let token = code_to(kw, ALICE);
        let body = json!({ "token": token, "password": OTHER });
        for (statement, table) in [
            ("UPDATE", "credentials"),
            ("UPDATE", "accounts"),
            ("INSERT", "revocations"),
        ] {
            for fault in [Fault::Fails, Fault::CommitFails] {
                let before = kw.state();
                kw.inject(fault, statement, table);
                let answer = kw.post("/auth/password/reset").json(&body).send();
                kw.mend();
                answer.refused(503, "SERVICE_UNAVAILABLE");
                assert_eq!(kw.state(), before);
                assert_eq!(kw.me(&access), 200);
            }
        }
        done(kw, "/auth/password/reset", &body);
    }
);

both!(l16_a_disabled_account_gets_no_code, OPEN, |kw| {
    alice(kw);
    kw.sql("UPDATE accounts SET enabled = FALSE");
    let mails = kw.mails().len();
    done(kw, "/auth/password/request", &json!({ "email": ALICE }));
    done(kw, "/auth/email/verify/request", &json!({ "email": ALICE }));
    assert_eq!(kw.mails().len(), mails);
});

both!(
    b17_a_mailbox_is_not_flooded_and_its_code_stays_good,
    OPEN,
    |kw| {
        alice(kw);
        let mails = kw.mails().len();
        for _ in 0..8 {
            done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        }
        assert_eq!(kw.mails().len(), mails + 3);
        let token = code_to(kw, ALICE);
        done(
            kw,
            "/auth/password/reset",
            &json!({ "token": token, "password": OTHER }),
        );
    }
);

both!(
    l14_a_reset_of_an_address_that_was_never_proven_leaves_no_way_back,
    OPEN,
    |kw| {
        const MALLORY: &str = "mallory@example.com";
        let body = json!({ "email": ALICE, "emails": [MALLORY], "password": PASSWORD });
        assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        let token = code_to(kw, MALLORY);
        done(kw, "/auth/email/verify", &json!({ "token": token }));
        let (planted, _) = kw.sign_in(MALLORY, PASSWORD).tokens();
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let chosen = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/auth/password/reset", &chosen);
        assert_eq!(kw.me(&planted), 401);
        for password in [PASSWORD, OTHER] {
            kw.sign_in(MALLORY, password)
                .refused(401, "INVALID_CREDENTIALS");
        }
        let mails = kw.mails().len();
        done(kw, "/auth/password/request", &json!({ "email": MALLORY }));
        assert_eq!(kw.mails().len(), mails);
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(
    each_of_several_addresses_is_proven_by_its_own_code,
    OPEN,
    |kw| {
        let further = "liddell@example.com";
        let body = json!({ "email": ALICE, "emails": [further], "password": PASSWORD });
        assert_eq!(kw.post("/auth/register").json(&body).send().status, 202);
        for address in [ALICE, further] {
            let token = code_to(kw, address);
            done(kw, "/auth/email/verify", &json!({ "token": token }));
        }
        assert_eq!(
            kw.rows("SELECT canonical AS line FROM emails WHERE verified")
                .len(),
            2
        );
    }
);
