//! A refresh whose commit fails, or whose connection the database cuts (row R16, semantics 1: "answer
//! only after the commit; a failed commit is 503 and no token"; semantics 10). Where the answer to the
//! commit alone is lost: `tests/store/lost_commit.rs`.

use std::cell::RefCell;

use diesel::RunQueryDsl as _;
use diesel::dsl::{select, sql};
use diesel::sql_types::{BigInt, Text};
use keyward::store::AnyConnection;
use serde_json::json;

use super::faults::{FAULTS, assert_busy, assert_not_inserted, break_off_once};
use crate::support::{TestKeyward, wait_until};

both!(r16_a_rotation_that_is_not_committed, |kw| {
    let (mut access, mut token) = kw.signed_in("alice@example.com");
    for (number, fault) in FAULTS.into_iter().enumerate() {
        let before = (kw.state(), kw.count("audit_events"));
        kw.inject(fault, "UPDATE", "sessions");
        assert_busy(&kw.refresh(&token));
        assert_busy(&kw.post("/auth/refresh").cookie(&token).send());
        assert_busy(&kw.get(&format!("/auth/token?token={access}")).send());
        assert_eq!((kw.state(), kw.count("audit_events")), before, "{fault:?}");
        assert_eq!(kw.me(&access), 200, "what needs no database goes on");
        kw.mend();
        let answer = kw.refresh(&token);
        assert_eq!(answer.outcome(), "fresh", "after {fault:?}");
        (access, token) = answer.tokens();
        let generation = kw.session_of(&access).generation.number;
        assert_eq!(generation as usize, number + 1);
    }
});

both!(r16_a_replay_that_is_not_committed, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    for fault in FAULTS {
        let before = (kw.state(), kw.count("audit_events"));
        kw.inject(fault, "UPDATE", "sessions");
        assert_busy(&kw.refresh(&zero));
        assert_eq!((kw.state(), kw.count("audit_events")), before, "{fault:?}");
        kw.mend();
        let answer = kw.refresh(&zero);
        assert_eq!(
            (answer.outcome(), answer.tokens().1),
            ("replayed", one.clone())
        );
    }
    assert_eq!(kw.session_of(&access).generation.replays, 3);
});

// Where a theft can not be written down, nobody is told that the session has ended, and
// the thief gets nothing; the next sight of the token ends it.
both!(r16_a_revocation_that_is_not_committed, |kw| {
    let (access, [zero, _]) = kw.refreshed("alice@example.com");
    assert_eq!(kw.me(&access), 200);
    kw.advance(31);
    let before = kw.state();
    for table in ["sessions", "audit_events", "revocations"] {
        let verb = if table == "sessions" {
            "UPDATE"
        } else {
            "INSERT"
        };
        for fault in FAULTS {
            kw.inject(fault, verb, table);
            let answer = kw.refresh(&zero);
            if verb == "UPDATE" {
                // A guard that held: another request was first, as far as anybody can see.
                assert_busy(&answer);
            } else {
                assert_not_inserted(&answer, fault);
            }
            kw.mend();
            assert_eq!(kw.state(), before, "{table} {fault:?}");
            assert_eq!(kw.me(&access), 200, "{table} {fault:?}");
        }
    }
    kw.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.me(&access), 401);
});

// One job that fails must not take the others of its group down with it, and a group
// whose commit fails must answer nobody as if it had not.
both!(r16_a_fault_in_one_of_many_refreshes, |kw| {
    let sessions: Vec<_> = (0..20)
        .map(|n| kw.signed_in(&format!("alice{n}@example.com")))
        .collect();
    let unlucky = kw.session_of(&sessions[7].0).id;
    kw.execute(
        &format!(
            "CREATE TRIGGER fault BEFORE UPDATE ON sessions WHEN NEW.id = '{unlucky}'
             BEGIN SELECT RAISE(ABORT, 'injected'); END;"
        ),
        &format!(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF NEW.id = '{unlucky}' THEN RAISE EXCEPTION 'injected'; END IF;
                 RETURN NEW; END $$;
             CREATE TRIGGER fault BEFORE UPDATE ON sessions
             FOR EACH ROW EXECUTE FUNCTION fault()"
        ),
    );
    let asks = sessions.iter().map(|(_, token)| {
        kw.post("/auth/refresh")
            .json(&json!({ "refresh_token": token }))
    });
    for (number, answer) in kw.all(asks.collect()).iter().enumerate() {
        let generation = kw.session_of(&sessions[number].0).generation.number;
        if number == 7 {
            assert_busy(answer);
            assert_eq!(generation, 0);
        } else {
            assert_eq!(answer.outcome(), "fresh");
            assert_eq!(generation, 1);
        }
    }
});

// Semantics 10: a transaction that the database broke off is run once more, and the
// session moves by one generation, not by two.
#[test]
fn r16_a_transaction_broken_off_is_run_once_more_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let (access, refresh) = kw.signed_in("alice@example.com");
    break_off_once(&kw, "UPDATE", "sessions");
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
    assert_eq!(kw.session_of(&access).generation.number, 1);
}

/// Ends every other connection to the database, and returns when those are gone.
fn cut_all(by: &mut AnyConnection) {
    let AnyConnection::Postgres(by) = by else {
        unreachable!("on PostgreSQL");
    };
    let others = "(SELECT string_agg(pid::text, ',') FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid())";
    let others: String = select(sql::<Text>(others)).get_result(by).unwrap();
    let cut = format!(
        "(SELECT count(*) FROM unnest(ARRAY[{others}]) AS pid WHERE pg_terminate_backend(pid))"
    );
    let cut: i64 = select(sql::<BigInt>(&cut)).get_result(by).unwrap();
    assert!(cut > 0, "there is nothing to cut");
    let left = format!("(SELECT count(*) FROM pg_stat_activity WHERE pid IN ({others}))");
    let by = RefCell::new(by);
    wait_until(|| {
        let left = select(sql::<BigInt>(&left)).get_result::<i64>(&mut **by.borrow_mut());
        left.unwrap() == 0
    });
}

// S5: the server was restarted, so every pooled connection is dead. What was not begun
// is done on a new one; nobody is told to try again.
#[test]
fn r16_s5_connections_that_died_are_replaced_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let (access, mut token) = kw.signed_in("alice@example.com");
    for round in 1..=3 {
        let asks = (0..8).map(|_| kw.get("/auth/me").bearer(&access)).collect();
        kw.all(asks); // So that the pool is full.
        // By a connection that is not of the pool: that has dead ones from here on.
        cut_all(&mut kw.kw.store.own_reader().unwrap());
        let answer = kw.refresh(&token);
        assert_eq!(answer.outcome(), "fresh", "round {round}");
        token = answer.tokens().1;
        assert_eq!(kw.session_of(&access).generation.number, round);
    }
}
