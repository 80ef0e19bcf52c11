//! Plain http is refused where the operator wants no other (row H-40).

use serde_json::json;

use crate::support::{Ask, PASSWORD, TestKeyward};

const ALICE: &str = "alice@example.com";

fn of_https_alone() -> TestKeyward {
    TestKeyward::with(&[
        ("KEYWARD_PUBLIC_URL", "https://auth.example.com"),
        ("KEYWARD_REQUIRE_HTTPS", "true"),
    ])
}

fn login(kw: &TestKeyward) -> Ask<'_> {
    kw.post("/auth/login")
        .json(&json!({ "email": ALICE, "password": PASSWORD }))
}

#[test]
fn h40_what_a_trusted_proxy_calls_https_is_served() {
    let kw = of_https_alone();
    kw.account(ALICE);
    for said in ["https", "HTTPS", " https ", "http, https", "http,https"] {
        let answer = login(&kw).header("x-forwarded-proto", said).send();
        assert_eq!(answer.status, 200, "{said}: {answer:?}");
    }
    let twice = login(&kw)
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-proto", "https");
    assert_eq!(twice.send().status, 200, "the last is the nearest proxy's");
}

#[test]
fn h40_plain_http_is_refused_before_anything_is_looked_at() {
    let kw = of_https_alone();
    kw.account(ALICE);
    for said in ["http", "", "https, http", "httpsx", "wss", "\"https\""] {
        let answer = login(&kw).header("x-forwarded-proto", said).send();
        answer.refused(403, "HTTPS_REQUIRED");
    }
    let answer = login(&kw).send();
    answer.refused(403, "HTTPS_REQUIRED");
    let words = answer.json()["errors"][0]["message"].clone();
    assert_eq!(
        words,
        "Plain http is refused here. Ask https://auth.example.com/ by https."
    );
    // Whoever reaches Keyward without the proxy writes what they like.
    let stranger = login(&kw)
        .peer("203.0.113.9")
        .header("x-forwarded-proto", "https");
    stranger.send().refused(403, "HTTPS_REQUIRED");
    assert_eq!(kw.count("sessions"), 0);
    assert_eq!(kw.count("login_attempts"), 0);
}

#[test]
fn h40_every_dialect_refuses_it_in_its_own_shape() {
    let kw = of_https_alone();
    let oisp = kw.post("/v1/api/auth/token").send();
    assert_eq!(
        (oisp.status, oisp.json()["code"].clone()),
        (403, json!(403)),
        "{oisp:?}"
    );
    for path in ["/graphql", "/v1/graphql"] {
        let answer = kw
            .post(path)
            .json(&json!({ "query": "{ __typename }" }))
            .send();
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
        assert!(answer.json()["errors"].is_array(), "{path}: {answer:?}");
    }
    let verify = kw.get("/auth/verify").send();
    verify.refused(403, "HTTPS_REQUIRED");
}

#[test]
fn h40_a_supervisor_asks_the_process_itself() {
    let kw = of_https_alone();
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(kw.get(path).send().status, 200, "{path}");
    }
}

#[test]
fn h40_it_is_off_unless_it_is_set() {
    let kw = TestKeyward::with(&[("KEYWARD_PUBLIC_URL", "https://auth.example.com")]);
    kw.account(ALICE);
    assert_eq!(login(&kw).send().status, 200);
}
