//! Showing again, or better, who one is, within a session.

use keyward::http::routes::TABLE;
use serde_json::{Value, json};

use crate::support::{Answer, Forge, PASSWORD, TestKeyward, WRONG, text};

const ALICE: &str = "alice@example.com";
const ROOT: &str = "root@example.com";

fn step_up(kw: &TestKeyward, token: &str, body: &Value) -> Answer {
    kw.post("/auth/step-up").bearer(token).json(body).send()
}

/// `amr`, `aal` and `auth_time` of a token.
fn shown(token: &str) -> (Value, Value, i64) {
    let claims = Forge::claims_of(token);
    let at = claims["auth_time"].as_i64().unwrap();
    (claims["amr"].clone(), claims["aal"].clone(), at)
}

both!(a_password_shown_again_makes_a_session_young, |kw| {
    kw.account(ALICE);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let before = kw.session_of(&access);
    kw.advance(600);
    let answer = step_up(kw, &access, &json!({ "password": PASSWORD }));
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let mut names: Vec<&String> = body["data"]
        .as_object()
        .or(body.as_object())
        .unwrap()
        .keys()
        .collect();
    names.sort();
    assert_eq!(names, ["access_token", "expires", "expires_at"]);
    assert!(answer.set_cookies().is_empty());
    let new = text(body.get("data").unwrap_or(&body), "access_token");
    let (amr, aal, at) = shown(&new);
    assert_eq!((amr, aal), (json!(["pwd"]), json!(1)));
    assert_eq!(at, shown(&access).2 + 600);
    let after = kw.session_of(&new);
    assert_eq!((after.id, after.generation), (before.id, before.generation));
    assert_eq!((kw.me(&access), kw.me(&new)), (200, 200));
    // The family goes on, and remembers.
    let next = kw.refresh(&refresh);
    assert_eq!(next.outcome(), "fresh");
    assert_eq!(shown(&next.tokens().0).2, at);
});

both!(a_code_shown_raises_the_level, |kw| {
    kw.account(ALICE);
    // Directus's routes let the session go on in which the factor was switched on.
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let secret = kw.enrol_in_directus(&access);
    let code = || kw.code(&secret, 0);
    kw.advance(60);
    let answer = step_up(kw, &access, &json!({ "otp": code() }));
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let new = text(body.get("data").unwrap_or(&body), "access_token");
    let (amr, aal, at) = shown(&new);
    assert_eq!((amr, aal), (json!(["pwd", "otp"]), json!(2)));
    assert_eq!(at, shown(&access).2, "the password was not shown again");
    // The password alone is half of it.
    step_up(kw, &new, &json!({ "password": PASSWORD })).refused(400, "INVALID_PAYLOAD");
    kw.advance(60);
    let both = json!({ "password": PASSWORD, "otp": code() });
    let answer = step_up(kw, &new, &both);
    assert_eq!(answer.status, 200, "{answer:?}");
    // A code that was used is used.
    step_up(kw, &new, &both).refused(403, "INVALID_OTP");
    assert_eq!(kw.me(&new), 200);
});

both!(a_wrong_proof_ends_nothing_and_is_counted, |kw| {
    kw.account(ALICE);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let before = kw.session_of(&access);
    for body in [
        json!({}),
        json!({ "password": "" }),
        json!({ "password": 1 }),
        json!({ "passwort": PASSWORD }),
        json!({ "password": PASSWORD, "aal": 2 }),
        // Without a factor there is no code.
        json!({ "otp": "123456" }),
    ] {
        step_up(kw, &access, &body).refused(400, "INVALID_PAYLOAD");
    }
    let mut last = 0;
    for _ in 0..40 {
        let answer = step_up(kw, &access, &json!({ "password": WRONG }));
        last = answer.status;
        assert!(matches!(last, 403 | 429), "{answer:?}");
    }
    assert_eq!(last, 429, "guesses end");
    assert_eq!(kw.session_of(&access), before);
    assert_eq!(kw.me(&access), 200);
    // Counted by the session: the account's own sign-in is not kept out.
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
});

both!(a_guest_and_an_ended_session_have_nothing_to_show, |kw| {
    kw.account(ALICE);
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    kw.post("/auth/logout").bearer(&access).send();
    let body = json!({ "password": PASSWORD });
    step_up(kw, &access, &body).refused(401, "INVALID_TOKEN");
    let guest = kw.guest().0;
    step_up(kw, &guest, &body).refused(403, "FORBIDDEN");
    kw.post("/auth/step-up")
        .json(&body)
        .send()
        .refused(401, "INVALID_CREDENTIALS");
});

const AN_HOUR: &[(&str, &str)] = &[("KEYWARD_STEP_UP_MAX_AGE", "1h")];

/// The same, with a page that a link may go on to.
const LISTED: &[(&str, &str)] = &[
    ("KEYWARD_STEP_UP_MAX_AGE", "1h"),
    ("KEYWARD_REDIRECT_ALLOW_LIST", "https://app.example.com/"),
];

const CHALLENGE: &str = "Bearer error=\"insufficient_user_authentication\", \
                         error_description=\"Show again who you are\", max_age=\"3600\"";

// Before the handler, by the table; and a step-up mends it.
both!(a_dangerous_deed_asks_for_a_young_sign_in, AN_HOUR, |kw| {
    kw.add(ROOT, None, true);
    let alice = kw.account(ALICE);
    let (old, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
    let path = format!("/admin/accounts/{alice}");
    kw.advance(3601);
    let access = kw.refresh(&refresh).tokens().0;
    assert_eq!(kw.me(&old), 401);
    let mut walked = 0;
    for row in TABLE.iter().flat_map(|group| group.rows) {
        if !row.fresh {
            continue;
        }
        walked += 1;
        let path = row.path.replace("{id}", &alice.to_string());
        let answer = kw.ask(row.method, &path).bearer(&access).send();
        answer.refused(401, "STEP_UP_REQUIRED");
        assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE));
        // Who may not do it at all is told so first.
        let own = kw.sign_in(ALICE, PASSWORD).tokens().0;
        kw.ask(row.method, &path)
            .bearer(&own)
            .send()
            .refused(403, "FORBIDDEN");
    }
    assert!(walked >= 10, "{walked}");
    assert_eq!(kw.me(&access), 200, "a look asks for nothing");
    assert_eq!(kw.get(&path).bearer(&access).send().status, 200);
    let body = step_up(kw, &access, &json!({ "password": PASSWORD })).json();
    let new = text(body.get("data").unwrap_or(&body), "access_token");
    assert_eq!(kw.delete(&path).bearer(&new).send().status, 204);
});

// Whoever holds an old token must not get by another way what the table keeps from it.
both!(
    no_key_and_no_link_stands_for_a_young_sign_in,
    LISTED,
    |kw| {
        kw.add(ROOT, None, true);
        kw.account(ALICE);
        let (young, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
        let key = |token: &str, scope: &str| {
            let body = json!({ "name": scope, "permissions": [scope] });
            kw.post("/auth/api-keys").bearer(token).json(&body).send()
        };
        let made = key(&young, "admin");
        assert_eq!(made.status, 201, "{made:?}");
        let (text_of, id) = (text(&made.json(), "key"), text(&made.json(), "id"));
        // Made a moment ago, and nobody signed in by it.
        let asked = kw.get("/auth/verify").bearer(&text_of);
        assert_eq!(asked.header("x-keyward-max-age", "300").send().status, 401);
        assert_eq!(kw.get("/auth/verify").bearer(&text_of).send().status, 200);
        kw.advance(3601);
        let access = kw.refresh(&refresh).tokens().0;
        let before = kw.count("api_keys") + kw.count("one_time_codes");
        key(&access, "account:mail").refused(401, "STEP_UP_REQUIRED");
        let rotate = kw.post(&format!("/auth/api-keys/{id}/rotate"));
        rotate
            .bearer(&access)
            .send()
            .refused(401, "STEP_UP_REQUIRED");
        let body = json!({ "email": ALICE });
        let link = kw.post("/admin/password-reset-link").bearer(&access);
        link.json(&body).send().refused(401, "STEP_UP_REQUIRED");
        let query = "mutation { passwordResetLink(input: { email: \"alice@example.com\", \
                     redirectUrl: \"https://app.example.com/\" }) }";
        let face = kw.post("/graphql").bearer(&access);
        let face = face.json(&json!({ "query": query })).send();
        assert!(face.body.contains("STEP_UP_REQUIRED"), "{face:?}");
        assert_eq!(kw.count("api_keys") + kw.count("one_time_codes"), before);
        // A key that opens nothing of the whole service asks for the hour that each does (0156).
        key(&access, "page:read").refused(401, "STEP_UP_REQUIRED");
    }
);

// A factor that was taken away proves nothing any more.
both!(
    a_password_alone_keeps_no_level_of_a_factor_that_is_gone,
    |kw| {
        kw.account(ALICE);
        let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
        let secret = kw.enrol_in_directus(&access);
        kw.advance(60);
        let body = json!({ "otp": kw.code(&secret, 0) });
        let raised = step_up(kw, &access, &body).json();
        let raised = text(raised.get("data").unwrap_or(&raised), "access_token");
        assert_eq!(shown(&raised).1, json!(2));
        kw.advance(60);
        let off = json!({ "otp": kw.code(&secret, 0) });
        let off = kw.post("/users/me/tfa/disable").bearer(&raised).json(&off);
        assert_eq!(off.send().status, 204);
        let again = step_up(kw, &raised, &json!({ "password": PASSWORD })).json();
        let again = text(again.get("data").unwrap_or(&again), "access_token");
        let (amr, aal, _) = shown(&again);
        assert_eq!((amr, aal), (json!(["pwd"]), json!(1)));
    }
);

both!(without_the_setting_nothing_is_asked, |kw| {
    kw.add(ROOT, None, true);
    let alice = kw.account(ALICE);
    let refresh = kw.sign_in(ROOT, PASSWORD).tokens().1;
    kw.advance(7200);
    let access = kw.refresh(&refresh).tokens().0;
    let path = format!("/admin/accounts/{alice}");
    assert_eq!(kw.delete(&path).bearer(&access).send().status, 204);
});

both!(a_proxy_may_ask_for_a_level_and_an_age, |kw| {
    kw.account(ALICE);
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let ask = |age: Option<&str>, acr: Option<&str>| {
        let mut ask = kw.get("/auth/verify").bearer(&access);
        if let Some(age) = age {
            ask = ask.header("x-keyward-max-age", age);
        }
        if let Some(acr) = acr {
            ask = ask.header("x-keyward-acr", acr);
        }
        ask.send()
    };
    kw.advance(300);
    assert_eq!(ask(None, None).status, 200);
    assert_eq!(ask(Some("300"), Some("aal1")).status, 200);
    let answer = ask(Some("299"), Some("aal2"));
    answer.refused(401, "STEP_UP_REQUIRED");
    let challenge = "Bearer error=\"insufficient_user_authentication\", \
                     error_description=\"Show again who you are\", acr_values=\"aal2\", \
                     max_age=\"299\"";
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    assert_eq!(answer.header("remote-user"), None);
    ask(Some("299"), None).refused(401, "STEP_UP_REQUIRED");
    ask(None, Some("aal2")).refused(401, "STEP_UP_REQUIRED");
    // What can not be read lets nobody pass.
    for (age, acr) in [
        (Some("5m"), None),
        (Some(""), None),
        (None, Some("high")),
        (Some("-1"), None),
    ] {
        ask(age, acr).refused(401, "INVALID_PAYLOAD");
    }
    let twice = kw
        .get("/auth/verify")
        .bearer(&access)
        .header("x-keyward-max-age", "300")
        .header("x-keyward-max-age", "999");
    twice.send().refused(401, "INVALID_PAYLOAD");
    // The query is the client's own.
    assert_eq!(
        kw.get("/auth/verify?max_age=0&acr=aal2")
            .bearer(&access)
            .send()
            .status,
        200
    );
});

// What one administers by two routes, both ask for (0122).
both!(
    an_administrators_routes_to_organizations_ask_as_their_own_do,
    &[("KEYWARD_STEP_UP_MAX_AGE", "5m")],
    |kw| {
        kw.add(ROOT, None, true);
        let (alice, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
        let body = json!({ "name": "Acme" });
        let made = kw.post("/auth/organizations").bearer(&alice).json(&body);
        let acme = text(&made.send().json(), "id");
        kw.advance(600);
        let access = kw.refresh(&refresh).tokens().0;
        let path = format!("/admin/organizations/{acme}");
        let lift = json!({ "mfaRequiredFrom": null });
        let lift = kw.ask("PATCH", &path).bearer(&access).json(&lift).send();
        lift.refused(401, "STEP_UP_REQUIRED");
        let member = format!("{path}/members/{}", kw.session_of(&access).account);
        let removed = kw.delete(&member).bearer(&access).send();
        removed.refused(401, "STEP_UP_REQUIRED");
    }
);
