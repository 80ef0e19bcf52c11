//! Faults while a session is refreshed (row R16, semantics 1: "answer only after the
//! commit; a failed commit is 503 and no token"; semantics 10). Each is injected into
//! the database itself, so that everything above it is the code that will run. What becomes
//! of the refresh itself where its commit or its connection is lost: `failed_commit.rs`.

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::sqlite::SqliteConnection;
use keyward::store::Url;
use serde_json::json;

use crate::support::{Answer, Fault, Logbook, TestKeyward};

pub(super) const FAULTS: [Fault; 3] = [Fault::ChangesNothing, Fault::Fails, Fault::CommitFails];

/// "Try again", and nothing else: no token, and the cookie may stay.
#[track_caller]
pub(super) fn assert_busy(answer: &Answer) {
    answer.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    assert_says_nothing_more(answer);
}

/// An insert that adds no row is a defect, which asking again does not mend; any other
/// fault is a database that is away.
#[track_caller]
pub(super) fn assert_not_inserted(answer: &Answer, fault: Fault) {
    if fault != Fault::ChangesNothing {
        return assert_busy(answer);
    }
    answer.refused(500, "INTERNAL_SERVER_ERROR");
    assert_eq!(answer.header("retry-after"), None, "{answer:?}");
    assert_says_nothing_more(answer);
}

#[track_caller]
fn assert_says_nothing_more(answer: &Answer) {
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    for detail in ["injected", "sessions", "fault", "SQL", "constraint"] {
        assert!(!answer.body.contains(detail), "{answer:?}");
    }
}

both!(r16_a_session_that_can_not_be_begun, |kw| {
    let account = kw.account("alice@example.com");
    let body = json!({ "email": "alice@example.com", "password": crate::support::PASSWORD });
    let before = (kw.state(), kw.count("login_attempts"), kw.audit(account));
    for table in ["sessions", "login_attempts", "audit_events"] {
        for fault in FAULTS {
            // An attempt that broke off counts as a failure: wait for what it earned.
            kw.advance(1000);
            kw.inject(fault, "INSERT", table);
            assert_not_inserted(&kw.post("/auth/login").json(&body).send(), fault);
            kw.mend();
            let after = (kw.state(), kw.count("login_attempts"), kw.audit(account));
            assert_eq!(after, before, "{table} {fault:?}");
        }
    }
    kw.advance(1000);
    assert_eq!(kw.post("/auth/login").json(&body).send().status, 200);
});

both!(r16_a_logout_that_is_not_committed_is_not_claimed, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let body = json!({ "refresh_token": refresh });
    for fault in [Fault::Fails, Fault::CommitFails] {
        kw.inject(fault, "UPDATE", "sessions");
        assert_busy(&kw.post("/auth/logout").json(&body).send());
        assert_busy(&kw.post("/auth/logout").bearer(&access).send());
        assert_busy(&kw.post("/auth/logout").cookie(&refresh).send());
        kw.mend();
        assert_eq!(kw.state(), before, "{fault:?}");
        assert_eq!(kw.me(&access), 200, "{fault:?}");
    }
    assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
});

pub(super) fn break_off_once(kw: &TestKeyward, verb: &str, table: &str) {
    let trigger = format!(
        "CREATE SEQUENCE fault_count;
         CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('fault_count') = 1 THEN
                 RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
             END IF;
             RETURN NEW; END $$;
         CREATE TRIGGER fault BEFORE {verb} ON {table}
         FOR EACH ROW EXECUTE FUNCTION fault()"
    );
    kw.execute("", &trigger);
}

/// What an alarm says of this session in the log.
fn alarms(logbook: &Logbook, access: &str, kw: &TestKeyward) -> usize {
    let session = kw.session_of(access).id;
    let lines = logbook.lines_with(&format!("session {session} of account"));
    lines.iter().filter(|line| line.starts_with("WARN")).count()
}

/// A session, and a token of it that was used long ago. They are a replica's: the first one of
/// every test has the same ids, and tests write into one log.
fn reusable(kw: &TestKeyward) -> (TestKeyward, String, String) {
    let kw = kw.replica();
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    kw.refresh(&one);
    kw.advance(60);
    (kw, access, zero)
}

// The log tells of what happened, and what was not committed did not happen.
both!(r16_an_alarm_is_logged_when_it_is_stored, |kw| {
    let (kw, access, zero) = &reusable(kw);
    let logbook = Logbook::open();
    kw.inject(Fault::CommitFails, "INSERT", "audit_events");
    assert_busy(&kw.refresh(zero));
    assert_eq!(alarms(&logbook, access, kw), 0);
    kw.mend();
    kw.refresh(zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(alarms(&logbook, access, kw), 1);
});

#[test]
fn r16_an_alarm_is_logged_once_though_it_was_tried_twice_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let (kw, access, zero) = &reusable(&kw);
    let logbook = Logbook::open();
    break_off_once(kw, "INSERT", "audit_events");
    kw.refresh(zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(alarms(&logbook, access, kw), 1);
}

// S4: another process (a backup, a forgotten shell) holds SQLite's one write lock for
// longer than Keyward waits for it.
#[test]
fn r16_s4_another_process_holds_the_write_lock_sqlite() {
    let kw = TestKeyward::new();
    let (access, refresh) = kw.signed_in("alice@example.com");
    let Url::Sqlite(path) = kw.kw.store.url() else {
        unreachable!("on SQLite");
    };
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let before = kw.state();
    assert_busy(&kw.refresh(&refresh));
    assert_eq!(kw.state(), before, "reads go on");
    assert_eq!(kw.me(&access), 200);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
    assert_eq!(kw.session_of(&access).generation.number, 1);
}
