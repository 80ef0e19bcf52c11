//! More than one cookie of our name, names that only look like ours, and bytes of others
//! beside them (field log of clients, 2 and 27; attacks `attack_m1` and `attack_l5`).

use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{Answer, Ask, Fault, PASSWORD, TestKeyward};

const ALICE: &str = "alice@example.com";
const NAME: &str = "__Host-keyward_refresh";

/// A token of another Keyward: right by its form, and not ours.
fn of_another() -> String {
    format!("kwr1_{}", "A".repeat(82))
}

fn ask<'a>(kw: &'a TestKeyward, route: &str, values: &[&str]) -> Ask<'a> {
    let cookies: Vec<String> = values.iter().map(|it| format!("{NAME}={it}")).collect();
    kw.post(route).header("cookie", &cookies.join("; "))
}

both!(clients_02_the_cookie_that_is_ours_and_lives_serves, |kw| {
    let (access, mut token) = kw.signed_in_by_cookie(ALICE);
    let (_, ended) = kw.signed_in_by_cookie("bob@example.com");
    assert_eq!(kw.post("/auth/logout").cookie(&ended).send().status, 204);
    let other = of_another();
    let foreign = ["", "x", "kwr1_of_production", &other, &ended];
    let mut generation = 0;
    for junk in foreign {
        for first in [true, false] {
            let values = if first {
                [junk, token.as_str()]
            } else {
                [token.as_str(), junk]
            };
            let answer = ask(kw, "/auth/refresh", &values).send();
            assert_eq!(answer.status, 200, "{junk} {answer:?}");
            generation += 1;
            assert_eq!(kw.generation_of(&access), generation);
            token = answer.cookie().unwrap();
        }
    }
    // In two headers, as HTTP/2 splits them.
    let pair = |value: &str| format!("{NAME}={value}");
    let answer = kw
        .post("/auth/refresh")
        .header("cookie", &pair(&other))
        .header("cookie", &pair(&token))
        .send();
    assert_eq!(answer.status, 200, "{answer:?}");
});

both!(clients_02_of_one_session_the_later_token_serves, |kw| {
    let (access, first) = kw.signed_in_by_cookie(ALICE);
    let second = kw.post("/auth/refresh").cookie(&first).send();
    let second = second.cookie().unwrap();
    kw.advance(60);
    // The first alone would be a reuse, which ends the session.
    let answer = ask(kw, "/auth/refresh", &[&first, &second]).send();
    assert_eq!(answer.outcome(), "fresh");
    assert_eq!(kw.generation_of(&access), 2);
});

both!(clients_02_two_that_live_are_refused_with_a_way_out, |kw| {
    let (alice, ours) = kw.signed_in_by_cookie(ALICE);
    let (mallory, planted) = kw.signed_in_by_cookie("mallory@example.com");
    let before = kw.state();
    let answer = ask(kw, "/auth/refresh", &[&planted, &ours]).send();
    answer.refused(400, "INVALID_PAYLOAD");
    assert!(answer.body.contains("sign out"), "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(kw.state(), before);

    let out = ask(kw, "/auth/logout", &[&planted, &ours]).send();
    assert_eq!(out.status, 204, "{out:?}");
    assert_eq!(out.cookie().as_deref(), Some(""));
    assert_eq!([kw.me(&alice), kw.me(&mallory)], [401, 401]);

    // The planted one is still there, and dead: the next sign-in works.
    let body = json!({ "email": ALICE, "password": PASSWORD, "mode": "cookie" });
    let again = ask(kw, "/auth/login", &[&planted]).json(&body).send();
    assert_eq!(again.status, 200, "{again:?}");
    let ours = again.cookie().unwrap();
    let answer = ask(kw, "/auth/refresh", &[&planted, &ours]).send();
    assert_eq!(answer.status, 200, "{answer:?}");
});

// A person with a cookie that died long ago, and a client that keeps its token itself.
both!(
    clients_02_a_dead_cookie_says_nothing_against_the_token_of_a_body,
    |kw| {
        let (_, idle) = kw.signed_in_by_cookie("idle@example.com");
        kw.advance(13 * 3600);
        let (_, ended) = kw.signed_in_by_cookie("ended@example.com");
        assert_eq!(kw.post("/auth/logout").cookie(&ended).send().status, 204);
        let (access, of_disabled) = kw.signed_in_by_cookie("disabled@example.com");
        administer::set_enabled(&kw.kw, kw.session_of(&access).account, false).unwrap();
        let (changed, renewed) = kw.signed_in_by_cookie("renewed@example.com");
        let change = kw.change_password(&changed, PASSWORD, "another good one");
        assert_eq!(change.status, 200, "{change:?}");
        let (access, mut token) = kw.signed_in(ALICE);
        let dead = [&of_another(), &idle, &ended, &of_disabled, &renewed];
        for (number, cookie) in (1..).zip(dead) {
            let body = json!({ "refresh_token": token });
            let asked = kw.post("/auth/refresh").cookie(cookie).json(&body).send();
            assert_eq!(asked.outcome(), "fresh");
            assert!(asked.set_cookies().is_empty(), "{asked:?}");
            token = asked.tokens().1;
            assert_eq!(kw.generation_of(&access), number);
            // Beside another dead one the body's is refused like any other.
            let before = kw.state();
            let body = json!({ "refresh_token": format!("{ended}x") });
            let asked = kw.post("/auth/refresh").cookie(cookie).json(&body).send();
            asked.refused(401, "INVALID_CREDENTIALS");
            assert!(asked.set_cookies().is_empty(), "{asked:?}");
            assert_eq!(kw.state(), before);
        }
        // A session that lives is not passed over, by whichever of its tokens.
        let (_, first) = kw.signed_in_by_cookie("bob@example.com");
        assert_eq!(kw.post("/auth/refresh").cookie(&first).send().status, 200);
        let body = json!({ "refresh_token": token });
        let asked = kw.post("/auth/refresh").cookie(&first).json(&body).send();
        asked.refused(400, "INVALID_PAYLOAD");
        assert_eq!(kw.refresh(&token).outcome(), "fresh");
    }
);

both!(clients_02_signing_out_is_refused_for_no_cookie, |kw| {
    let other = of_another();
    for junk in ["x", "a b", &other] {
        let (access, token) = kw.signed_in_by_cookie(&format!("u{}@example.com", junk.len()));
        let out = ask(kw, "/auth/logout", &[junk, &token]).send();
        assert_eq!((out.status, kw.me(&access)), (204, 401), "{junk} {out:?}");
        // Nothing to end, and the cookie goes.
        let out = ask(kw, "/auth/logout", &[junk]).send();
        assert_eq!(out.status, 204, "{junk} {out:?}");
        assert_eq!(out.cookie().as_deref(), Some(""));
    }
    // Beside cookies that name no session of ours, the access token says which.
    let (access, _) = kw.signed_in(ALICE);
    let out = ask(kw, "/auth/logout", &["x", &other])
        .bearer(&access)
        .send();
    assert_eq!((out.status, kw.me(&access)), (204, 401), "{out:?}");
});

both!(
    clients_27_quotes_are_read_and_others_cookies_are_left,
    |kw| {
        let (access, token) = kw.signed_in_by_cookie(ALICE);
        let answer = ask(kw, "/auth/refresh", &[&format!("\"{token}\"")]).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(kw.generation_of(&access), 1);
        for junk in ["garbage", "\"", "kwr1_short", "\"garbage\""] {
            let answer = ask(kw, "/auth/refresh", &[junk]).send();
            answer.refused(401, "INVALID_CREDENTIALS");
            assert!(answer.set_cookies().is_empty(), "{junk} {answer:?}");
        }
        // By its form it is a token of ours, and it will never be good again.
        let answer = ask(kw, "/auth/refresh", &[&of_another()]).send();
        answer.refused(401, "INVALID_CREDENTIALS");
        assert_eq!(answer.cookie().as_deref(), Some(""));
    }
);

both!(attack_m1_white_space_of_unicode_makes_no_name_ours, |kw| {
    let (access, token) = kw.signed_in_by_cookie(ALICE);
    let before = kw.state();
    for space in [
        "\u{2000}", "\u{a0}", "\u{85}", "\u{3000}", "\u{2028}", "\u{feff}", "\u{b}", "\u{c}",
    ] {
        for header in [
            format!("{space}{NAME}={token}"),
            format!("{NAME}{space}={token}"),
            format!("a=b; {space}{NAME}={token}"),
        ] {
            let Ok(value) = actix_web::http::header::HeaderValue::from_bytes(header.as_bytes())
            else {
                continue;
            };
            for route in ["/auth/refresh", "/auth/logout"] {
                let answer = kw.post(route).header_value("cookie", value.clone()).send();
                answer.refused(400, "INVALID_PAYLOAD");
            }
        }
    }
    assert_eq!(kw.state(), before);
    // Browsers and proxies put spaces and tabs there.
    let header = format!("a=b;\t {NAME} = {token} ");
    let answer = kw.post("/auth/refresh").header("cookie", &header).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(kw.generation_of(&access), 1);
});

both!(
    attack_l5_the_mark_is_found_beside_whatever_comes_with_it,
    |kw| {
        kw.account(ALICE);
        let body = json!({ "email": ALICE, "password": PASSWORD, "mode": "cookie" });
        let mark = kw.post("/auth/login").json(&body).send().device().unwrap();
        let name = "__Host-keyward_device";
        let sign_in = |cookies: &str| -> Answer {
            let ask = kw.post("/auth/login").json(&body);
            ask.header("cookie", cookies).send()
        };
        kw.exhaust(ALICE);
        for cookies in [
            format!("{name}={mark}"),
            format!("{name}={mark}; lang=fran\u{e7}ais"),
            format!("lang=fran\u{e7}ais; {name}={mark}"),
            format!("{name}=x; {name}={mark}"),
            format!("{name}={mark}; {name}=x"),
            format!("{name}=\u{e9}; {name}=\"{mark}\""),
        ] {
            kw.sign_in(ALICE, PASSWORD)
                .refused(429, "REQUESTS_EXCEEDED");
            assert_eq!(sign_in("other=1").status, 429);
            assert_eq!(sign_in(&format!("\u{a0}{name}={mark}")).status, 429);
            let answer = sign_in(&cookies);
            assert_eq!(answer.status, 200, "{cookies} {answer:?}");
        }
    }
);

both!(
    clients_02_signing_out_ends_what_the_access_token_names,
    |kw| {
        let (dead_access, dead) = kw.signed_in_by_cookie(ALICE);
        kw.post("/auth/logout").bearer(&dead_access).send();
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        let ask = kw.post("/auth/logout").cookie(&dead).bearer(&access);
        assert_eq!(ask.send().status, 204);
        assert_eq!(kw.me(&access), 401, "a dead cookie hides nobody's session");
        // Beside a cookie that is nobody's a bad access token is no reason to refuse.
        let ask = kw.post("/auth/logout").cookie("x").bearer("garbage");
        let answer = ask.send();
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(answer.set_cookies()[0].contains("Max-Age=0"), "{answer:?}");
        // What can not be written is not claimed, whatever came beside it.
        let (access, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        for (fault, verb, table, status, code) in [
            (
                Fault::Fails,
                "UPDATE",
                "sessions",
                503,
                "SERVICE_UNAVAILABLE",
            ),
            (
                Fault::CommitFails,
                "UPDATE",
                "sessions",
                503,
                "SERVICE_UNAVAILABLE",
            ),
            (
                Fault::ChangesNothing,
                "INSERT",
                "audit_events",
                500,
                "INTERNAL_SERVER_ERROR",
            ),
        ] {
            kw.inject(fault, verb, table);
            let ask = kw.post("/auth/logout").cookie(&dead).bearer(&access);
            ask.send().refused(status, code);
            kw.mend();
            assert_eq!(kw.me(&access), 200, "{fault:?}");
        }
    }
);
