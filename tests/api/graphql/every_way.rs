//! Every way to sign in, of every dialect, refuses for the same reasons with the same code, and
//! writes the same down.

use keyward::domain::id::AccountId;
use keyward::service::accounts::administer;
use serde_json::{Value, json};

use crate::graphql::in_demo;
use crate::support::{Answer, PASSWORD, TestKeyward, WRONG};

/// Who signs in, by what.
struct Try<'a> {
    email: &'a str,
    password: &'a str,
    otp: Option<&'a str>,
}

type Way = (&'static str, fn(&TestKeyward, &Try<'_>) -> Answer);

const WAYS: [Way; 7] = [
    ("POST /auth/login", |kw, it| {
        let body = json!({ "email": it.email, "password": it.password, "otp": it.otp });
        kw.post("/auth/login").json(&body).send()
    }),
    ("POST /v1/api/auth/token", |kw, it| {
        let body = json!({ "username": it.email, "password": it.password, "otp": it.otp });
        kw.post("/v1/api/auth/token").json(&body).send()
    }),
    ("auth_login", |kw, it| {
        let field = "auth_login(email: $email, password: $password, otp: $otp) { access_token }";
        graphql(kw, ("/graphql", "mutation", field), it)
    }),
    ("login of Hypi", |kw, it| {
        let field =
            "login(username: $email, password: $password, otp: $otp) { sessionToken errorCode }";
        graphql(kw, ("/graphql", "query", field), it)
    }),
    ("loginByEmail", |kw, it| {
        let field = "loginByEmail(email: $email, password: $password, otp: $otp) { sessionToken errorCode }";
        graphql(kw, ("/graphql", "query", field), it)
    }),
    ("login of Propeller", |kw, it| {
        let field = "login(input: { email: $email, password: $password, otp: $otp }) { session { accessToken } }";
        graphql(kw, ("/graphql", "mutation", field), it)
    }),
    ("login of Haltian", |kw, it| {
        let field = "login(loginInput: { email: $email, organizationName: \"demo\", \
                     password: $password, otp: $otp }) { accessToken }";
        graphql(kw, ("/v1/graphql", "mutation", field), it)
    }),
];

fn graphql(kw: &TestKeyward, (path, kind, field): (&str, &str, &str), it: &Try<'_>) -> Answer {
    let document =
        format!("{kind}($email: String!, $password: String!, $otp: String) {{ {field} }}");
    let variables = json!({ "email": it.email, "password": it.password, "otp": it.otp });
    let body = json!({ "query": document, "variables": variables });
    kw.asks_with(path, &body, None)
}

/// The code in Keyward's words, wherever the dialect puts it; `OK` for tokens.
fn code(answer: &Answer) -> String {
    let body = answer.json();
    let found = |value: &Value| value.as_str().map(str::to_owned);
    let inside = body["data"]
        .as_object()
        .and_then(|data| data.values().next());
    let said = found(&body["errors"][0]["extensions"]["code"])
        .or_else(|| inside.and_then(|inside| found(&inside["errorCode"])))
        .or_else(|| found(&body["message"]));
    if said.is_some() {
        assert!(!answer.body.contains("eyJ"), "{answer:?}");
    } else {
        assert!(answer.body.contains("eyJ"), "{answer:?}");
    }
    match said.as_deref() {
        None => "OK",
        Some("UNAUTHENTICATED" | "Not Authorized" | "User's email not verified") => {
            "INVALID_CREDENTIALS"
        }
        Some("Account locked") => "REQUESTS_EXCEEDED",
        Some("Service unavailable, try again.") => "SERVICE_UNAVAILABLE",
        Some(words) if words.starts_with("Invalid user OTP") => "INVALID_OTP",
        Some(other) => other,
    }
    .to_owned()
}

/// What was said, the attempts and the events.
type Left = (String, Vec<String>, Vec<(String, i64)>);

/// What each way answers and what it leaves behind: of each its own account, made ready before.
fn of_each(
    kw: &TestKeyward,
    ready: fn(&TestKeyward, &str) -> AccountId,
    tries: fn(&TestKeyward, AccountId) -> (&'static str, Option<String>),
) -> Vec<Left> {
    let each = WAYS.iter().enumerate().map(|(number, (name, way))| {
        let email = format!("way{number}@example.com");
        let account = ready(kw, &email);
        let (password, otp) = tries(kw, account);
        let otp = otp.as_deref();
        let it = Try {
            email: &email,
            password,
            otp,
        };
        let answer = way(kw, &it);
        println!("{name}: {}", answer.body);
        (code(&answer), kw.attempts(account), kw.counted(account))
    });
    each.collect()
}

/// All ways agree; what they agree on.
#[track_caller]
fn agreed<T: PartialEq + std::fmt::Debug>(mut each: Vec<T>) -> T {
    assert_eq!(each.len(), WAYS.len());
    let first = each.remove(0);
    for other in &each {
        assert_eq!(other, &first, "{each:?}");
    }
    first
}

fn account(kw: &TestKeyward, email: &str) -> AccountId {
    let account = kw.account(email);
    in_demo(kw, account);
    account
}

fn with_factor(kw: &TestKeyward, email: &str) -> AccountId {
    let (access, _, _) = kw.with_factor(email);
    let account = crate::support::account_of(&access);
    in_demo(kw, account);
    account
}

both!(d10_the_right_password_is_the_same_by_every_way, |kw| {
    let (said, attempts, _) = agreed(of_each(kw, account, |_, _| (PASSWORD, None)));
    assert_eq!((said.as_str(), attempts.len()), ("OK", 1));
});

both!(e1_a_wrong_password_is_the_same_by_every_way, |kw| {
    let (said, attempts, _) = agreed(of_each(kw, account, |_, _| (WRONG, None)));
    assert_eq!((said.as_str(), attempts.len()), ("INVALID_CREDENTIALS", 1));
});

both!(e1_whoever_nobody_knows_is_the_same_by_every_way, |kw| {
    // As much is written down as for a wrong password.
    let known = kw.account("known@example.com");
    in_demo(kw, known);
    let attempts = || kw.count("login_attempts");
    let each = WAYS.iter().enumerate().map(|(number, (name, way))| {
        let unknown = format!("nobody{number}@example.com");
        let of = |email: &str| {
            let before = attempts();
            let it = Try {
                email,
                password: WRONG,
                otp: None,
            };
            let answer = way(kw, &it);
            (code(&answer), attempts() - before)
        };
        let (unknown, wrong) = (of(&unknown), of("known@example.com"));
        assert_eq!(unknown, wrong, "{name}");
        kw.advance(3600);
        unknown
    });
    let (said, attempts) = agreed(each.collect());
    assert_eq!((said.as_str(), attempts), ("INVALID_CREDENTIALS", 1));
});

both!(e1_a_disabled_account_is_the_same_by_every_way, |kw| {
    let disabled: fn(&TestKeyward, &str) -> AccountId = |kw, email| {
        let account = account(kw, email);
        administer::set_enabled(&kw.kw, account, false).unwrap();
        account
    };
    let (said, attempts, _) = agreed(of_each(kw, disabled, |_, _| (PASSWORD, None)));
    assert_eq!((said.as_str(), attempts.len()), ("INVALID_CREDENTIALS", 1));
});

const PROVEN: &[(&str, &str)] = &[("KEYWARD_REQUIRE_VERIFIED_EMAIL", "true")];

both!(
    o_30_an_unproven_address_is_the_same_by_every_way,
    PROVEN,
    |kw| {
        let (said, attempts, _) = agreed(of_each(kw, account, |_, _| (PASSWORD, None)));
        assert_eq!(said, "INVALID_CREDENTIALS");
        assert_eq!(attempts, ["not_verified"]);
    }
);

both!(
    d_16_m19_a_missing_and_a_wrong_factor_are_the_same_by_every_way,
    |kw| {
        let (said, attempts, _) = agreed(of_each(kw, with_factor, |_, _| (PASSWORD, None)));
        assert_eq!(said, "INVALID_OTP");
        assert_eq!(attempts.len(), 2, "{attempts:?}");
        for otp in ["000000", "no code!"] {
            for (_, way) in WAYS {
                let it = Try {
                    email: "way0@example.com",
                    password: PASSWORD,
                    otp: Some(otp),
                };
                assert_eq!(code(&way(kw, &it)), "INVALID_OTP");
                kw.advance(3600);
            }
        }
    }
);

both!(d_17_a_used_code_is_refused_by_every_way, |kw| {
    let (access, _, factor) = kw.with_factor("used@example.com");
    in_demo(kw, crate::support::account_of(&access));
    for (number, (first, begins)) in WAYS.iter().enumerate() {
        let otp = kw.code(&factor.secret, 0);
        let it = Try {
            email: "used@example.com",
            password: PASSWORD,
            otp: Some(&otp),
        };
        assert_eq!(code(&begins(kw, &it)), "OK", "{first}");
        // By this way, and by another one.
        for (again, way) in [&WAYS[number], &WAYS[(number + 1) % WAYS.len()]] {
            assert_eq!(code(&way(kw, &it)), "INVALID_OTP", "{first}, {again}");
        }
        kw.advance(86_400);
    }
});

both!(b_locked_is_locked_by_every_way, |kw| {
    let locked: fn(&TestKeyward, &str) -> AccountId = |kw, email| {
        let account = account(kw, email);
        kw.exhaust(email);
        account
    };
    let (said, attempts, _) = agreed(of_each(kw, locked, |_, _| (PASSWORD, None)));
    assert_eq!(said, "REQUESTS_EXCEEDED");
    assert_eq!(attempts.len(), 5, "nothing was compared: {attempts:?}");
});

#[test]
fn attack_m2_a_full_lane_is_the_same_by_every_way() {
    let kw = TestKeyward::with(&[("KEYWARD_PASSWORD_THREADS", "1")]);
    let ids: Vec<_> = (0..WAYS.len())
        .map(|n| kw.account(&format!("way{n}@example.com")))
        .collect();
    let mut seats = Vec::new();
    while let Some(seat) = kw.kw.lane.seat() {
        seats.push(seat);
    }
    for (number, (name, way)) in WAYS.iter().enumerate() {
        let email = format!("way{number}@example.com");
        let it = Try {
            email: &email,
            password: PASSWORD,
            otp: None,
        };
        assert_eq!(code(&way(&kw, &it)), "SERVICE_UNAVAILABLE", "{name}");
        assert!(kw.attempts(ids[number]).is_empty(), "{name}");
        // Whoever nobody knows is hashed for as well, so that time tells nothing.
        let nobody = Try {
            email: "nobody@example.com",
            ..it
        };
        assert_eq!(code(&way(&kw, &nobody)), "SERVICE_UNAVAILABLE", "{name}");
    }
}
