//! Nobody's mailbox is flooded through us (B17).

use keyward::domain::mail_letter::{Letter, LetterPurpose};
use keyward::domain::session::Client;
use keyward::service::Code;
use keyward::service::mail::write_to_outbox::post;

use crate::support::{TestKeyward, letter};

const ALICE: &str = "alice@example.com";

fn asked_by(address: &str, letter: Letter) -> Letter {
    let client = Client {
        address: Some(address.parse().unwrap()),
        ..Client::default()
    };
    Letter {
        asked_by: Some(client),
        ..letter
    }
}

fn posted(kw: &TestKeyward, letter: Letter) -> bool {
    post(&kw.kw, letter).unwrap()
}

both!(
    b17_three_mails_of_one_purpose_an_hour_to_one_account,
    |kw| {
        let alice = kw.account(ALICE);
        let of = |purpose, to: &str| Letter {
            account: Some(alice),
            ..letter(purpose, to)
        };
        let other = kw.replica();
        for (kw, to) in [(kw, ALICE), (&other, "second@example.com"), (kw, ALICE)] {
            assert!(posted(kw, of(LetterPurpose::Reset, to)));
        }
        for number in 0..20 {
            let to = format!("a{number}@example.com");
            assert!(
                !posted(&other, of(LetterPurpose::Reset, &to)),
                "another address is the same account"
            );
        }
        assert_eq!(kw.count("outbox"), 3);
        assert!(
            posted(kw, of(LetterPurpose::Verify, ALICE)),
            "another purpose"
        );
        kw.advance(3600);
        assert!(posted(kw, of(LetterPurpose::Reset, ALICE)));
        assert_eq!(kw.mails().len(), 5);
    }
);

both!(b17_three_to_one_address_whatever_the_account, |kw| {
    for to in [ALICE, "ALICE@example.com", ALICE] {
        assert!(posted(kw, letter(LetterPurpose::AccountExists, to)));
    }
    assert!(!posted(kw, letter(LetterPurpose::AccountExists, ALICE)));
});

both!(b17_ten_an_hour_asked_for_by_one_household, |kw| {
    for number in 0..10 {
        let to = format!("a{number}@example.com");
        let by = format!("2001:db8:1:2::{number}");
        assert!(posted(
            kw,
            asked_by(&by, letter(LetterPurpose::Verify, &to))
        ));
    }
    let next = |by| asked_by(by, letter(LetterPurpose::Verify, "b@example.com"));
    assert!(!posted(kw, next("2001:db8:1:2:ffff::1")));
    assert_eq!(kw.count("outbox"), 10, "and nothing was written");
    assert!(posted(kw, next("2001:db8:1:3::1")));
    // What was refused by one quota used up none of another.
    assert!(posted(kw, next("192.0.2.1")) && posted(kw, next("192.0.2.2")));
    // Notices were not asked for, and a proxy of ours is no client.
    let notice = letter(LetterPurpose::PasswordChanged, "c@example.com");
    assert!(posted(kw, asked_by("2001:db8:1:2::1", notice)));
    let mut internal = asked_by(
        "2001:db8:1:2::1",
        letter(LetterPurpose::Verify, "d@example.com"),
    );
    internal.asked_by.as_mut().unwrap().internal = true;
    assert!(posted(kw, internal));
});

#[test]
fn where_mail_can_not_leave_it_is_said_and_nothing_is_written() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_LISTEN", "0.0.0.0:8080"),
        ("KEYWARD_PUBLIC_URL", "https://auth.example.com"),
    ]);
    let error = kw.kw.require_mail().unwrap_err();
    assert_eq!(error.code, Code::ServiceUnavailable);
    assert!(error.message.contains("KEYWARD_SMTP_URL"), "{error}");
    assert!(!posted(&kw, letter(LetterPurpose::PasswordChanged, ALICE)));
    assert_eq!((kw.count("outbox"), kw.count("limits")), (0, 0));
    TestKeyward::new().kw.require_mail().unwrap();
}

#[test]
fn l8_a_site_that_is_a_path_is_refused() {
    let kw = TestKeyward::new();
    let mut reset = letter(LetterPurpose::Reset, ALICE);
    reset.site = Some("../secrets".to_owned());
    assert_eq!(post(&kw.kw, reset).unwrap_err().code, Code::InvalidPayload);
    assert_eq!(kw.count("outbox"), 0);
}
