//! Hypi's document (seed Y).

use serde_json::{Value, json};

use crate::graphql::{ALICE, OPEN, code, seeds};
use crate::support::{Forge, PASSWORD, TestKeyward, WRONG, text};

const ACCOUNT: &str = "{ account {
  hypi { id created createdBy updated } verified enabled username
  owner { name firstName lastName gender dateOfBirth address }
  emails { value verified primary } phones { value } groups { name } roles { name }
  attempts { at succeeded outcome } remoteLogins { provider remoteId }
} }";

fn login(kw: &TestKeyward, password: &str) -> Value {
    let document = seeds::HYPI_LOGIN.replace(PASSWORD, password);
    kw.field(&document, None, "login")
}

both!(
    y05_y06_y20_y22_to_y25_create_and_login_to_the_letter,
    OPEN,
    |kw| {
        let made = kw.field(seeds::HYPI_CREATE_ACCOUNT, None, "createAccount");
        let id = text(&made, "id");
        assert_eq!(
            made,
            json!({ "id": id, "created": "2026-01-01T00:00:00.000Z", "createdBy": id })
        );
        let token = login(kw, PASSWORD);
        assert_eq!(
            (&token["errorCode"], &token["errorMsg"]),
            (&json!(null), &json!(null))
        );
        assert_eq!(token["sessionExpires"], json!("2026-01-01T00:15:00.000Z"));
        let session = text(&token, "sessionToken");
        let claims = Forge::claims_of(&session);
        assert_eq!(claims["exp"], json!(kw.kw.clock.now().seconds() + 900));
        assert_eq!(claims["sub"], json!(id));
        assert_eq!(kw.me(&session), 200);
    }
);

both!(y26_y27_a_refusal_stands_in_the_answer, |kw| {
    kw.account(ALICE);
    let said = login(kw, WRONG);
    let refused = json!({
        "sessionToken": null, "sessionExpires": null, "errorCode": "INVALID_CREDENTIALS",
        "errorMsg": "Invalid user credentials.",
    });
    assert_eq!(said, refused);
    let document = seeds::HYPI_LOGIN_BY_EMAIL.replace(PASSWORD, WRONG);
    assert_eq!(kw.field(&document, None, "loginByEmail"), refused);
    for nobody in ["nobody@example.com", "no address"] {
        let document = seeds::HYPI_LOGIN_BY_EMAIL.replace(ALICE, nobody);
        assert_eq!(kw.field(&document, None, "loginByEmail"), refused);
    }
    let token = kw.field(seeds::HYPI_LOGIN_BY_EMAIL, None, "loginByEmail");
    assert_eq!(kw.me(&text(&token, "sessionToken")), 200);
    // What can be no sign-in at all is refused in the same place.
    for (field, fault) in [
        ("login(username: \"\", password: \"x\")", "username"),
        ("login(username: \"x\", password: \"\")", "password"),
        ("loginByEmail(email: \"\", password: \"x\")", "email"),
        (
            "loginByEmail(email: \"a@b.co\", password: \"\")",
            "password",
        ),
        ("login(username: \"x\", password: \"x\", otp: \"\")", "otp"),
    ] {
        let document = format!("{{ it: {field} {{ sessionToken errorCode errorMsg }} }}");
        let said = kw.field(&document, None, "it");
        assert_eq!(said["sessionToken"], json!(null), "{field}");
        assert_eq!(said["errorCode"], json!("INVALID_PAYLOAD"), "{field}");
        assert!(text(&said, "errorMsg").contains(fault), "{said}");
    }
});

both!(
    y04_y_07_y10_y11_a_username_is_enough_and_is_taken_once,
    OPEN,
    |kw| {
        let create = |name: &str, password: &str| {
            format!(
                "mutation {{ createAccount(value: {{ username: \"{name}\" {password} }}) {{ id }} }}"
            )
        };
        let password = format!("password: {{ value: \"{PASSWORD}\" }}");
        let made = kw.field(&create("alice", &password), None, "createAccount");
        assert!(made["id"].is_string());
        assert_eq!(
            code(&kw.graphql(&create("alice", &password), None)),
            "CONFLICT"
        );
        for wrong in ["", "password: null", "password: {}", "password: \"x\""] {
            let said = kw.graphql(&create("bob", wrong), None);
            assert_eq!(code(&said), "GRAPHQL_VALIDATION_FAILED", "{said}");
        }
        let said = kw.graphql(&create("", &password), None);
        assert_eq!(code(&said), "INVALID_PAYLOAD");
        let document = format!(
            "{{ login(username: \"alice\", password: \"{PASSWORD}\") {{ sessionToken }} }}"
        );
        let token = text(&kw.field(&document, None, "login"), "sessionToken");
        let said = kw.graphql("{ account { username password } }", Some(&token));
        assert_eq!(
            code(&said),
            "GRAPHQL_VALIDATION_FAILED",
            "no query gives it"
        );
    }
);

both!(y08_y12_to_y17_y21_the_account_says_all_of_it, OPEN, |kw| {
    let create = format!(
        "mutation {{ createAccount(value: {{
           username: \"{ALICE}\" password: {{ value: \"{PASSWORD}\" }}
           owner: {{ firstName: \"Alice\", lastName: \"Liddell\", gender: \"F\", dateOfBirth: \"1990-05-04\", address: \"Oxford\" }}
           emails: [{{ value: \"{ALICE}\" }}, {{ value: \"al@example.com\" }}]
           phones: [{{ value: \"+44 20 7946 0000\" }}] groups: [{{ name: \"staff\" }}]
         }}) {{ id created createdBy updated }} }}"
    );
    let made = kw.field(&create, None, "createAccount");
    login(kw, WRONG);
    login(kw, WRONG);
    let token = text(&login(kw, PASSWORD), "sessionToken");
    let account = kw.field(ACCOUNT, Some(&token), "account");
    let tried = |succeeded: bool, outcome: &str| json!({ "at": "2026-01-01T00:00:00.000Z", "succeeded": succeeded, "outcome": outcome });
    assert_eq!(account["hypi"]["id"], made["id"]);
    assert_eq!(account["hypi"]["createdBy"], made["id"]);
    assert_eq!(
        (&account["verified"], &account["enabled"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(account["username"], json!(ALICE));
    assert_eq!(
        account["owner"],
        json!({
            "name": "Alice Liddell", "firstName": "Alice", "lastName": "Liddell", "gender": "F",
            "dateOfBirth": "1990-05-04", "address": "Oxford",
        })
    );
    assert_eq!(
        account["emails"],
        json!([
            { "value": ALICE, "verified": false, "primary": true },
            { "value": "al@example.com", "verified": false, "primary": false },
        ])
    );
    assert_eq!(account["phones"], json!([{ "value": "+44 20 7946 0000" }]));
    assert_eq!(account["groups"], json!([{ "name": "staff" }]));
    assert_eq!(account["roles"], json!([]));
    assert_eq!(account["remoteLogins"], json!([]));
    let attempts = account["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 3);
    assert_eq!(attempts[0], tried(true, "ok"), "the youngest comes first");
    assert_eq!(attempts[1]["succeeded"], json!(false));
});

both!(y17_first_and_after_choose_of_a_list, OPEN, |kw| {
    let emails = (0..2).fold(String::new(), |emails, n| {
        emails + &format!("{{ value: \"a{n}@example.com\" }}")
    });
    let create = format!(
        "mutation {{ createAccount(value: {{ username: \"{ALICE}\" password: {{ value: \"{PASSWORD}\" }} emails: [{emails}] }}) {{ id }} }}"
    );
    kw.field(&create, None, "createAccount");
    login(kw, WRONG);
    let token = text(&login(kw, PASSWORD), "sessionToken");
    let of = |page: &str| {
        let document = format!("{{ account {{ list: {page} {{ __typename }} }} }}");
        let account = kw.field(&document, Some(&token), "account");
        account["list"].as_array().unwrap().len()
    };
    assert_eq!(of("attempts(first: 1)"), 1);
    assert_eq!(of("attempts"), 2);
    assert_eq!(of("emails(first: 0)"), 0);
    let after = format!("emails(after: \"{ALICE}\"");
    assert_eq!(of(&format!("{after})")), 2);
    assert_eq!(of(&format!("{after}, first: 1)")), 1);
    assert_eq!(of("emails(after: \"unknown\")"), 0);
    let said = kw.graphql("{ account { emails(first: -1) { value } } }", Some(&token));
    assert_eq!(code(&said), "INVALID_PAYLOAD");
});

both!(y_09_a_disabled_account_gets_no_token, |kw| {
    let account = kw.account(ALICE);
    keyward::service::accounts::administer::set_enabled(&kw.kw, account, false).unwrap();
    assert_eq!(
        login(kw, PASSWORD)["errorCode"],
        json!("INVALID_CREDENTIALS")
    );
    assert_eq!(
        code(&kw.graphql_login(ALICE, PASSWORD)),
        "INVALID_CREDENTIALS"
    );
});

/// Every element of the list, one at a time, each by the one before it.
#[track_caller]
fn walked(kw: &TestKeyward, token: &str, list: &str, key: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after = String::new();
    // More than there are.
    for _ in 0..200 {
        let document = format!("{{ account {{ list: {list}(first: 1{after}) {{ {key} }} }} }}");
        let page = kw.field(&document, Some(token), "account")["list"].clone();
        let page = page.as_array().unwrap();
        let Some(next) = page.first() else {
            return seen;
        };
        assert_eq!(page.len(), 1, "{document}");
        seen.push(text(next, key));
        after = format!(", after: \"{}\"", text(next, key));
    }
    panic!("it does not end: {seen:?}");
}

// `after` is the time of the one before, and several were tried in one millisecond.
both!(
    graphql_02_y17_a_walk_of_one_at_a_time_ends_and_sees_all,
    OPEN,
    |kw| {
        let create = format!(
        "mutation {{ createAccount(value: {{ username: \"{ALICE}\" password: {{ value: \"{PASSWORD}\" }}
           emails: [{{ value: \"a1@example.com\" }}, {{ value: \"A1@example.com\" }}, {{ value: \"a2@example.com\" }}]
           phones: [{{ value: \"+44 20 7946 0000\" }}, {{ value: \"+44 20 7946 0000\" }}, {{ value: \"+44 20 7946 0001\" }}]
           groups: [{{ name: \"staff\" }}, {{ name: \"staff\" }}, {{ name: \"guests\" }}] }}) {{ id }} }}"
    );
        kw.field(&create, None, "createAccount");
        login(kw, WRONG);
        login(kw, PASSWORD);
        kw.advance(1);
        for _ in 0..3 {
            login(kw, PASSWORD);
        }
        let token = text(&login(kw, PASSWORD), "sessionToken");
        for (list, key) in [
            ("attempts", "at"),
            ("emails", "value"),
            ("phones", "value"),
            ("groups", "name"),
            ("roles", "name"),
        ] {
            let document = format!("{{ account {{ list: {list} {{ {key} }} }} }}");
            let all = kw.field(&document, Some(&token), "account")["list"].clone();
            let all: Vec<_> = all
                .as_array()
                .unwrap()
                .iter()
                .map(|it| text(it, key))
                .collect();
            assert_eq!(walked(kw, &token, list, key), all, "{list}");
            let mut once = all.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), all.len(), "{list}: {all:?}");
        }
        let tried = walked(kw, &token, "attempts", "at");
        assert_eq!(
            tried,
            [
                "2026-01-01T00:00:01.000Z",
                "2026-01-01T00:00:01.000001Z",
                "2026-01-01T00:00:01.000002Z",
                "2026-01-01T00:00:01.000003Z",
                "2026-01-01T00:00:00.000Z",
                "2026-01-01T00:00:00.000001Z",
            ]
        );
    }
);

// "Users are generally identified with a user id or an email."
both!(
    clients_35_y02_hypis_login_finds_an_account_by_the_id_that_it_was_told,
    OPEN,
    |kw| {
        let made = kw.field(seeds::HYPI_CREATE_ACCOUNT, None, "createAccount");
        let id = text(&made, "id");
        let login = |name: &str, password: &str| {
            let field = format!("login(username: \"{name}\", password: \"{password}\")");
            let document = format!("{{ {field} {{ sessionToken errorCode errorMsg }} }}");
            kw.field(&document, None, "login")
        };
        for written in [id.clone(), id.to_uppercase(), format!(" {id} ")] {
            let token = text(&login(&written, PASSWORD), "sessionToken");
            assert_eq!(Forge::claims_of(&token)["sub"], json!(id));
        }
        // As by a name: nobody learns which ids there are, and guesses are the account's.
        let nobody = "01a20072-d0f7-726a-9e00-22bfb6ad771a";
        let refused = login(nobody, PASSWORD);
        assert_eq!(refused["errorCode"], json!("INVALID_CREDENTIALS"));
        assert_eq!(login(&id, WRONG), refused);
        kw.advance(3600);
        let slowed = |name: &str| {
            let mut said = (0..30).map(|_| text(&login(name, WRONG), "errorCode"));
            said.position(|code| code != "INVALID_CREDENTIALS")
        };
        assert!(slowed(&id).is_some());
        let said = login(ALICE, PASSWORD);
        assert_ne!(said["errorCode"], json!(null), "by its name too");
        assert!(slowed(nobody).is_some());
        // A guest has an id, and neither a name nor a password.
        let (guest, _) = kw.guest();
        let guest = text(&Forge::claims_of(&guest), "sub");
        assert_eq!(login(&guest, PASSWORD), refused);
        assert!(slowed(&guest).is_some());
        // The id is a name to Hypi's clients alone.
        let body = json!({ "username": id, "password": PASSWORD });
        let answer = kw.post("/auth/login").json(&body).send();
        answer.refused(401, "INVALID_CREDENTIALS");
    }
);

/// By GraphQL and by its REST form: the answer's metadata, or what is refused.
fn made_by(kw: &TestKeyward, token: &str, value: &Value) -> [Value; 2] {
    let document =
        "mutation($value: AccountInput!) { createAccount(value: $value) { id createdBy } }";
    let body = json!({ "query": document, "variables": { "value": value } });
    let one = kw.asks_with("/graphql", &body, Some(token)).json();
    let mut other = value.clone();
    let name = text(value, "username");
    other["username"] = json!(format!("other-{name}"));
    other["emails"] = json!([{ "value": format!("other-{name}@example.com") }]);
    let two = kw
        .post("/auth/accounts")
        .bearer(token)
        .json(&other)
        .send()
        .json();
    [one, two]
}

both!(
    clients_50_y20_an_administrator_makes_accounts_where_nobody_registers,
    &[("KEYWARD_REGISTRATION", "closed")],
    |kw| {
        let admin = kw.add("admin@example.com", None, true).to_string();
        let root = text(&kw.login("admin@example.com"), "access_token");
        let value = json!({ "username": "bob", "password": { "value": PASSWORD },
                            "emails": [{ "value": "bob@example.com" }], "owner": { "firstName": "Bob" } });
        let [one, two] = made_by(kw, &root, &value);
        let id = text(&one["data"]["createAccount"], "id");
        assert_eq!(
            one["data"]["createAccount"]["createdBy"],
            json!(admin),
            "{one}"
        );
        assert_eq!(
            (&two["createdBy"], two["id"].is_string()),
            (&json!(admin), true),
            "{two}"
        );
        let seen = kw
            .get(&format!("/admin/accounts/{id}"))
            .bearer(&root)
            .send()
            .json();
        assert_eq!(
            (&seen["firstName"], &seen["verified"]),
            (&json!("Bob"), &json!(true))
        );
        assert_eq!(seen["createdBy"], json!(admin));
        for name in ["bob", "other-bob", "bob@example.com"] {
            let login = "{ login(username: \"NAME\", password: \"WORD\") { sessionToken } }";
            let login = login.replace("NAME", name).replace("WORD", PASSWORD);
            assert!(
                kw.field(&login, None, "login")["sessionToken"].is_string(),
                "{name}"
            );
        }
        // What that act refuses is refused, and nobody else makes any.
        let before = kw.count("accounts");
        let [again, taken] = made_by(kw, &root, &value);
        assert_eq!(code(&again), "CONFLICT");
        assert_eq!(code(&taken), "CONFLICT");
        assert_eq!(kw.count("accounts"), before);
        // Several addresses are the account's, as the administrator says (row Y-13).
        let two = json!([{ "value": "a@example.com" }, { "value": "b@example.com" }]);
        let many = json!({ "username": "eve", "password": { "value": PASSWORD }, "emails": two });
        let [made, _] = made_by(kw, &root, &many);
        let id = text(&made["data"]["createAccount"], "id");
        let of = format!("emails WHERE account_id = '{id}' AND verified");
        assert_eq!(kw.count(&of), 2, "{made}");
        // One that is another's takes nothing along.
        let two = json!([{ "value": "c@example.com" }, { "value": "b@example.com" }]);
        let many = json!({ "username": "dan", "password": { "value": PASSWORD }, "emails": two });
        assert_eq!(code(&made_by(kw, &root, &many)[0]), "CONFLICT");
        assert_eq!(kw.count("accounts WHERE username = 'dan'"), 0);
        assert_eq!(kw.count("emails WHERE canonical = 'c@example.com'"), 0);
    }
);

both!(
    clients_50_nobody_else_makes_accounts_where_nobody_registers,
    &[
        ("KEYWARD_REGISTRATION", "closed"),
        ("KEYWARD_STEP_UP_MAX_AGE", "5m")
    ],
    |kw| {
        kw.add("admin@example.com", None, true);
        let root = text(&kw.login("admin@example.com"), "access_token");
        let (user, _) = kw.signed_in(ALICE);
        let value = json!({ "username": "eve", "password": { "value": PASSWORD } });
        let count = kw.count("accounts");
        for said in made_by(kw, &user, &value) {
            assert_eq!(code(&said), "FORBIDDEN");
        }
        // An administrator who signed in long ago shows who they are, as on the route itself.
        kw.advance(400);
        for said in made_by(kw, &root, &value) {
            assert_eq!(code(&said), "STEP_UP_REQUIRED");
        }
        assert_eq!(kw.count("accounts"), count);
    }
);
