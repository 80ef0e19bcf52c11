//! What is told of a code: to the owner of the account, and in the record of attempts.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::{Value, json};

use crate::support::{Factor, PASSWORD, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";

/// Someone whose address is proven, with a second factor and a further address.
fn with_proven_address(kw: &TestKeyward, number: usize) -> (String, Factor) {
    let email = format!("person{number}@example.com");
    kw.add_verified(&email);
    let access = text(&kw.login(&email), "access_token");
    let more = format!("more{number}@example.com");
    let body = json!({ "email": more, "password": PASSWORD });
    let asked = kw.post("/auth/me/emails").bearer(&access).json(&body);
    assert_eq!(asked.send().status, 202);
    let link = kw.last_mail_to(&more).link();
    let body = json!({ "token": link.split_once('=').unwrap().1 });
    let proven = kw.post("/auth/me/emails/confirm").json(&body).send();
    assert_eq!(proven.status, 204, "{proven:?}");
    let access = text(&kw.login(&email), "access_token");
    let factor = kw.enrol(&access);
    (email, factor)
}

/// Every act that takes a code: how it is asked for, with what beside password and code.
const ACTS: [(&str, &str, &str); 10] = [
    (
        "POST",
        "/auth/login",
        r#"{ "email": "person{n}@example.com" }"#,
    ),
    ("POST", "/auth/step-up", "{}"),
    ("POST", "/auth/mfa/totp", "{}"),
    ("DELETE", "/auth/mfa/totp", "{}"),
    ("POST", "/auth/mfa/recovery-codes", "{}"),
    (
        "POST",
        "/auth/password/change",
        r#"{ "currentPassword": "{p}", "newPassword": "another horse battery" }"#,
    ),
    (
        "POST",
        "/auth/email/change",
        r#"{ "email": "new{n}@example.com" }"#,
    ),
    ("POST", "/auth/me/emails/more{n}@example.com/primary", "{}"),
    ("DELETE", "/auth/me/emails/more{n}@example.com", "{}"),
    ("DELETE", "/auth/me", "{}"),
];

/// Does it with this code.
fn act(
    kw: &TestKeyward,
    (number, method, path, body): (usize, &str, &str, &str),
    access: &str,
    otp: &str,
) {
    let filled = |text: &str| {
        let text = text.replace("{n}", &number.to_string());
        text.replace("{p}", PASSWORD)
    };
    let mut body: Value = serde_json::from_str(&filled(body)).unwrap();
    if body.get("currentPassword").is_none() {
        body["password"] = json!(PASSWORD);
    }
    body["otp"] = json!(otp);
    let answer = kw
        .ask(method, &filled(path))
        .bearer(access)
        .json(&body)
        .send();
    assert!(answer.status < 300, "{method} {path} {answer:?}");
}

both!(
    m23_a_used_recovery_code_is_told_wherever_it_is_shown,
    |kw| {
        for (nth, (method, path, body)) in ACTS.into_iter().enumerate() {
            for (number, is_recovery) in [(2 * nth, true), (2 * nth + 1, false)] {
                let (email, factor) = with_proven_address(kw, number);
                let account = account_of(&factor.access);
                let otp = if is_recovery {
                    factor.recovery[0].clone()
                } else {
                    kw.code(&factor.secret, 0)
                };
                act(kw, (number, method, path, body), &factor.access, &otp);
                let events = kw.audit(account);
                let times = events.iter().filter(|it| *it == "recovery_code_used");
                assert_eq!(times.count(), usize::from(is_recovery), "{method} {path}");
                // A letter to an account goes with it.
                let is_mailed = is_recovery && path != "/auth/me";
                let mails = kw.mails().into_iter();
                let told = mails.filter(|mail| {
                    mail.to == email && mail.purpose == LetterPurpose::RecoveryCodeUsed
                });
                assert_eq!(told.count(), usize::from(is_mailed), "{method} {path}");
            }
        }
    }
);

both!(
    m15_a_recovery_code_that_was_refused_is_told_to_nobody,
    |kw| {
        let (email, factor) = with_proven_address(kw, 1);
        let stored = kw.factor_state(&factor.access);
        for path in ["/auth/step-up", "/auth/mfa/totp"] {
            let body = json!({ "password": PASSWORD, "otp": "AAAA-BBBB-CCCC-DDDD" });
            let ask = kw.post(path).bearer(&factor.access).json(&body);
            ask.send().refused(403, "INVALID_OTP");
        }
        kw.login_with(&email, "AAAA-BBBB-CCCC-DDDD")
            .refused(401, "INVALID_OTP");
        assert_eq!(kw.factor_state(&factor.access), stored);
        assert_eq!(
            kw.count("audit_events WHERE what = 'recovery_code_used'"),
            0
        );
        let mails = kw.mails();
        assert!(
            mails
                .iter()
                .all(|mail| mail.purpose != LetterPurpose::RecoveryCodeUsed)
        );
    }
);

both!(m16_each_flaw_of_a_code_is_recorded_as_what_it_is, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let account = account_of(&access);
    let last = || kw.attempts(account)[0].clone();
    let code = kw.code(&factor.secret, 0);
    kw.login_with(ALICE, code.as_str()).tokens();
    kw.login_with(ALICE, factor.recovery[0].as_str()).tokens();
    for (otp, outcome) in [
        (code.as_str(), "used_otp"),
        ("AAAA-BBBB-CCCC-DDDD", "wrong_otp"),
        // Of a used one nothing is kept.
        (factor.recovery[0].as_str(), "wrong_otp"),
        ("nonsense", "not_a_code"),
    ] {
        kw.login_with(ALICE, otp).refused(401, "INVALID_OTP");
        kw.advance(60);
        assert_eq!(last(), outcome, "{otp}");
    }
    kw.login_without(ALICE).refused(401, "INVALID_OTP");
    assert_eq!(last(), "missing_otp");
});

both!(m19_a_factor_that_is_switched_on_meanwhile_is_missed, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    assert_eq!(kw.begin_enrolment(&access).status, 200);
    kw.advance(60);
    // Between the look at the account and the beginning of the session.
    let confirm = "UPDATE factors SET confirmed_at = created_at WHERE confirmed_at IS NULL";
    kw.execute(
        &format!("CREATE TRIGGER meanwhile AFTER UPDATE ON accounts BEGIN {confirm}; END"),
        &format!(
            "CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 {confirm}; RETURN NEW; END $$;
             CREATE TRIGGER meanwhile AFTER UPDATE ON accounts
             FOR EACH ROW EXECUTE FUNCTION meanwhile()"
        ),
    );
    kw.login_without(ALICE).refused(401, "INVALID_OTP");
    assert_eq!(kw.attempts(account_of(&access))[0], "missing_otp");
    assert_eq!(kw.count("sessions"), 1);
});
