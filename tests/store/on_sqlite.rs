//! What holds of SQLite alone: one file, its mode, and other processes on it.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use keyward::domain::account::Epoch;
use keyward::store::engine::migrations;
use keyward::store::{Error, Options, Store, Url, accounts};

use crate::kit::{Fresh, NOW, at_once, execute, lines, new_account};

#[test]
fn g3_the_file_and_its_companions_are_their_owners_alone() {
    let db = Fresh::sqlite(true);
    db.account("alice@example.com");
    for name in ["keyward.db", "keyward.db-wal", "keyward.db-shm"] {
        let mode = std::fs::metadata(db.folder().join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn s15_every_write_is_synced_and_rows_are_kept_consistent() {
    let db = Fresh::sqlite(true);
    let pragma = |name: &str| {
        let mut reader = db.own_reader().unwrap();
        let sql = format!("SELECT CAST({name} AS TEXT) AS line FROM pragma_{name}");
        lines(&mut reader, &sql).remove(0)
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2", "FULL");
    assert_eq!(pragma("foreign_keys"), "1");
    assert_eq!(pragma("trusted_schema"), "0");
    assert_eq!(pragma("query_only"), "1", "the reading door");
}

/// There may be no folder that can be written to but the database's own.
#[test]
fn operators_04_temporary_data_needs_no_folder() {
    let db = Fresh::sqlite(true);
    let pragma = "SELECT CAST(temp_store AS TEXT) AS line FROM pragma_temp_store";
    let mut reader = db.own_reader().unwrap();
    assert_eq!(lines(&mut reader, pragma), ["2"], "MEMORY");
    let written = db.write(|tx| Ok::<_, Error>(lines(tx, pragma)));
    assert_eq!(
        written.unwrap(),
        ["2"],
        "MEMORY, where a statement may be undone"
    );
}

#[test]
fn the_reading_door_can_not_write() {
    let db = Fresh::sqlite(true);
    let new = new_account(
        keyward::domain::id::AccountId(uuid::Uuid::new_v4()),
        "a@b.co",
    );
    assert!(db.read(|db| accounts::add(db, &new)).is_err());
    assert_eq!(db.read(accounts::count).unwrap(), 0);
}

#[test]
fn s22_two_stores_on_one_file_share_it() {
    let db = Fresh::sqlite(true);
    let stores = [db.another(), db.another()];
    let id = db.account("alice@example.com");
    // SQLite's lock is not fair: on a machine that is busy one may wait for it too long, and is
    // told so. Nothing of it was written, so it may ask again.
    let advance = |store: &Store| {
        (0..100)
            .map(|_| store.write(move |tx| accounts::advance_epoch(tx, id, NOW)))
            .find(|done| !matches!(done, Err(Error::Unavailable(_))))
            .expect("the lock was not had in a hundred waits")
    };
    let done = at_once(16, |thread| {
        (0..20)
            .map(|_| advance(&stores[thread % 2]))
            .collect::<Result<Vec<_>, _>>()
    });
    let done = done.into_iter().flat_map(Result::unwrap);
    let mut done: Vec<i64> = done.map(|epoch| epoch.0).collect();
    done.sort_unstable();
    assert_eq!(done, (1..=320).collect::<Vec<_>>(), "no update was lost");
    for store in &stores {
        let account = store.read(|db| accounts::lookup(db, id)).unwrap().unwrap();
        assert_eq!(account.epoch.0, 320);
    }
    let check = "SELECT integrity_check AS line FROM pragma_integrity_check";
    assert_eq!(lines(&mut db.own_reader().unwrap(), check), ["ok"]);
}

/// Another process holds the lock and does not let go: writes say so within three
/// seconds, reads go on, and once it lets go all is as before.
#[test]
fn s4_a_lock_that_is_held_is_an_answer_not_a_standstill() {
    let db = Fresh::sqlite(true);
    let id = db.account("alice@example.com");
    let path = db.folder().join("keyward.db");
    let (held, free) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use diesel::Connection as _;
            let other = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            let mut other = keyward::store::AnyConnection::Sqlite(other);
            execute(&mut other, "BEGIN IMMEDIATE");
            held.wait();
            free.wait();
        });
        held.wait();
        let began = Instant::now();
        let refused = at_once(8, |_| {
            db.write(move |tx| accounts::advance_epoch(tx, id, NOW))
        });
        let took = began.elapsed();
        let read = db.read(|db| accounts::lookup(db, id));
        free.wait();
        for refused in refused {
            assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        }
        // One wait of 2.5 seconds for all eight, and not one after another: that were 20. In
        // between is room for a machine that is busy.
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert_eq!(read.unwrap().unwrap().epoch.0, 0);
    });
    let epoch = db.write(move |tx| accounts::advance_epoch(tx, id, NOW));
    assert_eq!(epoch.unwrap(), Epoch(1));
}

#[test]
fn what_can_not_be_opened_says_which_file_and_why() {
    let db = Fresh::sqlite(false);
    let folder = db.folder().display().to_string();
    std::fs::write(
        db.folder().join("text.db"),
        "this is no database, it is text",
    )
    .unwrap();
    for name in ["missing/keyward.db", "", "text.db"] {
        let url: Url = format!("sqlite://{folder}/{name}").parse().unwrap();
        let why = Store::open(url, &Options::default()).err();
        let why = why.expect("refused").to_string();
        assert!(why.contains(&format!("{folder}/{name}")), "{why}");
    }
}

/// SQLite does not wait where two switch a new file to WAL at once.
#[test]
fn s14_many_who_find_a_new_file_all_open_it() {
    for number in 0..20 {
        let db = Fresh::sqlite(false);
        let url = format!("sqlite://{}/new{number}.db", db.folder().display());
        let url: Url = url.parse().unwrap();
        for opened in at_once(8, |_| migrations::up(&url)) {
            assert!(opened.is_ok(), "{opened:?}");
        }
        let statuses = migrations::status(&url).unwrap();
        assert!(statuses.iter().all(|status| status.applied));
    }
}
