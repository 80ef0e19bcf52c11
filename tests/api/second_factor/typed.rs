//! Codes as people type and paste them (field log of clients, 3, 4 and 17): whatever stands
//! between the letters, what is no code costs no guess, and each refusal says what it is.

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestKeyward, text};

const ALICE: &str = "alice@example.com";

/// The same code as a telephone shows it, as a page gives it to the clipboard, and as
/// keyboards of other scripts write it.
fn written(code: &str) -> Vec<String> {
    let (left, right) = code.split_at(code.len() / 2);
    let wide = |c: char| char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap();
    let between = [
        " ", "\u{a0}", "\u{2009}", "\u{202f}", "\u{3000}", "\u{200b}", "\u{200e}", "-", "\u{2013}",
        "\u{2011}", "\u{b7}", ".", "\n",
    ];
    let mut all: Vec<String> = between
        .iter()
        .map(|it| format!("{left}{it}{right}"))
        .collect();
    all.extend([
        format!("{code} "),
        format!("{code}\r\n"),
        format!("\t{code}"),
        format!("\u{feff}{code}"),
        code.chars()
            .map(|c| if c == '-' { c } else { wide(c) })
            .collect(),
    ]);
    all
}

fn oisp(kw: &TestKeyward, otp: &str) -> Answer {
    let body = json!({ "username": ALICE, "password": PASSWORD, "otp": otp });
    kw.post("/v1/api/auth/token").json(&body).send()
}

both!(clients_03_a_code_is_taken_however_it_is_typed, |kw| {
    let (_, _, factor) = kw.with_factor(ALICE);
    for number in 0..written("123456").len() {
        kw.advance(60);
        let code = kw.code(&factor.secret, 0);
        let typed = &written(&code)[number];
        kw.login_with(ALICE, typed.as_str()).tokens();
        let next = written(&kw.code(&factor.secret, 1)).swap_remove(number);
        let answer = oisp(kw, &next);
        assert_eq!(answer.status, 200, "{typed:?} {answer:?}");
    }
});

both!(clients_03_on_every_route_that_takes_a_code, |kw| {
    let spaced = |code: &str| format!(" {}\u{a0}{}\n", &code[..3], &code[3..]);
    let (access, _) = kw.signed_in(ALICE);
    let directus = |route: &str, body: Value| {
        let ask = kw.post(&format!("/users/me/tfa/{route}"));
        ask.bearer(&access).json(&body).send()
    };
    let begun = directus("generate", json!({ "password": PASSWORD })).json();
    let secret = text(&begun, "secret");
    let otp = spaced(&kw.code(&secret, 0));
    let enabled = directus("enable", json!({ "secret": secret, "otp": otp }));
    assert_eq!(enabled.status, 204, "{enabled:?}");
    let otp = spaced(&kw.code(&secret, 1));
    let disabled = directus("disable", json!({ "otp": otp }));
    assert_eq!(disabled.status, 204, "{disabled:?}");

    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    let confirmed = kw.confirm_enrolment(&access, &spaced(&kw.code(&secret, 0)));
    let (access, _) = confirmed.tokens();
    kw.advance(30);
    let body = json!({ "password": PASSWORD, "otp": spaced(&kw.code(&secret, 0)) });
    let renewed = kw.post("/auth/mfa/recovery-codes").bearer(&access);
    let renewed = renewed.json(&body).send();
    assert_eq!(renewed.status, 200, "{renewed:?}");
    kw.advance(30);
    let body = json!({ "password": PASSWORD, "otp": spaced(&kw.code(&secret, 0)) });
    let removed = kw.delete("/auth/mfa/totp").bearer(&access);
    removed.json(&body).send().tokens();
});

both!(
    clients_04_a_recovery_code_is_taken_however_it_is_typed,
    |kw| {
        let (access, _, factor) = kw.with_factor(ALICE);
        for (code, end) in factor.recovery.iter().zip([
            "\n", "\r\n", "\u{a0}", " ", "\u{200b}", "\u{2013}", "\u{2011}",
        ]) {
            let typed = format!("{}{end}", code.to_lowercase().replace('-', end));
            kw.login_with(ALICE, typed).tokens();
            // Written in another way it is the same code: good once.
            let again = kw.login_with(ALICE, code.as_str());
            again.refused(401, "INVALID_OTP");
            kw.advance(30);
            kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
        }
        let code: String = written(&factor.recovery[8]).pop().unwrap();
        assert_eq!(oisp(kw, &code).status, 200);
        assert!(kw.factor_state(&access).ends_with(" 2"));
    }
);

both!(clients_03_what_is_no_code_costs_no_guess, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (stored, counters) = (kw.factor_state(&access), kw.counters());
    let long = "1".repeat(4000);
    for otp in [
        "12345", "1234567", "no code", "-", "12a456", "\u{2800}", &long,
    ] {
        for _ in 0..3 {
            let answer = kw.login_with(ALICE, otp);
            answer.refused(401, "INVALID_OTP");
            assert!(answer.body.contains("It is no code"), "{answer:?}");
            let answer = oisp(kw, otp);
            assert_eq!(answer.status, 401);
            assert!(answer.body.contains("It is no code"), "{answer:?}");
            let body = json!({ "password": PASSWORD, "otp": otp });
            for (method, path) in [
                ("DELETE", "/auth/mfa/totp"),
                ("POST", "/auth/mfa/recovery-codes"),
            ] {
                let ask = kw.ask(method, path).bearer(&access).json(&body);
                ask.send().refused(403, "INVALID_OTP");
            }
            let body = json!({ "otp": otp });
            let ask = kw.post("/users/me/tfa/disable").bearer(&access);
            ask.json(&body).send().refused(400, "INVALID_PAYLOAD");
        }
    }
    assert_eq!(
        (kw.factor_state(&access), kw.counters()),
        (stored, counters)
    );
    kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();

    // Beside a wrong password it is a guess at the password, and the answer tells nothing
    // of a factor.
    let body = json!({ "email": ALICE, "password": "wrong", "otp": "no code" });
    let ask = || kw.post("/auth/login").json(&body).send();
    ask().refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.counters_at(1), 1);
});

both!(clients_03_nor_does_it_while_a_factor_is_switched_on, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    let counters = kw.counters();
    for otp in ["12345", "no code", "AAAA-BBBB-CCCC-DDDD"] {
        for _ in 0..6 {
            kw.confirm_enrolment(&access, otp)
                .refused(403, "INVALID_OTP");
        }
    }
    assert_eq!(kw.counters(), counters);
    let confirmed = kw.confirm_enrolment(&access, &kw.code(&secret, 0));
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
});

both!(clients_17_missing_wrong_and_used_are_three_things, |kw| {
    let (_, _, factor) = kw.with_factor(ALICE);
    let code = kw.code(&factor.secret, 0);
    kw.login_with(ALICE, code.as_str()).tokens();
    let says = |answer: &Answer, words: &str| {
        answer.refused(401, "INVALID_OTP");
        assert!(answer.body.contains(words), "{answer:?}");
    };
    says(
        &kw.login_with(ALICE, code.as_str()),
        "wait for the next one",
    );
    says(&kw.login_without(ALICE), "A second factor is switched on");
    says(
        &kw.login_with(ALICE, Value::Null),
        "A second factor is switched on",
    );
    says(
        &kw.login_with(ALICE, "AAAA-BBBB-CCCC-DDDD"),
        "The recovery code is wrong",
    );
    let answer = oisp(kw, &code);
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("wait for the next one"), "{answer:?}");
});

// No clock makes a recovery code, so nobody is sent to look at one.
both!(
    clients_57_a_used_recovery_code_asks_for_another_of_them,
    |kw| {
        let (_, _, factor) = kw.with_factor(ALICE);
        let recovery = &factor.recovery;
        kw.advance(60);
        kw.login_with(ALICE, recovery[0].as_str()).tokens();
        let again = kw.login_with(ALICE, recovery[0].as_str());
        again.refused(401, "INVALID_OTP");
        assert!(
            again.body.contains("take another of your recovery codes"),
            "{again:?}"
        );
        assert!(!again.body.contains("clock"), "{again:?}");
        let wrong = kw.login_with(ALICE, "123456");
        assert!(wrong.body.contains("clock"), "{wrong:?}");
        // Of one that is signed in, the same words.
        let code = kw.code(&factor.secret, 0);
        let (access, _) = kw.login_with(ALICE, code.as_str()).tokens();
        let body = json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery",
            "otp": recovery[0] });
        let asked = kw.post("/auth/password/change").bearer(&access);
        let refused = asked.json(&body).send();
        refused.refused(403, "INVALID_OTP");
        assert!(
            refused.body.contains("take another of your recovery codes"),
            "{refused:?}"
        );
    }
);
