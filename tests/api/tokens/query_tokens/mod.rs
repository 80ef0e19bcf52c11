//! An access token in the address, `?access_token=` (seed D), beside the header: the
//! same at every door, one of them at a time, and never written down (threats Q1 to
//! Q6, rows D-05 to D-08).

mod canaries;

use keyward::http::routes::{Guard, TABLE};
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward};

/// Every route that asks who calls, by method.
fn guarded() -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.iter().flat_map(|group| group.rows);
    let rows = rows.filter(|row| row.guard != Guard::Public);
    let method = |method| if method == "ANY" { "GET" } else { method };
    let mut routes: Vec<_> = rows.map(|row| (method(row.method), row.path)).collect();
    assert!(routes.len() >= 7, "{routes:?}");
    // It needs no token where it has a refresh token, so the table calls it public.
    routes.push(("POST", "/auth/logout"));
    routes
}

/// A fresh session of the kind that the route's dialect gives.
fn token_for(kw: &TestKeyward, path: &str) -> String {
    if path.starts_with("/v1/api/") {
        kw.oisp_login("alice")
    } else {
        crate::support::text(&kw.login("alice@example.com"), "access_token")
    }
}

fn in_query(kw: &TestKeyward, (method, path): (&str, &str), token: &str) -> Answer {
    kw.ask(method, &format!("{path}?access_token={token}"))
        .send()
}

both!(
    d05_d06_a_token_in_the_address_is_as_good_as_in_the_header,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let by_header = kw.get("/auth/me").bearer(&access).send();
        let by_query = in_query(kw, ("GET", "/auth/me"), &access);
        assert_eq!(by_header.status, 200);
        assert_eq!((by_query.status, by_query.body), (200, by_header.body));
        let lower = format!("bearer {access}");
        let answer = kw.get("/auth/me").header("authorization", &lower).send();
        assert_eq!(answer.status, 200);
    }
);

both!(d07_both_ways_open_every_guarded_route, |kw| {
    kw.add("alice@example.com", Some("alice"), true);
    for route @ (method, path) in guarded() {
        let without = kw.ask(method, path).send();
        // Signing out says in the original's words that it was told no session.
        let status = if path == "/auth/logout" { 400 } else { 401 };
        assert_eq!(without.status, status, "{route:?} {without:?}");
        let token = token_for(kw, path);
        let by_header = kw.ask(method, path).bearer(&token).send();
        // A fresh session, as the first answer may have ended the other one.
        let token = token_for(kw, path);
        let by_query = in_query(kw, route, &token);
        // Some miss a body or an id then, but none of them the caller.
        assert!(
            matches!(by_header.status, 200..=299 | 400 | 404),
            "{route:?} {by_header:?}"
        );
        assert_ne!(by_header.body, without.body, "{route:?}");
        assert_eq!(by_query.status, by_header.status, "{route:?} {by_query:?}");
        let of_the_session = [
            "/v1/api/auth/tokenInfo",
            "/auth/verify",
            "/auth/sessions",
            "/auth/me/export",
        ];
        if by_header.status == 400 || method == "GET" && !of_the_session.contains(&path) {
            assert_eq!(by_query.body, by_header.body, "{route:?}");
        }
    }
});

both!(d08_q3_two_tokens_are_refused_whosever_they_are, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let (bob, _) = kw.signed_in("bob@example.com");
    for (method, path) in guarded() {
        let alice = token_for(kw, path);
        let before = kw.state();
        for (header, query) in [(&alice, &bob), (&bob, &alice), (&alice, &alice)] {
            let path = format!("{path}?access_token={query}");
            let answer = kw.ask(method, &path).bearer(header).send();
            // What a proxy may be told at all stands in verify.rs.
            let verify = path.starts_with("/auth/verify");
            let right = answer.status == 400 || verify && [401, 403].contains(&answer.status);
            assert!(right, "{path} {answer:?}");
            assert!(!answer.body.contains(&**query) && !answer.body.contains("example.com"));
            assert_eq!(answer.header("remote-user"), None);
        }
        assert_eq!(kw.state(), before);
    }
    let path = format!("/auth/me?access_token={bob}");
    let answer = kw.get(&path).bearer(&bob).send();
    answer.refused(400, "INVALID_PAYLOAD");
    // A header that holds no token which can be read is a method all the same.
    for header in [
        format!("Bearer  {bob}"),
        format!("bearer {bob} {bob}"),
        format!("Bearer\t{bob}"),
        "Bearer ".to_owned(),
        "BEARER".to_owned(),
    ] {
        let ask = kw.get(&path).header("authorization", &header);
        ask.send().refused(400, "INVALID_PAYLOAD");
    }
    // Of another scheme it is none of Keyward's.
    let ask = kw.get(&path).header("authorization", "Basic YTpi");
    assert_eq!(ask.send().status, 200);
    let message = answer.json()["errors"][0]["message"].clone();
    let words = "The request uses more than one method for including an access token";
    assert_eq!(message, format!("Invalid payload. {words}."));
});

both!(q2_no_answer_is_kept_and_none_tells_its_address_on, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    for (path, status) in [
        (format!("/auth/me?access_token={access}"), 200),
        (format!("/auth/verify?access_token={access}"), 200),
        (format!("/v1/api/auth/me?access_token={access}"), 200),
        ("/auth/me?access_token=bad".to_owned(), 401),
        ("/v1/api/auth/tokenInfo?access_token=bad".to_owned(), 401),
        (
            format!("/auth/me?access_token={access}&access_token=b"),
            400,
        ),
        (format!("/nowhere?access_token={access}"), 404),
        (format!("/auth/login?access_token={access}"), 405),
        (format!("/auth/me?access_token={}", "a".repeat(9_000)), 414),
        (format!("/auth/token?token={access}"), 200),
        ("/auth/token?token=bad".to_owned(), 401),
    ] {
        let answer = kw.get(&path).send();
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let kept = answer.header("cache-control").unwrap();
        assert!(kept == "no-store" || kept == "no-store, private", "{kept}");
    }
});

both!(q4_the_parameter_has_one_name_and_one_value, |kw| {
    let (alice, _) = kw.signed_in("alice@example.com");
    let (bob, _) = kw.signed_in("bob@example.com");
    let before = kw.state();
    let ask = |query: &str| kw.get(&format!("/auth/me?{query}")).send();
    for query in [
        format!("access_token={alice}&access_token={bob}"),
        format!("access_token={alice}&access_token={alice}"),
        format!("access_token={alice}&access_token="),
        format!("access_token=&access_token={alice}"),
        format!("access_token={alice}&%61ccess_token={bob}"),
        format!("access_token[]={alice}"),
        format!("access_token%5B%5D={alice}"),
        format!("access_token[0]={alice}"),
        format!("access_token[a]={bob}&access_token={alice}"),
    ] {
        let answer = ask(&query);
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(!answer.body.contains(&alice) && !answer.body.contains(&bob));
    }
    // Another name is another parameter, so there is no token.
    for query in [
        format!("ACCESS_TOKEN={alice}"),
        format!("Access_Token={alice}"),
        format!("access-token={alice}"),
        format!("xaccess_token={alice}"),
        format!("access_token_={alice}"),
        format!("access_token%20={alice}"),
        format!("token={alice}"),
        format!("x=access_token={alice}"),
        "access_token=".to_owned(),
        "access_token".to_owned(),
        String::new(),
    ] {
        ask(&query).refused(401, "INVALID_CREDENTIALS");
    }
    // Neither space around it nor another parameter behind a semicolon belongs to it.
    for query in [
        format!("access_token=%20{alice}"),
        format!("access_token={alice}+"),
        format!("access_token={alice};access_token={bob}"),
        format!("access_token=Bearer%20{alice}"),
    ] {
        ask(&query).refused(401, "INVALID_TOKEN");
    }
    // Spelled otherwise in the address it is still the same name (RFC 3986 section 6.2.2.2).
    for query in [
        format!("%61ccess_token={alice}"),
        format!("a=b&access_token={alice}&ACCESS_TOKEN={bob}"),
    ] {
        assert_eq!(ask(&query).status, 200, "{query}");
    }
    assert_eq!(kw.state(), before);
});

both!(
    q5_switched_off_the_parameter_is_not_read,
    &[("KEYWARD_QUERY_TOKENS", "off")],
    |kw| {
        kw.add("alice@example.com", Some("alice"), false);
        let before_all = (kw.oisp_login("alice"), token_for(kw, "/auth/me"));
        let before = kw.state();
        for route @ (_, path) in guarded() {
            let token = if path.starts_with("/v1/api/") {
                &before_all.0
            } else {
                &before_all.1
            };
            let answer = in_query(kw, route, token);
            // As without any token: signing out says so in the original's words.
            let status = if path == "/auth/logout" { 400 } else { 401 };
            assert_eq!(answer.status, status, "{route:?} {answer:?}");
            assert_eq!(answer.header("remote-user"), None);
        }
        let answer = in_query(kw, ("POST", "/v1/api/auth/token"), &before_all.0);
        assert_eq!(answer.status, 400, "a sign-in without a name");
        assert_eq!(kw.state(), before);
        // What is not read can not be one too many either.
        let path = format!("/auth/me?access_token=x&access_token={}", before_all.1);
        assert_eq!(kw.get(&path).bearer(&before_all.1).send().status, 200);
        // The exchange has a parameter and a switch of its own.
        let path = format!("/auth/token?token={}", before_all.1);
        assert_eq!(kw.get(&path).send().status, 200);
    }
);

both!(q6_no_other_secret_is_read_from_the_address, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let body = kw.login("alice@example.com");
    let refresh = crate::support::text(&body, "refresh_token");
    let before = kw.state();
    let password = PASSWORD.replace(' ', "%20");
    let whole = format!("email=alice@example.com&username=alice&password={password}");
    for (method, path) in [
        ("POST", format!("/auth/refresh?refresh_token={refresh}")),
        ("POST", format!("/auth/logout?refresh_token={refresh}")),
        ("POST", format!("/auth/login?{whole}")),
        ("POST", format!("/v1/api/auth/token?{whole}")),
        (
            "PUT",
            format!("/v1/api/auth/refresh?refreshToken={refresh}"),
        ),
    ] {
        for body in [None, Some(json!({}))] {
            let ask = kw.ask(method, &path);
            let answer = match body {
                Some(body) => ask.json(&body).send(),
                None => ask.send(),
            };
            assert_eq!(answer.status, 400, "{path} {answer:?}");
            assert!(!answer.body.contains(&refresh) && !answer.body.contains(PASSWORD));
            assert!(answer.set_cookies().is_empty());
        }
    }
    // Nor does it stand in for what the body got wrong.
    let wrong = json!({ "email": "alice@example.com", "password": "wrong" });
    let answer = kw.post(&format!("/auth/login?{whole}")).json(&wrong).send();
    answer.refused(401, "INVALID_CREDENTIALS");
    let wrong = json!({ "refresh_token": "wrong" });
    let path = format!("/auth/refresh?refresh_token={refresh}");
    kw.post(&path)
        .json(&wrong)
        .send()
        .refused(401, "INVALID_CREDENTIALS");
    for name in ["refresh_token", "password", "access_token"] {
        let answer = kw.get(&format!("/auth/me?{name}={refresh}")).send();
        assert_eq!(answer.status, 401);
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.refresh(&refresh).status, 200, "it was not spent");
});
