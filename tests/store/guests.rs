//! Guests: found by an index of their own, deleted when nobody was there, registered once.

use std::time::Duration;

use keyward::domain::account::Account;
use keyward::domain::id::AccountId;
use keyward::domain::identifier::Email;
use keyward::domain::session::Session;
use keyward::store::{AnyConnection, Error, accounts, guests, sessions};
use keyward::support::clock::Timestamp;
use uuid::Uuid;

use crate::kit::{Fresh, NOW, at_once, execute, session_of};
use crate::plans::plans;

const DAY: Duration = Duration::from_secs(86_400);

/// A guest who came then, with a session that was used then.
fn guest(db: &Fresh, came: Timestamp, used: Timestamp) -> AccountId {
    let guest = Account::guest(AccountId(Uuid::new_v4()), came);
    let mut session = session_of(guest.id);
    session.generation.rotated_at = used;
    let row: Session = session;
    let id = guest.id;
    db.write(move |tx| {
        guests::add(tx, &guest)?;
        sessions::add(tx, &row)
    })
    .unwrap();
    id
}

/// A guest registers by this address.
fn named(id: AccountId, email: &str) -> accounts::New {
    accounts::New {
        id,
        email: Email::parse(email),
        username: None,
        verified: false,
        created_by: None,
        now: NOW,
    }
}

fn is_there(db: &Fresh, id: AccountId) -> bool {
    db.read(|db| accounts::lookup(db, id)).unwrap().is_some()
}

both!(a4_only_guests_who_were_not_there_are_deleted, |db| {
    let before = NOW - DAY;
    let gone = guest(db, before - DAY, before - DAY);
    let there = guest(db, before - DAY, NOW);
    let young = guest(db, before, before);
    let alice = db.account("alice@example.com");
    let registered = guest(db, before - DAY, before - DAY);
    let new = named(registered, "bob@example.com");
    let done = db.write(move |tx| guests::register(tx, &new));
    assert!(matches!(done, Ok(Ok(true))));

    let unseen = db.read(|db| guests::unseen_since(db, before, 10)).unwrap();
    let mut expected = vec![gone, there];
    expected.sort();
    let mut found = unseen.clone();
    found.sort();
    assert_eq!(found, expected);
    let asked = unseen.clone();
    let seen = db.write(move |tx| guests::seen_since(tx, &asked, before));
    assert_eq!(seen.unwrap(), [there]);
    // Whoever is named: a guest who was there since, and an account, stay.
    let all = vec![gone, there, young, alice, registered];
    let deleted = db.write(move |tx| guests::delete(tx, &all, before));
    assert_eq!(deleted.unwrap(), [gone]);
    assert!(!is_there(db, gone));
    assert!(
        [there, young, alice, registered]
            .iter()
            .all(|id| is_there(db, *id))
    );
    // And the one who was there is not asked about again before they may be gone.
    let unseen = db.read(|db| guests::unseen_since(db, before, 10)).unwrap();
    assert_eq!(unseen, []);
});

both!(a5_a_guest_is_registered_once, |db| {
    let id = guest(db, NOW, NOW);
    let done = at_once(16, |number| {
        let new = named(id, &format!("alice{number}@example.com"));
        db.write(move |tx| guests::register(tx, &new))
    });
    let won = done.iter().filter(|done| matches!(done, Ok(Ok(true))));
    assert_eq!(won.count(), 1);
    assert!(done.iter().all(|done| matches!(done, Ok(Ok(_)))));
    let winner = done.iter().position(|done| matches!(done, Ok(Ok(true))));
    let account = db.read(|db| accounts::lookup(db, id)).unwrap().unwrap();
    assert_eq!(
        account.email,
        Some(format!("alice{}@example.com", winner.unwrap()))
    );
    assert!(!account.anonymous);
    // A taken address is an answer, and the transaction goes on.
    let other = guest(db, NOW, NOW);
    let new = named(other, &account.email.unwrap());
    let taken = db.write(move |tx| {
        let taken = guests::register(tx, &new)?.is_err();
        Ok::<_, Error>((taken, accounts::lookup(tx, other)?))
    });
    let (taken, still) = taken.unwrap();
    assert!(taken && still.unwrap().anonymous);
});

both!(a4_guests_are_found_by_their_index, |db| {
    db.write(|tx| {
        let many = "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL \
                    SELECT number + 1 FROM numbers WHERE number < 5000)";
        for (kind, anonymous) in [("account", "FALSE"), ("guest", "TRUE")] {
            execute(
                tx,
                &format!(
                    "INSERT INTO accounts (id, anonymous, created_at, updated_at, last_login_at) \
                     {many} SELECT '{kind}' || number, {anonymous}, number, number, number FROM numbers"
                ),
            );
        }
        if let AnyConnection::Postgres(_) = tx {
            execute(tx, "ANALYZE accounts");
        }
        Ok::<_, Error>(())
    })
    .unwrap();
    let before = Timestamp::from_millis(4000);
    let asked = plans(db, move |tx| {
        // What is found has no id that could be read.
        let _ = guests::unseen_since(tx, before, 100);
        Ok(())
    });
    for plan in asked {
        assert!(plan.contains("accounts_guests"), "{plan}");
    }
});
