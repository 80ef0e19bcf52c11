//! Text is given back as it was taken, in any script. What a database could not hold is
//! refused before it is asked: PostgreSQL has no NUL in a text, SQLite would take it.

use keyward::domain::id::AccountId;
use keyward::domain::identifier::{Email, Identifier, Username};
use keyward::domain::password::{Password, PasswordRecord};
use keyward::domain::session::Session;
use keyward::store::{accounts, credentials, sessions};
use uuid::Uuid;

use crate::kit::{NOW, new_account, session_of};

const TEXTS: &[&str] = &[
    "plain",
    "Ünïcödé",
    "日本語",
    "كلمة",
    "e\u{301}",
    "👩👧👦",
    "\u{10ffff}\u{fffd}\u{feff}",
    "'\";--\\%_?$1",
    "\u{1}\u{7f}\u{85}\u{2028}",
    "",
];

both!(i7_i11_texts_of_any_script_come_back_as_they_went_in, |db| {
    for text in TEXTS {
        let account = db.account(&format!("{}@example.com", Uuid::new_v4().simple()));
        let session = Session {
            user_agent: Some((*text).to_owned()),
            ..session_of(account)
        };
        let row = session.clone();
        let record = PasswordRecord::from(format!("{text}{text}"));
        db.write(move |tx| {
            credentials::set(tx, account, &record, NOW)?;
            sessions::add(tx, &row)
        })
        .unwrap();
        assert_eq!(db.session_now(session.id), session, "{text:?}");
        let record = db.read(|db| credentials::lookup(db, account)).unwrap();
        assert_eq!(
            record.unwrap().expose(),
            format!("{text}{text}"),
            "{text:?}"
        );
    }
});

both!(i10_i11_names_are_kept_as_written_and_found_as_meant, |db| {
    for (email, username, asked) in [
        ("Ünï@Bücher.example", "Straße", "ünï@xn--bcher-kva.example"),
        ("a'b%_@example.com", "日本語", "A'B%_@EXAMPLE.COM"),
        ("ﬁ@example.com", "👩👧👦", "fi@example.com"),
    ] {
        let new = accounts::New {
            email: Email::parse(email),
            username: Username::parse(username),
            ..new_account(AccountId(Uuid::new_v4()), "nobody@example.com")
        };
        let id = new.id;
        db.write(move |tx| accounts::add(tx, &new))
            .unwrap()
            .unwrap();
        let account = db.read(|db| accounts::lookup(db, id)).unwrap().unwrap();
        // As written, but for forms that NFKC takes for the same letters.
        let kept = email.replace('ﬁ', "fi");
        assert_eq!(account.email.as_deref(), Some(&kept[..]));
        assert_eq!(account.username.as_deref(), Some(username));
        for asked in [asked, email, username] {
            let identifier = Identifier::parse(asked).unwrap();
            let found = db
                .read(|db| accounts::find_by_identifier(db, &identifier))
                .unwrap();
            assert_eq!(found.map(|account| account.id), Some(id), "{asked}");
        }
    }
    // A pattern is a name like any other.
    for pattern in ["%", "_", "%@example.com", "a'b%%@example.com"] {
        let identifier = Identifier::parse(pattern).unwrap();
        let found = db.read(|db| accounts::find_by_identifier(db, &identifier));
        assert_eq!(found.unwrap(), None, "{pattern}");
    }
});

#[test]
fn i8_a_nul_never_reaches_the_store() {
    for text in [
        "a\0b",
        "\0",
        "a\0@example.com",
        "a@exa\0mple.com",
        "a@b.co\0",
    ] {
        assert!(Email::parse(text).is_none(), "{text:?}");
        assert!(Username::parse(text).is_none(), "{text:?}");
        assert!(Identifier::parse(text).is_none(), "{text:?}");
        assert!(Password::parse(text).is_err(), "{text:?}");
    }
}

/// The last line of defence: where one slips through, PostgreSQL answers with an error
/// and not with a row that differs, and the connection is as good as before.
#[test]
fn i8_postgres_refuses_a_nul_and_goes_on() {
    let Some(db) = crate::kit::Fresh::postgres(true) else {
        return;
    };
    let account = db.account("alice@example.com");
    let set = |record: &str| {
        let record = PasswordRecord::from(record.to_owned());
        db.write(move |tx| credentials::set(tx, account, &record, NOW))
    };
    assert!(set("a\0b").is_err());
    assert!(set("after").is_ok());
    let record = db.read(|db| credentials::lookup(db, account)).unwrap();
    assert_eq!(record.unwrap().expose(), "after");
}
