//! Rows of the audit log that nobody can read, or that stand nowhere in its order: they are told by
//! their ids, and no walk through the log goes round in a circle.

use std::collections::BTreeSet;

use keyward::service::Error;
use keyward::service::audit::export::export;
use keyward::service::audit::seal;
use keyward::service::audit::verify::verify;
use keyward::support::clock::Timestamp;

use super::ALICE;
use crate::support::{PASSWORD, TestKeyward};

fn history(kw: &TestKeyward) -> String {
    kw.account(ALICE);
    for _ in 0..3 {
        kw.advance(1);
        let _ = kw.sign_in(ALICE, PASSWORD).tokens();
    }
    seal::seal(&kw.kw).unwrap();
    let second = "SELECT event_id AS line FROM audit_seals WHERE seq = 2";
    kw.rows(second).remove(0)
}

fn exported(kw: &TestKeyward) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    export(&kw.kw, Timestamp::from_millis(0), |event, _| {
        ids.push(event.id.clone());
        assert!(ids.len() < 100, "in a circle");
        Ok::<_, Error>(())
    })?;
    Ok(ids)
}

#[test]
fn operators_57_a_row_that_nobody_can_read_is_named() {
    for torn in [
        "at = 'abc'",
        "at = ''",
        "at = x'00'",
        "at = at + 0.5",
        "note = x'00ff'",
        "what = x'ff'",
        "account_id = x'00'",
        "times = 'often'",
        "last_at = 'late'",
        "id = x'00ff'",
        "id = NULL",
    ] {
        let kw = &TestKeyward::new();
        let second = history(kw);
        let update = format!("UPDATE audit_events SET {torn} WHERE id = '{second}'");
        // What the schema itself refuses is no fault of the log.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            kw.execute(&update, &update);
        }));
        if done.is_err() {
            assert!(torn.starts_with("id = "), "{torn}");
            continue;
        }
        let report = verify(&kw.kw, None).unwrap();
        assert!(report.faulty > 0, "{torn}");
        let named = report.faults.iter().any(|fault| fault.contains(&second));
        assert!(named, "{torn}: {:?}", report.faults);
        // The export hands on what can be read, and ends with the others' names.
        let refused = exported(kw);
        let told = refused.expect_err(torn).to_string();
        assert!(
            torn.starts_with("id = ") || told.contains(&second),
            "{torn}: {told}"
        );
    }
}

#[test]
fn operators_57_the_rows_that_can_be_read_are_counted_still() {
    let kw = &TestKeyward::new();
    let second = history(kw);
    let whole = verify(&kw.kw, None).unwrap();
    assert_eq!(whole.faulty, 0, "{:?}", whole.faults);
    let all: BTreeSet<String> = exported(kw).unwrap().into_iter().collect();
    assert!(all.contains(&second));
    let torn = format!("UPDATE audit_events SET at = 'abc' WHERE id = '{second}'");
    kw.execute(&torn, &torn);
    let report = verify(&kw.kw, None).unwrap();
    assert_eq!(report.faulty, 1, "{:?}", report.faults);
    assert_eq!(report.sealed, whole.sealed - 1);
    assert_eq!(report.head, whole.head);
}

// Everything else that walks the log by pages.
#[test]
fn operators_57_sealing_goes_on_beside_such_a_row() {
    let kw = &TestKeyward::new();
    let second = history(kw);
    let torn = format!("UPDATE audit_events SET at = 'abc' WHERE id = '{second}'");
    kw.execute(&torn, &torn);
    let _ = kw.sign_in(ALICE, PASSWORD).tokens();
    assert_eq!(seal::seal(&kw.kw).unwrap(), 1);
    let report = verify(&kw.kw, None).unwrap();
    assert_eq!(report.faulty, 1, "{:?}", report.faults);
}

// The chain's own rows.
#[test]
fn operators_57_seals_that_nobody_can_read_are_told_of() {
    for torn in [
        "audit_seals SET at = 'abc' WHERE seq = 2",
        "audit_seals SET hash = 'abc' WHERE seq = 2",
        "audit_seals SET seq = 'abc' WHERE seq = 3",
        "audit_chain SET seq = 'abc'",
        "audit_chain SET mac = 1.5",
    ] {
        let kw = &TestKeyward::new();
        history(kw);
        let update = format!("UPDATE {torn}");
        kw.execute(&update, &update);
        let report = verify(&kw.kw, None).unwrap();
        assert!(report.faulty > 0, "{torn}");
    }
}

// Nobody can tell it from a log that no server has sealed yet, unless a head was kept; but it is told.
both!(
    a_log_that_was_emptied_of_its_seals_tells_when_they_begin,
    |kw| {
        history(kw);
        let first = verify(&kw.kw, None).unwrap();
        let began = first.since.unwrap();
        assert_eq!(first.sealed_late, 0);
        kw.advance(3 * 3600);
        let emptied = "DELETE FROM audit_seals; DELETE FROM audit_chain; DELETE FROM audit_events WHERE \
                   id = (SELECT min(id) FROM audit_events)";
        kw.execute(emptied, emptied);
        seal::seal(&kw.kw).unwrap();
        let report = verify(&kw.kw, None).unwrap();
        assert!(report.since.unwrap() > began);
        assert_eq!(report.sealed_late, report.sealed);
        assert_eq!(verify(&kw.kw, Some(&first.head)).unwrap().faulty, 1);
    }
);
