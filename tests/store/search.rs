//! Who looks for accounts and organizations by parts of their names finds all of these, in the order
//! of their age, whatever the names are made of, and reads little else.

use keyward::domain::id::{AccountId, OrganizationId};
use keyward::domain::organization::Name;
use keyward::domain::search_words::SearchWords;
use keyward::store::accounts::{names, search};
use keyward::store::{AnyConnection, Error, accounts, organizations};
use keyward::support::clock::Timestamp;
use uuid::Uuid;

use crate::kit::{Fresh, NOW, execute, new_account};
use crate::plans::plans;

fn words(text: &str) -> SearchWords {
    SearchWords::parse(text).unwrap()
}

fn place(db: &Fresh, id: AccountId) -> (Timestamp, AccountId) {
    let account = db.read(move |db| accounts::lookup(db, id));
    (account.unwrap().unwrap().created_at, id)
}

fn found_after(db: &Fresh, text: &str, after: Option<AccountId>, limit: i64) -> Vec<AccountId> {
    let after = after.map(|id| place(db, id));
    let found = db.read(|db| search::search(db, &words(text), after, limit));
    found.unwrap().into_iter().map(|it| it.id).collect()
}

fn found(db: &Fresh, text: &str) -> Vec<AccountId> {
    found_after(db, text, None, 100)
}

/// An account that came so many milliseconds later.
fn account(db: &Fresh, email: &str, later: i64) -> AccountId {
    let mut new = new_account(AccountId(Uuid::new_v4()), email);
    new.now = Timestamp::from_millis(NOW.millis() + later);
    let id = new.id;
    db.write(move |tx| accounts::add(tx, &new))
        .unwrap()
        .unwrap();
    id
}

fn run(db: &Fresh, sql: String) {
    db.write(move |tx| {
        execute(tx, &sql);
        Ok::<_, Error>(())
    })
    .unwrap();
}

fn call(db: &Fresh, id: AccountId, name: &'static str) {
    db.write(move |tx| {
        execute(
            tx,
            &format!("UPDATE accounts SET first_name = 'X' WHERE id = '{id}'"),
        );
        names::set_canonical(tx, id, (Some(name), None))
    })
    .unwrap();
}

both!(y15_a_word_is_found_wherever_it_stands, |db| {
    let anna = account(db, "anna.o'neill+x*@acme-widgets.example", 0);
    let bob = account(db, "bob@example.com", 1);
    call(db, bob, "山田 🦀 太郎 % _ \\ [ab] \"x\" \u{10fffd}q");
    for text in [
        "a",
        "n",
        "@",
        "an",
        "o'",
        "+",
        "*",
        "ll+",
        "acme",
        "-wid",
        "anna.o'neill",
        "example",
        "ple acme nei a",
        "anna.o'neill+x*@acme-widgets.example",
    ] {
        let all = found(db, text);
        assert!(all.contains(&anna), "{text:?}");
        let common = ["a", "@", "example"].contains(&text);
        assert_eq!(all.contains(&bob), common, "{text:?}");
    }
    for text in [
        "山",
        "山田",
        "田",
        "🦀",
        "太郎",
        "%",
        "_",
        "\\",
        "[ab]",
        "[",
        "b]",
        "bob 山",
        "\u{10fffd}",
        "\u{10fffd}q",
        "q",
    ] {
        assert_eq!(found(db, text), [bob], "{text:?}");
    }
    for text in [
        "annab",
        "bob anna",
        "acmex",
        "z",
        "zz",
        "x*x",
        "neil.",
        "田山",
        "% zz",
        "OR",
        "NEAR(",
        "an NOT",
        "words:ann",
        "^anna",
    ] {
        assert_eq!(found(db, text), [], "{text:?}");
    }
});

both!(y15_what_is_found_follows_its_account, |db| {
    let id = account(db, "old-name@example.com", 0);
    assert_eq!(found(db, "old-name"), [id]);
    let sql = format!(
        "UPDATE accounts SET email_canonical = 'new-name@example.com', username_canonical = 'zed' \
         WHERE id = '{id}'"
    );
    run(db, sql);
    assert_eq!(found(db, "old-name"), []);
    assert_eq!(found(db, "old"), []);
    assert_eq!(found(db, "new-name ze"), [id]);
    // What is no name changes nothing.
    let sql = format!("UPDATE accounts SET epoch = epoch + 1 WHERE id = '{id}'");
    run(db, sql);
    assert_eq!(found(db, "zed"), [id]);
    // Nor what did not happen.
    let undone = db.write(move |tx| {
        execute(
            tx,
            &format!("UPDATE accounts SET username_canonical = 'yak' WHERE id = '{id}'"),
        );
        Err::<(), _>(Error::Unfit("undone".to_owned()))
    });
    assert!(undone.is_err());
    assert_eq!((found(db, "yak"), found(db, "zed")), (vec![], vec![id]));
    run(db, format!("DELETE FROM accounts WHERE id = '{id}'"));
    assert_eq!(found(db, "zed"), []);
    // Its number may be another's.
    let other = account(db, "other@example.com", 1);
    assert_eq!((found(db, "zed"), found(db, "oth")), (vec![], vec![other]));
});

both!(y15_pages_of_what_is_found_follow_each_other, |db| {
    let ids: Vec<AccountId> = (0..20)
        .map(|number| {
            account(
                db,
                &format!("u{number}@{}.example", number % 2),
                10 * number,
            )
        })
        .collect();
    for (text, step, limit) in [
        ("example", 1, 7),
        ("@1", 2, 3),
        ("@1.example", 2, 3),
        ("u", 1, 20),
    ] {
        let all: Vec<AccountId> = ids.iter().copied().skip(step - 1).step_by(step).collect();
        let mut seen = Vec::new();
        loop {
            let page = found_after(db, text, seen.last().copied(), limit);
            assert!(page.len() <= 20);
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, all, "{text:?}");
    }
    // Whoever is called nothing is a place to go on from, too.
    let guest = AccountId(Uuid::new_v4());
    let at = NOW.millis() + 105;
    let sql = format!(
        "INSERT INTO accounts (id, anonymous, created_at, updated_at) \
         VALUES ('{guest}', TRUE, {at}, {at})"
    );
    run(db, sql);
    let after = found_after(db, "example", Some(guest), 100);
    assert_eq!(after, ids[11..]);
});

both!(h18_organizations_are_found_alike, |db| {
    let owner = account(db, "owner@example.com", 0);
    let organization = |name: &str, later: i64| {
        let id = OrganizationId(Uuid::new_v4());
        let name = Name::parse(name).unwrap();
        let now = Timestamp::from_millis(NOW.millis() + later);
        db.write(move |tx| organizations::add(tx, id, &name, (owner, now)))
            .unwrap()
            .unwrap();
        id
    };
    let found = |text: &str,
                 after: Option<(Timestamp, OrganizationId)>,
                 limit: i64|
     -> Vec<OrganizationId> {
        let found = db.read(|db| organizations::search(db, &words(text), after, limit));
        found.unwrap().into_iter().map(|it| it.id).collect()
    };
    let acme = organization("Acme Oy", 0);
    let arzte = organization("Ärzte & Co", 1);
    let other = organization("Acme AB", 2);
    assert_eq!(found("", None, 10), [acme, arzte, other]);
    assert_eq!(found("acme", None, 10), [acme, other]);
    assert_eq!(found("ac o", None, 10), [acme]);
    assert_eq!(found("Ä", None, 10), [arzte]);
    assert_eq!(found("&", None, 10), [arzte]);
    assert_eq!(found("zz", None, 10), []);
    let after = Some((NOW, acme));
    assert_eq!(found("acme", after, 10), [other]);
    assert_eq!(found("acme", None, 1), [acme]);
    assert_eq!(found("", after, 1), [arzte]);
    let new = Name::parse("Zebra").unwrap();
    db.write(move |tx| organizations::rename(tx, acme, &new, NOW))
        .unwrap()
        .unwrap();
    assert_eq!(found("acme", None, 10), [other]);
    assert_eq!(found("ra", None, 10), [acme]);
    db.write(move |tx| organizations::remove(tx, other))
        .unwrap();
    assert_eq!(found("acme", None, 10), []);
});

both!(
    attack_l29_a_short_word_that_begins_all_parts_is_found,
    |db| {
        let owner = account(db, "owner@example.com", 0);
        // Three thousand parts begin with one letter.
        let letters: Vec<char> =
            "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĵķĺļľłńņňō"
                .chars()
                .collect();
        let add = |name: String, later: i64| {
            let id = OrganizationId(Uuid::new_v4());
            let name = Name::parse(&name).unwrap();
            let now = Timestamp::from_millis(NOW.millis() + later);
            db.write(move |tx| organizations::add(tx, id, &name, (owner, now)))
                .unwrap()
                .unwrap();
            id
        };
        let pairs = letters
            .iter()
            .flat_map(|a| letters.iter().map(move |b| format!("q{a}{b}")));
        let pairs: Vec<String> = pairs.take(3000).collect();
        let all: Vec<OrganizationId> = pairs
            .chunks(20)
            .zip(0..)
            .map(|(some, later)| add(some.concat(), later))
            .collect();
        let acme = add("Acme Quilts".to_owned(), 1000);
        let found = |text: &str| -> Vec<OrganizationId> {
            let found = db.read(|db| organizations::search(db, &words(text), None, 1000));
            found.unwrap().into_iter().map(|it| it.id).collect()
        };
        assert_eq!(found("q").len(), all.len() + 1);
        assert_eq!(found("q zzzz"), []);
        assert_eq!(found("q zz"), []);
        assert_eq!(found("q quilts"), [acme]);
        assert_eq!(found("ac q"), [acme]);
        assert_eq!(found(&format!("q {}", pairs[45])), [all[2]]);
    }
);

both!(y15_a_search_reads_no_account_that_is_not_it, |db| {
    let sql = "INSERT INTO accounts (id, email_canonical, created_at, updated_at) \
         SELECT '00000000-0000-4000-8000-' || (100000000000 + number), 'u' || number || '@example.com', number, number FROM \
         (WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers \
         WHERE number < 20000) SELECT number FROM numbers) AS n";
    db.write(move |tx| {
        execute(tx, sql);
        if let AnyConnection::Postgres(_) = tx {
            execute(tx, "ANALYZE accounts");
        }
        Ok::<_, Error>(())
    })
    .unwrap();
    let asked = |text: &'static str| {
        plans(db, move |tx| {
            search::search(tx, &words(text), None, 26).map(drop)
        })
    };
    for text in ["u19999@", "zzzz"] {
        let rare = asked(text).join("\n");
        assert!(
            rare.contains("accounts_by_parts") || rare.contains("VIRTUAL TABLE INDEX"),
            "{rare}"
        );
        for all in ["SCAN accounts", "SCAN account_words", "Seq Scan"] {
            assert!(!rare.contains(all), "{rare}");
        }
    }
    let listed = asked("").join("\n");
    assert!(listed.contains("accounts_by_age"), "{listed}");
    assert!(
        !listed.contains("TEMP B-TREE") && !listed.contains("Sort"),
        "{listed}"
    );
});
