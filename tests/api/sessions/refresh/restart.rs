//! Refresh across restarts and machines (rows R17, R18): nothing that decides lives in
//! one process's memory, and one clock, the database's, decides for all.

use std::time::{Duration, Instant};

use keyward::domain::session::EndReason;
use keyward::service::upkeep::threads;
use keyward::support::clock::{Clock, Timestamp};
use serde_json::json;

use crate::support::{Fault, PASSWORD, TestKeyward, text};

/// A process that signed Alice in, refreshed once, and was killed before anybody heard
/// the answer: the refresh tokens of generations 0 and 1, and the access token of 1.
fn killed_after_a_refresh(kw: &TestKeyward) -> (String, [String; 2]) {
    kw.account("alice@example.com");
    let process = kw.replica();
    let zero = text(&process.login("alice@example.com"), "refresh_token");
    let (access, one) = process.refresh(&zero).tokens();
    drop(process);
    (access, [zero, one])
}

both!(r17_a_restart_forgets_no_rotation_inside_the_grace, |kw| {
    let (access, [zero, one]) = killed_after_a_refresh(kw);
    kw.advance(30);
    let answer = kw.replica().refresh(&zero);
    assert_eq!(
        (answer.outcome(), answer.tokens().1),
        ("replayed", one.clone())
    );
    let restarted = kw.replica();
    assert_eq!(restarted.refresh(&one).outcome(), "fresh");
    assert_eq!(restarted.session_of(&access).generation.number, 2);
});

both!(r17_a_restart_forgets_no_rotation_after_the_grace, |kw| {
    let (access, [zero, one]) = killed_after_a_refresh(kw);
    assert_eq!(kw.replica().refresh(&one).outcome(), "fresh");
    kw.advance(31);
    kw.replica()
        .refresh(&zero)
        .refused(401, "INVALID_CREDENTIALS");
    let restarted = kw.replica();
    restarted.assert_ended(&access, &[&zero, &one], EndReason::Reuse);
});

// What was seen is written down within five seconds. A kill inside these makes rule 5
// more lenient, never stricter; a stop after them changes nothing.
both!(r17_a_restart_may_forget_only_what_was_just_seen, |kw| {
    for (flushed, email) in [(false, "killed@example.com"), (true, "stopped@example.com")] {
        let process = kw.replica();
        let (access, [zero, one]) = process.refreshed(email);
        assert_eq!(process.me(&access), 200);
        if flushed {
            threads::flush_seen(&process.kw).unwrap();
        }
        kw.advance(31);
        drop(process);
        let restarted = kw.replica();
        if flushed {
            restarted.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
            restarted.assert_ended(&access, &[&one], EndReason::Reuse);
        } else {
            let answer = restarted.refresh(&zero);
            assert_eq!((answer.outcome(), answer.tokens().1), ("recovered", one));
        }
    }
});

both!(
    operators_59_what_was_seen_is_written_down_when_the_database_is_back,
    |kw| {
        let process = kw.replica();
        let (access, [zero, one]) = process.refreshed("alice@example.com");
        assert_eq!(process.me(&access), 200);
        for fault in [Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, "UPDATE", "sessions");
            threads::flush_seen(&process.kw).unwrap_err();
            kw.mend();
            assert_eq!(kw.count("sessions WHERE gen_seen = TRUE"), 0);
        }
        threads::flush_seen(&process.kw).unwrap();
        kw.advance(31);
        drop(process);
        let restarted = kw.replica();
        restarted.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
        restarted.assert_ended(&access, &[&one], EndReason::Reuse);
    }
);

both!(r17_a_restart_forgets_no_end, |kw| {
    let (access, [zero, one]) = killed_after_a_refresh(kw);
    let process = kw.replica();
    let body = json!({ "refresh_token": one });
    assert_eq!(process.post("/auth/logout").json(&body).send().status, 204);
    drop(process);
    kw.replica()
        .assert_ended(&access, &[&zero, &one], EndReason::Logout);
});

/// The clock of a machine that is wrong by so many milliseconds.
fn wrong_by(millis: i64) -> Clock {
    let clock = Clock::anchored();
    let wrong = Timestamp::from_millis(clock.now().millis() + millis);
    clock.follow(wrong, Instant::now());
    clock
}

#[test]
fn r18_replicas_with_wrong_clocks_answer_alike_postgres() {
    const FIVE_MINUTES: i64 = 5 * 60 * 1000;
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let fast = kw.replica_by(wrong_by(FIVE_MINUTES), &[]);
    let slow = kw.replica_by(wrong_by(-FIVE_MINUTES), &[]);
    let apart = || fast.kw.clock.now().millis_since(slow.kw.clock.now());
    assert!(apart() > FIVE_MINUTES);
    let running = [threads::start(&fast.kw), threads::start(&slow.kw)];
    assert!(running.iter().all(Result::is_ok));
    assert!(
        apart().abs() < 2000,
        "both have the database's: {} ms",
        apart()
    );
    let (told, _) = kw.kw.store.clock().unwrap().unwrap();
    assert!(fast.kw.clock.now().millis_since(told).abs() < 2000);

    kw.account("alice@example.com");
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let (access, zero) = fast.post("/auth/login").json(&body).send().tokens();
    let (_, one) = slow.refresh(&zero).tokens();
    for process in [&fast, &slow] {
        let answer = process.refresh(&zero);
        assert_eq!(
            (answer.outcome(), answer.tokens().1),
            ("replayed", one.clone())
        );
    }
    // A moment later on both the next generation, and a minute later the first token's reuse.
    let (moment, minute) = (Duration::from_secs(20), Duration::from_secs(60));
    fast.kw.clock.advance(moment);
    slow.kw.clock.advance(moment);
    assert_eq!(fast.refresh(&one).outcome(), "fresh");
    slow.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(
        slow.session_of(&access).ended,
        None,
        "a late tab, by one clock"
    );
    fast.kw.clock.advance(minute);
    slow.kw.clock.advance(minute);
    slow.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(
        fast.session_of(&access).ended.unwrap().reason,
        EndReason::Reuse
    );
}

// SQLite has no clock to tell: all its processes stand on one machine. Should that
// clock jump, a replay is refused or answered, and never taken for a theft.
both!(r18_a_process_whose_clock_is_behind_destroys_nothing, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    assert_eq!(kw.me(&access), 200);
    let before = kw.session_of(&access);
    let now = kw.kw.clock.now();
    let behind = kw.replica_by(Clock::still(now - Duration::from_secs(300)), &[]);
    behind.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.session_of(&access), before);
    let slightly = kw.replica_by(Clock::still(now - Duration::from_secs(59)), &[]);
    assert_eq!(slightly.refresh(&zero).outcome(), "replayed");
    assert_eq!(kw.refresh(&one).outcome(), "fresh");
});
