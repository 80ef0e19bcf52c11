//! Signing out (rows D-39, H-26 to H-30, H-43, J25): by refresh token, by cookie or by
//! access token. It ends one session, at once, on every route, and only once.

use keyward::domain::session::{EndReason, Ending};
use keyward::http::routes::{Guard, Row, TABLE};
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward, forged_refresh, text};

fn out(kw: &TestKeyward, refresh: &str) -> Answer {
    let body = json!({ "refresh_token": refresh });
    kw.post("/auth/logout").json(&body).send()
}

/// Done, without a word.
#[track_caller]
fn assert_done(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (204, ""),
        "{answer:?}"
    );
}

both!(d39_h26_h27_each_way_of_signing_out, |kw| {
    let cleared = "__Host-keyward_refresh=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0";
    for (way, email) in [
        ("refresh token", "a@example.com"),
        ("mode too", "b@example.com"),
        ("cookie", "c@example.com"),
        ("access token", "d@example.com"),
        ("query", "e@example.com"),
        ("seed O", "f@example.com"),
    ] {
        let (access, refresh) = kw.signed_in(email);
        kw.advance(1);
        let account = kw.session_of(&access).account;
        let body = json!({ "refresh_token": refresh, "mode": "json" });
        let answer = match way {
            "refresh token" => out(kw, &refresh),
            "mode too" => kw.post("/auth/logout").json(&body).send(),
            "cookie" => kw.post("/auth/logout").cookie(&refresh).send(),
            "access token" => kw.post("/auth/logout").bearer(&access).send(),
            "query" => kw
                .post(&format!("/auth/logout?access_token={access}"))
                .send(),
            _ => kw.ask("DELETE", "/v1/api/auth/me").bearer(&access).send(),
        };
        assert_done(&answer);
        let cookies = if way == "cookie" {
            vec![cleared]
        } else {
            vec![]
        };
        assert_eq!(answer.set_cookies(), cookies, "{way}");
        let ended = kw.session_of(&access).ended;
        assert_eq!(
            ended,
            Some(Ending {
                at: kw.kw.clock.now(),
                reason: EndReason::Logout
            }),
            "{way}"
        );
        assert_eq!(kw.audit(account).last().unwrap(), "logged_out", "{way}");
        kw.assert_ended(&access, &[&refresh], EndReason::Logout);
    }
});

/// The request that a row takes, with this token; of a session's own the id.
fn ask(kw: &TestKeyward, row: &Row, access: &str) -> Answer {
    let method = if row.method == "ANY" {
        "GET"
    } else {
        row.method
    };
    let id = kw.session_of(access).id.to_string();
    let ask = kw
        .ask(method, &row.path.replace("{id}", &id))
        .bearer(access);
    match method {
        "GET" => ask.send(),
        _ => ask.json(&json!({})).send(),
    }
}

// A live token of the same kind is what proves that it is the end that is refused.
both!(h28_j25_its_access_tokens_are_dead_on_every_route, |kw| {
    let rows = TABLE.iter().flat_map(|group| group.rows);
    let rows: Vec<_> = rows.filter(|row| row.guard != Guard::Public).collect();
    assert!(rows.len() >= 18, "{} routes", rows.len());
    let replica = kw.replica();
    kw.account("alice@example.com");
    kw.account("bob@example.com");
    let standard = || text(&kw.login("alice@example.com"), "access_token");
    let oisp = || kw.oisp_login("alice@example.com");
    let (dead, dead_oisp) = (standard(), oisp());
    for access in [&dead, &dead_oisp] {
        for process in [kw, &replica] {
            assert_eq!(process.me(access), 200, "both know it, and remember that");
        }
        assert_done(&kw.post("/auth/logout").bearer(access).send());
    }
    replica.catch_up();
    for row in rows {
        let live = text(&kw.login("bob@example.com"), "access_token");
        let answer = ask(kw, row, &live);
        assert_ne!(
            answer.status, 401,
            "{} {}: {answer:?}",
            row.method, row.path
        );
        for process in [kw, &replica] {
            for access in [&dead, &dead_oisp] {
                let answer = ask(process, row, access);
                assert_eq!(
                    answer.status, 401,
                    "{} {}: {answer:?}",
                    row.method, row.path
                );
                if !row.path.starts_with("/v1/api") && !answer.body.is_empty() {
                    answer.refused(401, "INVALID_TOKEN");
                }
            }
        }
    }
    // And where a token is taken in another way, or in spite of its age.
    for process in [kw, &replica] {
        for access in [&dead, &dead_oisp] {
            let renew = process.post("/v1/api/auth/token").bearer(access);
            assert_eq!(renew.send().status, 401);
            for path in ["/auth/me?access_token=", "/auth/token?token="] {
                let answer = process.get(&format!("{path}{access}")).send();
                answer.refused(401, "INVALID_TOKEN");
            }
        }
    }
});

both!(h29_another_session_of_the_account_lives_on, |kw| {
    let (first, first_refresh) = kw.signed_in("alice@example.com");
    let second = kw.login("alice@example.com");
    let (second, second_refresh) = (
        text(&second, "access_token"),
        text(&second, "refresh_token"),
    );
    let oisp = kw.oisp_login("alice@example.com");
    let before = (kw.session_of(&second), kw.session_of(&oisp));
    assert_done(&out(kw, &first_refresh));
    kw.assert_ended(&first, &[&first_refresh], EndReason::Logout);
    assert_eq!((kw.session_of(&second), kw.session_of(&oisp)), before);
    assert_eq!((kw.me(&second), kw.me(&oisp)), (200, 200));
    assert_eq!(kw.refresh(&second_refresh).outcome(), "fresh");
    assert_eq!(kw.login("alice@example.com")["expires"], json!(900_000));
});

// Signing out is never refused to its holder: also with a token that was replaced, or
// that sits in the other of two places.
both!(h27_any_token_of_the_session_ends_it, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    kw.advance(3600);
    assert_done(&out(kw, &zero));
    kw.assert_ended(&access, &[&zero, &one], EndReason::Logout);
    let (first, cookie) = kw.signed_in_by_cookie("bob@example.com");
    let (second, refresh) = kw.signed_in("carol@example.com");
    let body = json!({ "refresh_token": refresh });
    assert_done(&kw.post("/auth/logout").cookie(&cookie).json(&body).send());
    kw.assert_ended(&first, &[&cookie], EndReason::Logout);
    kw.assert_ended(&second, &[&refresh], EndReason::Logout);
});

both!(h43_signing_out_twice_changes_nothing, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    assert_done(&out(kw, &refresh));
    let session = kw.session_of(&access);
    kw.advance(5);
    let before = (
        kw.state(),
        kw.audit(session.account),
        kw.count("revocations"),
    );
    // Row H-43 wants 401: so it is by access token. The original's client, which sends
    // its refresh token, is told 204 as by the original.
    kw.post("/auth/logout")
        .bearer(&access)
        .send()
        .refused(401, "INVALID_TOKEN");
    assert_done(&out(kw, &refresh));
    let answer = kw.post("/auth/logout").cookie(&refresh).send();
    assert_done(&answer);
    assert_eq!(
        answer.cookie().as_deref(),
        Some(""),
        "the cookie goes all the same"
    );
    let after = (
        kw.state(),
        kw.audit(session.account),
        kw.count("revocations"),
    );
    assert_eq!(after, before);
});

both!(h30_without_a_session_there_is_nothing_to_end, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let session = kw.session_of(&access);
    let before = (
        kw.state(),
        kw.count("audit_events"),
        kw.count("revocations"),
    );
    // As the original: no token at all is a fault of the request.
    for ask in [
        kw.post("/auth/logout"),
        kw.post("/auth/logout").json(&json!({})),
        kw.post("/auth/logout")
            .header("authorization", "Basic YTpi"),
        kw.post("/auth/logout")
            .json(&json!({ "refresh_token": null })),
        kw.post("/auth/logout")
            .json(&json!({ "refresh_token": "" })),
        kw.post("/auth/logout")
            .json(&json!({ "refresh_token": refresh, "mode": "x" })),
    ] {
        ask.send().refused(400, "INVALID_PAYLOAD");
    }
    for garbage in ["garbage", "a.b.c", &refresh] {
        let answer = kw.post("/auth/logout").bearer(garbage).send();
        answer.refused(401, "INVALID_TOKEN");
    }
    // A refresh token that is none of ours ends nothing, and is told nothing.
    for other in [
        "garbage",
        "gmPd...8wuB",
        &access,
        &forged_refresh(session.id, 0, &[0; 32]),
        &refresh[..refresh.len() - 1],
    ] {
        assert_done(&out(kw, other));
    }
    assert_eq!(
        (
            kw.state(),
            kw.count("audit_events"),
            kw.count("revocations")
        ),
        before
    );
    assert_eq!(kw.me(&access), 200);
});

// Whoever may go on by a token may stop by it.
both!(
    clients_09_a_token_that_can_be_exchanged_ends_its_session,
    |kw| {
        let hour = 3600;
        for (name, method, path, age) in [
            ("first", "POST", "/auth/logout", 905),
            ("last", "POST", "/auth/logout", 900 + hour - 1),
            ("oisp", "DELETE", "/v1/api/auth/me", 25 * hour),
        ] {
            let email = format!("{name}@example.com");
            kw.account(&email);
            let access = match name {
                "oisp" => kw.oisp_login(&email),
                _ => text(&kw.login(&email), "access_token"),
            };
            kw.advance(age);
            assert_eq!(kw.me(&access), 401, "it opens nothing else");
            let answer = kw.ask(method, path).bearer(&access).send();
            assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{name}");
            let ended = kw.session_of(&access).ended.map(|ending| ending.reason);
            assert_eq!(ended, Some(EndReason::Logout));
            let exchange = kw.get(&format!("/auth/token?token={access}")).send();
            exchange.refused(401, "INVALID_TOKEN");
            let again = kw.ask(method, path).bearer(&access).send();
            assert_eq!(again.status, 401, "{name}");
        }
    }
);

both!(clients_09_a_token_that_nothing_takes_ends_nothing, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    kw.advance(900 + 3600);
    let answer = kw.post("/auth/logout").bearer(&access).send();
    answer.refused(401, "TOKEN_EXPIRED");
    assert_eq!(kw.session_of(&access).ended, None);
    assert_done(&out(kw, &refresh));
});

// Where a token stands in the body or the cookie, that is the session that is meant.
both!(d39_the_refresh_token_says_which_session, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let other = text(&kw.login("alice@example.com"), "access_token");
    let body = json!({ "refresh_token": refresh });
    assert_done(&kw.post("/auth/logout").bearer(&other).json(&body).send());
    kw.assert_ended(&access, &[&refresh], EndReason::Logout);
    assert_eq!(kw.me(&other), 200);
    let login = json!({ "email": "alice@example.com", "password": PASSWORD });
    let ask = kw.post("/auth/login").bearer(&access).json(&login);
    assert_eq!(
        ask.send().status,
        200,
        "a dead token beside a sign-in harms nothing"
    );
});
