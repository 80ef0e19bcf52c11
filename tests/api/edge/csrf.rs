//! Which pages may use the refresh cookie (semantics 3): Keyward's own and those of
//! listed origins, by `Origin` and `Sec-Fetch-Site`, for sign-in, refresh and sign-out
//! alike; and that a page which may use it never gets its value.

use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward, text};

/// The origin of the pages under test; Keyward's own is `http://localhost:8080`.
const LISTED: &[(&str, &str)] = &[("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com")];

/// The same for a deployment whose cookie travels to other sites.
const CROSS_SITE: &[(&str, &str)] = &[
    ("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com"),
    ("KEYWARD_COOKIE_SAMESITE", "none"),
];

#[track_caller]
fn gives_nothing(answer: &Answer) {
    assert!(!answer.body.contains("kwr1_"), "{answer:?}");
    assert!(!answer.body.contains("access_token"), "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

/// What a browser would say of the page that asks.
type Page<'a> = &'a [(&'static str, &'a str)];

/// One request of each kind that uses the cookie or sets it, from that page.
fn from_page(kw: &TestKeyward, cookie: &str, page: Page) -> [Answer; 3] {
    let login = json!({ "email": "mallory@example.com", "password": PASSWORD, "mode": "cookie" });
    [
        kw.post("/auth/login").json(&login),
        kw.post("/auth/refresh").cookie(cookie).json(&json!({})),
        kw.post("/auth/logout").cookie(cookie),
    ]
    .map(|ask| {
        let said = page.iter();
        said.fold(ask, |ask, (name, value)| ask.header(name, value))
            .send()
    })
}

both!(
    c2_c3_c5_c7_c8_a_page_of_another_origin_can_not_sign_in_refresh_or_sign_out,
    CROSS_SITE,
    |kw| {
        let (access, cookie) = kw.signed_in_by_cookie("alice@example.com");
        kw.account("mallory@example.com");
        let before = kw.state();
        let pages: &[Page] = &[
            // C2, C7, C8: a page of another site, and a browser that tells only one of the two.
            &[
                ("origin", "https://evil.io"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[("origin", "https://evil.io")],
            &[("sec-fetch-site", "cross-site")],
            // C3: a sibling of ours, to which SameSite does not apply.
            &[
                ("origin", "https://evil.example.com"),
                ("sec-fetch-site", "same-site"),
            ],
            &[("sec-fetch-site", "same-site")],
            // C5: what looks like the listed origin.
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "https://app.example.com.evil.io")],
            &[("origin", "https://evilapp.example.com")],
            &[("origin", "https://app.example.com@evil.io")],
            &[("origin", "http://app.example.com")],
            &[("origin", "https://app.example.com:8443")],
            &[("origin", "http://localhost")],
            &[("origin", "https://localhost:8080")],
            &[("origin", "file://")],
            &[("origin", "app.example.com")],
            // Words that no page of ours would come with.
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "Same-Origin")],
            &[
                ("origin", "https://evil.io"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("origin", "https://evil.io"), ("sec-fetch-site", "none")],
        ];
        for page in pages {
            for answer in from_page(kw, &cookie, page) {
                answer.refused(403, "FORBIDDEN");
                gives_nothing(&answer);
            }
            assert_eq!(kw.state(), before, "{page:?}");
        }
        assert_eq!(kw.me(&access), 200);
    }
);

both!(
    c4_c5_our_pages_listed_ones_and_no_browser_at_all_may,
    LISTED,
    |kw| {
        kw.account("mallory@example.com");
        let pages: &[Page] = &[
            // C4: curl. No current browser sends a POST with neither (decision 16).
            &[],
            &[
                ("origin", "http://localhost:8080"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("origin", "http://localhost:8080")],
            &[("sec-fetch-site", "same-origin")],
            &[
                ("origin", "https://app.example.com"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[
                ("origin", "https://app.example.com"),
                ("sec-fetch-site", "same-site"),
            ],
            // An extension is of no site.
            &[
                ("origin", "https://app.example.com"),
                ("sec-fetch-site", "none"),
            ],
            // C5: compared after parsing.
            &[("origin", "HTTPS://App.Example.COM")],
            &[("origin", "https://app.example.com:443")],
        ];
        for (number, page) in pages.iter().enumerate() {
            let (access, cookie) = kw.signed_in_by_cookie(&format!("alice{number}@example.com"));
            let answers = from_page(kw, &cookie, page);
            let statuses = answers.each_ref().map(|answer| answer.status);
            assert_eq!(statuses, [200, 200, 204], "{page:?}");
            assert!(answers.iter().all(|answer| answer.cookie().is_some()));
            assert_eq!(kw.me(&access), 401, "{page:?}");
        }
    }
);

/// A form of another site can send these media types without asking first.
const OF_FORMS: [&str; 3] = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
];

both!(
    c1_a_form_of_another_site_is_refused_by_type_and_by_origin,
    CROSS_SITE,
    |kw| {
        let (_, cookie) = kw.signed_in_by_cookie("alice@example.com");
        let before = kw.state();
        for route in ["/auth/refresh", "/auth/logout"] {
            for content_type in OF_FORMS {
                let form = |body: &str| kw.post(route).cookie(&cookie).body(content_type, body);
                // The type alone is enough: also for a browser that tells no origin.
                let answer = form(r#"{"mode":"cookie","x":"="}"#).send();
                answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
                gives_nothing(&answer);
                // And so is the origin alone: an empty form has a type and no body.
                let answer = form("").header("sec-fetch-site", "cross-site").send();
                answer.refused(403, "FORBIDDEN");
                gives_nothing(&answer);
            }
        }
        assert_eq!(kw.state(), before);
    }
);

both!(
    c6_c16_no_other_method_uses_the_cookie_and_none_can_be_pretended,
    |kw| {
        let (_, cookie) = kw.signed_in_by_cookie("alice@example.com");
        let before = kw.state();
        let routes = ["/auth/login", "/auth/refresh", "/auth/logout"];
        for route in routes {
            for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
                let path = format!("{route}?_method=POST");
                let ask = kw.ask(method, &path).cookie(&cookie);
                let ask = ask.header("x-http-method-override", "POST");
                let answer = ask.header("x-method-override", "POST").send();
                answer.refused(405, "METHOD_NOT_ALLOWED");
                assert_eq!(answer.header("allow"), Some("POST"), "{method} {route}");
                // C16: nothing of the request comes back, least of all the cookie.
                assert!(!format!("{answer:?}").contains(&cookie), "{answer:?}");
                gives_nothing(&answer);
            }
        }
        assert_eq!(kw.state(), before);
    }
);

both!(r19_a_page_can_not_turn_the_cookie_into_json, |kw| {
    let (access, token) = kw.signed_in_by_cookie("alice@example.com");
    let body = json!({ "mode": "json" });
    let before = kw.state();
    for (name, value) in [
        ("origin", "http://localhost:8080"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
    ] {
        let ask = kw.post("/auth/refresh").cookie(&token).json(&body);
        let answer = ask.header(name, value).send();
        answer.refused(400, "INVALID_PAYLOAD");
        gives_nothing(&answer);
        // The same token in the body beside it is still the cookie's.
        let both = json!({ "mode": "json", "refresh_token": token });
        let ask = kw.post("/auth/refresh").cookie(&token).json(&both);
        let answer = ask.header(name, value).send();
        answer.refused(400, "INVALID_PAYLOAD");
        gives_nothing(&answer);
    }
    assert_eq!(kw.state(), before);

    // Decision 15: curl sends none of these and may.
    let answer = kw.post("/auth/refresh").cookie(&token).json(&body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(
        kw.refresh(&text(&answer.json(), "refresh_token")).status,
        200
    );
    assert_eq!(kw.generation_of(&access), 2);
});

// Who runs it without a proxy reads http://127.0.0.1:8080 in the greeting, and opens that.
#[test]
fn c3_the_address_that_is_listened_on_is_ours_only_without_a_proxy() {
    for (settings, ours) in [
        (&[][..], true),
        (&[("KEYWARD_PUBLIC_URL", "http://localhost:3000")], false),
        (&[("KEYWARD_PUBLIC_URL", "https://auth.example.com")], false),
        (
            &[("KEYWARD_PUBLIC_URL", "http://keyward.localhost:8080")],
            false,
        ),
        (&[("KEYWARD_LISTEN", "0.0.0.0:8080")], false),
    ] {
        let kw = TestKeyward::with(settings);
        let (_, cookie) = kw.signed_in_by_cookie("alice@example.com");
        kw.account("mallory@example.com");
        let before = kw.state();
        for host in [
            "127.0.0.1:8080",
            "127.0.0.1",
            "127.0.0.1:3000",
            "127.0.0.2:8080",
        ] {
            let origin = format!("http://{host}");
            let page = [
                ("origin", origin.as_str()),
                ("sec-fetch-site", "same-origin"),
            ];
            let status = from_page(&kw, &cookie, &page).map(|answer| answer.status);
            if ours && host == "127.0.0.1:8080" {
                assert_eq!(status, [200, 200, 204], "{settings:?} {host}");
            } else {
                assert_eq!(status, [403; 3], "{settings:?} {host}");
            }
        }
        assert_eq!(kw.state() == before, !ours, "{settings:?}");
    }
}
