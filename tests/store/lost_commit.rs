//! What becomes of a write whose connection PostgreSQL cuts: before it, in the middle of it, and where
//! the answer alone is lost.

use std::thread;
use std::time::{Duration, Instant};

use keyward::domain::account::Epoch;
use keyward::store::{AnyConnection, Error, Options, Store, Url, accounts};

use crate::kit::{Fresh, NOW, at_once, lines, rotate};

/// What a restart of the server does: every connection but the one that says so is cut, and
/// gone when this returns. A server process may end by itself before it is cut: that is as
/// good, so what is asked for is that it is gone.
fn cut_all(url: &Url) {
    let Url::Postgres(url) = url else {
        unreachable!()
    };
    // No store: its pool would open and close further connections meanwhile.
    let reader = <diesel::PgConnection as diesel::Connection>::establish(url).unwrap();
    let mut reader = AnyConnection::Postgres(reader);
    let others = "SELECT pid::text AS line FROM pg_stat_activity WHERE datname = \
                  current_database() AND backend_type = 'client backend' \
                  AND pid <> pg_backend_pid()";
    let cut = lines(&mut reader, others);
    assert!(!cut.is_empty(), "there is nothing to cut");
    for pid in &cut {
        let cut = format!("SELECT pg_terminate_backend({pid})::text AS line");
        lines(&mut reader, &cut);
    }
    let began = Instant::now();
    while lines(&mut reader, others)
        .iter()
        .any(|pid| cut.contains(pid))
    {
        assert!(began.elapsed() < Duration::from_secs(30), "they stay");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Each of those that are left in the pool may fail once; after that all is well, without
/// a restart of Keyward.
#[test]
fn s5_connections_that_were_cut_are_replaced() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    at_once(8, |_| db.read(accounts::count).unwrap());
    cut_all(&db.url);
    let failed = (0..20)
        .filter(|_| db.read(accounts::count).is_err())
        .count();
    assert!(
        failed <= 8,
        "{failed} of 20 failed: cut connections came back"
    );
    db.account("alice@example.com");
}

/// So that the next write meets the connection that the last one used.
fn on_one_connection(db: &Fresh) -> Store {
    let options = Options {
        connections: 1,
        ..Options::default()
    };
    Store::open(db.url.clone(), &options).unwrap()
}

#[test]
fn s5_a_write_that_found_its_connection_cut_is_run_again() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let store = on_one_connection(&db);
    let id = db.account("alice@example.com");
    let advance = || store.write(move |tx| accounts::advance_epoch(tx, id, NOW));
    assert_eq!(advance().unwrap(), Epoch(1));
    cut_all(&db.url);
    assert_eq!(advance().unwrap(), Epoch(2), "and is done once");
    // In the middle of it too: nothing of the first attempt was committed.
    let (mut attempts, url) = (0, db.url.clone());
    let advanced = store.write(move |tx| {
        attempts += 1;
        let epoch = accounts::advance_epoch(tx, id, NOW)?;
        if attempts == 1 {
            cut_all(&url);
        }
        accounts::hold(tx, id)?;
        Ok::<_, Error>((attempts, epoch))
    });
    assert_eq!(advanced.unwrap(), (2, Epoch(3)));
}

/// Its guard makes the second run harmless, also where the first one took place.
#[test]
fn s5_a_guarded_statement_that_found_its_connection_cut_is_run_again() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let store = on_one_connection(&db);
    let id = db.session().id;
    let guarded = |from| store.write_guarded(move |db| rotate(db, id, from, NOW));
    assert!(guarded(0).unwrap());
    cut_all(&db.url);
    assert!(guarded(1).unwrap(), "on another connection");
    // The answer alone was lost: it is committed, and its second run finds it so.
    let (mut attempts, url) = (0, db.url.clone());
    let changed = store.write_guarded(move |db| {
        attempts += 1;
        let changed = rotate(db, id, 2, NOW)?;
        if attempts == 1 {
            cut_all(&url);
            accounts::count(db)?;
        }
        Ok::<_, Error>((attempts, changed))
    });
    assert_eq!(changed.unwrap(), (2, false));
    assert_eq!(db.session_now(id).generation.number, 3, "once");
}
