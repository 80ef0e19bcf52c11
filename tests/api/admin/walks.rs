//! A list is walked to its end, whatever is deleted meanwhile.

use keyward::domain::organization::Name;
use keyward::service::organizations::administer;
use serde_json::json;
use uuid::Uuid;

use super::{administrator, rows};
use crate::organizations::{invite, make, member, person};
use crate::support::{account_of, text};

// A script deletes as it walks.
both!(a_walk_goes_on_where_its_last_row_was, |kw| {
    let (_, token) = administrator(kw);
    for number in 0..5 {
        kw.advance(1);
        let alice = kw.account(&format!("alice-{number}@example.com"));
        let name = Name::parse(&format!("Acme {number}")).unwrap();
        administer::add(&kw.kw, name, alice).unwrap();
    }
    for list in ["organizations?search=acme", "accounts?search=alice"] {
        let kind = list.split('?').next().unwrap();
        let mut walked = 0;
        let mut path = format!("/admin/{list}&limit=1");
        loop {
            let page = kw.get(&path).bearer(&token).send();
            for row in rows(&page) {
                walked += 1;
                let one = text(&row, "id");
                let one = format!("/admin/{kind}/{one}");
                let gone = kw.delete(&one).bearer(&token).send();
                assert_eq!(gone.status, 204, "{gone:?}");
            }
            match page.json()["next"].as_str() {
                Some(next) => path = format!("/admin/{list}&limit=1&after={next}"),
                None => break,
            }
        }
        assert_eq!(walked, 5, "{list}");
    }
    for wrong in [
        "1.x",
        "x.1",
        ".",
        "1.",
        "--1.019b76da-a800-7ed2-b061-1e97da9cfe89",
    ] {
        for list in ["accounts", "organizations", "audit-events"] {
            let path = format!("/admin/{list}?after={wrong}");
            let answer = kw.get(&path).bearer(&token).send();
            answer.refused(400, "INVALID_PAYLOAD");
        }
    }
    // An id that is there goes on being taken; one that never was is not the end.
    let path = format!("/admin/audit-events?after={}", Uuid::new_v4());
    kw.get(&path)
        .bearer(&token)
        .send()
        .refused(400, "INVALID_PAYLOAD");
    let events = rows(&kw.get("/admin/audit-events").bearer(&token).send());
    let path = format!("/admin/audit-events?after={}", text(&events[0], "id"));
    let rest = rows(&kw.get(&path).bearer(&token).send());
    assert_eq!(rest, events[1..]);
});

// A client asks once more only where something follows.
both!(no_list_has_an_empty_last_page, |kw| {
    let (_, token) = administrator(kw);
    let alice = person(kw, "alice@example.com");
    let acme = make(kw, &alice, "Acme");
    make(kw, &alice, "Bolt");
    let (bob, _) = member(kw, &alice, &acme, ("bob@example.com", "viewer"));
    for email in ["carol@example.com", "dave@example.com"] {
        assert_eq!(invite(kw, &alice, &acme, (email, "viewer")).status, 202);
        let body = json!({ "email": email });
        let invited = kw.post("/admin/invitations").bearer(&token).json(&body);
        assert_eq!(invited.send().status, 202);
        kw.key_in(account_of(&bob), &[], Some(acme.parse().unwrap()));
    }
    for (list, token, all) in [
        ("/admin/organizations".to_owned(), &token, "data"),
        (
            format!("/admin/organizations/{acme}/members"),
            &token,
            "data",
        ),
        ("/admin/invitations".to_owned(), &token, "data"),
        ("/admin/api-keys".to_owned(), &token, "data"),
        (
            format!("/auth/organizations/{acme}/members"),
            &alice,
            "members",
        ),
        (
            format!("/auth/organizations/{acme}/invitations"),
            &alice,
            "invitations",
        ),
        (
            format!("/auth/organizations/{acme}/api-keys"),
            &alice,
            "apiKeys",
        ),
    ] {
        let page = |limit: usize, after: &str| {
            let path = format!("{list}?limit={limit}{after}");
            let answer = kw.get(&path).bearer(token).send();
            assert_eq!(answer.status, 200, "{path} {answer:?}");
            let body = answer.json();
            let rows = body[all]
                .as_array()
                .unwrap_or_else(|| panic!("{list} {body}"));
            (rows.len(), body["next"].as_str().map(str::to_owned))
        };
        assert_eq!(page(2, ""), (2, None), "{list}");
        let (count, next) = page(1, "");
        assert_eq!(count, 1, "{list}");
        let after = format!("&after={}", next.unwrap_or_else(|| panic!("{list}")));
        assert_eq!(page(1, &after), (1, None), "{list}");
    }
});
