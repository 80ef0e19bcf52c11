//! What a schema takes, Keyward takes, and what it refuses is 400: a table of bodies, each
//! sent to each route that has one.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::discovery::openapi::{assert_documented, document, operations, resolve};
use crate::support::{PASSWORD, TestKeyward, text};

/// Bodies that are good for some routes and not for others.
fn bodies() -> Vec<Value> {
    let mut all = vec![json!({}), json!({ "unknown": 1 })];
    let fields = [
        ("email", vec![json!("a@b.co"), json!("nobody"), json!("")]),
        (
            "username",
            vec![json!("a@b.co"), json!("somebody"), json!("")],
        ),
        (
            "password",
            vec![
                json!("x"),
                json!(""),
                json!("x".repeat(1024)),
                json!("x".repeat(1025)),
                json!("a\0b"),
            ],
        ),
        ("otp", vec![json!("123456"), json!("x"), json!("")]),
        (
            "mode",
            vec![json!("json"), json!("cookie"), json!("Json"), json!("")],
        ),
        ("refresh_token", vec![json!("x"), json!("")]),
        ("refreshToken", vec![json!("x"), json!("")]),
        ("secret", vec![json!("x"), json!("")]),
        (
            "currentPassword",
            vec![json!("x"), json!(""), json!("a\0b")],
        ),
        ("currentpwd", vec![json!("x"), json!(""), json!("a\0b")]),
        ("attributes", vec![json!({ "a": "b" })]),
        ("termsAndConditions", vec![json!(true), json!("yes")]),
        (
            "newPassword",
            vec![json!("a quiet harbour at dawn"), json!(""), json!("a\0b")],
        ),
        (
            "advance",
            vec![
                json!("15m"),
                json!("0"),
                json!("soon"),
                json!("-1m"),
                json!("15"),
                json!(""),
            ],
        ),
    ];
    let odd = [
        json!(null),
        json!(5),
        json!(true),
        json!([]),
        json!({}),
        json!(["x"]),
    ];
    // Each field alone, and each in the place of a good one beside the others that a
    // route may want.
    let good: Vec<(&str, Value)> = fields
        .iter()
        .map(|(name, values)| (*name, values[0].clone()))
        .collect();
    let companies: &[&[&str]] = &[
        &[],
        &["email", "password"],
        &["email", "password", "otp", "mode"],
        &["username", "password"],
        &["username", "password", "otp"],
        &["password", "otp"],
        &["currentPassword", "newPassword"],
        &["currentpwd", "password"],
        &["secret", "otp"],
        &["refresh_token", "mode"],
    ];
    for company in companies {
        let base: serde_json::Map<String, Value> = good
            .iter()
            .filter(|(name, _)| company.contains(name))
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        all.push(Value::Object(base.clone()));
        for (name, values) in &fields {
            for value in values.iter().chain(&odd) {
                let mut body = base.clone();
                body.insert((*name).to_owned(), value.clone());
                all.push(Value::Object(body));
            }
        }
        for name in *company {
            let mut body = base.clone();
            body.remove(*name);
            all.push(Value::Object(body));
        }
    }
    all
}

/// Refusals that no schema can tell beforehand: they depend on more than the body.
const BEYOND: &[&str] = &[
    "The refresh token is required in either the payload or cookie",
    "No enrolment waits for this code: begin one",
    "A second factor is not switched on",
    "TFA Secret is already set for this user",
    "is among the first that a guesser would try",
    "This code is not good, or not any more",
    "That is not your present password",
    "Could not activate user",
    "Invalid interaction token",
    "is required, where it is not in the cookie",
];

/// What stands for an operation's body, ready to be asked many times.
fn validator(operation: &'static Value) -> Option<Validator> {
    let body = resolve(operation.get("requestBody")?);
    let mut schema = body["content"]["application/json"]["schema"].clone();
    schema["components"] = document()["components"].clone();
    Some(
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap(),
    )
}

#[test]
fn d11_d13_d18_o29_schemas_take_and_refuse_what_keyward_takes_and_refuses() {
    let bodies = bodies();
    let kw = TestKeyward::new();
    let mut accounts = 0;
    // Of an account of its own each time: some bodies end a session, others are guesses. It
    // may administer too, which opens every route.
    let mut signed_in = || {
        accounts += 1;
        let email = format!("user{accounts}@example.com");
        kw.add(&email, None, true);
        let token = kw.oisp_login(&email);
        (email, token)
    };
    let mut sent = 0;
    for (path, method, operation) in operations() {
        let Some(validator) = validator(operation) else {
            continue;
        };
        let mut token = (path != "/v1/api/auth/token").then(&mut signed_in);
        for body in &bodies {
            // Where nothing is typed a token is renewed, and here nobody sends one.
            if path == "/v1/api/auth/token" && *body == json!({}) {
                continue;
            }
            let email = token.as_ref().map_or("", |(email, _)| email);
            let own = path.replace("{email}", email);
            let mut ask = kw.ask(&method.to_uppercase(), &own).json(body);
            if let Some((_, token)) = &token {
                ask = ask.bearer(token);
            }
            let answer = ask.send();
            let beyond = BEYOND.iter().any(|reason| answer.body.contains(reason));
            let refused = answer.status == 400 && !beyond;
            let valid = validator.is_valid(body);
            let short: String = body.to_string().chars().take(200).collect();
            // A password with a NUL is nobody's: a sign-in calls it a wrong one.
            let wrong = !valid && body.to_string().contains("\\u0000") && answer.status == 401;
            assert!(
                wrong || refused != valid,
                "{method} {path} {short}: {answer:?}"
            );
            sent += 1;
            // A session has so many guesses.
            if (answer.status < 300 || answer.status == 403) && token.is_some() {
                token = Some(signed_in());
            }
        }
    }
    assert!(sent > 5000, "only {sent} were sent");
}

/// What is no object at all, and what is no JSON, is refused everywhere.
#[test]
fn i1_i4_i12_i14_only_objects_are_bodies() {
    let kw = TestKeyward::new();
    // One who may administer too: this kind opens every route.
    kw.add("alice@example.com", None, true);
    let token = kw.oisp_login("alice@example.com");
    for (path, method, operation) in operations() {
        let Some(validator) = validator(operation) else {
            continue;
        };
        for (body, status) in [
            ("[]", 400),
            ("null", 400),
            ("5", 400),
            ("\"x\"", 400),
            ("{", 400),
            ("{} {}", 400),
            (r#"{"a":1,"a":2}"#, 400),
        ] {
            let ask = kw.ask(&method.to_uppercase(), path).bearer(&token);
            let answer = ask.body("application/json", body).send();
            assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
            if let Ok(value) = serde_json::from_str::<Value>(body)
                && !value.is_object()
            {
                assert!(!validator.is_valid(&value), "{method} {path} {body}");
            }
        }
        let ask = kw.ask(&method.to_uppercase(), path).bearer(&token);
        let answer = ask.body("text/plain", "{}").send();
        // GraphQL looks at no media type (P-07).
        let graphql = path.split('/').any(|part| part == "graphql");
        let status = if graphql { 400 } else { 415 };
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
}

/// The database is away: whatever then answers at all does so in words of the document.
#[test]
fn s5_without_the_database_every_answer_stands_in_the_document() {
    let kw = TestKeyward::new();
    kw.account("alice@example.com");
    let tokens = [
        kw.oisp_login("alice@example.com"),
        text(&kw.login("alice@example.com"), "access_token"),
    ];
    kw.sql("ALTER TABLE sessions RENAME TO sessions_away; ALTER TABLE accounts RENAME TO away");
    let mut away = 0;
    for (path, method, operation) in operations() {
        for token in &tokens {
            let ask = kw.ask(&method.to_uppercase(), path).bearer(token);
            let body = json!({ "password": PASSWORD, "email": "alice@example.com" });
            let ask = match operation.get("requestBody") {
                Some(_) => ask.json(&body),
                None => ask,
            };
            let answer = ask.send();
            assert_documented(method, path, &answer);
            away += usize::from(answer.status == 503);
        }
    }
    assert!(away > 20, "only {away} answers were 503");
}
