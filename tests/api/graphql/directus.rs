//! Directus's twins.

use serde_json::{Value, json};

use crate::graphql::{ALICE, OPEN, code};
use crate::support::{Forge, PASSWORD, TestKeyward, text};

/// As its own documents print it.
const LOGIN: &str = "mutation ($e: String!, $p: String!) { auth_login(email: $e, password: $p, mode: json) { access_token expires refresh_token } }";
const REFRESH: &str = "mutation ($t: String!) { auth_refresh(refresh_token: $t, mode: json) { access_token expires refresh_token } }";

fn login(kw: &TestKeyward) -> Value {
    let variables = json!({ "e": ALICE, "p": PASSWORD });
    let body = json!({ "query": LOGIN, "variables": variables });
    kw.asks_with("/graphql", &body, None).json()["data"]["auth_login"].clone()
}

/// Directus's clients ask for its twins at an address of their own.
#[test]
fn d_04_the_twins_answer_where_directus_has_them() {
    let kw = TestKeyward::new();
    kw.account(ALICE);
    let body = json!({ "query": LOGIN, "variables": { "e": ALICE, "p": PASSWORD } });
    let answer = kw.asks_with("/graphql/system", &body, None);
    let access = text(&answer.json()["data"]["auth_login"], "access_token");
    let body = json!({ "query": "{ users_me { email } }" });
    let answer = kw.asks_with("/graphql/system", &body, Some(&access));
    assert_eq!(
        answer.json(),
        json!({ "data": { "users_me": { "email": ALICE } } })
    );
    let kw = TestKeyward::with(&[("KEYWARD_DIALECTS", "hypi,propeller")]);
    kw.asks_with("/graphql/system", &body, None)
        .refused(404, "ROUTE_NOT_FOUND");
}

both!(d_04_auth_login_refresh_and_logout_do_as_the_routes, |kw| {
    kw.account(ALICE);
    let tokens = login(kw);
    assert_eq!(tokens["expires"], json!(900_000));
    let access = text(&tokens, "access_token");
    assert_eq!(kw.me(&access), 200);
    let body = json!({ "query": REFRESH, "variables": { "t": tokens["refresh_token"] } });
    let answer = kw.asks_with("/graphql", &body, None).json();
    let next = answer["data"]["auth_refresh"].clone();
    assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    assert_eq!(kw.generation_of(&text(&next, "access_token")), 1);
    let logout = "mutation ($t: String!) { auth_logout(refresh_token: $t, mode: json) }";
    let body = json!({ "query": logout, "variables": { "t": next["refresh_token"] } });
    let answer = kw.asks_with("/graphql", &body, None);
    assert_eq!(answer.body, r#"{"data":{"auth_logout":true}}"#);
    assert_eq!(kw.me(&text(&next, "access_token")), 401);
    kw.refresh(&text(&next, "refresh_token"))
        .refused(401, "INVALID_CREDENTIALS");
});

both!(
    d_04_auth_logout_by_access_token_ends_that_session_alone,
    |kw| {
        kw.account(ALICE);
        let (one, other) = (login(kw), login(kw));
        let token = text(&one, "access_token");
        let said = kw.graphql("mutation { auth_logout }", Some(&token));
        assert_eq!(said, json!({ "data": { "auth_logout": true } }));
        assert_eq!(kw.me(&token), 401);
        assert_eq!(kw.me(&text(&other, "access_token")), 200);
        let said = kw.graphql("mutation { auth_logout }", Some(&token));
        assert_eq!(code(&said), "INVALID_TOKEN");
    }
);

// As the original and the route, a refresh token that ends nothing is no error: whoever shows an
// access token beside it is signed out by that.
both!(d_04_auth_logout_by_a_token_that_ends_nothing, |kw| {
    kw.account(ALICE);
    let tokens = login(kw);
    let access = text(&tokens, "access_token");
    let before = kw.state();
    let logout = |token: &str, beside: Option<&str>| {
        let document = format!("mutation {{ auth_logout(refresh_token: \"{token}\") }}");
        kw.graphql(&document, beside)
    };
    let said_true = json!({ "data": { "auth_logout": true } });
    for junk in ["junk", "kwr1_junk", " "] {
        assert_eq!(logout(junk, None), said_true, "{junk}");
        let body = json!({ "refresh_token": junk });
        assert_eq!(kw.post("/auth/logout").json(&body).send().status, 204);
    }
    assert_eq!(logout("junk", Some("junk")), said_true);
    assert_eq!(kw.state(), before);
    assert_eq!(
        code(&kw.graphql("mutation { auth_logout }", None)),
        "INVALID_PAYLOAD"
    );
    assert_eq!(
        code(&logout("", None)),
        "INVALID_PAYLOAD",
        "an empty one is none"
    );
    assert_eq!(kw.me(&access), 200);
    assert_eq!(logout("junk", Some(&access)), said_true);
    assert_eq!(kw.me(&access), 401, "its session has ended");
    // Once more: it is over already.
    assert_eq!(logout(&text(&tokens, "refresh_token"), None), said_true);
});

both!(d_04_users_me_is_the_caller, |kw| {
    kw.account(ALICE);
    let token = text(&login(kw), "access_token");
    let me = kw.field(
        "{ users_me { id email status tfa_secret } }",
        Some(&token),
        "users_me",
    );
    let id = text(&Forge::claims_of(&token), "sub");
    assert_eq!(
        me,
        json!({ "id": id, "email": ALICE, "status": "active", "tfa_secret": null })
    );
});

#[test]
fn d_04_cookies_are_for_the_routes() {
    let kw = TestKeyward::new();
    kw.account(ALICE);
    let before = kw.state();
    for mode in ["cookie", "session"] {
        let document = format!(
            "mutation {{ auth_login(email: \"{ALICE}\", password: \"{PASSWORD}\", mode: {mode}) {{ access_token }} }}"
        );
        let said = kw.graphql(&document, None);
        assert_eq!(code(&said), "INVALID_PAYLOAD");
    }
    let said = kw.graphql("mutation { auth_refresh(mode: other) { expires } }", None);
    assert_eq!(
        said["errors"][0]["extensions"]["reason"],
        json!("\"mode\" must be one of [json]")
    );
    assert_eq!(kw.state(), before);
}

// Null is absent, as on every route, and what is absent is told in the words of the route.
both!(graphql_07_an_argument_that_is_null_is_absent, |kw| {
    kw.account(ALICE);
    let before = kw.state();
    let route = kw.post("/auth/refresh").json(&json!({})).send().json();
    for (document, token) in [
        ("mutation { auth_refresh { expires } }", json!(null)),
        (
            "mutation { auth_refresh(refresh_token: null) { expires } }",
            json!(null),
        ),
        (
            "mutation { auth_refresh(refresh_token: \"\") { expires } }",
            json!(null),
        ),
        (
            "mutation($t: String) { auth_refresh(refresh_token: $t, mode: null) { expires } }",
            json!(null),
        ),
        (
            "mutation($t: String = null) { auth_refresh(refresh_token: $t) { expires } }",
            json!(null),
        ),
    ] {
        let body = json!({ "query": document, "variables": { "t": token } });
        let said = kw.asks_with("/graphql", &body, None).json();
        let said = &said["errors"][0];
        assert_eq!(
            said["message"], route["errors"][0]["message"],
            "{document}: {said}"
        );
        assert_eq!(said["extensions"]["code"], "INVALID_PAYLOAD");
    }
    let document = "mutation($t: String) { auth_logout(refresh_token: $t, mode: null) }";
    let said = kw.graphql(document, None);
    assert_eq!(code(&said), "INVALID_PAYLOAD");
    assert_eq!(kw.state(), before);
    // Of the other twins.
    for document in [
        format!(
            "mutation {{ it: auth_login(email: \"{ALICE}\", password: \"{PASSWORD}\", otp: null, mode: null) {{ a: access_token }} }}"
        ),
        format!(
            "{{ it: login(username: \"{ALICE}\", password: \"{PASSWORD}\", otp: null) {{ a: sessionToken }} }}"
        ),
        format!(
            "{{ it: loginByEmail(email: \"{ALICE}\", password: \"{PASSWORD}\", otp: null) {{ a: sessionToken }} }}"
        ),
        format!(
            "mutation {{ it: login(input: {{ email: \"{ALICE}\", password: \"{PASSWORD}\", otp: null }}) {{ s: session {{ a: accessToken }} }} }}"
        ),
    ] {
        let body = kw.graphql(&document, None);
        assert_eq!(body.get("errors"), None, "{document}: {body}");
        assert!(
            body.to_string().contains("\"a\":\"eyJ"),
            "{document}: {body}"
        );
    }
});

// Every optional member of a registration may be null.
#[test]
fn graphql_07_a_registration_may_say_null_of_whatever_is_optional() {
    let kw = TestKeyward::with(OPEN);
    for document in [
        format!(
            "mutation {{ createAccount(value: {{ username: \"{ALICE}\", password: {{ value: \"{PASSWORD}\" }}, \
             owner: null, emails: null, phones: null, groups: null, language: null }}) {{ id }} }}"
        ),
        format!(
            "mutation {{ createAccount(value: {{ username: \"bob\", password: {{ value: \"{PASSWORD}\" }}, \
             owner: {{ name: null, firstName: null, gender: null, dateOfBirth: null }} }}) {{ id }} }}"
        ),
        format!(
            "mutation {{ userRegister(input: {{ email: \"carol@example.com\", password: \"{PASSWORD}\", \
             firstName: null, middleName: null, lastName: null, phone: null, gender: null, company: null, \
             parentId: null, dateOfBirth: null, language: null, siteId: null }}) {{ user {{ id }} }} }}"
        ),
        "mutation { startSession(siteId: null) { session { isAnonymous } } }".to_owned(),
    ] {
        let body = kw.graphql(&document, None);
        assert_eq!(body.get("errors"), None, "{document}: {body}");
    }
}

both!(clients_51_d04_users_me_has_what_the_route_shows, |kw| {
    let (token, _) = kw.signed_in(ALICE);
    let path = "/users/me";
    let members = "tags password token last_page external_identifier auth_data email_notifications \
                   appearance text_direction title";
    let document = format!("{{ users_me {{ {members} avatar {{ id }} }} }}");
    let set = |tags: Value| {
        let ask = kw.ask("PATCH", path).bearer(&token);
        assert_eq!(ask.json(&json!({ "tags": tags })).send().status, 200);
        kw.field(&document, Some(&token), "users_me")
    };
    let user = set(json!(["a", "b"]));
    let shown = kw.get(path).bearer(&token).send().json();
    for member in members.split_whitespace().chain(["avatar"]) {
        assert_eq!(user[member], shown[member], "{member}");
    }
    assert_eq!(user["tags"], json!(["a", "b"]));
    for tags in [json!(null), json!("a"), json!([1]), json!({ "a": 1 })] {
        assert_eq!(set(tags)["tags"], json!(null));
    }
    assert_eq!(set(json!([]))["tags"], json!([]));
});

#[test]
fn clients_51_a_mode_that_is_none_is_told_what_works() {
    let kw = TestKeyward::new();
    for (mode, reason) in [
        ("x", "\"mode\" must be one of [json]"),
        ("cookie", "\"mode\" must be json here"),
    ] {
        let document = format!(
            "mutation {{ auth_login(email: \"{ALICE}\", password: \"x\", mode: {mode}) {{ expires }} }}"
        );
        let said = kw.graphql(&document, None);
        assert_eq!(code(&said), "INVALID_PAYLOAD");
        let told = text(&said["errors"][0]["extensions"], "reason");
        assert!(told.starts_with(reason), "{told}");
    }
}
