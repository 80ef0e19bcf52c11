//! The tail of the revocations (semantics 8): a process that could not read them for a
//! second says so, and goes on saying so until it has read them all, from a server that has
//! them all.

use std::thread::sleep;
use std::time::Duration;

use keyward::service::upkeep::{revocation_tail, threads};
use keyward::store::AnyConnection;

use crate::support::TestKeyward;

const ALICE: &str = "alice@example.com";

/// Begins to follow the others and loses sight of them, so that nothing is believed.
fn cut_off(kw: &TestKeyward) -> String {
    let (access, _) = kw.signed_in(ALICE);
    let following = threads::start(&kw.kw).unwrap();
    assert_eq!(verify(kw, &access), 200);
    drop(following);
    sleep(Duration::from_millis(1100));
    assert_eq!(verify(kw, &access), 503);
    access
}

fn verify(kw: &TestKeyward, access: &str) -> u16 {
    kw.get("/auth/verify").bearer(access).send().status
}

fn news(kind: &str, count: usize) -> String {
    let row = format!("('{kind}', '', 0, 0, 4102444800000)");
    let rows = vec![row; count].join(", ");
    format!("INSERT INTO revocations (kind, subject, epoch, access_version, until) VALUES {rows};")
}

both!(half_of_what_was_missed_is_not_enough, |kw| {
    let access = cut_off(kw);
    // A full page, and one on the next that can not be read.
    let rows = news("keys", 1000) + &news("unreadable", 1);
    kw.execute(&rows, &rows);
    let mut reader = kw.kw.store.own_reader().unwrap();
    assert!(revocation_tail::tail(&kw.kw, &mut reader).is_err());
    assert_eq!(verify(kw, &access), 503);
    let mend = "UPDATE revocations SET kind = 'keys'";
    kw.execute(mend, mend);
    revocation_tail::tail(&kw.kw, &mut reader).unwrap();
    assert_eq!(verify(kw, &access), 200);
});

/// After a switch-over that kept the connections they may stand on a standby, which does
/// not know yet what was revoked.
#[test]
fn r18_a_server_that_takes_no_writes_is_not_followed() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let access = cut_off(&kw);
    let demote = |connection: &mut AnyConnection| {
        use diesel::connection::SimpleConnection as _;
        let demoted = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
        connection.batch_execute(demoted).unwrap();
    };
    let mut reader = kw.kw.store.own_reader().unwrap();
    demote(&mut reader);
    assert!(revocation_tail::tail(&kw.kw, &mut reader).is_err());
    assert_eq!(verify(&kw, &access), 503);
    kw.catch_up();
    assert_eq!(verify(&kw, &access), 200);
    // Nor is it written to: the pool drops such connections and asks others.
    kw.read(|db| {
        demote(db);
        Ok(())
    });
    for _ in 0..8 {
        kw.login(ALICE);
    }
}
