//! The audit log: who did what to whom.

use serde_json::json;

use super::{ALICE, OTHER, administrator, done, of, rows};
use crate::support::{PASSWORD, text};

both!(an_administrator_is_named_in_what_was_done, |kw| {
    let (root, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let body = json!({ "password": OTHER });
    let path = of(alice, "/password");
    let set = kw
        .post(&path)
        .peer("203.0.113.7")
        .bearer(&token)
        .json(&body);
    assert_eq!(set.send().status, 204);
    let path = format!("/admin/audit-events?account={alice}&event=password_set");
    let told = rows(&kw.get(&path).bearer(&token).send());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["actor"], json!(root));
    assert_eq!(told[0]["account"], json!(alice));
    assert_eq!(told[0]["address"], json!("203.0.113.7"));
    // The owner is told what happened, and not from where an administrator did it.
    let own = kw.sign_in(ALICE, OTHER).tokens().0;
    let export = kw.get("/auth/me/export").bearer(&own).send();
    assert!(export.body.contains("password_set"), "{export:?}");
    assert!(!export.body.contains("203.0.113.7"), "{export:?}");
    // With the administrator's account the address goes, and the id stays.
    kw.add("next@example.com", None, true);
    let body = json!({ "password": PASSWORD });
    let leave = kw.delete("/auth/me").bearer(&token).json(&body).send();
    assert_eq!(leave.status, 204, "{leave:?}");
    let row = format!(
        "audit_events WHERE what = 'password_set' AND actor_id = '{root}' AND address IS NULL"
    );
    assert_eq!(kw.count(&row), 1);
});

both!(events_are_listed_youngest_first_by_pages_and_kinds, |kw| {
    let (root, token) = administrator(kw);
    let alice = kw.account(ALICE);
    for _ in 0..5 {
        kw.advance(1);
        done(kw, "DELETE", &of(alice, "/sessions"), &token);
    }
    let all = rows(&kw.get("/admin/audit-events").bearer(&token).send());
    let mut paged = Vec::new();
    let mut path = "/admin/audit-events?limit=3".to_owned();
    loop {
        let answer = kw.get(&path).bearer(&token).send();
        paged.extend(rows(&answer));
        match answer.json()["next"].as_str() {
            Some(next) => path = format!("/admin/audit-events?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let times: Vec<i64> = all.iter().map(|row| row["at"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, other| one >= other));
    let since = times[2];
    for (query, count) in [
        (format!("account={alice}&event=sessions_revoked"), 5),
        (format!("account={root}"), 2),
        (format!("event=sessions_revoked&since={since}"), 3),
        ("since=2100-01-01".to_owned(), 0),
    ] {
        let path = format!("/admin/audit-events?{query}");
        let told = rows(&kw.get(&path).bearer(&token).send());
        assert_eq!(told.len(), count, "{query} {told:?}");
    }
    for bad in [
        "after=x%00",
        "event=nothing",
        "account=alice",
        "since=yesterday",
        "kind=x",
    ] {
        let path = format!("/admin/audit-events?{bad}");
        let answer = kw.get(&path).bearer(&token).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(text(&all[0], "event"), "sessions_revoked");
});
