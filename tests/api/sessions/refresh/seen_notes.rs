//! Writing down what was seen waits for nobody (semantics 1, rule 5): a session that is held
//! is passed over, which makes that rule a little more lenient and ends nothing.

use diesel::connection::SimpleConnection as _;
use keyward::service::upkeep::threads;

use crate::support::TestKeyward;

// (SQLite has one writer: nobody else holds anything.)
#[test]
fn rule_5_a_session_that_another_transaction_holds_is_passed_over_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let (held, _) = kw.refreshed("alice@example.com");
    let (free, _) = kw.refreshed("bob@example.com");
    for access in [&held, &free] {
        assert_eq!(kw.me(access), 200);
    }
    let mut other = kw.kw.store.own_reader().unwrap();
    let id = kw.session_of(&held).id;
    let hold = format!("BEGIN; UPDATE sessions SET replays = replays + 1 WHERE id = '{id}'");
    other.batch_execute(&hold).unwrap();
    // Were it to wait, the three seconds of a statement would end it with an error.
    threads::flush_seen(&kw.kw).unwrap();
    assert!(kw.session_of(&free).generation.seen);
    assert!(!kw.session_of(&held).generation.seen);
    other.batch_execute("COMMIT").unwrap();
    // Once it is let go, whoever sees the token next writes it down.
    let replica = kw.replica();
    assert_eq!(replica.me(&held), 200);
    threads::flush_seen(&replica.kw).unwrap();
    let generation = kw.session_of(&held).generation;
    assert_eq!((generation.seen, generation.replays), (true, 1));
}
