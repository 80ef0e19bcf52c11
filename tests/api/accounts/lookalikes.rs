//! Names that look like another's (row I11): no account is made of one, and to sign in with
//! one says no more than with any other.

use keyward::domain::id::AccountId;
use keyward::domain::identifier::{Email, Username};
use keyward::domain::password::Password;
use keyward::service::accounts::administer::{NewAccount, add_account};
use keyward::service::{Code, Keyward};
use keyward::store::accounts;

use crate::support::{PASSWORD, WRONG};

const ALICE: &str = "alice@example.com";
/// Its first letter is Cyrillic.
const LOOKALIKE: &str = "\u{430}lice@example.com";

fn add(kw: &Keyward, email: &str, username: Option<&str>) -> Result<AccountId, Code> {
    let new = NewAccount {
        further: Vec::new(),
        email: Email::parse(email),
        username: username.and_then(Username::parse),
        password: Password::parse(PASSWORD).ok(),
        admin: false,
        verified: false,
    };
    add_account(kw, new).map_err(|error| error.code)
}

both!(i11_no_account_is_made_that_looks_like_another, |kw| {
    kw.account(ALICE);
    let before = kw.state();
    for (email, username) in [
        (LOOKALIKE, None),
        ("alice@ex\u{430}mple.com", None),
        ("bob@example.com", Some("b\u{43e}b")),
    ] {
        assert_eq!(add(&kw.kw, email, username), Err(Code::InvalidPayload));
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.count("audit_events WHERE what = 'account_added'"), 1);
    // A name of one script is a name, whichever it is.
    add(
        &kw.kw,
        "\u{430}\u{43b}\u{438}\u{441}\u{430}@example.com",
        None,
    )
    .unwrap();
});

both!(i11_to_sign_in_with_a_lookalike_is_the_ordinary_401, |kw| {
    kw.account(ALICE);
    let answers = [LOOKALIKE, "nobody@example.com"].map(|email| kw.sign_in(email, PASSWORD));
    for answer in &answers {
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(answers[0].body, answers[1].body);
    // It is not counted as hers.
    for _ in 0..4 {
        kw.sign_in(LOOKALIKE, WRONG)
            .refused(401, "INVALID_CREDENTIALS");
    }
    kw.sign_in(LOOKALIKE, WRONG).limited(1);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

both!(i11_an_account_from_before_the_rule_signs_in_as_ever, |kw| {
    let alice = kw.account(ALICE);
    let record = kw.record_of(alice).unwrap();
    let id = AccountId(kw.kw.entropy.id(kw.kw.clock.now()));
    let row = accounts::New {
        id,
        email: Email::parse(LOOKALIKE),
        username: None,
        verified: false,
        created_by: None,
        now: kw.kw.clock.now(),
    };
    let added = kw.kw.store.write(move |tx| accounts::add(tx, &row));
    assert!(added.unwrap().is_ok());
    kw.set_record(id, &record);
    assert_eq!(kw.sign_in(LOOKALIKE, PASSWORD).status, 200);
    kw.sign_in(LOOKALIKE, WRONG)
        .refused(401, "INVALID_CREDENTIALS");
});
