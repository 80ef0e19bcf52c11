//! Organizations, administered.

use keyward::domain::id::AccountId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ALICE, administrator, done, rows};
use crate::support::{Answer, PASSWORD, TestKeyward, text};

const BOB: &str = "bob@example.com";

fn made(kw: &TestKeyward, token: &str, name: &str, owner: AccountId) -> String {
    let body = json!({ "name": name, "owner": owner });
    let answer = kw.post("/admin/organizations").bearer(token).json(&body);
    let answer = answer.send();
    assert_eq!(answer.status, 201, "{answer:?}");
    text(&answer.json(), "id")
}

fn ask(kw: &TestKeyward, (method, path): (&str, &str), token: &str, body: &Value) -> Answer {
    kw.ask(method, path).bearer(token).json(body).send()
}

fn names(answer: &Answer) -> Vec<String> {
    rows(answer).iter().map(|row| text(row, "name")).collect()
}

both!(
    o12_an_administrator_makes_finds_renames_and_deletes_organizations,
    |kw| {
        let (_, token) = administrator(kw);
        let alice = kw.add_verified(ALICE);
        let acme = made(kw, &token, "Acme", alice);
        made(kw, &token, "Acme 50%", alice);
        // Letters that SQLite's own LIKE and lower() know nothing of.
        made(kw, &token, "Ünal", alice);
        let list = |query: &str| {
            let path = format!("/admin/organizations?{query}");
            kw.get(&path).bearer(&token).send()
        };
        for (words, expected) in [
            ("acme", 2),
            ("ACME+50%25", 1),
            ("%25", 1),
            ("_", 0),
            ("%C3%9CNAL", 1),
            ("%C3%BCnal", 1),
            ("", 3),
        ] {
            let found = names(&list(&format!("search={words}")));
            assert_eq!(found.len(), expected, "{words} {found:?}");
        }
        for bad in [
            "search=a+b+c+d+e",
            "search=%00",
            "limit=0",
            "limit=10000",
            "after=x",
            "name=a",
        ] {
            list(bad).refused(400, "INVALID_PAYLOAD");
        }
        // Page by page, each once.
        let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let answer = list(&query);
            seen.extend(names(&answer));
            match answer.json()["next"].as_str() {
                Some(next) => query = format!("limit=2&after={next}"),
                None => break,
            }
        }
        seen.sort();
        assert_eq!(seen, ["Acme", "Acme 50%", "Ünal"]);
        let one = format!("/admin/organizations/{acme}");
        let shown = kw.get(&one).bearer(&token).send().json();
        assert_eq!(
            (&shown["name"], &shown["members"]),
            (&json!("Acme"), &json!(1))
        );
        let taken = json!({ "name": "ACME 50%" });
        ask(kw, ("PATCH", &one), &token, &taken).refused(409, "CONFLICT");
        let extra = json!({ "name": "Other", "owner": alice });
        ask(kw, ("PATCH", &one), &token, &extra).refused(400, "INVALID_PAYLOAD");
        let renamed = ask(kw, ("PATCH", &one), &token, &json!({ "name": "Apex" }));
        assert_eq!(text(&renamed.json(), "name"), "Apex");
        // Whoever is signed in to it is not any more.
        let body = json!({ "email": ALICE, "password": PASSWORD, "organizationName": "apex" });
        let within = kw.post("/auth/login").json(&body).send().tokens().0;
        assert_eq!(kw.me(&within), 200);
        done(kw, "DELETE", &one, &token);
        assert_eq!(kw.me(&within), 401);
        for (method, body) in [
            ("GET", None),
            ("DELETE", None),
            ("PATCH", Some(json!({ "name": "x" }))),
        ] {
            let mut gone = kw.ask(method, &one).bearer(&token);
            if let Some(body) = &body {
                gone = gone.json(body);
            }
            gone.send().refused(404, "NOT_FOUND");
        }
    }
);

both!(
    o03_o05_an_administrator_changes_members_and_the_only_owner_stays,
    |kw| {
        let (root, token) = administrator(kw);
        let (alice, bob) = (kw.add_verified(ALICE), kw.add_verified(BOB));
        let id = made(kw, &token, "Acme", alice);
        let member = |account: AccountId| format!("/admin/organizations/{id}/members/{account}");
        let role = |name: &str| json!({ "role": name });
        let set = |account, name: &str| ask(kw, ("PUT", &member(account)), &token, &role(name));
        assert_eq!(set(bob, "manager").status, 204);
        let members = kw.get(&format!("/admin/organizations/{id}/members"));
        let listed = rows(&members.bearer(&token).send());
        let mut roles: Vec<String> = listed.iter().map(|row| text(row, "role")).collect();
        roles.sort();
        assert_eq!(roles, ["manager", "owner"]);
        set(alice, "viewer").refused(409, "CONFLICT");
        kw.delete(&member(alice))
            .bearer(&token)
            .send()
            .refused(409, "CONFLICT");
        set(bob, "king").refused(400, "INVALID_PAYLOAD");
        set(AccountId(Uuid::new_v4()), "viewer").refused(404, "NOT_FOUND");
        // Gone, and with it the session in it.
        let body = json!({ "email": BOB, "password": PASSWORD, "organizationId": id });
        let within = kw.post("/auth/login").json(&body).send().tokens().0;
        done(kw, "DELETE", &member(bob), &token);
        assert_eq!(kw.me(&within), 401);
        kw.delete(&member(bob))
            .bearer(&token)
            .send()
            .refused(404, "NOT_FOUND");
        // The log names who did it.
        let events = kw.get(&format!(
            "/admin/audit-events?account={bob}&event=member_removed"
        ));
        let events = events.bearer(&token).send();
        let events = rows(&events);
        assert_eq!(text(&events[0], "actor"), root.to_string());
        // And is asked for what happened in one organization, with the other filters or without.
        let ask = |query: &str| {
            let path = format!("/admin/audit-events?{query}");
            rows(&kw.get(&path).bearer(&token).send())
        };
        let about = ask(&format!("organization={id}"));
        assert!(about.len() > 1, "{about:?}");
        assert!(
            about.iter().all(|row| row["organization"] == id),
            "{about:?}"
        );
        assert!(about.iter().all(|row| row["times"] == 1), "{about:?}");
        for (query, count) in [
            (format!("organization={id}&event=member_removed"), 1),
            (
                format!("organization={id}&event=member_removed&account={bob}"),
                1,
            ),
            (
                format!("organization={id}&event=member_removed&account={root}"),
                0,
            ),
            (format!("organization={}", Uuid::new_v4()), 0),
        ] {
            assert_eq!(ask(&query).len(), count, "{query}");
        }
    }
);
