//! Haltian's document (seed H), at a schema of its own.

use keyward::domain::id::AccountId;
use serde_json::{Value, json};

use crate::graphql::{ALICE, DEMO, code, in_demo, seeds};
use crate::support::{Answer, Forge, PASSWORD, TestKeyward, WRONG, text};

const PATH: &str = "/v1/graphql";
const VIEWER: &str = "{ viewer { id email } }";

fn account(kw: &TestKeyward) -> AccountId {
    let id = kw.account(ALICE);
    in_demo(kw, id);
    id
}

fn login_with(kw: &TestKeyward, password: &str) -> Answer {
    let variables = json!({ "email": ALICE, "organizationName": "demo", "password": password });
    let body = json!({ "query": seeds::HALTIAN_LOGIN, "variables": variables });
    kw.asks_with(PATH, &body, None)
}

fn login(kw: &TestKeyward) -> Value {
    let body = login_with(kw, PASSWORD).json();
    assert_eq!(body.get("errors"), None, "{body}");
    body["data"]["login"].clone()
}

fn refresh(kw: &TestKeyward, token: &str) -> Value {
    refresh_in(kw, DEMO, token)
}

fn refresh_in(kw: &TestKeyward, organization: &str, token: &str) -> Value {
    let variables = json!({ "organizationId": organization, "refreshToken": token });
    let body = json!({ "query": seeds::HALTIAN_REFRESH, "variables": variables });
    kw.asks_with(PATH, &body, None).json()
}

both!(h_07_h_08_h_09_h_10_h_22_login_to_the_letter, |kw| {
    account(kw);
    let tokens = login(kw);
    let members: Vec<_> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "accessToken",
            "expiresIn",
            "refreshExpiresIn",
            "refreshToken",
            "organizationId"
        ]
    );
    assert_eq!(tokens["expiresIn"], json!(900));
    assert_eq!(tokens["refreshExpiresIn"], json!(43_200));
    let end = &Forge::claims_of(&text(&tokens, "accessToken"))["exp"];
    assert_eq!(end, &json!(kw.kw.clock.now().seconds() + 900));
});

both!(h_05_each_of_the_three_is_needed, |kw| {
    account(kw);
    let before = kw.state();
    let all = json!({ "email": ALICE, "organizationName": "demo", "password": PASSWORD });
    for left_out in ["email", "organizationName", "password"] {
        let mut variables = all.clone();
        variables.as_object_mut().unwrap().remove(left_out);
        let body = json!({ "query": seeds::HALTIAN_LOGIN, "variables": variables });
        let answer = kw.asks_with(PATH, &body, None);
        let body = answer.json();
        assert_eq!(code(&body), "GRAPHQL_VALIDATION_FAILED");
        let message = text(&body["errors"][0], "message");
        let said =
            format!("Variable \"${left_out}\" of required type \"String!\" was not provided.");
        assert_eq!(message, said);
        assert_eq!(body.get("data"), None);
    }
    assert_eq!(kw.state(), before);
});

both!(
    h_04_h_06_h_07_h_11_a_session_is_in_the_organization_asked_for,
    |kw| {
        account(kw);
        let tokens = login(kw);
        assert_eq!(tokens["organizationId"], json!(DEMO));
        let claims = Forge::claims_of(&text(&tokens, "accessToken"));
        assert_eq!(claims["org"], json!(DEMO));
        // One that is there and not the caller's, and one that is not there, look like a wrong
        // password.
        let other = kw.account("bob@example.com");
        let name = "INSERT INTO organizations (id, name, name_canonical, created_at, updated_at) \
                VALUES ('5a749da0-5512-4000-8000-000000000000', 'other', 'other', 1, 1)";
        kw.execute(name, name);
        let wrong = login_with(kw, WRONG).json()["errors"].clone();
        for organization in ["other", "nowhere"] {
            let variables =
                json!({ "email": ALICE, "organizationName": organization, "password": PASSWORD });
            let body = json!({ "query": seeds::HALTIAN_LOGIN, "variables": variables });
            let answer = kw.asks_with(PATH, &body, None).json();
            assert_eq!(answer["errors"], wrong, "{organization}");
        }
        assert_eq!(
            kw.count(&format!("sessions WHERE account_id = '{other}'")),
            0
        );
    }
);

both!(
    h_18_h_19_another_organization_spends_no_refresh_token,
    |kw| {
        account(kw);
        let token = text(&login(kw), "refreshToken");
        let elsewhere = "5a749da0-5512-4000-8000-000000000000";
        let refused = refresh_in(kw, elsewhere, &token);
        assert_eq!(code(&refused), "UNAUTHENTICATED");
        assert_eq!(code(&refresh_in(kw, "demo", &token)), "INVALID_PAYLOAD");
        assert_eq!(refresh(kw, &token).get("errors"), None);
    }
);

both!(h_14_h_15_the_viewer_is_the_caller, |kw| {
    let id = account(kw);
    let token = text(&login(kw), "accessToken");
    let answer = kw.asks(PATH, VIEWER, Some(&token));
    assert_eq!(
        answer.body,
        format!(r#"{{"data":{{"viewer":{{"id":"{id}","email":"{ALICE}"}}}}}}"#)
    );
    let by_query = format!("{PATH}?access_token={token}");
    let answer = kw.post(&by_query).json(&json!({ "query": VIEWER })).send();
    assert_eq!(answer.json()["data"]["viewer"]["email"], json!(ALICE));
    assert_eq!(code(&kw.asks(PATH, VIEWER, None).json()), "UNAUTHENTICATED");
});

// The role is that of the organization, whatever the service calls its holder.
both!(h_34_the_viewers_role_is_the_organizations, |kw| {
    let id = kw.add(ALICE, Some(PASSWORD), true);
    in_demo(kw, id);
    let ask = "{ viewer { role roles organizationId } }";
    let token = text(&login(kw), "accessToken");
    let viewer = kw.asks(PATH, ask, Some(&token)).json()["data"]["viewer"].clone();
    assert_eq!(viewer["role"], json!("viewer"));
    assert_eq!(viewer["organizationId"], json!(DEMO));
    assert_eq!(viewer["roles"], Forge::claims_of(&token)["roles"]);
    let outside = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let viewer = kw.asks(PATH, ask, Some(&outside)).json()["data"]["viewer"].clone();
    assert_eq!(viewer["role"], viewer["roles"][0]);
});

both!(h_16_h_17_h_20_h_21_refresh_to_the_letter, |kw| {
    account(kw);
    let tokens = login(kw);
    let next = refresh(kw, &text(&tokens, "refreshToken"))["data"]["refreshToken"].clone();
    let members: Vec<_> = next.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "accessToken",
            "expiresIn",
            "refreshExpiresIn",
            "refreshToken"
        ]
    );
    assert_eq!(
        (&next["expiresIn"], &next["refreshExpiresIn"]),
        (&json!(900), &json!(43_200))
    );
    assert_ne!(next["refreshToken"], tokens["refreshToken"]);
    assert_eq!(kw.me(&text(&next, "accessToken")), 200);
    let again = refresh(kw, &text(&next, "refreshToken"));
    assert_eq!(again.get("errors"), None, "{again}");
});

both!(h_25_h_42_codes_tell_when_to_sign_in_again, |kw| {
    account(kw);
    assert_eq!(code(&refresh(kw, "junk")), "UNAUTHENTICATED");
    assert_eq!(code(&login_with(kw, WRONG).json()), "UNAUTHENTICATED");
    let tokens = login(kw);
    let token = text(&tokens, "accessToken");
    kw.advance(43_201);
    assert_eq!(
        code(&refresh(kw, &text(&tokens, "refreshToken"))),
        "UNAUTHENTICATED"
    );
    assert_eq!(
        code(&kw.asks(PATH, VIEWER, Some(&token)).json()),
        "TOKEN_EXPIRED"
    );
    assert_eq!(
        code(&kw.asks(PATH, VIEWER, Some("junk")).json()),
        "INVALID_TOKEN"
    );
});

both!(
    h_26_to_h_30_h_43_logout_ends_this_session_and_says_so,
    |kw| {
        account(kw);
        let (one, other) = (login(kw), login(kw));
        let token = text(&one, "accessToken");
        let answer = kw.asks(PATH, seeds::HALTIAN_LOGOUT, Some(&token));
        assert_eq!(answer.body, r#"{"data":{"logout":{"success":true}}}"#);
        assert_eq!(
            code(&refresh(kw, &text(&one, "refreshToken"))),
            "UNAUTHENTICATED"
        );
        assert_eq!(kw.me(&token), 401);
        assert_eq!(
            code(&kw.asks(PATH, VIEWER, Some(&token)).json()),
            "INVALID_TOKEN"
        );
        assert_eq!(kw.me(&text(&other, "accessToken")), 200);
        for (token, said) in [
            (None, "UNAUTHENTICATED"),
            (Some("junk"), "INVALID_TOKEN"),
            (Some(token.as_str()), "INVALID_TOKEN"),
        ] {
            let body = kw.asks(PATH, seeds::HALTIAN_LOGOUT, token).json();
            assert_eq!(code(&body), said);
            assert_eq!(body["data"], json!(null));
        }
    }
);

const SCHEMA: &str =
    "{ __schema { queryType { name } mutationType { fields { name } } types { name } } }";

both!(h_32_h_33_the_schema_is_for_the_signed_in, |kw| {
    account(kw);
    let token = text(&login(kw), "accessToken");
    let body = kw.asks(PATH, SCHEMA, Some(&token)).json();
    let names = body["data"]["__schema"]["mutationType"]["fields"].to_string();
    for name in ["login", "refreshToken", "logout"] {
        assert!(names.contains(name), "{names}");
    }
    kw.advance(906);
    for (token, said) in [
        (None, "UNAUTHENTICATED"),
        (Some("junk"), "INVALID_TOKEN"),
        (Some(token.as_str()), "TOKEN_EXPIRED"),
    ] {
        for document in [SCHEMA, "{ __type(name: \"Viewer\") { name } }"] {
            let answer = kw.asks(PATH, document, token);
            assert_eq!(code(&answer.json()), said, "{answer:?}");
            assert!(!answer.body.contains("Viewer"), "{answer:?}");
        }
    }
});

/// An error could tell a stranger what introspection does not.
#[test]
fn h_33_no_error_names_a_type_to_a_stranger() {
    let kw = TestKeyward::new();
    for document in [
        "{ viewer }",
        "{ viewer { nothing } }",
        "{ viewer { id { x } } }",
        "{ users { id } }",
        "mutation { login { accessToken } }",
        "mutation { login(loginInput: {}) { accessToken } }",
        "mutation { login(loginInput: 5) { accessToken } }",
        "mutation($x: Nothing) { login(loginInput: $x) { accessToken } }",
        "mutation($x: String!) { login(loginInput: $x) { accessToken } }",
        "mutation($x: LoginInput!) { login(loginInput: $x) { accessToken } }",
        "mutation { logout }",
        "fragment a on Viewer { id } { __typename }",
    ] {
        let answer = kw.asks(PATH, document, None);
        code(&answer.json());
        for name in ["Viewer", "Tokens", "LoginInput", "LogoutResult", "User"] {
            assert!(!answer.body.contains(name), "{document}: {answer:?}");
        }
    }
}

/// Whatever a stranger guesses, what is there and what is not gets the same answer to the byte.
#[test]
fn h_33_a_strangers_guesses_can_not_be_told_apart() {
    let kw = TestKeyward::new();
    account(&kw);
    let login =
        "login(loginInput: { email: \"a@b.co\", organizationName: \"o\", password: \"x\" })";
    let documents = |name: &str, argument: &str, field: &str| {
        [
            format!("mutation($x: {name}) {{ login(loginInput: $x) {{ accessToken }} }}"),
            format!("mutation($x: {name}!) {{ {login} {{ accessToken }} }}"),
            format!("mutation($x: [{name}!]) {{ logout {{ success }} }}"),
            format!("mutation {{ {login} {{ ... on {name} {{ id }} }} }}"),
            format!("fragment a on {name} {{ id }} mutation {{ logout {{ success }} }}"),
            format!("fragment a on {name} {{ id }} mutation {{ logout {{ ...a }} }}"),
            format!("mutation {{ logout({argument}: 5) {{ success }} }}"),
            format!("mutation {{ {login} {{ {field} }} }}"),
            format!("{{ {field} {{ id }} }}"),
            format!("{{ {field} }}"),
            format!("{{ viewer {{ {field} }} }}"),
            format!("{{ viewer {{ ... on {name} {{ id }} }} }}"),
            format!("mutation {{ {field}({argument}: {{ userId: 5 }}) {{ success }} }}"),
            format!("mutation($x: {name}) {{ {field}({argument}: $x) {{ success }} }}"),
            format!("{{ __type(name: \"{name}\") {{ name }} }}"),
            format!("{{ {field}({argument}: {{}}) {{ id }} }}"),
            format!("{{ {field}({argument}: 99999999999) {{ id }} }}"),
            format!("mutation {{ {field}({argument}: {{ a: {{}} }}) {{ success }} }}"),
            format!("mutation {{ {login} {{ accessToken(x: {{}}) {field} }} }}"),
        ]
    };
    let nothing = documents("Nothing", "nothing", "nothing");
    for (name, argument, field) in [
        ("Viewer", "first", "viewer"),
        ("User", "removeUserInput", "removeUser"),
        ("RemoveUserInput", "removeUserInput", "users"),
        ("InviteUserInput", "inviteUserInput", "inviteUser"),
        ("ChangeResult", "after", "roles"),
        ("Query", "loginInput", "organization"),
    ] {
        for (guess, nothing) in documents(name, argument, field).iter().zip(&nothing) {
            let (one, other) = (kw.asks(PATH, guess, None), kw.asks(PATH, nothing, None));
            assert_eq!(one.body, other.body, "{guess}");
            assert_eq!(one.status, other.status);
            let body = one.json();
            assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{guess}");
            assert_eq!(body["errors"][0].get("locations"), None, "{guess}");
            assert_eq!(body.get("data"), None, "{guess}");
        }
    }
    assert_eq!(kw.count("login_attempts"), 0);
}
