//! What holds of PostgreSQL alone: settings of each connection, the one clock that all
//! replicas share, and the order in which revocations become visible.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use keyward::domain::id::SessionId;
use keyward::store::engine::purge::{What, purge_before};
use keyward::store::revocations::{News, Revocation, add_all, list_after};
use keyward::store::{AnyConnection, Error};
use uuid::Uuid;

use crate::kit::{Fresh, NOW, execute, lines};
use crate::purge::add as add_old;

fn settings(connection: &mut AnyConnection) -> Vec<String> {
    [
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "synchronous_commit",
        "lock_timeout",
        "default_transaction_isolation",
        "default_transaction_deferrable",
    ]
    .iter()
    .map(|name| {
        lines(
            connection,
            &format!("SELECT current_setting('{name}') AS line"),
        )
        .remove(0)
    })
    .collect()
}

#[test]
fn s5_no_statement_and_no_transaction_is_waited_for_without_end() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let expected = EXPECTED;
    let read = db.read(|db| Ok::<_, Error>(settings(db))).unwrap();
    assert_eq!(read, expected, "read");
    let written = db.write(|tx| Ok::<_, Error>(settings(tx))).unwrap();
    assert_eq!(written, expected, "write");
    let own = settings(&mut db.own_reader().unwrap());
    assert_eq!(own, expected, "a reader of one's own");
}

const EXPECTED: [&str; 6] = ["2400ms", "5s", "on", "0", "read committed", "off"];

/// Guards are made for this isolation: under another one the database broke off refreshes of two
/// tabs and sign-outs that came together.
#[test]
fn operators_44_what_a_database_has_as_its_default_changes_nothing() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    for (name, value) in [
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_deferrable", "on"),
        ("lock_timeout", "1ms"),
        ("statement_timeout", "1h"),
        ("synchronous_commit", "off"),
    ] {
        let set = format!("ALTER DATABASE %I SET {name} = %L");
        let alter =
            format!("DO $$ BEGIN EXECUTE format('{set}', current_database(), '{value}'); END $$");
        db.write(move |tx| {
            execute(tx, &alter);
            Ok::<_, Error>(())
        })
        .unwrap();
    }
    let written = db.another().write(|tx| Ok::<_, Error>(settings(tx)));
    assert_eq!(written.unwrap(), EXPECTED);
}

#[test]
fn s5_a_statement_that_hangs_is_broken_off_and_told_as_unavailable() {
    use diesel::RunQueryDsl as _;
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let broken_off = db.write(|tx| {
        let AnyConnection::Postgres(postgres) = tx else {
            unreachable!()
        };
        diesel::sql_query("SET LOCAL statement_timeout = 50").execute(postgres)?;
        diesel::sql_query("SELECT pg_sleep(30)").execute(postgres)?;
        Ok::<_, Error>(())
    });
    assert!(matches!(broken_off, Err(Error::Unavailable(_))));
    db.account("alice@example.com");
}

#[test]
fn r18_the_clock_is_the_databases() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let theirs = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS line";
    let asked = || -> i64 {
        let line = lines(&mut db.own_reader().unwrap(), theirs).remove(0);
        line.parse().unwrap()
    };
    let before = asked();
    let (told, _) = db.clock().unwrap().expect("PostgreSQL has a clock");
    let told = told.millis();
    let after = asked();
    assert!((before..=after).contains(&told), "{before} {told} {after}");
    assert_eq!(Fresh::sqlite(true).clock().unwrap(), None);
}

/// The one that takes the first number commits last. Were numbers given out freely, a
/// reader would see the second, go on from there, and never see the first.
#[test]
fn j23_a_later_number_waits_until_the_earlier_one_is_committed() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let entry = |number| Revocation {
        news: News::Session(SessionId(Uuid::from_u128(number))),
        until: NOW,
    };
    thread::scope(|scope| {
        // Inside, so that a failed assertion lets both writers go.
        let (added, first_added) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let store = db.another();
        let first = scope.spawn(move || {
            let mut rest = Some((added, may_go_on));
            store.write(move |tx| {
                add_all(tx, &[entry(1)])?;
                let (added, may_go_on) = rest.take().expect("it is run once");
                added.send(()).unwrap();
                let _ = may_go_on.recv();
                Ok::<_, Error>(())
            })
        });
        first_added.recv().unwrap();
        let store = db.another();
        let second = scope.spawn(move || store.write(move |tx| add_all(tx, &[entry(2)])));
        // Until the second one is seen to wait for the lock.
        let waits = "SELECT count(*)::text AS line FROM pg_locks \
                     WHERE locktype = 'advisory' AND NOT granted AND database = \
                     (SELECT oid FROM pg_database WHERE datname = current_database())";
        let mut reader = db.own_reader().unwrap();
        while lines(&mut reader, waits) != ["1"] {
            assert!(!second.is_finished(), "it did not wait");
            thread::sleep(Duration::from_millis(1));
        }
        assert!(list_after(&mut reader, 0, 10).unwrap().0.is_empty());
        go_on.send(()).unwrap();
        first.join().unwrap().unwrap();
        second.join().unwrap().unwrap();
        let read = list_after(&mut reader, 0, 10).unwrap().0;
        assert_eq!(read, [entry(1), entry(2)]);
    });
}

/// The purge finds a row that is over, waits for who holds it, and finds it raised: it is
/// not over any more.
#[test]
fn s20_what_is_raised_while_the_purge_waits_for_it_stays() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let account = db.account("alice@example.com");
    for (what, table, time) in [
        (What::Limits, "limits", "expires_at"),
        (What::Sessions, "sessions", "absolute_expires_at"),
        (What::LoginAttempts, "login_attempts", "at"),
        (What::AuditEvents, "audit_events", "at"),
        (What::Revocations, "revocations", "until"),
    ] {
        add_old(&db, what, account, NOW - Duration::from_secs(1));
        let later = (NOW + Duration::from_secs(1)).millis();
        let mut raising = db.own_reader().unwrap();
        execute(
            &mut raising,
            &format!("BEGIN; UPDATE {table} SET {time} = {later}"),
        );
        thread::scope(|scope| {
            let store = db.another();
            let purge =
                scope.spawn(move || store.write(move |tx| purge_before(tx, what, NOW, 100)));
            let waits = "SELECT count(*)::text AS line FROM pg_stat_activity \
                         WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let mut reader = db.own_reader().unwrap();
            while lines(&mut reader, waits) == ["0"] && !purge.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
            execute(&mut raising, "COMMIT");
            assert_eq!(purge.join().unwrap().unwrap(), 0, "{what:?}");
        });
        let left = format!("SELECT {time}::text AS line FROM {table}");
        assert_eq!(
            lines(&mut raising, &left),
            [later.to_string()],
            "{what:?} stays as it was raised"
        );
    }
}
