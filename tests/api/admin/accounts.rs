//! Accounts: found, made, changed, disabled and deleted by an administrator.

use keyward::domain::id::AccountId;
use keyward::service::upkeep::purge;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ALICE, OTHER, ROOT, administrator, done, of, rows};
use crate::support::{Fault, PASSWORD, TestKeyward, text};

const NAMES: [&str; 5] = [
    "anna.smith@example.com",
    "bob_smith@example.com",
    "carol%jones@example.com",
    "dave.jones@example.org",
    "eve@example.org",
];

fn found(kw: &TestKeyward, token: &str, query: &str) -> Vec<String> {
    let path = format!("/admin/accounts?{query}");
    let answer = kw.get(&path).bearer(token).send();
    let rows = rows(&answer).into_iter();
    rows.map(|row| text(&row, "email")).collect()
}

// O12: a search is for words, and a sign of LIKE is a letter.
both!(
    i16_o12_accounts_are_found_by_parts_of_names_and_addresses,
    |kw| {
        let (_, token) = administrator(kw);
        for name in NAMES {
            kw.account(name);
        }
        let eve = kw.ask("PATCH", "/auth/me");
        let eve_token = kw.sign_in("eve@example.org", PASSWORD).tokens().0;
        let body = json!({ "firstName": "Eve", "lastName": "Adams" });
        assert_eq!(eve.bearer(&eve_token).json(&body).send().status, 200);
        for (words, expected) in [
            (
                "smith",
                &["anna.smith@example.com", "bob_smith@example.com"][..],
            ),
            ("SMITH+anna", &["anna.smith@example.com"]),
            (
                "example.org",
                &["dave.jones@example.org", "eve@example.org"],
            ),
            ("adams", &["eve@example.org"]),
            ("eve+ADAMS", &["eve@example.org"]),
            // A sign of LIKE is a letter like others.
            ("%25", &["carol%jones@example.com"]),
            ("_", &["bob_smith@example.com"]),
            ("%5C", &[]),
            ("nobody", &[]),
            ("a+b+c+d", &[]),
        ] {
            let query = format!("search={words}");
            assert_eq!(found(kw, &token, &query), expected, "{words}");
        }
        assert_eq!(found(kw, &token, "").len(), 6);
        for bad in [
            "search=a+b+c+d+e",
            "search=%00",
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=99999999999999999999",
            "sort=password",
            "order=password",
            "limit=x",
            "after=nobody",
            "offset=3",
            "limit=1&limit=2",
        ] {
            let path = format!("/admin/accounts?{bad}");
            let answer = kw.get(&path).bearer(&token).send();
            answer.refused(400, "INVALID_PAYLOAD");
        }
        let gone = format!("/admin/accounts?after={}", Uuid::new_v4());
        let answer = kw.get(&gone).bearer(&token).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
);

both!(a_capital_beyond_ascii_is_found_by_its_small_letter, |kw| {
    let (_, token) = administrator(kw);
    kw.account(ALICE);
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    // Decomposed, as some keyboards write it.
    let body = json!({ "firstName": "A\u{308}RMEL", "lastName": "ÖZ ΣΊΣΥΦΟΣ" });
    let named = kw
        .ask("PATCH", "/auth/me")
        .bearer(&alice)
        .json(&body)
        .send();
    assert_eq!(named.status, 200, "{named:?}");
    let made = kw.post("/auth/organizations").bearer(&alice);
    kw.sql("UPDATE accounts SET verified = TRUE");
    let made = made.json(&json!({ "name": "Ärzte" })).send();
    assert_eq!(made.status, 201, "{made:?}");
    for words in [
        "ärmel",
        "ÄRMEL",
        "a\u{308}rm",
        "öz+ärmel",
        "ÖZ",
        "Σίσ",
        "alice+ÄR",
    ] {
        let words = percent_encoding::utf8_percent_encode(words, SIGNS).to_string();
        let query = format!("search={}", words.replace("%2B", "+"));
        assert_eq!(found(kw, &token, &query), [ALICE], "{query}");
    }
    assert_eq!(found(kw, &token, "search=armel"), Vec::<String>::new());
    for words in ["%C3%84RZTE", "%C3%A4rz", "a%CC%88rzte"] {
        let path = format!("/admin/organizations?search={words}");
        assert_eq!(
            rows(&kw.get(&path).bearer(&token).send()).len(),
            1,
            "{words}"
        );
    }
    // Names that were written before there was a column for them.
    let before = "UPDATE accounts SET names_canonical = NULL, first_name = 'EVE'";
    kw.sql(before);
    assert_eq!(found(kw, &token, "search=alice+eve"), [ALICE]);
    // Housekeeping writes them as they are looked for.
    kw.sql("UPDATE accounts SET first_name = 'ÉVE'");
    purge::purge(&kw.kw, kw.kw.clock.now()).unwrap();
    assert_eq!(found(kw, &token, "search=alice+%C3%A9ve"), [ALICE]);
    // Who takes a name away is not found by it.
    let body = json!({ "firstName": null, "lastName": null });
    kw.ask("PATCH", "/auth/me")
        .bearer(&alice)
        .json(&body)
        .send();
    assert_eq!(found(kw, &token, "search=alice+eve"), Vec::<String>::new());
});

const SIGNS: &percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC;

both!(pages_follow_each_other_and_end, |kw| {
    let (_, token) = administrator(kw);
    for name in NAMES {
        kw.account(name);
    }
    let mut seen = Vec::new();
    let mut path = "/admin/accounts?limit=2".to_owned();
    for page in 0..3 {
        let answer = kw.get(&path).bearer(&token).send();
        seen.extend(rows(&answer).iter().map(|row| text(row, "email")));
        match answer.json()["next"].as_str() {
            Some(next) => path = format!("/admin/accounts?limit=2&after={next}"),
            None => assert_eq!(page, 2),
        }
    }
    let mut expected: Vec<&str> = NAMES.into();
    expected.insert(0, ROOT);
    assert_eq!(seen, expected);
});

both!(nobody_can_find_an_account_without_a_name, |kw| {
    let (_, token) = administrator(kw);
    let before = kw.state();
    for body in [
        json!({}),
        json!({ "email": null, "username": null }),
        json!({ "password": PASSWORD, "firstName": "Carol" }),
    ] {
        let answer = kw.post("/admin/accounts").bearer(&token).json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
        let told = &answer.json()["errors"][0]["message"];
        let words = "Invalid payload. \"email\" or \"username\" is required.";
        assert_eq!(told, words);
    }
    assert_eq!(kw.state(), before);
});

both!(an_account_is_made_and_shown, |kw| {
    let (root, token) = administrator(kw);
    let body = json!({
        "email": "Carol@Example.com", "username": "carol", "password": PASSWORD,
        "role": "administrator", "firstName": "Carol", "attributes": { "shoe": 36 },
    });
    let answer = kw.post("/admin/accounts").bearer(&token).json(&body).send();
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = answer.json();
    assert_eq!(made["email"], json!("Carol@Example.com"));
    assert_eq!(made["createdBy"], json!(root));
    assert_eq!(made["roles"], json!(["administrator"]));
    assert_eq!(made["attributes"]["shoe"], json!(36));
    assert_eq!(
        [&made["verified"], &made["enabled"], &made["isAnonymous"]],
        [&json!(true), &json!(true), &json!(false)]
    );
    let id: AccountId = text(&made, "id").parse().unwrap();
    let shown = kw.get(&of(id, "")).bearer(&token).send();
    assert_eq!(shown.json(), made);
    let own = kw.sign_in("carol@example.com", PASSWORD).tokens().0;
    assert_eq!(kw.get("/admin/accounts").bearer(&own).send().status, 200);
    // Without a password nobody signs in.
    let body = json!({ "username": "robot", "verified": false });
    let answer = kw.post("/admin/accounts").bearer(&token).json(&body).send();
    assert_eq!(
        (answer.status, &answer.json()["verified"]),
        (201, &json!(false))
    );
    let before = kw.state();
    for (body, status) in [
        (json!({ "email": "carol@example.com" }), 409),
        (json!({ "username": "Carol" }), 409),
        (
            json!({ "email": "new@example.com", "role": "nothing" }),
            400,
        ),
        (
            json!({ "email": "new@example.com", "password": "short" }),
            400,
        ),
        (
            json!({ "email": "new@example.com", "password": "password1" }),
            400,
        ),
        (json!({ "email": "new@example.com", "enabled": false }), 400),
        (json!({ "email": "new@example.com", "epoch": 7 }), 400),
        (json!({ "email": "new@example.com", "id": id }), 400),
        (
            json!({ "email": "new@example.com", "verified": "yes" }),
            400,
        ),
        (json!({ "email": "not an address" }), 400),
        (json!({}), 400),
    ] {
        let answer = kw.post("/admin/accounts").bearer(&token).json(&body).send();
        assert_eq!(answer.status, status, "{body} {answer:?}");
        assert_eq!(kw.state(), before, "{body}");
    }
});

both!(j23_whom_an_administrator_disables_is_out, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    let replica = kw.replica();
    assert_eq!(replica.me(&access), 200);
    let body = json!({ "enabled": false, "lastName": "Adams" });
    let answer = kw
        .ask("PATCH", &of(alice, ""))
        .bearer(&token)
        .json(&body)
        .send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        [&answer.json()["enabled"], &answer.json()["lastName"]],
        [&json!(false), &json!("Adams")]
    );
    assert_eq!(kw.me(&access), 401);
    replica.catch_up();
    assert_eq!(replica.me(&access), 401);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    kw.sign_in(ALICE, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    let body = json!({ "enabled": true });
    let answer = kw
        .ask("PATCH", &of(alice, ""))
        .bearer(&token)
        .json(&body)
        .send();
    assert_eq!(answer.status, 200);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    // Nothing else than what is said can be written.
    let before = kw.state();
    for body in [
        json!({ "id": Uuid::new_v4() }),
        json!({ "email": "mallory@example.com" }),
        json!({ "verified": true }),
        json!({ "roles": ["administrator"] }),
        json!({ "enabled": "no" }),
    ] {
        let answer = kw
            .ask("PATCH", &of(alice, ""))
            .bearer(&token)
            .json(&body)
            .send();
        answer.refused(400, "INVALID_PAYLOAD");
        assert_eq!(kw.state(), before, "{body}");
    }
});

both!(j23_whom_an_administrator_deletes_is_gone, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let (access, refresh) = kw.sign_in(ALICE, PASSWORD).tokens();
    done(kw, "DELETE", &of(alice, ""), &token);
    assert_eq!(kw.me(&access), 401);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.count(&format!("accounts WHERE id = '{alice}'")), 0);
    let answer = kw.delete(&of(alice, "")).bearer(&token).send();
    answer.refused(404, "NOT_FOUND");
});

/// Every route of one account, with a body that it takes.
fn routes(id: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let of = |rest: &str| format!("/admin/accounts/{id}{rest}");
    let session = Uuid::new_v4();
    vec![
        ("GET", of(""), None),
        ("PATCH", of(""), Some(json!({ "enabled": true }))),
        ("DELETE", of(""), None),
        ("POST", of("/password"), Some(json!({ "password": OTHER }))),
        ("POST", of("/unlock"), None),
        ("DELETE", of("/second-factor"), None),
        ("GET", of("/sessions"), None),
        ("DELETE", of("/sessions"), None),
        ("DELETE", of(&format!("/sessions/{session}")), None),
        ("GET", of("/login-attempts"), None),
        ("PUT", of("/roles/administrator"), None),
        ("DELETE", of("/roles/administrator"), None),
    ]
}

both!(o1_who_is_nobody_is_not_found_and_nothing_happens, |kw| {
    let (_, token) = administrator(kw);
    let before = kw.state();
    let nobody = Uuid::new_v4().to_string();
    for id in [nobody.as_str(), "nobody", "%00", "0"] {
        for (method, path, body) in routes(id) {
            let mut ask = kw.ask(method, &path).bearer(&token);
            if let Some(body) = &body {
                ask = ask.json(body);
            }
            ask.send().refused(404, "NOT_FOUND");
        }
    }
    assert_eq!(kw.state(), before);
    let root = of(kw.add("second@example.com", None, true), "/roles/%00");
    let before = kw.state();
    for method in ["PUT", "DELETE"] {
        let answer = kw.ask(method, &root).bearer(&token).send();
        answer.refused(404, "NOT_FOUND");
    }
    assert_eq!(kw.state(), before);
});

both!(o11_a3_whoever_does_not_administer_is_refused, |kw| {
    let (root, _) = administrator(kw);
    kw.account(ALICE);
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let (guest, _) = kw.guest();
    let before = kw.state();
    for (method, path, _) in routes(&root.to_string()) {
        for token in [&alice, &guest] {
            let answer = kw.ask(method, &path).bearer(token).send();
            answer.refused(403, "FORBIDDEN");
        }
        let answer = kw.ask(method, &path).send();
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(kw.state(), before);
});

both!(what_is_not_committed_has_not_happened, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let access = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let before = kw.state();
    for (verb, table) in [
        ("UPDATE", "accounts"),
        ("INSERT", "audit_events"),
        ("INSERT", "revocations"),
    ] {
        for fault in [Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, verb, table);
            let body = json!({ "enabled": false });
            let ask = kw.ask("PATCH", &of(alice, "")).bearer(&token);
            let answer = ask.json(&body).send();
            kw.mend();
            assert_eq!(answer.status, 503, "{table} {fault:?} {answer:?}");
            assert_eq!(kw.state(), before, "{table} {fault:?}");
            assert_eq!(kw.me(&access), 200);
        }
    }
});
