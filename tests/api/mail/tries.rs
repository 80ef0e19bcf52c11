//! Who sends, and what becomes of what can not be sent.

use keyward::domain::mail_letter::{LetterPurpose, Values};
use keyward::service::mail::deliver::deliver_due;
use keyward::service::mail::write_to_outbox::post;

use crate::support::{Fault, TestKeyward, letter};

const ALICE: &str = "alice@example.com";

/// A server that is not there: nothing listens on this port of this machine.
const AWAY: (&str, &str) = ("KEYWARD_SMTP_URL", "smtp://127.0.0.1:1");
const FROM: (&str, &str) = ("KEYWARD_MAIL_FROM", "Test <keyward@example.com>");

both!(s24_of_two_replicas_one_sends, |kw| {
    let other = kw.replica();
    for number in 0..30 {
        let to = format!("user{number}@example.com");
        post(&kw.kw, letter(LetterPurpose::Reset, &to)).unwrap();
    }
    let sent = std::thread::scope(|scope| {
        let both = [&kw.kw, &other.kw].map(|kw| scope.spawn(move || deliver_due(kw).unwrap()));
        both.map(|one| one.join().unwrap())
    });
    // What one has in hand the other passes over.
    assert_eq!(sent.iter().sum::<usize>(), 30, "{sent:?}");
    let (ours, theirs) = (kw.mails(), other.mails());
    let mut all: Vec<_> = ours
        .iter()
        .chain(&theirs)
        .map(|mail| &mail.message_id)
        .collect();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), kw.count("outbox")), (30, 0));
});

both!(
    s24_killed_after_the_servers_yes_it_is_sent_again_as_the_same,
    |kw| {
        let killed = kw.replica();
        post(&killed.kw, letter(LetterPurpose::Reset, ALICE)).unwrap();
        kw.inject(Fault::Fails, "DELETE", "outbox");
        deliver_due(&killed.kw).unwrap_err();
        let first = killed.kw.mailer.kept();
        drop(killed);
        kw.mend();
        assert_eq!(kw.count("outbox"), 1);
        // Until nobody can have it in hand any more nobody touches it.
        kw.advance(659);
        assert_eq!(kw.mails().len(), 0);
        kw.advance(2);
        let again = kw.mails();
        assert_eq!((first.len(), again.len()), (1, 1));
        assert_eq!(first[0].message_id, again[0].message_id);
        assert_eq!(kw.count("outbox"), 0);
    }
);

both!(
    s24_it_is_tried_for_a_day_and_then_given_up,
    &[AWAY, FROM],
    |kw| {
        let alice = kw.account(ALICE);
        let mut reset = letter(LetterPurpose::PasswordChanged, ALICE);
        reset.account = Some(alice);
        post(&kw.kw, reset).unwrap();
        let mut tries = 0;
        let mut waited = 0;
        for pause in [5, 30, 120, 600, 1800]
            .into_iter()
            .chain(std::iter::repeat(3600))
        {
            assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
            if kw.count("outbox") == 0 {
                break;
            }
            tries += 1;
            // Not a second too early.
            kw.advance(pause - 1);
            let before = state(kw);
            assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
            assert_eq!(state(kw), before, "try {tries}");
            kw.advance(1);
            waited += pause;
        }
        assert!((20 * 3600..24 * 3600).contains(&waited), "{waited}");
        assert!((20..35).contains(&tries), "{tries}");
        assert_eq!(
            kw.audit(alice)
                .iter()
                .filter(|what| *what == "mail_given_up")
                .count(),
            1
        );
        assert_eq!(kw.mails().len(), 0);
    }
);

fn state(kw: &TestKeyward) -> i64 {
    kw.read(|db| {
        use diesel::RunQueryDsl as _;
        use diesel::sql_types::BigInt;
        use keyward::store::AnyConnection;
        let sum = "(SELECT CAST(SUM(attempts) AS BIGINT) FROM outbox)";
        let sum = diesel::dsl::sql::<BigInt>(sum);
        Ok(match db {
            AnyConnection::Sqlite(db) => diesel::select(sum).get_result(db)?,
            AnyConnection::Postgres(db) => diesel::select(sum).get_result(db)?,
        })
    })
}

both!(s24_a_server_that_comes_back_gets_it, &[AWAY, FROM], |kw| {
    post(&kw.kw, letter(LetterPurpose::Reset, ALICE)).unwrap();
    assert_eq!(kw.mails().len(), 0);
    let back = kw.replica_with(&[("KEYWARD_SMTP_URL", "")]);
    assert_eq!(back.mails().len(), 0, "not before its time");
    back.advance(5);
    assert_eq!(back.last_mail_to(ALICE).purpose, LetterPurpose::Reset);
    assert_eq!(kw.count("outbox"), 0);
});

both!(a_code_that_has_ended_is_not_sent, |kw| {
    let mut reset = letter(LetterPurpose::Reset, ALICE);
    reset.values.insert("hours".to_owned(), "1".to_owned());
    post(&kw.kw, reset).unwrap();
    kw.advance(3601);
    assert_eq!((kw.mails().len(), kw.count("outbox")), (0, 0));
});

both!(a_deleted_account_gets_no_mail, |kw| {
    let mut changed = letter(LetterPurpose::PasswordChanged, ALICE);
    changed.account = Some(kw.account(ALICE));
    post(&kw.kw, changed).unwrap();
    kw.sql("DELETE FROM accounts");
    assert_eq!((kw.count("outbox"), kw.mails().len()), (0, 0));
});

both!(l8_an_address_that_is_two_is_refused_and_given_up, |kw| {
    for to in [
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com, b@example.com",
    ] {
        post(&kw.kw, letter(LetterPurpose::Reset, to)).unwrap();
        assert_eq!((kw.mails().len(), kw.count("outbox")), (0, 0), "{to}");
    }
});

both!(l11_the_outbox_holds_nothing_that_can_be_read, |kw| {
    let mut reset = letter(LetterPurpose::Reset, "canary@example.com");
    reset.values = Values::from([("link", "https://x.example/#kwo1_CANARY"), ("hours", "1")]);
    post(&kw.kw, reset).unwrap();
    let row: Vec<u8> = kw.read(|db| {
        use diesel::RunQueryDsl as _;
        use keyward::store::AnyConnection;
        let whole =
            diesel::dsl::sql::<diesel::sql_types::Binary>("(SELECT letter_sealed FROM outbox)");
        Ok(match db {
            AnyConnection::Sqlite(db) => diesel::select(whole).get_result(db)?,
            AnyConnection::Postgres(db) => diesel::select(whole).get_result(db)?,
        })
    });
    let row = String::from_utf8_lossy(&row);
    assert!(row.len() > 50, "{row}");
    for canary in ["CANARY", "canary", "x.example"] {
        assert!(!row.contains(canary), "{canary}");
    }
    assert_eq!(kw.mails().len(), 1);
});
