//! A name that is taken is an answer, not a failure: the transaction around it goes on,
//! and of many that want one name exactly one has it.

use keyward::domain::id::AccountId;
use keyward::domain::identifier::{Email, Username};
use keyward::domain::password::PasswordRecord;
use keyward::store::audit::audit_events;
use keyward::store::{Error, Taken, accounts, credentials};
use uuid::Uuid;

use crate::kit::{NOW, at_once, new_account};

fn stored(text: &str) -> PasswordRecord {
    text.to_owned().into()
}

fn named(email: Option<&str>, username: Option<&str>) -> accounts::New {
    accounts::New {
        email: email.map(|text| Email::parse(text).unwrap()),
        username: username.map(|text| Username::parse(text).unwrap()),
        ..new_account(AccountId(Uuid::new_v4()), "nobody@example.com")
    }
}

both!(i10_a_taken_name_is_told_in_any_letter_case, |db| {
    let add = |email: Option<&str>, username: Option<&str>| {
        let new = named(email, username);
        db.write(move |tx| accounts::add(tx, &new)).unwrap()
    };
    let (alice, bob) = (Some("Alice@Example.com"), Some("Bob"));
    assert_eq!(add(alice, bob), Ok(()));
    for (email, username) in [
        (alice, None),
        (Some("alice@example.COM"), None),
        (None, bob),
        (None, Some("BOB")),
        (Some("other@example.com"), Some("bob")),
    ] {
        assert_eq!(add(email, username), Err(Taken), "{email:?} {username:?}");
    }
    // Nothing is not a name: any number of accounts may be without one.
    assert_eq!(add(None, Some("carol")), Ok(()));
    assert_eq!(add(None, Some("dave")), Ok(()));
    assert_eq!(add(Some("erin@example.com"), None), Ok(()));
    assert_eq!(db.read(accounts::count).unwrap(), 4);
});

both!(the_transaction_around_a_taken_name_goes_on, |db| {
    let alice = db.account("alice@example.com");
    let (again, other) = (
        named(Some("alice@example.com"), None),
        named(Some("other@example.com"), None),
    );
    let other_id = other.id;
    let outcome = db.write(move |tx| {
        credentials::set(tx, alice, &stored("before"), NOW)?;
        let taken = accounts::add(tx, &again)?;
        accounts::add(tx, &other)?.unwrap();
        credentials::set(tx, alice, &stored("after"), NOW)?;
        Ok::<_, Error>(taken)
    });
    assert_eq!(outcome.unwrap(), Err(Taken));
    let record = db.read(|db| credentials::lookup(db, alice)).unwrap();
    assert_eq!(record.unwrap().expose(), "after");
    assert!(
        db.read(|db| accounts::lookup(db, other_id))
            .unwrap()
            .is_some()
    );
    assert_eq!(db.read(accounts::count).unwrap(), 2);
});

both!(o14_of_many_that_want_one_name_exactly_one_has_it, |db| {
    let outcomes = at_once(32, |_| {
        let new = named(Some("alice@example.com"), None);
        let id = new.id;
        let outcome = db.write(move |tx| accounts::add(tx, &new)).unwrap();
        (id, outcome)
    });
    let winners: Vec<AccountId> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(winners.len(), 1);
    let listed = db.read(|db| accounts::search::list(db, 100)).unwrap();
    let listed: Vec<AccountId> = listed.iter().map(|account| account.id).collect();
    assert_eq!(listed, winners);
});

both!(
    p8_a_record_is_upgraded_only_if_it_is_still_the_old_one,
    |db| {
        let alice = db.account("alice@example.com");
        db.write(move |tx| credentials::set(tx, alice, &stored("old"), NOW))
            .unwrap();
        let won = at_once(16, |number| {
            let new = stored(&format!("new {number}"));
            db.write(move |tx| credentials::upgrade(tx, alice, &stored("old"), &new))
                .unwrap()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        let winner = won.iter().position(|won| *won).unwrap();
        let record = db.read(|db| credentials::lookup(db, alice)).unwrap();
        assert_eq!(record.unwrap().expose(), format!("new {winner}"));
    }
);

// What belongs to nobody is refused by the database itself, not only by the acts.
both!(rows_of_no_account_are_refused, |db| {
    let nobody = AccountId(Uuid::new_v4());
    let record = db.write(move |tx| credentials::set(tx, nobody, &stored("record"), NOW));
    assert!(record.is_err());
    let session = crate::kit::session_of(nobody);
    let session = db.write(move |tx| keyward::store::sessions::add(tx, &session));
    assert!(session.is_err());
    let enabled = db.write(move |tx| accounts::set_enabled(tx, nobody, true, NOW));
    assert!(matches!(enabled, Err(Error::NotExactlyOne(_, 0))));
    let epoch = db.write(move |tx| accounts::advance_epoch(tx, nobody, NOW));
    assert!(matches!(epoch, Err(Error::NotExactlyOne(_, 0))));
    assert!(
        db.read(|db| audit_events::list_of(db, nobody))
            .unwrap()
            .is_empty()
    );
});
