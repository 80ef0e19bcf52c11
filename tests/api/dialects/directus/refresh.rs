//! Directus (seed D): refreshing and signing out, as golden exchanges.

use keyward::service::accounts::administer;
use serde_json::json;

use super::{ACCOUNT, HEADER, REFRESH_TOKEN, SESSION, send};
use crate::support::{Answer, Forge, TestKeyward, text};

const REFUSED: &str = r#"{"errors":[{"message":"Invalid user credentials.","extensions":{"code":"INVALID_CREDENTIALS"}}]}"#;

const NOTHING: &str = r#"{"errors":[{"message":"Invalid payload. The refresh token is required in either the payload or cookie.","extensions":{"code":"INVALID_PAYLOAD","reason":"The refresh token is required in either the payload or cookie"}}]}"#;

/// The session's second refresh token.
const SUCCESSOR: &str =
    "kwr1_AWlVuQCd94SprIdjYL9ZJXoAAAABn9ER2HUWjueXvGMg-n4SpqcIRunyqDhxUXse-pMFOw4nGKDxNI54nQ";

both!(d27_d28_d32_d35_the_seeds_example_of_refreshing, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    assert_eq!(refresh, REFRESH_TOKEN);
    kw.advance(60);
    let body = format!(
        r#"{{
            "refresh_token": "{refresh}",
            "mode": "json"
        }}"#
    );
    let answer = send(kw, "/auth/refresh", &body);
    let claims = format!(
        "{{\"iss\":\"http://localhost:8080\",\"aud\":\"keyward\",\"sub\":\"{ACCOUNT}\",\
         \"sid\":\"{SESSION}\",\"jti\":\"591aa31c-ec30-4c67-8184-6d677da04f1c\",\
         \"iat\":1767225660,\"exp\":1767226560,\"gen\":1,\"epoch\":0,\"acv\":0,\
         \"cls\":\"standard\",\"roles\":[],\"permissions\":[],\"amr\":[\"pwd\"],\"aal\":1,\
         \"auth_time\":1767225600,\"id\":\"{ACCOUNT}\",\
         \"app_access\":false,\"admin_access\":false}}"
    );
    let new = Forge::ours().sign_text(HEADER, &claims);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.body,
        format!(
            "{{\"access_token\":\"{new}\",\"expires\":900000,\"expires_at\":1767226560000,\
             \"refresh_token\":\"{SUCCESSOR}\"}}"
        )
    );
    assert_eq!(answer.header("x-keyward-refresh"), Some("fresh"));
    assert!(answer.set_cookies().is_empty());
    // D-27: another token, with a later end, that works.
    assert_ne!(new, access);
    assert_eq!(kw.me(&new), 200);
});

both!(d35_the_seeds_own_token_is_nobodys, |kw| {
    kw.signed_in("alice@example.com");
    let before = kw.state();
    let answer = send(
        kw,
        "/auth/refresh",
        r#"{
            "refresh_token": "gmPd...8wuB",
            "mode": "json"
        }"#,
    );
    answer.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(answer.body, REFUSED);
    assert_eq!(kw.state(), before);
});

/// Asserts where the refresh token of an answer is, and takes it from there.
#[track_caller]
fn token_in(answer: &Answer, cookie: bool) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    // D-33: milliseconds, in either mode.
    assert_eq!(body["expires"], json!(900_000));
    assert!(body["access_token"].is_string());
    if cookie {
        assert_eq!(body.get("refresh_token"), None, "{answer:?}");
        assert_eq!(answer.set_cookies().len(), 1, "{answer:?}");
        answer.cookie().unwrap()
    } else {
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        text(&body, "refresh_token")
    }
}

both!(
    d29_d30_d31_d33_d34_the_token_comes_from_either_and_goes_where_mode_says,
    |kw| {
        let (access, mut token) = kw.signed_in("alice@example.com");
        // From the body or the cookie; the text of mode; whether the answer is a cookie.
        let turns = [
            (false, "", false),
            (false, r#""mode":"json","#, false),
            // Cross-over: from json to cookie and back.
            (false, r#""mode":"cookie","#, true),
            (true, "", true),
            (true, r#""mode":"cookie","#, true),
            (true, r#""mode":"json","#, false),
            (false, "", false),
        ];
        for (from_cookie, mode, to_cookie) in turns {
            let answer = if from_cookie {
                let body = format!("{{{}}}", mode.trim_end_matches(','));
                let ask = kw.post("/auth/refresh").cookie(&token);
                ask.body("application/json", body).send()
            } else {
                let body = format!(r#"{{{mode}"refresh_token":"{token}"}}"#);
                send(kw, "/auth/refresh", &body)
            };
            token = token_in(&answer, to_cookie);
        }
        // D-29: with the cookie nothing need be submitted, not even a body.
        let answer = kw.post("/auth/refresh").cookie(&token).send();
        token_in(&answer, true);
        assert_eq!(kw.generation_of(&access), 8);
    }
);

both!(d36_nothing_to_refresh_with, |kw| {
    kw.signed_in("alice@example.com");
    let before = kw.state();
    for body in ["{}", r#"{"mode":"json"}"#, r#"{"mode":"cookie"}"#] {
        for route in ["/auth/refresh", "/auth/logout"] {
            let answer = send(kw, route, body);
            answer.refused(400, "INVALID_PAYLOAD");
            assert_eq!(answer.body, NOTHING, "{route} {body}");
        }
    }
    assert_eq!(kw.post("/auth/refresh").send().body, NOTHING);
    assert_eq!(kw.post("/auth/logout").send().body, NOTHING);
    assert_eq!(kw.state(), before);
});

both!(
    d37_refused_when_it_ended_was_signed_out_or_its_owner_disabled,
    |kw| {
        let sign_in = |email: &str| {
            let (access, refresh) = kw.signed_in(email);
            (kw.session_of(&access).account, refresh)
        };
        let refused = |refresh: &str| {
            let before = kw.state();
            for mode in ["json", "cookie"] {
                let body = format!(r#"{{"refresh_token":"{refresh}","mode":"{mode}"}}"#);
                let answer = send(kw, "/auth/refresh", &body);
                answer.refused(401, "INVALID_CREDENTIALS");
                assert_eq!(answer.body, REFUSED);
                assert!(answer.set_cookies().is_empty(), "{answer:?}");
            }
            assert_eq!(kw.state(), before);
        };
        let (_, refresh) = sign_in("out@example.com");
        let body = json!({ "refresh_token": refresh });
        assert_eq!(kw.post("/auth/logout").json(&body).send().status, 204);
        refused(&refresh);

        let (account, refresh) = sign_in("disabled@example.com");
        administer::set_enabled(&kw.kw, account, false).unwrap();
        refused(&refresh);

        let (_, refresh) = sign_in("ended@example.com");
        kw.advance(12 * 3600 - 1);
        let refresh = token_in(&kw.refresh(&refresh), false);
        kw.advance(12 * 3600);
        refused(&refresh);
    }
);

fn out(kw: &TestKeyward, refresh: &str) -> Answer {
    send(
        kw,
        "/auth/logout",
        &format!(r#"{{"refresh_token":"{refresh}"}}"#),
    )
}

both!(
    d39_signing_out_is_204_once_twice_and_for_an_unknown_token,
    |kw| {
        let (access, refresh) = kw.signed_in("alice@example.com");
        let other = kw.login("alice@example.com");
        let other = text(&other, "access_token");
        let before = kw.state();
        let answer = out(kw, "gmPd...8wuB");
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(kw.state(), before);

        let answer = out(kw, &refresh);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert!(answer.set_cookies().is_empty());
        let after = kw.state();
        assert_eq!(kw.refresh(&refresh).body, REFUSED);
        kw.get("/auth/me")
            .bearer(&access)
            .send()
            .refused(401, "INVALID_TOKEN");
        assert_eq!(out(kw, &refresh).status, 204);
        // Ended once, and only that session.
        assert_eq!(kw.state(), after);
        assert_eq!(kw.me(&other), 200);
    }
);

both!(d39_signing_out_by_cookie_clears_it, |kw| {
    let (access, cookie) = kw.signed_in_by_cookie("alice@example.com");
    for _ in 0..2 {
        let ask = kw.post("/auth/logout").cookie(&cookie);
        let answer = ask.body("application/json", r#"{"mode":"cookie"}"#).send();
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(
            answer.set_cookies(),
            ["__Host-keyward_refresh=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0"]
        );
        assert_eq!(kw.me(&access), 401);
    }
    let answer = kw.post("/auth/refresh").cookie(&cookie).send();
    assert_eq!((answer.status, answer.body.as_str()), (401, REFUSED));
});
