//! What became of a mail, where the database was away when it was to be noted. The server knows,
//! and so does the process that asked it.

use std::sync::mpsc::{Receiver, Sender, channel};

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::mail::deliver::deliver_due;
use keyward::service::mail::write_to_outbox::post;

use super::smtp::{Sink, given_up};
use crate::support::{Fault, Gate, Logbook, TestKeyward, letter};

/// A server that stops at its answer to a command, the first time: it tells so, and goes on when
/// it is told to.
pub(super) fn stopping(
    at: &'static str,
    says: Option<&'static str>,
) -> (Sink, Receiver<()>, Sender<()>) {
    let (asks, asked) = channel();
    let (lets_on, goes_on) = channel::<()>();
    let sink = Sink::thinking(at, move || {
        asks.send(()).unwrap();
        let _ = goes_on.recv();
        says
    });
    (sink, asked, lets_on)
}

/// What the outbox has of each mail: how often it was tried, and when it is due.
pub(super) fn waiting(kw: &TestKeyward) -> Vec<String> {
    let begin = crate::support::BEGIN;
    kw.rows(&format!(
        "SELECT 'tried ' || attempts || ', due at ' || (next_at - {begin}) || ', ' || \
         CASE WHEN leased_until = 0 THEN 'free' ELSE 'in hand' END AS line \
         FROM outbox ORDER BY id"
    ))
}

both!(
    operators_59_what_a_server_took_is_noted_when_the_database_is_back,
    |kw| {
        let book = Logbook::open();
        let (sink, asked, lets_on) = stopping(".", None);
        let one = kw.replica_with(&sink.settings());
        let alice = one.account("alice@example.com");
        let mut changed = letter(LetterPurpose::PasswordChanged, "alice@example.com");
        changed.account = Some(alice);
        post(&one.kw, changed).unwrap();
        std::thread::scope(|scope| {
            let sends = scope.spawn(|| deliver_due(&one.kw));
            asked.recv().unwrap();
            let gate = Gate::before_writes(kw, "outbox");
            lets_on.send(()).unwrap();
            sends.join().unwrap().unwrap_err();
            // At each wake-up it asks, and says so once.
            deliver_due(&one.kw).unwrap_err();
            assert_eq!((sink.taken().len(), kw.count("outbox")), (1, 1));
            gate.open();
        });
        assert_eq!(deliver_due(&one.kw).unwrap(), 0);
        assert_eq!(kw.count("outbox"), 0);
        let told = book.lines_with(&alice.to_string());
        let told: Vec<_> = told
            .iter()
            .filter(|line| line.contains("was sent, and could not be noted"))
            .collect();
        assert!(told.len() == 1 && told[0].starts_with("WARN"), "{told:?}");
        // Long after anybody could have it in hand.
        one.advance(700);
        kw.advance(700);
        assert_eq!(deliver_due(&one.kw).unwrap(), 0);
        assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
        assert_eq!((sink.taken().len(), given_up(kw)), (1, 0));
    }
);

both!(
    operators_59_while_it_can_not_be_noted_nothing_is_sent_a_second_time,
    |kw| {
        let sink = Sink::start(|_| None);
        let kw = kw.replica_with(&sink.settings());
        for to in ["a@example.com", "b@example.com"] {
            post(&kw.kw, letter(LetterPurpose::Reset, to)).unwrap();
        }
        kw.inject(Fault::CommitFails, "DELETE", "outbox");
        deliver_due(&kw.kw).unwrap_err();
        // Beyond every hold: another process would have it now.
        for _ in 0..5 {
            kw.advance(700);
            deliver_due(&kw.kw).unwrap_err();
        }
        assert_eq!((sink.taken().len(), kw.count("outbox")), (1, 2));
        kw.mend();
        assert_eq!(deliver_due(&kw.kw).unwrap(), 1);
        let taken = sink.taken();
        assert_eq!((taken.len(), kw.count("outbox")), (2, 0));
        assert!(taken[0].contains("To: a@") && taken[1].contains("To: b@"));
    }
);

both!(operators_59_a_try_that_failed_is_not_forgotten, |kw| {
    let (sink, asked, lets_on) = stopping("RCPT", Some("451 later"));
    let one = kw.replica_with(&sink.settings());
    post(&one.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
    std::thread::scope(|scope| {
        let sends = scope.spawn(|| deliver_due(&one.kw));
        asked.recv().unwrap();
        kw.inject(Fault::Fails, "UPDATE", "outbox");
        lets_on.send(()).unwrap();
        sends.join().unwrap().unwrap_err();
    });
    kw.mend();
    assert_eq!(waiting(kw), ["tried 0, due at 0, in hand"]);
    assert_eq!(deliver_due(&one.kw).unwrap(), 0);
    assert_eq!(waiting(kw), ["tried 1, due at 5000, free"]);
    assert_eq!(sink.taken().len(), 0, "not before its time");
    one.advance(5);
    assert_eq!(deliver_due(&one.kw).unwrap(), 1);
    assert_eq!((sink.taken().len(), kw.count("outbox")), (1, 0));
});

both!(
    operators_59_what_another_has_in_hand_by_now_stays_its,
    |kw| {
        let (sink, asked, lets_on) = stopping("RCPT", Some("451 later"));
        let one = kw.replica_with(&sink.settings());
        post(&one.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
        std::thread::scope(|scope| {
            let sends = scope.spawn(|| deliver_due(&one.kw));
            asked.recv().unwrap();
            kw.inject(Fault::Fails, "UPDATE", "outbox");
            lets_on.send(()).unwrap();
            sends.join().unwrap().unwrap_err();
        });
        kw.mend();
        let theirs = crate::support::BEGIN + 90_000;
        let taken = format!("UPDATE outbox SET leased_until = {theirs}");
        kw.execute(&taken, &taken);
        assert_eq!(deliver_due(&one.kw).unwrap(), 0);
        assert_eq!(waiting(kw), ["tried 0, due at 0, in hand"]);
        assert_eq!(sink.taken().len(), 0);
    }
);

both!(operators_59_a_refusal_for_good_is_not_forgotten, |kw| {
    let sink = Sink::start(|line| line.starts_with("RCPT").then_some("550 no such user"));
    let kw = kw.replica_with(&sink.settings());
    post(&kw.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
    kw.inject(Fault::CommitFails, "DELETE", "outbox");
    for _ in 0..2 {
        deliver_due(&kw.kw).unwrap_err();
        assert_eq!((kw.count("outbox"), given_up(&kw)), (1, 0));
    }
    kw.mend();
    assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
    assert_eq!((kw.count("outbox"), given_up(&kw)), (0, 1));
    assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
    assert_eq!((sink.taken().len(), given_up(&kw)), (0, 1));
});
