//! The two doors. A write is all there and lasting when it answers `Ok`, and never was
//! when it answers `Err` or panics; many that write at once lose nothing and meet no lock.

use std::panic::{AssertUnwindSafe, catch_unwind};

use keyward::domain::id::AccountId;
use keyward::service::{Code, Error as ActError};
use keyward::store::{self, Error, accounts, sessions};
use uuid::Uuid;

use crate::kit::{NOW, at_once, new_account, rotate};

both!(a_write_lasts_and_is_seen_by_the_next_read, |db| {
    let id = db.account("alice@example.com");
    assert!(db.read(|db| accounts::lookup(db, id)).unwrap().is_some());
    // Another process sees it too: it is in the database, not in a memory.
    let another = db.another();
    assert!(
        another
            .read(|db| accounts::lookup(db, id))
            .unwrap()
            .is_some()
    );
});

both!(a_refusal_rolls_everything_back, |db| {
    let new = new_account(AccountId(Uuid::new_v4()), "alice@example.com");
    let id = new.id;
    let refused = db.write(move |tx| {
        accounts::add(tx, &new)?.unwrap();
        assert!(
            accounts::lookup(tx, id)?.is_some(),
            "inside it sees its own"
        );
        Err::<(), _>(ActError::forbidden("no"))
    });
    assert_eq!(refused.unwrap_err().code, Code::Forbidden, "in its words");
    assert!(db.read(|db| accounts::lookup(db, id)).unwrap().is_none());
});

fn fails() -> Result<(), Error> {
    panic!("on purpose, in a test")
}

both!(a_panic_rolls_back_and_harms_nobody_else, |db| {
    let new = new_account(AccountId(Uuid::new_v4()), "alice@example.com");
    let id = new.id;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        db.write(move |tx| {
            accounts::add(tx, &new)?.unwrap();
            fails()?;
            Ok::<_, Error>(())
        })
    }));
    assert!(!matches!(outcome, Ok(Ok(()))), "it is not told as done");
    assert!(db.read(|db| accounts::lookup(db, id)).unwrap().is_none());
    // The doors still open, as often as there are connections.
    for number in 0..20 {
        db.account(&format!("user{number}@example.com"));
    }
    assert_eq!(db.read(accounts::count).unwrap(), 20);
});

both!(s9_s14_many_writers_lose_no_update_and_meet_no_lock, |db| {
    const THREADS: usize = 64;
    const UPDATES: usize = 20;
    let id = db.account("alice@example.com");
    let seen = at_once(THREADS, |_| {
        (0..UPDATES)
            .map(|_| db.write(move |tx| accounts::advance_epoch(tx, id, NOW)))
            .collect::<Result<Vec<_>, _>>()
    });
    let seen = seen.into_iter().flat_map(Result::unwrap);
    let mut seen: Vec<i64> = seen.map(|epoch| epoch.0).collect();
    seen.sort_unstable();
    // Each saw its own update and nobody else's: every number once.
    let expected: Vec<i64> = (1..=i64::try_from(THREADS * UPDATES).unwrap()).collect();
    assert_eq!(seen, expected);
    let account = db.read(|db| accounts::lookup(db, id)).unwrap().unwrap();
    assert_eq!(account.epoch.0, i64::try_from(expected.len()).unwrap());
});

both!(those_that_fail_do_not_take_their_neighbours_along, |db| {
    let outcomes = at_once(48, |number| {
        let email = format!("user{number}@example.com");
        let new = new_account(AccountId(Uuid::new_v4()), &email);
        let id = new.id;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            db.write(move |tx| {
                accounts::add(tx, &new)?.unwrap();
                // A panic prints its trace with the connection in hand: only a few, or
                // the others would wait for too long.
                match number {
                    11 | 41 => panic!("on purpose, in a test"),
                    _ if number % 3 == 0 => Ok(()),
                    _ => Err(Error::Corrupt("on purpose")),
                }
            })
        }));
        (number, id, matches!(outcome, Ok(Ok(()))))
    });
    for (number, id, done) in outcomes {
        let there = db.read(|db| accounts::lookup(db, id)).unwrap().is_some();
        assert_eq!(
            (done, there),
            (number % 3 == 0, number % 3 == 0),
            "{number}"
        );
    }
});

both!(a_guarded_statement_lasts_or_changes_nothing, |db| {
    let id = db.session().id;
    let rotate = move |from| db.write_guarded(move |db| rotate(db, id, from, NOW));
    assert!(rotate(0).unwrap());
    assert!(!rotate(0).unwrap(), "its guard holds");
    let generation = db.another().read(|db| sessions::lookup(db, id)).unwrap();
    assert_eq!(generation.unwrap().0.generation.number, 1, "lasting");
    let panicked = catch_unwind(AssertUnwindSafe(|| db.write_guarded(|_| fails())));
    assert!(!matches!(panicked, Ok(Ok(()))), "it is not told as done");
    assert!(rotate(1).unwrap(), "the doors still open");
});

both!(d13_many_guarded_statements_lose_nothing, |db| {
    const THREADS: usize = 16;
    let id = db.session().id;
    // All of one generation: one of them is the one that rotates.
    for from in 0..20 {
        let won = at_once(THREADS, |_| {
            db.write_guarded(move |db| rotate(db, id, from, NOW))
        });
        let won = won.into_iter().filter(|won| *won.as_ref().unwrap()).count();
        assert_eq!(won, 1, "from {from}");
    }
    assert_eq!(db.session_now(id).generation.number, 20);
});

both!(d13_read_then_write_is_compare_and_set, |db| {
    const THREADS: usize = 16;
    const TURNS: u32 = 12;
    let id = db.session().id;
    // As an act does it: read, decide, write only if it still is as it was read.
    let turn = move |tx: &mut store::AnyConnection| -> store::Result<bool> {
        let (session, _) = sessions::lookup(tx, id)?.unwrap();
        rotate(tx, id, session.generation.number, NOW)
    };
    let lost = at_once(THREADS, |_| {
        let mut lost = 0;
        for _ in 0..TURNS {
            while !db.write(turn).unwrap() {
                lost += 1;
            }
        }
        lost
    });
    let generation = db.session_now(id).generation.number;
    assert_eq!(generation, u32::try_from(THREADS).unwrap() * TURNS);
    if db.url().is_sqlite() {
        // One writer: what was read inside a write can not change before it ends.
        assert_eq!(lost.iter().sum::<i32>(), 0);
    }
});
