//! The page that shows the interface: whole without any network.

use crate::support::TestKeyward;

#[test]
fn the_page_asks_nobody_else_for_anything() {
    let kw = TestKeyward::new();
    let page = kw.get("/docs").send();
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(!page.body.contains("//"), "{}", page.body);
    assert!(page.body.contains("load-fonts=\"false\""));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(
        !policy.contains("http") && !policy.contains('*'),
        "{policy}"
    );

    let viewer = kw.get("/docs/rapidoc.js").send();
    assert_eq!(viewer.status, 200);
    assert_eq!(
        viewer.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert!(viewer.body.len() > 100_000);
    assert_eq!(kw.get("/openapi.yaml").send().status, 200);
}

// Behind a proxy that serves it under /id/ a browser asks there for what the page names. Each is
// resolved as a browser does it, from both places.
#[test]
fn operators_27_pages_under_a_prefix_find_their_parts() {
    let kw = TestKeyward::new();
    for (page, parts) in [
        ("docs", &["docs/rapidoc.js", "openapi.yaml"][..]),
        ("account", &["account/account.css", "account/account.js"]),
    ] {
        let text = kw.get(&format!("/{page}")).send().body;
        let named = text.split('"').filter(|value| {
            let part = value.rsplit('/').next().unwrap();
            [".js", ".css", ".yaml"]
                .iter()
                .any(|end| part.ends_with(end))
        });
        let mut named: Vec<&str> = named.collect();
        named.sort_unstable();
        assert_eq!(named, parts, "{page}");
        for part in named {
            for prefix in ["/", "/id/"] {
                let page = format!("https://app.example.com{prefix}{page}");
                let found = url::Url::parse(&page).unwrap().join(part).unwrap();
                assert_eq!(found.path(), format!("{prefix}{part}"));
            }
            assert_eq!(kw.get(&format!("/{part}")).send().status, 200, "{part}");
        }
    }
    let script = kw.get("/account/account.js").send().body;
    assert!(!script.contains("\"/"), "no route from the root");
}

// `"constructor" in {}`: what every object has is no link of ours, and a page that takes it for one
// is empty.
#[test]
fn attack_l21_the_page_asks_for_names_of_its_own_alone() {
    let kw = TestKeyward::new();
    let script = kw.get("/account/account.js").send().body;
    let lines = script.lines();
    let code = lines.filter(|line| !line.trim_start().starts_with("//") && !line.contains(": ["));
    for line in code {
        let asks = line.contains(" in ROUTES") || line.contains(" in TEXTS");
        assert!(!asks, "{line}");
    }
    for table in ["ROUTES", "TEXTS"] {
        assert!(
            script.contains(&format!("Object.hasOwn({table}, ")),
            "{table}"
        );
    }
}
