//! The page that shows the interface: whole without any network.

use std::collections::BTreeMap;

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

/// What the page can say in each language: the table `TEXTS` as it is written, by keys.
fn texts() -> BTreeMap<String, BTreeMap<String, String>> {
    let script = TestKeyward::new().get("/account/account.js").send().body;
    let table = script.split_once("const TEXTS = {\n").unwrap().1;
    let table = table.split_once("\n};").unwrap().0;
    let languages = table.split("\n  },").filter(|it| !it.trim().is_empty());
    let language = |text: &str| {
        let (name, lines) = text.trim_start().split_once(": {\n").unwrap();
        let line = |line: &str| {
            let (key, words) = line.trim().split_once(": ").unwrap();
            (key.to_owned(), words.to_owned())
        };
        (name.to_owned(), lines.lines().map(line).collect())
    };
    languages.map(language).collect()
}

// What the service says is for whoever writes a client. A reader of English is told no names of
// members either.
#[test]
fn clients_54_the_page_says_the_same_in_every_language() {
    let texts = texts();
    let keys = |name: &str| texts[name].keys().cloned().collect::<Vec<_>>();
    assert_eq!(texts.len(), 4);
    for name in texts.keys() {
        assert_eq!(keys(name), keys("en"), "{name}");
    }
    for key in ["ended", "short", "guessed", "often", "refused"] {
        assert!(texts["en"].contains_key(key), "{key}");
    }
    let script = TestKeyward::new();
    let script = script.get("/account/account.js").send().body;
    assert!(!script.contains(".reason"), "what an API says is shown");
}

// A proven address is mailed no other link, so "ask for another one" leads nowhere.
#[test]
fn clients_55_who_pressed_the_button_twice_is_told_that_it_is_done() {
    for (name, texts) in texts() {
        let words = texts.get("done").map(String::as_str).unwrap_or_default();
        assert!(words.len() > 20, "{name}: {words}");
    }
    let script = TestKeyward::new();
    let script = script.get("/account/account.js").send().body;
    let once = script
        .lines()
        .find(|line| line.starts_with("const ONCE = "))
        .expect("which links are done with by one press");
    for purpose in [
        "verify_email",
        "change_email",
        "add_email",
        "join",
        "invite",
    ] {
        assert!(once.contains(&format!("\"{purpose}\"")), "{purpose}");
    }
    // Another password is chosen by another link, and that is mailed.
    for purpose in ["reset_password", "keep_email"] {
        assert!(!once.contains(purpose), "{purpose}");
    }
}
