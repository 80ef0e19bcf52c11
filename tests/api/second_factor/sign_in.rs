//! Signing in with a second factor: the code comes with the password in one request,
//! is good once, and nothing is given to who has the password alone.

use serde_json::{Value, json};

use crate::support::{BEGIN, Forge, PASSWORD, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// How the holder of an access token proved who they are: `amr`, `aal`, `auth_time`.
fn proof(access: &str) -> Value {
    let claims = Forge::claims_of(access);
    json!([claims["amr"], claims["aal"], claims["auth_time"]])
}

both!(d15_otp_is_optional_while_no_factor_is_on, |kw| {
    kw.account(ALICE);
    let (access, _) = kw.login_without(ALICE).tokens();
    assert_eq!(proof(&access), json!([["pwd"], 1, BEGIN / 1000]));
    for stray in ["123456", "000000", "no code at all"] {
        let (access, _) = kw.login_with(ALICE, stray).tokens();
        assert_eq!(proof(&access), json!([["pwd"], 1, BEGIN / 1000]), "{stray}");
    }
});

both!(d16_otp_is_needed_once_a_factor_is_on, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let wrong = format!(
        "{:06}",
        (kw.code(&factor.secret, 0).parse::<u32>().unwrap() + 1) % 1_000_000
    );
    kw.login_without(ALICE).refused(401, "INVALID_OTP");
    kw.login_with(ALICE, wrong).refused(401, "INVALID_OTP");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    let (access, refresh) = kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
    let shown = json!([["pwd", "otp"], 2, BEGIN / 1000 + 30]);
    assert_eq!(proof(&access), shown);
    // When and how somebody signed in is the session's: a refresh does not change it.
    kw.advance(300);
    let (access, _) = kw.refresh(&refresh).tokens();
    assert_eq!(proof(&access), shown);
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(me["mfaEnabled"], json!(true));
});

both!(d17_m1_a_code_is_good_once_everywhere, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let code = kw.code(&factor.secret, 0);
    kw.login_with(ALICE, code.as_str()).tokens();
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    kw.login_with(ALICE, code.as_str())
        .refused(401, "INVALID_OTP");
    kw.replica()
        .login_with(ALICE, code.as_str())
        .refused(401, "INVALID_OTP");
    let body = json!({ "username": ALICE, "password": PASSWORD, "otp": code });
    let oisp = kw.post("/v1/api/auth/token").json(&body).send();
    assert_eq!(oisp.status, 401, "{oisp:?}");
    // Thirty seconds later it is its neighbour's turn, and it is inside the window still.
    kw.advance(30);
    kw.login_with(ALICE, code.as_str())
        .refused(401, "INVALID_OTP");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
});

both!(d17_the_code_that_confirmed_the_factor_is_used_up, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let secret = text(&kw.begin_enrolment(&access).json(), "secret");
    let code = kw.code(&secret, 0);
    assert_eq!(kw.confirm_enrolment(&access, &code).status, 200);
    kw.login_with(ALICE, code).refused(401, "INVALID_OTP");
    kw.login_with(ALICE, kw.code(&secret, 1)).tokens();
});

both!(m2_of_twenty_sign_ins_with_one_code_one_succeeds, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let replica = kw.replica();
    let code = kw.code(&factor.secret, 0);
    let body = json!({ "email": ALICE, "password": PASSWORD, "otp": code });
    let asks = (0..20).map(|number| {
        let to = if number % 2 == 0 { kw } else { &replica };
        to.post("/auth/login").json(&body)
    });
    let answers = kw.all(asks.collect());
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{answers:?}");
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        match lost.status {
            401 => lost.refused(401, "INVALID_OTP"),
            // Of one account two are in flight.
            503 => assert_eq!(lost.header("retry-after"), Some("1")),
            // The burst is larger than the account's budget of attempts.
            _ => lost.refused(429, "REQUESTS_EXCEEDED"),
        }
    }
    // The session that enrolled, and the one that was won.
    assert_eq!(kw.count("sessions"), 3);
    assert_eq!(kw.last_step(&access), kw.kw.clock.now().seconds() / 30);
});

both!(m3_after_a_code_no_earlier_one_is_taken, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    kw.login_with(ALICE, kw.code(&factor.secret, 1)).tokens();
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    kw.login_with(ALICE, kw.code(&factor.secret, 0))
        .refused(401, "INVALID_OTP");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
});

both!(m5_the_window_is_one_step_to_either_side, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    kw.advance(120);
    let stored = kw.factor_state(&access);
    for steps in [-2, 2] {
        kw.login_with(ALICE, kw.code(&factor.secret, steps))
            .refused(401, "INVALID_OTP");
    }
    assert_eq!(kw.factor_state(&access), stored);
    for steps in [-1, 0, 1] {
        kw.login_with(ALICE, kw.code(&factor.secret, steps))
            .tokens();
    }
});

both!(m6_what_only_looks_like_the_code_is_none, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let code = kw.code(&factor.secret, 0);
    for (status, otp) in [
        (400, json!("")),
        (400, json!(code.parse::<u32>().unwrap())),
        (400, json!(true)),
        (400, json!([code])),
        (400, json!({ "$ne": "" })),
        (401, json!(format!("{code}0"))),
        (401, json!(code[..5])),
        (401, json!(format!("{code}a"))),
    ] {
        let code = if status == 400 {
            "INVALID_PAYLOAD"
        } else {
            "INVALID_OTP"
        };
        // Each is to be judged for itself, so the budget of attempts is renewed.
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
        kw.login_with(ALICE, otp.clone()).refused(status, code);
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.login_with(ALICE, code).tokens();
});

both!(m7_m8_the_password_alone_yields_nothing, |kw| {
    let (access, _, alice) = kw.with_factor(ALICE);
    let (_, _, bob) = kw.with_factor(BOB);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let answer = kw.login_without(ALICE);
    answer.refused(401, "INVALID_OTP");
    assert_eq!(
        answer.body,
        concat!(
            r#"{"errors":[{"message":"Invalid user OTP. A second factor is switched on: "#,
            r#"send a code of it as \"otp\".","extensions":{"code":"INVALID_OTP"}}]}"#
        )
    );
    assert_eq!(answer.set_cookies(), Vec::<&str>::new());
    // There is no second step that the code could be sent to: only all in one request.
    let code = kw.code(&alice.secret, 0);
    let asks = [
        json!({ "email": ALICE, "otp": code }),
        json!({ "otp": code }),
        json!({ "email": ALICE, "password": "", "otp": code }),
    ];
    for body in asks {
        kw.post("/auth/login")
            .json(&body)
            .send()
            .refused(400, "INVALID_PAYLOAD");
    }
    // Another account's proof is none.
    kw.login_with(ALICE, kw.code(&bob.secret, 0))
        .refused(401, "INVALID_OTP");
    kw.login_with(ALICE, bob.recovery[0].as_str())
        .refused(401, "INVALID_OTP");
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.login_with(BOB, bob.recovery[0].as_str()).tokens();
});

both!(a_code_beside_a_wrong_password_is_not_looked_at, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let code = kw.code(&factor.secret, 0);
    for otp in [code.as_str(), "000000", factor.recovery[0].as_str()] {
        let body = json!({ "email": ALICE, "password": "wrong", "otp": otp });
        // The same words as for an account without a factor: no oracle for the code.
        kw.post("/auth/login")
            .json(&body)
            .send()
            .refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    kw.login_with(ALICE, code).tokens();
});

both!(m19_seed_o_asks_for_the_second_factor_too, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let (before, stored) = (kw.state(), kw.factor_state(&access));
    let token = |body: Value| kw.post("/v1/api/auth/token").json(&body).send();
    let code = kw.code(&factor.secret, 0);
    for (body, words) in [
        (
            json!({ "username": ALICE, "password": PASSWORD }),
            "Invalid user OTP. A second factor is switched on: send a code of it as \"otp\".",
        ),
        (
            json!({ "username": ALICE, "password": PASSWORD, "otp": "nonsense" }),
            "Invalid user OTP. It is no code: the authenticator shows six digits, and a \
             recovery code has sixteen letters and digits.",
        ),
    ] {
        let refused = token(body);
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json(), json!({ "code": 401, "message": words }));
    }
    assert_eq!((kw.state(), kw.factor_state(&access)), (before, stored));
    for otp in [&code, &factor.recovery[0]] {
        let answer = token(json!({ "username": ALICE, "password": PASSWORD, "otp": otp }));
        assert_eq!(answer.status, 200, "{answer:?}");
        let claims = Forge::claims_of(&text(&answer.json(), "token"));
        assert_eq!(claims["aal"], json!(2));
        // Renewing that token does not need the code again, and does not forget it.
        let bearer = text(&answer.json(), "token");
        let renewed = kw.put("/v1/api/auth/me").bearer(&bearer).send().json();
        let renewed = Forge::claims_of(&text(&renewed, "token"));
        assert_eq!(
            (&renewed["amr"], &renewed["aal"]),
            (&claims["amr"], &claims["aal"])
        );
    }
});
