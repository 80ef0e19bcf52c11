//! What `POST /auth/refresh` refuses before any session is touched: no token, two tokens,
//! what is no text, what was tampered with, and a page that wants the cookie's token in
//! the body. What it refuses by the session's standing is `refresh_rules.rs`.

use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{TestKeyward, forged_refresh};

/// Ends the session of a refresh token.
type End = fn(&TestKeyward, &str);

both!(d36_a_refresh_with_nothing, |kw| {
    for body in [
        None,
        Some("{}"),
        Some(r#"{"mode":"json"}"#),
        Some(r#"{"mode":"cookie"}"#),
    ] {
        let ask = kw.post("/auth/refresh");
        let answer = match body {
            Some(body) => ask.body("application/json", body).send(),
            None => ask.send(),
        };
        answer.refused(400, "INVALID_PAYLOAD");
        assert_eq!(
            answer.json()["errors"][0]["message"],
            "Invalid payload. The refresh token is required in either the payload or cookie."
        );
    }
});

both!(r21_what_is_no_text_is_no_token, |kw| {
    let (_, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let huge = format!("\"{}\"", "a".repeat(1 << 20));
    for (token, status, code) in [
        ("5", 400, "INVALID_PAYLOAD"),
        ("true", 400, "INVALID_PAYLOAD"),
        ("[]", 400, "INVALID_PAYLOAD"),
        (&format!("[\"{refresh}\"]"), 400, "INVALID_PAYLOAD"),
        (
            &format!("{{\"$gt\":\"{refresh}\"}}"),
            400,
            "INVALID_PAYLOAD",
        ),
        // The row says 400; a body over 16 KiB is refused for its size before it is read.
        (&huge, 413, "CONTENT_TOO_LARGE"),
    ] {
        let body = format!("{{\"refresh_token\":{token}}}");
        let answer = kw
            .post("/auth/refresh")
            .body("application/json", body)
            .send();
        answer.refused(status, code);
        // A cookie beside it does not make it good.
        let body = format!("{{\"refresh_token\":{token}}}");
        let ask = kw.post("/auth/refresh").cookie(&refresh);
        ask.body("application/json", body)
            .send()
            .refused(status, code);
    }
    assert_eq!(kw.state(), before);
});

both!(d30_an_unknown_mode_spends_nothing, |kw| {
    let (_, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    for mode in [
        json!("x"),
        json!("session"),
        json!("JSON"),
        json!(""),
        json!(1),
    ] {
        let body = json!({ "refresh_token": refresh, "mode": mode });
        kw.post("/auth/refresh")
            .json(&body)
            .send()
            .refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.state(), before);
});

both!(r19_a_page_does_not_get_the_cookies_token, |kw| {
    let (_, cookie) = kw.signed_in_by_cookie("alice@example.com");
    let before = kw.state();
    let json_mode = json!({ "mode": "json" });
    for (header, value) in [
        ("origin", "http://localhost:8080"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
    ] {
        let ask = kw
            .post("/auth/refresh")
            .cookie(&cookie)
            .header(header, value);
        ask.json(&json_mode).send().refused(400, "INVALID_PAYLOAD");
        // Nor by repeating in the body what it can not know.
        let body = json!({ "mode": "json", "refresh_token": cookie });
        let ask = kw
            .post("/auth/refresh")
            .cookie(&cookie)
            .header(header, value);
        ask.json(&body).send().refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.state(), before);
    let ask = kw.post("/auth/refresh").cookie(&cookie);
    let answer = ask.header("origin", "http://localhost:8080").send();
    assert_eq!(
        answer.outcome(),
        "fresh",
        "with the cookie alone it goes on"
    );
    assert!(!answer.body.contains("kwr1_"), "{answer:?}");
});

both!(r20_two_different_refresh_tokens, |kw| {
    let (_, alices) = kw.signed_in_by_cookie("alice@example.com");
    let (_, mallorys) = kw.signed_in("mallory@example.com");
    let before = kw.state();
    let body = json!({ "refresh_token": mallorys });
    let answer = kw.post("/auth/refresh").cookie(&alices).json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(kw.state(), before);
});

both!(r12_a_tampered_token_is_refused, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let (others_access, _) = kw.signed_in("mallory@example.com");
    let (mine, others) = (kw.session_of(&access), kw.session_of(&others_access));
    let mut cases = vec![
        refresh[..refresh.len() - 1].to_owned(),
        refresh[5..].to_owned(),
        refresh.to_uppercase(),
        refresh.to_lowercase(),
        format!("{refresh}="),
        format!("{refresh} "),
        format!(" {refresh}"),
        format!("{refresh}{refresh}"),
        refresh.replace("kwr1_", "kwr2_"),
        access.clone(),
        // Rightly tagged, so refused only by the session's own salt: a stolen key alone
        // forges nothing, nor does one's own salt for another's session.
        forged_refresh(others.id, 0, &mine.salt),
        forged_refresh(mine.id, 0, &others.salt),
        forged_refresh(mine.id, 1, &[0; 32]),
        forged_refresh(mine.id, u32::MAX, &[0; 32]),
        forged_refresh(
            "00000000-0000-8000-8000-000000000000".parse().unwrap(),
            0,
            &mine.salt,
        ),
    ];
    // Every character changed for another: the head, the tag and the proof alike.
    for at in 5..refresh.len() {
        let other = if refresh.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut changed = refresh.clone();
        changed.replace_range(at..=at, other);
        cases.push(changed);
    }
    let before = (kw.state(), kw.count("audit_events"));
    let words = kw.refresh("kwr1_").body;
    for token in cases {
        let answer = kw.refresh(&token);
        answer.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(answer.body, words, "the same words for all");
    }
    assert_eq!((kw.state(), kw.count("audit_events")), before);
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
});

// Rows D-37, H-25, R9. The original says `USER_SUSPENDED` of a suspended user; that
// would tell a thief what became of the account, and decision 14 has one code.
both!(d37_h25_one_code_whatever_the_reason, |kw| {
    let ends: [(&str, End); 3] = [
        ("expired", |kw, _| kw.advance(43_201)),
        ("logged out", |kw, token| {
            let body = json!({ "refresh_token": token });
            kw.post("/auth/logout").json(&body).send();
        }),
        ("suspended", |kw, _| {
            let account = administer::find(&kw.kw, "suspended@example.com").unwrap();
            administer::set_enabled(&kw.kw, account.id, false).unwrap();
        }),
    ];
    let words = kw.refresh("kwr1_").body;
    for (name, end) in ends {
        let email = format!("{}@example.com", name.replace(' ', "-"));
        let (_, refresh) = kw.signed_in(&email);
        end(kw, &refresh);
        let before = kw.state();
        let answer = kw.refresh(&refresh);
        answer.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(answer.body, words, "{name}");
        assert_eq!(kw.state(), before, "{name}");
    }
});
