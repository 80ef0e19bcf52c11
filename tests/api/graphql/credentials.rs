//! What the originals' clients show as a credential, beside `Authorization: Bearer`: Propeller's a
//! key in a header of its own, Hypi's the access token alone.

use serde_json::{Value, json};

use crate::graphql::{ALICE, OPEN, alice, code, seeds};
use crate::support::{Answer, PASSWORD, TestKeyward, text};

const LINK: &str = seeds::PROPELLER_RESET_LINK;
const EMAIL: &str = "s.vleugelhof@propel.us";

fn key(kw: &TestKeyward, words: &[&str]) -> String {
    let machine = kw.machine(&format!("shop-{}", words.len()), &["system"]);
    kw.key_in(machine, words, None)
}

/// Asks with a key in `apikey`, and a token as Bearer where one is given.
fn asks(kw: &TestKeyward, document: &str, key: &str, token: Option<&str>) -> Answer {
    let mut ask = kw.post("/graphql").json(&json!({ "query": document }));
    ask = ask.header("apikey", key);
    if let Some(token) = token {
        ask = ask.bearer(token);
    }
    ask.send()
}

both!(
    clients_44_p_30_a_system_key_comes_in_a_header_of_its_own,
    OPEN,
    |kw| {
        kw.account(EMAIL);
        let (theirs, _) = kw.sign_in(EMAIL, PASSWORD).tokens();
        let key = key(kw, &["account:read", "account:reset-link", "account:mail"]);
        for (document, field) in [
            (seeds::PROPELLER_USER, "user"),
            (LINK, "passwordResetLink"),
            (seeds::PROPELLER_PUBLISH, "publishEmailEvent"),
        ] {
            for token in [None, Some(theirs.as_str()), Some("stale")] {
                let said = asks(kw, document, &key, token).json();
                assert_eq!(said.get("errors"), None, "{said}");
                assert!(!said["data"][field].is_null(), "{said}");
            }
            // It is a key, and a key alone.
            for (other, said) in [
                ("kwk_x", "INVALID_TOKEN"),
                (theirs.as_str(), "INVALID_TOKEN"),
                ("", "INVALID_CREDENTIALS"),
            ] {
                assert_eq!(
                    code(&asks(kw, document, other, None).json()),
                    said,
                    "{field}: {other}"
                );
            }
        }
        assert_eq!(kw.mails().len(), 3);
        let both = kw.post("/graphql").json(&json!({ "query": LINK }));
        let both = both.header("apikey", &key).header("apikey", &key).send();
        assert_eq!(code(&both.json()), "INVALID_PAYLOAD");
    }
);

both!(
    clients_44_whatever_the_header_holds_other_fields_do_not_look_at_it,
    OPEN,
    |kw| {
        let (token, _) = alice(kw);
        let other = key(kw, &["account:read"]);
        for key in ["kwk_x", &other] {
            let said = asks(kw, "{ viewer { email } }", key, Some(&token)).json();
            assert_eq!(said["data"]["viewer"]["email"], json!(ALICE), "{said}");
            let said = asks(kw, "{ viewer { email } }", key, None).json();
            assert_eq!(code(&said), "INVALID_CREDENTIALS");
        }
        // The key beside a token decides, though the token may more.
        kw.add("admin@example.com", None, true);
        let root = text(&kw.login("admin@example.com"), "access_token");
        let weak = key(kw, &["account:read", "account:mail"]);
        assert_eq!(
            code(&asks(kw, LINK, &weak, Some(&root)).json()),
            "FORBIDDEN"
        );
        for path in ["/auth/me", "/admin/accounts"] {
            let answer = kw.get(path).header("apikey", &other).send();
            answer.refused(401, "INVALID_CREDENTIALS");
        }
        let ask = kw
            .post("/v1/graphql")
            .json(&json!({ "query": "{ viewer { id } }" }));
        let said = ask.header("apikey", &other).send().json();
        assert_eq!(
            said["errors"][0]["extensions"]["code"],
            json!("UNAUTHENTICATED")
        );
    }
);

#[test]
fn clients_44_without_propeller_there_is_no_such_header() {
    let kw = TestKeyward::with(&[("KEYWARD_DIALECTS", "hypi")]);
    let document = "{ account { username } }";
    let ask = kw.post("/graphql").json(&json!({ "query": document }));
    let said = ask
        .header("apikey", "a")
        .header("apikey", "b")
        .send()
        .json();
    assert_eq!(code(&said), "INVALID_CREDENTIALS");
}

const ACCOUNT: &str = "{ account { username } }";

fn with_header(kw: &TestKeyward, path: &str, value: &str) -> Value {
    let ask = kw.post(path).json(&json!({ "query": ACCOUNT }));
    ask.header("authorization", value).send().json()
}

both!(
    clients_45_y24_hypis_clients_send_the_token_alone,
    OPEN,
    |kw| {
        let (token, refresh) = alice(kw);
        let said = with_header(kw, "/graphql", &token);
        assert_eq!(said["data"]["account"]["username"], json!(ALICE), "{said}");
        let guest = kw.post("/auth/anonymous").send();
        let guest = text(&guest.json(), "access_token");
        let create = format!(
            "mutation {{ createAccount(value: {{ username: \"bob\", password: {{ value: \"{PASSWORD}\" }} }}) {{ id }} }}"
        );
        let ask = kw.post("/graphql").json(&json!({ "query": create }));
        let made = ask.header("authorization", &guest).send().json();
        assert_eq!(made.get("errors"), None, "{made}");
        assert_eq!(kw.me(&guest), 401, "the guest is an account now");
        let key = key(kw, &["account:read"]);
        for (value, said) in [
            ("a.b.c", "INVALID_TOKEN"),
            (refresh.as_str(), "INVALID_CREDENTIALS"),
            (key.as_str(), "INVALID_CREDENTIALS"),
            ("a.b", "INVALID_CREDENTIALS"),
            ("a..c", "INVALID_CREDENTIALS"),
            (&format!("Token {token}"), "INVALID_CREDENTIALS"),
            (&format!("{token},{token}"), "INVALID_CREDENTIALS"),
        ] {
            assert_eq!(code(&with_header(kw, "/graphql", value)), said, "{value}");
        }
        let twice = format!("/graphql?access_token={token}");
        assert_eq!(code(&with_header(kw, &twice, &token)), "INVALID_PAYLOAD");
        // Nowhere else.
        let said = with_header(kw, "/v1/graphql", &token);
        assert_eq!(
            said["errors"][0]["extensions"]["code"],
            json!("UNAUTHENTICATED")
        );
        let answer = kw.get("/auth/me").header("authorization", &token).send();
        answer.refused(401, "INVALID_CREDENTIALS");
    }
);

#[test]
fn clients_45_without_hypi_no_token_stands_alone() {
    let kw = TestKeyward::with(&[("KEYWARD_DIALECTS", "propeller")]);
    let (token, _) = kw.signed_in(ALICE);
    let ask = kw
        .post("/graphql")
        .json(&json!({ "query": "{ viewer { id } }" }));
    let said = ask.header("authorization", &token).send().json();
    assert_eq!(code(&said), "INVALID_CREDENTIALS");
}

/// A mail whose content is so long, as the body of a request.
fn mail(content: usize) -> Vec<u8> {
    let document =
        "mutation($input: EmailEventInput!) { publishEmailEvent(input: $input) { messageId } }";
    let input = json!({
        "type": "transactional", "to": { "email": "a@b.co" }, "subject": "S",
        "content": format!("{}{{{{var:a}}}}", "x".repeat(content)), "variables": { "a": "end" },
    });
    json!({ "query": document, "variables": { "input": input } })
        .to_string()
        .into_bytes()
}

fn sent(kw: &TestKeyward, content: usize, (header, value): (&'static str, &str)) -> Answer {
    let body = mail(content);
    let ask = kw.post("/graphql").body("application/json", body);
    ask.header(header, value).send()
}

both!(clients_46_i2_who_sends_mail_has_a_longer_body, OPEN, |kw| {
    kw.add("admin@example.com", None, true);
    let root = format!(
        "Bearer {}",
        text(&kw.login("admin@example.com"), "access_token")
    );
    let user = format!("Bearer {}", kw.signed_in("user@example.com").0);
    let sender = key(kw, &["account:mail"]);
    let reader = key(kw, &["account:read", "account:reset-link"]);
    let by_bearer = format!("Bearer {sender}");
    for credential in [
        ("apikey", sender.as_str()),
        ("authorization", &by_bearer),
        ("authorization", &root),
    ] {
        let answer = sent(kw, 200_000, credential);
        assert_eq!(
            answer.json().get("errors"),
            None,
            "{credential:?}: {answer:?}"
        );
        let mail = kw.last_mail_to("a@b.co");
        assert!(mail.html.len() > 200_000 && mail.html.ends_with("xend"));
        sent(kw, 300_000, credential).refused(413, "CONTENT_TOO_LARGE");
    }
    let before = kw.state();
    for credential in [
        ("apikey", reader.as_str()),
        ("apikey", "kwk_x"),
        ("authorization", &user),
        ("authorization", "Bearer stale"),
        ("x-nothing", "x"),
    ] {
        sent(kw, 20_000, credential).refused(413, "CONTENT_TOO_LARGE");
    }
    // Elsewhere and undeclared it is as long as everybody's.
    let body = mail(20_000);
    for path in ["/v1/graphql", "/auth/login"] {
        let ask = kw.post(path).body("application/json", body.clone());
        let answer = ask.header("authorization", &root).send();
        answer.refused(413, "CONTENT_TOO_LARGE");
    }
    let body = serde_json::from_slice(&body).unwrap();
    let ask = kw.post("/graphql").header("authorization", &root);
    ask.dripped(&body, || ()).refused(413, "CONTENT_TOO_LARGE");
    assert_eq!((kw.mails().len(), kw.state()), (3, before));
});

both!(
    clients_47_b9_a_slash_behind_the_path_is_no_other_path,
    OPEN,
    |kw| {
        let (token, _) = alice(kw);
        let said = with_header(kw, "/graphql/", &format!("Bearer {token}"));
        assert_eq!(said["data"]["account"]["username"], json!(ALICE), "{said}");
        let answer = kw.get("/graphql/?query=%7B__typename%7D").send();
        assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }));
        let haltian = kw
            .post("/v1/graphql/")
            .json(&json!({ "query": "{ viewer { id } }" }));
        assert_eq!(haltian.bearer(&token).send().status, 200);
        let answer = kw.ask("PUT", "/graphql/").send();
        answer.refused(405, "METHOD_NOT_ALLOWED");
        for path in [
            "/graphql//",
            "/graphql/system/",
            "//graphql",
            "/auth/login/",
        ] {
            kw.post(path)
                .json(&json!({}))
                .send()
                .refused(404, "ROUTE_NOT_FOUND");
        }
        // One budget of guesses, however the path is spelled.
        kw.exhaust(ALICE);
        let login = format!(
            "mutation {{ login(input: {{ email: \"{ALICE}\", password: \"{PASSWORD}\" }}) {{ session {{ email }} }} }}"
        );
        let ask = kw.post("/graphql/").json(&json!({ "query": login }));
        assert_eq!(code(&ask.send().json()), "REQUESTS_EXCEEDED");
    }
);
