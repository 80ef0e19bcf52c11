//! Enrolling a second factor by Keyward's own routes: begun with the password, counting
//! once a code of it was shown, and its secret told that one time only.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{PASSWORD, TestKeyward, text};

const ALICE: &str = "alice@example.com";
const BEGIN: &str = "/auth/mfa/totp";
const CONFIRM: &str = "/auth/mfa/totp/confirm";

fn mfa_enabled(kw: &TestKeyward, access: &str) -> Value {
    kw.get("/auth/me").bearer(access).send().json()["mfaEnabled"].clone()
}

both!(an_enrolment_gives_what_an_authenticator_takes, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let before = kw.state();
    let answer = kw.begin_enrolment(&access);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    let mut names: Vec<&str> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["otpauthUrl", "qrSvg", "secret"]);
    let secret = text(&body, "secret");
    // 160 bits, as RFC 4226 section 4 recommends.
    assert_eq!(secret.len(), 32);
    let url = text(&body, "otpauthUrl");
    let wanted = format!("otpauth://totp/localhost:alice%40example.com?secret={secret}");
    assert!(
        url.starts_with(&wanted) && url.contains("issuer=localhost"),
        "{url}"
    );
    assert!(text(&body, "qrSvg").starts_with("<svg"));
    // Until it is confirmed it counts nowhere.
    assert_eq!(mfa_enabled(kw, &access), json!(false));
    assert_eq!(kw.state(), before);
    kw.login_without(ALICE).tokens();
});

/// One app would put the code of staging in the place of production's.
#[test]
fn clients_14_the_issuer_names_the_deployment() {
    for (settings, issuer) in [
        (
            ("KEYWARD_PUBLIC_URL", "https://auth.example.com"),
            "auth.example.com",
        ),
        (
            ("KEYWARD_PUBLIC_URL", "https://staging.example.com:8443"),
            "staging.example.com",
        ),
        (
            ("KEYWARD_PUBLIC_URL", "https://192.0.2.7:8443"),
            "192.0.2.7",
        ),
        (
            ("KEYWARD_PUBLIC_URL", "https://[2001:db8::7]:8443"),
            "2001-db8--7",
        ),
        (
            ("KEYWARD_TOTP_ISSUER", "Example, Inc. & Söhne"),
            "Example%2C%20Inc.%20%26%20S%C3%B6hne",
        ),
    ] {
        let kw = TestKeyward::with(&[settings]);
        let (access, _) = kw.signed_in(ALICE);
        let url = text(&kw.begin_enrolment(&access).json(), "otpauthUrl");
        let label = format!("otpauth://totp/{issuer}:alice%40example.com?");
        assert!(url.starts_with(&label), "{url}");
        let named = url
            .split(['?', '&'])
            .filter(|part| part.starts_with("issuer="));
        assert_eq!(named.collect::<Vec<_>>(), [format!("issuer={issuer}")]);
    }
}

both!(
    confirming_answers_ten_recovery_codes_and_switches_it_on,
    |kw| {
        let account = kw.account(ALICE);
        let access = text(&kw.login(ALICE), "access_token");
        let secret = text(&kw.begin_enrolment(&access).json(), "secret");
        let answer = kw.confirm_enrolment(&access, &kw.code(&secret, 0));
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let names: Vec<&str> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let wanted = "recoveryCodes access_token expires expires_at refresh_token";
        assert_eq!(names.join(" "), wanted);
        assert_eq!(body["recoveryCodes"].as_array().unwrap().len(), 10);
        let (access, _) = answer.tokens();
        assert_eq!(kw.count("recovery_codes"), 10);
        assert_eq!(mfa_enabled(kw, &access), json!(true));
        assert!(kw.audit(account).contains(&"factor_enabled".to_owned()));
    }
);

// A page that has just signed in is where tokens leak.
both!(attack_m4_a_token_alone_enrols_nothing_however_fresh, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let stored = kw.factor_state(&access);
    for ask in [kw.post(BEGIN), kw.post(BEGIN).json(&json!({}))] {
        let answer = ask.bearer(&access).send();
        answer.refused(400, "INVALID_PAYLOAD");
        let reason = &answer.json()["errors"][0]["extensions"]["reason"];
        assert_eq!(reason, "\"password\" is required");
    }
    assert_eq!(kw.factor_state(&access), stored);
    kw.login_without(ALICE).tokens();
    assert_eq!(kw.begin_enrolment(&access).status, 200);
});

both!(
    m9_a_wrong_password_is_refused_though_the_sign_in_is_fresh,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let stored = kw.factor_state(&access);
        for (status, code, body) in [
            (403, "WRONG_PASSWORD", json!({ "password": "wrong" })),
            (400, "INVALID_PAYLOAD", json!({ "password": "" })),
            (
                400,
                "INVALID_PAYLOAD",
                json!({ "password": PASSWORD, "secret": "AAAA" }),
            ),
        ] {
            kw.post(BEGIN)
                .bearer(&access)
                .json(&body)
                .send()
                .refused(status, code);
        }
        assert_eq!(kw.factor_state(&access), stored);
    }
);

both!(m10_a_factor_that_counts_is_not_overwritten, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    kw.begin_enrolment(&access).refused(409, "CONFLICT");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
});

both!(a_second_beginning_takes_the_place_of_the_first, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let first = text(&kw.begin_enrolment(&access).json(), "secret");
    let second = text(&kw.begin_enrolment(&access).json(), "secret");
    assert_ne!(first, second);
    assert_eq!(kw.count("factors"), 1);
    kw.confirm_enrolment(&access, &kw.code(&first, 0))
        .refused(403, "INVALID_OTP");
    assert_eq!(mfa_enabled(kw, &access), json!(false));
    assert_eq!(
        kw.confirm_enrolment(&access, &kw.code(&second, 0)).status,
        200
    );
});

both!(m11_of_many_confirmations_one_succeeds, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let replica = kw.replica();
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    let body = json!({ "otp": kw.code(&secret, 0) });
    let asks = (0..4).map(|number| {
        let to = if number % 2 == 0 { kw } else { &replica };
        to.post(CONFIRM).bearer(&access).json(&body)
    });
    let answers = kw.all(asks.collect());
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{answers:?}");
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        match lost.status {
            409 => lost.refused(409, "CONFLICT"),
            // The winner ended the session that they all came with.
            401 => lost.refused(401, "INVALID_TOKEN"),
            // Nothing waited any more when it was looked for.
            _ => lost.refused(400, "INVALID_PAYLOAD"),
        }
    }
    assert_eq!((kw.count("factors"), kw.count("recovery_codes")), (1, 10));
    // The codes that are good are those that the winner was told.
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    let code = winner.json()["recoveryCodes"][9].clone();
    kw.login_with(ALICE, code).tokens();
});

both!(m12_a_factor_waits_ten_minutes_for_its_confirmation, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    kw.advance(600);
    let stored = kw.factor_state(&access);
    kw.confirm_enrolment(&access, &kw.code(&secret, 0))
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.factor_state(&access), stored);
    assert_eq!(mfa_enabled(kw, &access), json!(false));
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    kw.advance(299);
    assert_eq!(
        kw.confirm_enrolment(&access, &kw.code(&secret, 0)).status,
        200
    );
});

both!(m12_a_confirmation_is_not_repeated, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    let code = kw.code(&secret, 0);
    let (access, _) = kw.confirm_enrolment(&access, &code).tokens();
    let stored = kw.factor_state(&access);
    for code in [code, kw.code(&secret, 1)] {
        kw.confirm_enrolment(&access, &code)
            .refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.factor_state(&access), stored);
});

both!(what_confirms_is_a_code_of_the_factor_that_waits, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let (other, _) = kw.signed_in("bob@example.com");
    let foreign = text(&kw.begin_enrolment(&other).json(), "secret");
    kw.confirm_enrolment(&access, "123456")
        .refused(400, "INVALID_PAYLOAD");
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let foreign = kw.code(&foreign, 0);
    for otp in [
        foreign.as_str(),
        &kw.code(&secret, 2),
        "AAAA-BBBB-CCCC-DDDD",
        "x",
    ] {
        kw.confirm_enrolment(&access, otp)
            .refused(403, "INVALID_OTP");
    }
    for body in [
        json!({}),
        json!({ "otp": "" }),
        json!({ "otp": 123_456 }),
        json!({ "otp": kw.code(&secret, 0), "secret": secret }),
    ] {
        let ask = kw.post(CONFIRM).bearer(&access).json(&body);
        ask.send().refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    assert_eq!(mfa_enabled(kw, &access), json!(false));
});

both!(nothing_of_it_is_there_without_a_token, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let stored = kw.factor_state(&access);
    let body = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
    for (method, path) in [
        ("POST", BEGIN),
        ("DELETE", BEGIN),
        ("POST", CONFIRM),
        ("POST", "/auth/mfa/recovery-codes"),
        ("POST", "/users/me/tfa/generate"),
        ("POST", "/users/me/tfa/enable"),
        ("POST", "/users/me/tfa/disable"),
    ] {
        kw.ask(method, path)
            .json(&body)
            .send()
            .refused(401, "INVALID_CREDENTIALS");
        let ask = kw.ask(method, path).bearer("garbage").json(&body);
        ask.send().refused(401, "INVALID_TOKEN");
    }
    assert_eq!(kw.factor_state(&access), stored);
});

both!(m13_the_secret_is_never_told_again, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let oisp = {
        let body = json!({ "username": ALICE, "password": PASSWORD, "otp": factor.recovery[0] });
        text(
            &kw.post("/v1/api/auth/token").json(&body).send().json(),
            "token",
        )
    };
    let mut answers = vec![
        kw.begin_enrolment(&access),
        kw.confirm_enrolment(&access, &kw.code(&factor.secret, 0)),
        kw.login_without(ALICE),
        kw.login_with(ALICE, "x"),
    ];
    for path in [
        "/auth/me",
        "/users/me",
        "/users/me?fields=tfa_secret",
        "/auth/sessions",
        BEGIN,
    ] {
        answers.push(kw.get(path).bearer(&access).send());
    }
    for path in ["/v1/api/auth/tokenInfo", "/v1/api/auth/me"] {
        answers.push(kw.get(path).bearer(&oisp).send());
    }
    for answer in answers {
        assert!(!answer.body.contains(&factor.secret), "{answer:?}");
        assert!(!answer.body.contains("otpauth://"), "{answer:?}");
        for code in &factor.recovery {
            assert!(!answer.body.contains(code), "{answer:?}");
        }
    }
});

both!(m21_a_stolen_database_gives_no_factor_away, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let pending = text(&kw.begin_enrolment(&access).json(), "secret");
    let find = |needle: &[u8]| kw.dump().windows(needle.len()).any(|part| part == needle);
    // That what is looked for would be found: the address is in clear.
    assert!(find(ALICE.as_bytes()));
    assert!(!hidden(&pending).iter().any(|needle| find(needle)));
    let factor = kw.enrol(&access);
    assert!(!hidden(&factor.secret).iter().any(|needle| find(needle)));
    kw.login_with(ALICE, factor.recovery[0].as_str()).tokens();
    for code in &factor.recovery {
        for spelling in [code.clone(), code.replace('-', ""), code.to_lowercase()] {
            assert!(!find(spelling.as_bytes()), "{spelling}");
        }
    }
});

/// A secret as it could stand in a dump: in base32, as bytes, in hexadecimal digits.
fn hidden(secret: &str) -> [Vec<u8>; 3] {
    let bytes = keyward::crypto::totp::secret_of(secret).unwrap();
    let digits = bytes.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    });
    [secret.into(), bytes, digits.into()]
}
