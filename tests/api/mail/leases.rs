//! What was leased and not sent, where the database was away in between: it is due at once, and
//! nobody waits for the end of a lease.

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::mail::deliver::deliver_due;
use keyward::service::mail::write_to_outbox::post;

use super::noted::{stopping, waiting};
use super::smtp::{Sink, given_up};
use crate::support::{BEGIN, Fault, Gate, TestKeyward, letter};

const PEOPLE: [&str; 3] = ["a@example.com", "b@example.com", "c@example.com"];

fn post_to_all(kw: &TestKeyward) {
    for to in PEOPLE {
        post(&kw.kw, letter(LetterPurpose::Reset, to)).unwrap();
    }
}

/// Each has one mail, no more and no less, and nothing waits.
#[track_caller]
fn assert_each_has_one(kw: &TestKeyward, sink: &Sink) {
    let taken = sink.taken();
    for to in PEOPLE {
        let to = format!("To: {to}");
        let theirs = taken.iter().filter(|mail| mail.contains(&to)).count();
        assert_eq!(theirs, 1, "{to}");
    }
    assert_eq!((taken.len(), kw.count("outbox"), given_up(kw)), (3, 0, 0));
}

/// As if a commit had taken place whose answer was lost, or somebody else had come.
fn lease_until(kw: &TestKeyward, after: i64) {
    let leased = format!("UPDATE outbox SET leased_until = {}", BEGIN + after);
    kw.execute(&leased, &leased);
}

both!(
    operators_60_what_was_not_sent_is_sent_when_the_database_is_back,
    |kw| {
        let (sink, asked, lets_on) = stopping("RCPT", None);
        let one = kw.replica_with(&sink.settings());
        post_to_all(&one);
        std::thread::scope(|scope| {
            let sends = scope.spawn(|| deliver_due(&one.kw));
            asked.recv().unwrap();
            let gate = Gate::before_writes(kw, "outbox");
            lets_on.send(()).unwrap();
            sends.join().unwrap().unwrap_err();
            assert_eq!(sink.taken().len(), 0);
            gate.open();
        });
        assert_eq!(waiting(kw), ["tried 0, due at 0, in hand"; 3]);
        assert_eq!(deliver_due(&one.kw).unwrap(), 3);
        assert_each_has_one(kw, &sink);
    }
);

/// One mail is with the server as far as it can be before it is sent, and holding it fails.
fn not_held(kw: &TestKeyward) -> (Sink, TestKeyward) {
    let (sink, asked, lets_on) = stopping("RCPT", None);
    let one = kw.replica_with(&sink.settings());
    post(&one.kw, letter(LetterPurpose::Reset, PEOPLE[0])).unwrap();
    std::thread::scope(|scope| {
        let sends = scope.spawn(|| deliver_due(&one.kw));
        asked.recv().unwrap();
        kw.inject(Fault::CommitFails, "UPDATE", "outbox");
        lets_on.send(()).unwrap();
        sends.join().unwrap().unwrap_err();
    });
    kw.mend();
    (sink, one)
}

both!(
    operators_60_a_hold_whose_commit_was_not_answered_is_let_go_of,
    |kw| {
        let (sink, one) = not_held(kw);
        lease_until(kw, 660_000);
        assert_eq!(deliver_due(&one.kw).unwrap(), 1);
        assert_eq!((sink.taken().len(), kw.count("outbox")), (1, 0));
    }
);

both!(
    operators_60_what_another_has_by_now_is_not_let_go_of,
    |kw| {
        for after in [61_000, 659_000] {
            let (sink, one) = not_held(kw);
            lease_until(kw, after);
            assert_eq!(deliver_due(&one.kw).unwrap(), 0);
            assert_eq!(waiting(kw), ["tried 0, due at 0, in hand"]);
            assert_eq!(sink.taken().len(), 0);
            kw.sql("DELETE FROM outbox");
        }
    }
);

both!(
    operators_60_a_lease_whose_commit_was_not_answered_is_let_go_of,
    |kw| {
        let sink = Sink::start(|_| None);
        let one = kw.replica_with(&sink.settings());
        post_to_all(&one);
        kw.inject(Fault::CommitFails, "UPDATE", "outbox");
        deliver_due(&one.kw).unwrap_err();
        kw.mend();
        lease_until(kw, 60_000);
        assert_eq!(deliver_due(&one.kw).unwrap(), 3);
        assert_each_has_one(kw, &sink);
    }
);

both!(
    operators_60_one_that_can_not_be_noted_keeps_the_others_no_longer,
    |kw| {
        let sink = Sink::start(|_| None);
        let one = kw.replica_with(&sink.settings());
        post_to_all(&one);
        kw.inject(Fault::Fails, "DELETE", "outbox");
        for _ in 0..2 {
            deliver_due(&one.kw).unwrap_err();
            assert_eq!((sink.taken().len(), kw.count("outbox")), (1, 3));
        }
        kw.mend();
        // Those that were not sent; the first one is noted alone.
        assert_eq!(deliver_due(&one.kw).unwrap(), 2);
        assert_each_has_one(kw, &sink);
    }
);
