//! Where the database is: what is taken, and that no label and no error tells a password.

use keyward::store::{Options, Store, Url};

const CANARY: &str = "CANARY";

#[test]
fn g7_only_two_schemes_are_taken() {
    for text in [
        "sqlite://keyward.db",
        "sqlite:keyward.db",
        "sqlite:///var/lib/keyward.db",
        "postgres://h/db",
        "postgresql://kw@h:5432/db?sslmode=require",
    ] {
        assert!(text.parse::<Url>().is_ok(), "{text}");
    }
    for text in [
        "",
        " ",
        "keyward.db",
        "sqlite",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite://keyward.db?mode=ro",
        "mysql://h/db",
        "http://h/db",
        "POSTGRES//h/db",
    ] {
        assert!(text.parse::<Url>().is_err(), "{text}");
    }
}

#[test]
fn a_label_says_where_and_nothing_more() {
    for (text, label) in [
        ("sqlite:///var/lib/keyward.db", "SQLite /var/lib/keyward.db"),
        ("postgresql://h/db", "PostgreSQL h/db"),
        ("postgres://kw@h:5432/db", "PostgreSQL h:5432/db"),
        (
            "postgresql://kw:pw@[::1]:5433/db",
            "PostgreSQL [::1]:5433/db",
        ),
        ("postgresql://a:1,b:2/db?x=y", "PostgreSQL a:1,b:2/db"),
        ("postgresql://kw@/db?host=/run", "PostgreSQL /db"),
    ] {
        assert_eq!(text.parse::<Url>().unwrap().label(), label);
    }
}

/// A password is often pasted without being encoded: the address is wrong then, and what
/// is said of it must still not tell the password. Then nothing is asked of libpq, whose
/// errors do.
#[test]
fn g4_neither_label_nor_error_tells_the_password() {
    for text in [
        "postgresql://kw:CANARY@127.0.0.1:1/db",
        "postgresql://kw:CANARY%21@127.0.0.1:1/db",
        "postgresql://kw:x@CANARY@127.0.0.1:1/db",
        "postgresql://kw:x/CANARY@127.0.0.1:1/db",
        "postgresql://kw:CANARY/x@127.0.0.1:1/db",
        "postgresql://kw:1/CANARY@127.0.0.1:1/db",
        "postgresql://kw:x?CANARY@127.0.0.1:1/db",
        "postgresql://kw:CANARY?x@127.0.0.1:1/db",
        "postgresql://kw:x#CANARY@127.0.0.1:1/db",
        "postgresql://kw:x%CANARY@127.0.0.1:1/db",
        "postgresql://kw:CANARY%zz@127.0.0.1:1/db",
        "postgresql://kw:CANARY%00@127.0.0.1:1/db",
        "postgresql://kw:CANARY",
        "postgresql://127.0.0.1:1/db?password=CANARY",
        "postgresql://127.0.0.1:1/db?password=CANARY%zz",
        "postgresql://127.0.0.1:1/db?user=a@b&password=CANARY",
        "postgresql://127.0.0.1:1/db?user=a&password=CANARY@b",
    ] {
        match text.parse::<Url>() {
            Err(why) => assert!(!why.contains(CANARY), "{text}: {why}"),
            Ok(url) => {
                assert!(!url.label().contains(CANARY), "{text}: {}", url.label());
                let opened = Store::open(url, &Options::default());
                let error = opened.err().expect("nobody listens on port 1");
                assert!(
                    !format!("{error} {error:?}").contains(CANARY),
                    "{text}: {error}"
                );
            }
        }
    }
}

/// What is encoded as it must be is taken, with every sign that passwords have.
#[test]
fn a_password_that_is_encoded_is_taken() {
    for text in [
        "postgresql://kw:CANARY@127.0.0.1/db",
        "postgresql://kw:%40%2F%3F%23%25%20%C3%A9@127.0.0.1/db",
        "postgresql://kw:a!b$c&d'e(f)*+,;=g:h@127.0.0.1/db",
        "postgresql://kw:ü@127.0.0.1/db",
        "postgresql://%2Fvar%2Frun:5432/db",
        "postgresql://127.0.0.1/db?user=a@b&password=CANARY%26x",
    ] {
        assert!(text.parse::<Url>().is_ok(), "{text}");
    }
}
