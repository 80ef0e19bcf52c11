//! Where a guest may go: only where the route table says so (A3).

use keyward::http::routes::{Guard, Row, TABLE};

use crate::support::{TestKeyward, actor};

fn rows(guard: Guard) -> impl Iterator<Item = &'static Row> {
    let rows = TABLE.iter().flat_map(|group| group.rows);
    rows.filter(move |row| row.guard == guard)
}

const fn method_of(row: &Row) -> &'static str {
    match row.method.as_bytes() {
        b"ANY" => "GET",
        _ => row.method,
    }
}

both!(a3_a_guest_is_refused_wherever_an_account_is_needed, |kw| {
    let (access, refresh) = kw.guest();
    let (before, limits) = (kw.state(), kw.count("limits"));
    let mut walked = 0;
    let others = rows(Guard::Account).chain(rows(Guard::Administrator));
    for row in rows(Guard::SignedIn).chain(others) {
        // Whatever is in the body: the guard comes first.
        for body in ["{}", "[", r#"{"password":"x","otp":"123456"}"#] {
            let ask = kw.ask(method_of(row), row.path).bearer(&access);
            let answer = ask.body("application/json", body).send();
            assert_eq!(answer.status, 403, "{} {answer:?}", row.path);
            let words = "This needs an account: register or sign in first.";
            assert!(answer.body.contains(words), "{} {answer:?}", row.path);
            if row.path.starts_with("/v1/api/") {
                assert_eq!(answer.json()["code"], serde_json::json!(403));
            } else {
                answer.refused(403, "FORBIDDEN");
            }
        }
        walked += 1;
    }
    assert!(walked > 12, "the walk found {walked} rows");
    assert_eq!((kw.state(), kw.count("limits")), (before, limits));
    assert_eq!((kw.me(&access), kw.refresh(&refresh).status), (200, 200));
});

both!(p06_a_guest_may_go_where_the_table_says_so, |kw| {
    let mut walked = 0;
    for row in rows(Guard::Guest).chain(rows(Guard::Caller)) {
        // Some of these end it.
        let (access, _) = kw.guest();
        let path = row.path.replace("{id}", "me");
        let answer = kw.ask(method_of(row), &path).bearer(&access).send();
        assert!(
            matches!(answer.status, 200 | 204),
            "{} {answer:?}",
            row.path
        );
        walked += 1;
    }
    assert_eq!(walked, 10);
});

// The guard of the routes to come for administrators.
#[test]
fn a3_an_administrators_route_is_for_administrators() {
    let kw = TestKeyward::new();
    kw.add("root@example.com", None, true);
    let root = kw.login("root@example.com");
    let root = crate::support::text(&root, "access_token");
    let (alice, _) = kw.signed_in("alice@example.com");
    let (guest, _) = kw.guest();
    let asked = |access: &str| Guard::Administrator.admit(&actor(&kw.kw, access));
    assert!(asked(&root).is_ok());
    let refused = asked(&alice).unwrap_err();
    assert_eq!(refused.code.as_str(), "FORBIDDEN");
    assert!(refused.message.contains("\"admin\""), "{refused}");
    assert!(asked(&guest).unwrap_err().message.contains("account"));
}
