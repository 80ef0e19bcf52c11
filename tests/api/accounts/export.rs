//! `GET /auth/me/export`: everything that is stored about the account, and no secret.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{PASSWORD, account_of};

const ALICE: &str = "alice@example.com";

both!(an_export_tells_everything_and_no_secret, |kw| {
    let (access, refresh, factor) = kw.with_factor(ALICE);
    let alice = account_of(&access);
    kw.exhaust(ALICE);
    kw.signed_in("bob@example.com");
    let answer = kw.get("/auth/me/export").bearer(&access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let disposition = answer.header("content-disposition").unwrap();
    assert_eq!(disposition, "attachment; filename=\"account.json\"");
    let body = answer.json();
    assert_eq!(body["account"]["id"], json!(alice));
    assert_eq!(body["account"]["email"], json!(ALICE));
    assert_eq!(body["account"]["isAnonymous"], json!(false));
    assert_eq!(body["secondFactor"]["recoveryCodesLeft"], json!(10));
    assert!(body["secondFactor"]["active"]["confirmed"].is_i64());
    assert!(body["password"]["created"].is_i64());
    let rows = |table: &str| kw.count(&format!("{table} WHERE account_id = '{alice}'"));
    for (part, table) in [
        ("sessions", "sessions"),
        ("signIns", "login_attempts"),
        ("auditEvents", "audit_events"),
    ] {
        let told = body[part].as_array().unwrap();
        assert_eq!(told.len() as i64, rows(table), "{part}");
        assert!(told.len() > 1, "{part}");
    }
    assert!(answer.body.contains("127.0.0.1"));
    let session = kw.session_of(&access);
    let mut secrets = vec![
        PASSWORD.to_owned(),
        kw.record_of(alice).unwrap(),
        factor.secret,
        refresh,
        access,
        format!("{:?}", session.salt),
        "salt".to_owned(),
        "sealed".to_owned(),
        "mac".to_owned(),
        "bob@example.com".to_owned(),
    ];
    secrets.extend(factor.recovery);
    for secret in secrets {
        assert!(
            !answer.body.contains(&secret),
            "{secret} in {}",
            answer.body
        );
    }
});

/// The part of the document that tells of each table with rows of accounts.
const PARTS: [(&str, &str); 14] = [
    ("account_roles", "roles"),
    ("api_keys", "apiKeys"),
    ("audit_events", "auditEvents"),
    ("credentials", "password"),
    ("emails", "emails"),
    ("factors", "secondFactor"),
    ("login_attempts", "signIns"),
    ("memberships", "organizations"),
    ("one_time_codes", "codes"),
    ("outbox", "mails"),
    ("phones", "phones"),
    ("profiles", "profile"),
    ("recovery_codes", "secondFactor"),
    ("sessions", "sessions"),
];

// A table to come that holds something of an account is told of as well. What accounts are found by is
// told of with the account.
both!(every_table_of_accounts_is_exported, |kw| {
    let tables = if kw.kw.store.url().is_sqlite() {
        "SELECT m.name AS line FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             ON c.name = 'account_id' WHERE m.type = 'table' AND m.name <> 'account_words'"
    } else {
        "SELECT table_name::text AS line FROM information_schema.columns \
             WHERE column_name = 'account_id' AND table_schema = 'public'"
    };
    let found: BTreeSet<String> = kw.rows(tables).into_iter().collect();
    let told: BTreeSet<String> = PARTS.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(
        found, told,
        "add the table to service/accounts/export.rs and here"
    );
    let (access, _) = kw.signed_in(ALICE);
    let body = kw.get("/auth/me/export").bearer(&access).send().json();
    for (table, part) in PARTS {
        assert!(body.get(part).is_some(), "{table}");
    }
});

// An invitation to the service is its address's, and so its owner's.
both!(an_export_tells_of_invitations_to_the_service, |kw| {
    kw.add("root@example.com", None, true);
    let root = kw.sign_in("root@example.com", PASSWORD).tokens().0;
    kw.add_verified(ALICE);
    // One without a password is invited; it chose one meanwhile.
    let body = json!({ "email": "new@example.com" });
    let asked = kw
        .post("/admin/invitations")
        .bearer(&root)
        .json(&body)
        .send();
    assert_eq!(asked.status, 202, "{asked:?}");
    kw.sql("UPDATE invitations SET address = 'alice@example.com', written = 'Alice@example.com'");
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let export = kw.get("/auth/me/export").bearer(&access).send();
    let told = export.json()["serviceInvitations"].clone();
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told[0]["email"], "Alice@example.com");
    assert!(told[0]["expires"].is_i64() && told[0]["created"].is_i64());
    let mac = kw.rows("SELECT mac AS line FROM invitations");
    assert!(!export.body.contains(&mac[0]));
    let other = kw.signed_in("bob@example.com").0;
    let export = kw.get("/auth/me/export").bearer(&other).send();
    assert_eq!(export.json()["serviceInvitations"], json!([]));
});
