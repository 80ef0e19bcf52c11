//! What other origins are told (threats C13, C14), and the headers that every answer
//! carries, refusals included (C17).

use serde_json::json;

use crate::support::{Answer, Logbook, TestKeyward};

const APP: &str = "https://app.example.com";

const LISTED: &[(&str, &str)] = &[("KEYWARD_ALLOWED_ORIGINS", APP)];

/// The `access-control-…` headers, sorted.
fn told(answer: &Answer) -> Vec<(&str, &str)> {
    let mut told: Vec<(&str, &str)> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("access-control-"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    told.sort_unstable();
    told
}

fn preflight(kw: &TestKeyward, path: &str, origin: &str) -> Answer {
    kw.ask("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization")
        .send()
}

#[track_caller]
fn varies_by_origin(answer: &Answer) {
    let vary = answer.headers.iter().filter(|(name, _)| name == "vary");
    let by_origin = vary.flat_map(|(_, value)| value.split(',')).any(|name| {
        let name = name.trim();
        name.eq_ignore_ascii_case("origin")
    });
    assert!(by_origin, "{answer:?}");
}

#[test]
fn c13_another_origin_is_told_nothing() {
    let kw = TestKeyward::with(LISTED);
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    for origin in [
        "https://evil.io",
        "null",
        "https://app.example.com.evil.io",
        "http://app.example.com",
        "*",
    ] {
        for path in [
            "/auth/login",
            "/auth/refresh",
            "/v1/api/auth/token",
            "/nowhere",
        ] {
            let answer = preflight(&kw, path, origin);
            assert_eq!(answer.status, 403, "{origin} {path}");
            assert_eq!(told(&answer), [], "{origin} {path}");
            varies_by_origin(&answer);
        }
        let ask = kw.get("/auth/me").bearer(&access);
        let answer = ask.header("origin", origin).send();
        // The token is good, so the caller is answered; the page may not read it.
        assert_eq!((answer.status, told(&answer)), (200, vec![]), "{origin}");
        varies_by_origin(&answer);
    }
    assert_eq!(kw.state(), before);
}

/// An answer that was cached for a request without `Origin` must not be used for one
/// with it.
#[test]
fn c13_every_answer_says_that_it_varies_by_origin() {
    let kw = TestKeyward::with(LISTED);
    for path in [
        "/.well-known/jwks.json",
        "/openapi.yaml",
        "/auth/me",
        "/nowhere",
    ] {
        varies_by_origin(&kw.get(path).send());
    }
}

#[test]
fn c14_a_listed_origin_is_told_exactly_this() {
    let kw = TestKeyward::with(LISTED);
    for origin in [APP, "http://localhost:8080"] {
        let answer = preflight(&kw, "/auth/login", origin);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(
            told(&answer),
            [
                ("access-control-allow-credentials", "true"),
                (
                    "access-control-allow-headers",
                    "authorization, content-type"
                ),
                (
                    "access-control-allow-methods",
                    "GET, POST, PUT, PATCH, DELETE"
                ),
                ("access-control-allow-origin", origin),
                (
                    "access-control-expose-headers",
                    "location, retry-after, www-authenticate, x-keyward-refresh, x-request-id"
                ),
                ("access-control-max-age", "600"),
            ]
        );
        varies_by_origin(&answer);
    }
    // The name as it stands on the list, however the browser wrote it.
    let answer = preflight(&kw, "/auth/login", "HTTPS://APP.example.com:443");
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));

    // Answers themselves may be read, refusals too, or a page could not tell them apart.
    for (ask, status) in [
        (kw.get("/auth"), 200),
        (kw.get("/auth/me"), 401),
        (kw.post("/auth/login").json(&json!({})), 400),
        (kw.get("/nowhere"), 404),
        (kw.get("/auth/login"), 405),
    ] {
        let answer = ask.header("origin", APP).send();
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(
            told(&answer),
            [
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-origin", APP),
                (
                    "access-control-expose-headers",
                    "location, retry-after, www-authenticate, x-keyward-refresh, x-request-id"
                ),
            ]
        );
    }
}

/// Apps and extensions: a URL library calls their origins opaque, browsers send them as text.
#[test]
fn clients_12_origins_of_apps_are_compared_as_texts() {
    let apps = [
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "app://.",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://3c4bd2a0-5f3e-4a2b-9d3e-1f2a3b4c5d6e",
        "vscode-webview://1a2b3c",
    ];
    let listed = apps.join(", ").replace("ionic", "IONIC");
    let kw = TestKeyward::with(&[("KEYWARD_ALLOWED_ORIGINS", &listed)]);
    for origin in apps {
        let answer = preflight(&kw, "/auth/login", origin);
        assert_eq!(answer.status, 204, "{origin}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        let login = kw.post("/auth/login").json(&json!({}));
        let answer = login.header("origin", origin).send();
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    }
    for origin in [
        "null",
        "file://",
        "*",
        "capacitor://localhost.evil.io",
        "capacitor://localhost:1",
        "capacitor://",
        "capacitor:",
        "capacitor",
        "http://localhost",
        "ionic://localhost/x",
        "app://",
        "app://..",
        "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba",
    ] {
        let answer = preflight(&kw, "/auth/login", origin);
        assert_eq!((answer.status, told(&answer)), (403, vec![]), "{origin}");
        varies_by_origin(&answer);
    }
}

/// One answer of each kind that Keyward has, with its status.
fn one_of_each(kw: &TestKeyward) -> Vec<(u16, Answer)> {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let refresh = json!({ "refresh_token": refresh });
    let long = "x".repeat(17 * 1024);
    [
        (200, kw.get("/auth/me").bearer(&access)),
        (200, kw.get("/auth/verify").bearer(&access)),
        (200, kw.get("/.well-known/jwks.json")),
        (200, kw.get("/openapi.yaml")),
        (200, kw.get("/health/live")),
        (200, kw.get("/server/ping")),
        (200, kw.post("/auth/refresh").json(&refresh)),
        (204, kw.post("/auth/logout").json(&refresh)),
        (400, kw.post("/auth/login").json(&json!({}))),
        (
            400,
            kw.get("/auth/me").header("host", "a").header("host", "b"),
        ),
        (401, kw.get("/auth/me")),
        (401, kw.get("/auth/verify")),
        (401, kw.get("/v1/api/auth/me")),
        (
            403,
            kw.post("/auth/refresh")
                .cookie("x")
                .header("origin", "null"),
        ),
        (404, kw.get("/nowhere")),
        (404, kw.get("/v1/api/nowhere")),
        (405, kw.get("/auth/login")),
        (
            413,
            kw.post("/auth/login")
                .body("application/json", long.as_str()),
        ),
        (414, kw.get(&format!("/{}", "x".repeat(9000)))),
        (415, kw.post("/auth/login").body("text/plain", "{}")),
        (431, kw.get("/auth").header("x-long", &long)),
    ]
    .map(|(status, ask)| (status, ask.send()))
    .into()
}

#[test]
fn c17_every_answer_carries_the_headers_that_guard_it() {
    for (public_url, hsts) in [
        ("http://localhost:8080", None),
        ("https://auth.example.com", Some("max-age=31536000")),
    ] {
        let kw = TestKeyward::with(&[("KEYWARD_PUBLIC_URL", public_url)]);
        for (status, answer) in one_of_each(&kw) {
            assert_eq!(answer.status, status, "{answer:?}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                (
                    "content-security-policy",
                    "default-src 'none'; frame-ancestors 'none'",
                ),
                ("referrer-policy", "no-referrer"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{answer:?}");
            }
            // Only on https: on plain http browsers take no notice of it.
            assert_eq!(
                answer.header("strict-transport-security"),
                hsts,
                "{answer:?}"
            );
            let cached = answer.header("cache-control").unwrap();
            let is_keys = answer.body.starts_with("{\"keys\"");
            assert_eq!(cached != "no-store", is_keys, "{answer:?}");
        }
    }
}

/// Field log of clients, 13: tracing adds headers to every request of a page.
#[test]
fn clients_13_a_listed_page_may_send_the_headers_that_it_asks_for() {
    let kw = TestKeyward::with(LISTED);
    let ask = |origin: &str, headers: &str| {
        kw.ask("OPTIONS", "/auth/login")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", headers)
            .send()
    };
    let allowed = |headers: &str| {
        let answer = ask(APP, headers);
        assert_eq!(answer.status, 204, "{answer:?}");
        let name = "access-control-allow-headers";
        answer.header(name).unwrap_or_default().to_owned()
    };
    assert_eq!(
        allowed("baggage,content-type, Sentry-Trace,traceparent , x-requested-with"),
        "authorization, content-type, baggage, sentry-trace, traceparent, x-requested-with"
    );
    assert_eq!(
        allowed("a b, x@y, , \"q\", ok"),
        "authorization, content-type, ok"
    );
    let long = "x".repeat(65);
    assert_eq!(allowed(&long), "authorization, content-type");
    let many: Vec<String> = (0..1000).map(|number| format!("x-{number}")).collect();
    assert_eq!(allowed(&many.join(",")).split(", ").count(), 32);
    let other = ask("https://evil.io", "baggage");
    assert_eq!((other.status, told(&other)), (403, vec![]));
}

/// Field log of clients, 15: what everybody may read, every page may read, and never with
/// credentials.
#[test]
fn clients_15_public_documents_are_public_to_pages_too() {
    let kw = TestKeyward::with(LISTED);
    let star = vec![("access-control-allow-origin", "*")];
    let documents = [
        "/.well-known/jwks.json",
        "/openapi.yaml",
        "/health/live",
        "/health/ready",
    ];
    for path in documents {
        let answer = kw
            .get(path)
            .header("origin", "https://other.example")
            .send();
        assert_eq!(
            (answer.status, told(&answer)),
            (200, star.clone()),
            "{path}"
        );
        // A copy in a cache may be asked for by a page next.
        let answer = kw.get(path).send();
        assert_eq!(told(&answer), star, "{path}");
        varies_by_origin(&answer);
        let answer = preflight(&kw, path, "https://other.example");
        assert_eq!(answer.status, 204, "{path}");
        let credentials = "access-control-allow-credentials";
        assert_eq!(answer.header(credentials), None, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    for path in ["/auth", "/auth/me", "/docs", "/.well-known/nothing"] {
        let answer = kw
            .get(path)
            .header("origin", "https://other.example")
            .send();
        assert_eq!(told(&answer), [], "{path}");
    }
}

/// Field log of clients, 24.
#[test]
fn clients_24_the_log_names_the_origin_and_the_setting_once_a_minute() {
    let kw = TestKeyward::with(LISTED);
    let (_, token) = kw.signed_in_by_cookie("alice@example.com");
    let logbook = Logbook::open();
    let new = "https://new-page-of-24.example";
    for _ in 0..3 {
        let ask = kw.post("/auth/refresh").cookie(&token);
        ask.header("origin", new).send().refused(403, "FORBIDDEN");
        assert_eq!(preflight(&kw, "/auth/login", new).status, 403);
    }
    let lines = logbook.lines_with(new);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN"), "{lines:?}");
    assert!(lines[0].contains("KEYWARD_ALLOWED_ORIGINS"), "{lines:?}");
    logbook.holds_none_of(&[token]);
}
