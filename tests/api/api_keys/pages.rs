//! The keys of an organization, a page at a time.

use serde_json::json;

use super::ALICE;
use crate::organizations::{make, person};
use crate::support::{Answer, account_of};

both!(clients_38_keys_of_an_organization_come_in_pages, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let id = acme.parse().unwrap();
    let owner = account_of(&alice);
    kw.key_in(owner, &[], Some(id));
    // As many as no interface makes at once.
    let more = |number: &str| {
        format!(
            "INSERT INTO api_keys (id, hash, account_id, organization_id, name, name_canonical, \
             hint, permissions, created_at) SELECT substr(id, 1, 24) || {number}, hash || {number}, \
             account_id, organization_id, name || n, name_canonical || n, hint, permissions, \
             created_at FROM api_keys, (WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + \
             1 FROM counted WHERE n < 120) SELECT n FROM counted) AS numbers"
        )
    };
    kw.execute(
        &more("printf('%012d', n)"),
        &more("lpad(CAST(n AS TEXT), 12, '0')"),
    );
    let all = kw.rows("SELECT id AS line FROM api_keys ORDER BY id");
    assert!(all.len() > 100, "{}", all.len());
    let path = format!("/auth/organizations/{acme}/api-keys");
    let page = |query: &str| kw.get(&format!("{path}{query}")).bearer(&alice).send();
    let ids = |answer: &Answer| {
        let body = answer.json();
        let keys = body["apiKeys"].as_array().unwrap().clone();
        let ids = keys
            .iter()
            .map(|key| key["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), body["next"].clone())
    };
    let (first, next) = ids(&page(""));
    assert_eq!(first, all[..50]);
    assert_eq!(next, json!(all[49]));
    let mut seen = Vec::new();
    let mut query = "?limit=40".to_owned();
    loop {
        let (some, next) = ids(&page(&query));
        assert!(some.len() <= 40);
        seen.extend(some);
        match next.as_str() {
            Some(next) => query = format!("?limit=40&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
    for wrong in [
        "?limit=0",
        "?limit=101",
        "?limit=1&limit=2",
        "?after=x",
        "?other=1",
    ] {
        page(wrong).refused(400, "INVALID_PAYLOAD");
    }
});

both!(
    clients_38_every_list_of_an_organization_reads_its_query,
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        for list in ["members", "invitations", "api-keys"] {
            let ask = |query: &str| {
                let path = format!("/auth/organizations/{acme}/{list}?{query}");
                kw.get(&path).bearer(&alice).send()
            };
            for wrong in ["limit=1&limit=2", "after=x", "first=1", "limit=1&other="] {
                ask(wrong).refused(400, "INVALID_PAYLOAD");
            }
            assert_eq!(ask("limit=1").status, 200);
            let by_query = kw.get(&format!(
                "/auth/organizations/{acme}/{list}?limit=1&access_token={alice}"
            ));
            assert_eq!(by_query.send().status, 200);
        }
    }
);
