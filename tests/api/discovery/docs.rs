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
