//! From the transaction of its cause to the memory that it is sent to.

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::mail::write_to_outbox::post;

use crate::support::{Fault, letter};

const ALICE: &str = "alice@example.com";

both!(a_letter_leaves_once, |kw| {
    assert!(post(&kw.kw, letter(LetterPurpose::Reset, ALICE)).unwrap());
    assert_eq!(kw.count("outbox"), 1);
    let sent = kw.last_mail_to(ALICE);
    assert_eq!(sent.purpose, LetterPurpose::Reset);
    assert_eq!(sent.subject, "Choose a new password for localhost");
    assert_eq!(sent.link(), "https://app.example.com/reset#kwo1_CANARY");
    assert_eq!((kw.count("outbox"), kw.mails().len()), (0, 1));
});

both!(no_letter_leaves_whose_cause_was_not_committed, |kw| {
    for fault in [Fault::CommitFails, Fault::Fails] {
        kw.inject(fault, "INSERT", "outbox");
        post(&kw.kw, letter(LetterPurpose::Reset, ALICE)).unwrap_err();
        kw.mend();
        assert_eq!(
            (kw.count("outbox"), kw.count("limits")),
            (0, 0),
            "{fault:?}"
        );
        assert_eq!(kw.mails().len(), 0, "{fault:?}");
    }
});
