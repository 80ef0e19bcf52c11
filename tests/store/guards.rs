//! The guards of what is good once, and of counters: of many that try at the same time
//! exactly one uses a code up, and no failure goes uncounted.

use std::time::Duration;

use keyward::domain::guess_limit::Counter;
use keyward::domain::id::{AccountId, FactorId};
use keyward::store::factors::{self, Factor};
use keyward::store::limits::{self, Kept};
use keyward::store::{Error, recovery_codes};

use uuid::Uuid;

use crate::kit::{Fresh, NOW, at_once};

const FACTOR: FactorId = FactorId(Uuid::from_u128(1));
const SECOND: FactorId = FactorId(Uuid::from_u128(2));

fn wins(won: Vec<keyward::store::Result<bool>>) -> usize {
    let won: Vec<bool> = won.into_iter().map(Result::unwrap).collect();
    won.into_iter().filter(|won| *won).count()
}

const fn kept(counter: Counter) -> Kept {
    Kept {
        counter,
        until: NOW,
    }
}

/// An account with this factor, which waits.
fn waiting(db: &Fresh, id: FactorId) -> AccountId {
    let account = db.account("alice@example.com");
    let factor = Factor::waiting(id, account, b"sealed\0\xff".to_vec(), NOW);
    db.write(move |tx| factors::add_pending(tx, &factor))
        .unwrap();
    account
}

both!(m3_a_waiting_factor_is_confirmed_once, |db| {
    let account = waiting(db, FACTOR);
    assert!(
        db.read(|db| factors::active_of(db, account))
            .unwrap()
            .is_none()
    );
    let won = at_once(16, |number| {
        let step = 100 + number as i64;
        db.write(move |tx| factors::confirm(tx, FACTOR, step, NOW))
    });
    let winner = won.iter().position(|won| matches!(won, Ok(true))).unwrap();
    assert_eq!(wins(won), 1);
    let active = db.read(|db| factors::active_of(db, account));
    let active = active.unwrap().unwrap();
    assert_eq!(active.sealed, b"sealed\0\xff");
    assert_eq!(active.confirmed_at, Some(NOW));
    assert_eq!(active.last_step, 100 + winner as i64, "its code is used up");
    // Beside it another may wait, but never count.
    let other = Factor::waiting(SECOND, account, Vec::new(), NOW);
    db.write(move |tx| factors::add_pending(tx, &other))
        .unwrap();
    let second = db.write(|tx| factors::confirm(tx, SECOND, 1, NOW));
    assert!(second.is_err(), "one factor counts, says the database");
    let active = db.read(|db| factors::active_of(db, account)).unwrap();
    assert_eq!(active.unwrap().id, FACTOR);
});

both!(m1_d17_a_code_is_good_once, |db| {
    waiting(db, FACTOR);
    let use_step = |step: i64| {
        move |tx: &mut keyward::store::AnyConnection| factors::use_step(tx, FACTOR, step)
    };
    assert!(
        !db.write(use_step(9)).unwrap(),
        "one that waits has no codes"
    );
    db.write(|tx| factors::confirm(tx, FACTOR, 10, NOW))
        .unwrap();
    assert!(!db.write(use_step(10)).unwrap());
    assert_eq!(wins(at_once(32, |_| db.write(use_step(11)))), 1);
    // A clock that went back does not bring used ones back (S7).
    assert!(!db.write(use_step(11)).unwrap() && !db.write(use_step(10)).unwrap());
    assert!(db.write(use_step(12)).unwrap());
});

both!(
    m5_a_recovery_code_is_good_once_and_for_its_account_alone,
    |db| {
        let (alice, bob) = (
            db.account("alice@example.com"),
            db.account("bob@example.com"),
        );
        let macs: Vec<String> = (0..10).map(|number| format!("mac {number}")).collect();
        for account in [alice, bob] {
            let macs = macs.clone();
            db.write(move |tx| recovery_codes::replace(tx, account, &macs, NOW))
                .unwrap();
        }
        let won = at_once(32, |_| {
            db.write(move |tx| recovery_codes::consume(tx, alice, "mac 3"))
        });
        assert_eq!(wins(won), 1);
        let count = |account| db.read(|db| recovery_codes::count(db, account)).unwrap();
        assert_eq!((count(alice), count(bob)), (9, 10));
        let unknown = db.write(move |tx| recovery_codes::consume(tx, alice, "mac 99"));
        assert!(!unknown.unwrap());
        // New ones put all old ones out of use.
        db.write(move |tx| recovery_codes::replace(tx, alice, &["new".to_owned()], NOW))
            .unwrap();
        let old = db.write(move |tx| recovery_codes::consume(tx, alice, "mac 4"));
        assert!(!old.unwrap());
        assert_eq!(count(alice), 1);
    }
);

both!(b1_no_failure_goes_uncounted, |db| {
    const THREADS: usize = 16;
    const EACH: usize = 10;
    // As an act counts: read, decide, set only if it still is what was read.
    let count = |tx: &mut keyward::store::AnyConnection| {
        let read = limits::lookup(tx, "key")?;
        let mut counter = read.unwrap_or_default();
        counter.failures += 1;
        counter.next_at = NOW + Duration::from_secs(counter.failures.unsigned_abs());
        limits::set(tx, "key", read, kept(counter))
    };
    at_once(THREADS, |_| {
        for _ in 0..EACH {
            while !db.write(count).unwrap() {}
        }
    });
    let counter = db.read(|db| limits::lookup(db, "key")).unwrap().unwrap();
    assert_eq!(counter.failures, (THREADS * EACH) as i64);
    let stale = Counter::default();
    let set = db.write(move |tx| limits::set(tx, "key", Some(stale), kept(stale)));
    assert!(!set.unwrap(), "what was read is not there any more");
    let removed = db.write(move |tx| limits::remove(tx, "key", stale));
    assert!(!removed.unwrap(), "nor is it what stood there");
    assert_eq!(
        db.read(|db| limits::lookup(db, "key")).unwrap(),
        Some(counter)
    );
    let removed = db.write(move |tx| limits::remove(tx, "key", counter));
    assert!(removed.unwrap());
    assert_eq!(db.read(|db| limits::lookup(db, "key")).unwrap(), None);
});

both!(
    b11_an_attempt_is_given_back_but_never_more_than_were_counted,
    |db| {
        let one = Counter {
            failures: 1,
            ..Counter::default()
        };
        let set = db.write(move |tx| limits::set(tx, "key", None, kept(one)));
        assert!(set.unwrap());
        let failures = || {
            db.read(|db| limits::lookup(db, "key"))
                .unwrap()
                .unwrap()
                .failures
        };
        for _ in 0..3 {
            db.write(|tx| limits::release(tx, "key")).unwrap();
            assert_eq!(failures(), 0);
        }
        db.write(|tx| {
            limits::release(tx, "nobody")?;
            limits::clear(tx, "nobody")?;
            limits::clear(tx, "key")?;
            Ok::<_, Error>(())
        })
        .unwrap();
        assert_eq!(db.read(|db| limits::lookup(db, "key")).unwrap(), None);
    }
);
