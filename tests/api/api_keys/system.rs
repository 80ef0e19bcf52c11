//! The system keys of seed P (rows P-22, P-29, P-30).

use serde_json::json;

use super::{made, root, verify};
use crate::graphql::{OPEN, seeds};
use crate::support::{PASSWORD, TestKeyward, text};

const EMAIL: &str = "s.vleugelhof@propel.us";

/// Each field, how it is asked for, and what it needs.
const FIELDS: [(&str, &str, &str); 3] = [
    ("user", seeds::PROPELLER_USER, "account:read"),
    (
        "passwordResetLink",
        seeds::PROPELLER_RESET_LINK,
        "account:reset-link",
    ),
    (
        "publishEmailEvent",
        seeds::PROPELLER_PUBLISH,
        "account:mail",
    ),
];

fn keys(kw: &TestKeyward) -> Vec<(String, String)> {
    let machine = kw.machine("shop", &["system"]);
    let mut keys = vec![("nothing".to_owned(), kw.key_in(machine, &[], None))];
    for (index, (_, _, word)) in FIELDS.iter().enumerate() {
        let machine = kw.machine(&format!("shop-{index}"), &["system"]);
        keys.push(((*word).to_owned(), kw.key_in(machine, &[word], None)));
    }
    keys
}

both!(p22_p29_p_30_each_field_takes_the_key_that_may, OPEN, |kw| {
    kw.account(EMAIL);
    for (may, key) in keys(kw) {
        for (field, document, word) in FIELDS {
            let mails = kw.mails().len();
            let answer = kw.asks("/graphql", document, Some(&key));
            let error = &answer.json()["errors"][0];
            if may == word {
                assert!(error.is_null(), "{field}: {answer:?}");
                assert!(!answer.json()["data"][field].is_null(), "{answer:?}");
                continue;
            }
            assert_eq!(
                error["message"],
                json!(format!("This needs the permission \"{word}\"."))
            );
            assert_eq!(
                error["extensions"]["code"],
                json!("FORBIDDEN"),
                "{answer:?}"
            );
            assert_eq!(
                error["extensions"]["exception"]["errorInfo"]["code"],
                json!("auth/insufficient-permission")
            );
            assert!(answer.json()["data"][field].is_null());
            assert_eq!(kw.mails().len(), mails);
        }
    }
});

both!(
    p_30_no_users_token_without_it_and_nobody_at_all,
    OPEN,
    |kw| {
        kw.account(EMAIL);
        let (theirs, _) = kw.sign_in(EMAIL, PASSWORD).tokens();
        for (field, document, _) in FIELDS {
            for (token, code) in [
                (Some(theirs.as_str()), "FORBIDDEN"),
                (None, "INVALID_CREDENTIALS"),
            ] {
                let answer = kw.asks("/graphql", document, token).json();
                assert_eq!(
                    answer["errors"][0]["extensions"]["code"],
                    json!(code),
                    "{field}"
                );
            }
        }
        assert_eq!(kw.mails().len(), 0);
        assert_eq!(kw.rows("SELECT mac AS line FROM one_time_codes"), [""; 0]);
    }
);

both!(no_other_field_takes_a_key, OPEN, |kw| {
    let admin = root(kw);
    let (key, _) = made(kw, &admin, ("ci", &["admin"]));
    for (path, document) in [
        ("/graphql", "{ viewer { id } }"),
        ("/graphql", "{ account { username } }"),
        ("/graphql", "{ users_me { id } }"),
        ("/graphql", "mutation { logout { success } }"),
        ("/v1/graphql", "{ viewer { id } }"),
    ] {
        let answer = kw.asks(path, document, Some(&key)).json();
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, &json!("FORBIDDEN"), "{document}: {answer}");
    }
    assert_eq!(verify(kw, &key).status, 200);
});

both!(p22_p23_the_same_link_over_rest, OPEN, |kw| {
    kw.account(EMAIL);
    let machine = kw.machine("shop", &["system"]);
    let key = kw.key(machine, &["account:reset-link"]);
    let body =
        json!({ "email": EMAIL, "redirectUrl": "https://helice.cloud/login", "language": "nl" });
    let ask = |token: &str, body: &serde_json::Value| {
        kw.post("/admin/password-reset-link")
            .bearer(token)
            .json(body)
            .send()
    };
    let answer = ask(&key, &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let link = text(&answer.json(), "link");
    for part in [
        "mode=",
        "oobCode=",
        "apiKey=",
        "continueUrl=",
        "lang=nl",
        "tenantId=",
    ] {
        assert!(link.contains(part), "{part} in {link}");
    }
    assert_eq!(kw.mails().len(), 0);
    let (theirs, _) = kw.sign_in(EMAIL, PASSWORD).tokens();
    let codes = kw.rows("SELECT mac AS line FROM one_time_codes");
    ask(&theirs, &body).refused(403, "FORBIDDEN");
    ask(&key, &json!({ "email": "nobody@example.com" })).refused(404, "NOT_FOUND");
    ask(
        &key,
        &json!({ "email": EMAIL, "redirectUrl": "https://evil.example" }),
    )
    .refused(400, "INVALID_PAYLOAD");
    ask(&key, &json!({})).refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.rows("SELECT mac AS line FROM one_time_codes"), codes);
    let none = kw.key(machine, &["account:mail"]);
    let refused = ask(&none, &body);
    refused.refused(403, "FORBIDDEN");
    assert!(refused.body.contains("account:reset-link"), "{refused:?}");
});
