//! What settings are taken and refused.

use std::collections::BTreeMap;

use crate::config::load::*;

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let secret = ("KEYWARD_SECRET", "0123456789abcdefghijklmnopqrstuvwxyz");
    pairs
        .iter()
        .chain([&secret])
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn faults(pairs: &[(&str, &str)]) -> Vec<String> {
    read(&given(pairs), false)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|fault| fault.setting)
        .collect()
}

#[test]
fn defaults_stand_and_the_issuer_follows_the_public_url() {
    let config = read(&given(&[("KEYWARD_LISTEN", "127.0.0.1:9999")]), false)
        .ok()
        .unwrap();
    assert_eq!(
        config.listen.public_url().as_str(),
        "http://localhost:9999/"
    );
    assert_eq!(config.issuer(), "http://localhost:9999");
    assert_eq!(config.tokens.access_ttl.as_secs(), 900);
    assert_eq!(config.passwords.bcrypt_cost, 12);
    assert!(config.listen.cookies_work());
}

#[test]
fn g7_all_faults_are_told_at_once_each_with_its_name() {
    assert_eq!(
        faults(&[
            ("KEYWARD_LISTEN", "8080"),
            ("KEYWARD_ACCES_TOKEN_TTL", "15m"),
            ("KEYWARD_REFRESH_GRACE", "5m"),
            ("KEYWARD_BCRYPT_COST", "4"),
            ("DATABASE_URL", "mysql://x"),
        ]),
        [
            "KEYWARD_ACCES_TOKEN_TTL",
            "DATABASE_URL",
            "KEYWARD_LISTEN",
            "KEYWARD_REFRESH_GRACE",
            "KEYWARD_BCRYPT_COST",
        ]
    );
}

// What was pasted with a sign that nobody sees reads as it should be, and is refused.
#[test]
fn clients_62_a_value_with_what_nobody_sees_is_shown() {
    let why = |name: &str, value: &str| {
        let faults = read(&given(&[(name, value)]), false)
            .err()
            .unwrap_or_default();
        faults.iter().map(ToString::to_string).collect::<String>()
    };
    for sign in ["\u{200b}", "\u{a0}", "\u{2028}"] {
        let listen = format!("127.0.0.1:{sign}8080");
        let told = why("KEYWARD_LISTEN", &listen);
        let escaped = format!("127.0.0.1:{}8080", sign.escape_unicode());
        assert!(told.contains(&escaped), "{told}");
        assert!(!told.contains(sign), "{told}");
    }
    // What can be seen is in front of whoever typed it, and a secret is shown to nobody.
    let seen = why("KEYWARD_LISTEN", "here:8080");
    assert!(!seen.contains("here:8080"), "{seen}");
    for (name, value) in [
        (
            "KEYWARD_SMTP_URL",
            "smtps\u{200b}://user:s3cret@smtp.example.com",
        ),
        ("DATABASE_URL", "postgres\u{200b}://user:s3cret@db/keyward"),
    ] {
        let told = why(name, value);
        assert!(told.contains(name) && !told.contains("s3cret"), "{told}");
        assert!(told.contains("nobody sees"), "{told}");
    }
}

#[test]
fn h40_plain_http_is_not_refused_where_nobody_could_ask_by_https() {
    let only = ("KEYWARD_REQUIRE_HTTPS", "true");
    let url = ("KEYWARD_PUBLIC_URL", "https://auth.example.com");
    assert_eq!(faults(&[only]), ["KEYWARD_REQUIRE_HTTPS"]);
    let nobody = ("KEYWARD_TRUSTED_PROXIES", "none");
    assert_eq!(faults(&[only, url, nobody]), ["KEYWARD_REQUIRE_HTTPS"]);
    assert!(faults(&[only, url]).is_empty());
}

#[test]
fn g1_g9_settings_that_can_not_be_safe_are_refused() {
    assert_eq!(
        faults(&[("KEYWARD_COOKIE_SAMESITE", "none")]),
        ["KEYWARD_COOKIE_SAMESITE"]
    );
    assert_eq!(
        faults(&[("KEYWARD_ALLOWED_ORIGINS", "*")]),
        ["KEYWARD_ALLOWED_ORIGINS"]
    );
    assert_eq!(
        faults(&[("KEYWARD_TRUSTED_PROXIES", "0.0.0.0/0")]),
        ["KEYWARD_TRUSTED_PROXIES"]
    );
    let mut weak = given(&[]);
    weak.insert("KEYWARD_SECRET".to_owned(), "changeme".to_owned());
    assert_eq!(
        read(&weak, false).err().unwrap()[0].setting,
        "KEYWARD_SECRET"
    );
    let mut none = given(&[("DATABASE_URL", "postgresql://localhost/x")]);
    none.remove("KEYWARD_SECRET");
    assert_eq!(
        read(&none, false).err().unwrap()[0].setting,
        "KEYWARD_SECRET"
    );
}

#[test]
fn port_0_becomes_the_port_that_was_given() {
    for (name, value, public, issuer) in [
        (
            "KEYWARD_LISTEN",
            "127.0.0.1:0",
            "http://localhost:4711/",
            "http://localhost:4711",
        ),
        ("KEYWARD_ISSUER", "mine", "http://localhost:4711/", "mine"),
        (
            "KEYWARD_PUBLIC_URL",
            "https://a.example",
            "https://a.example/",
            "https://a.example",
        ),
    ] {
        let settings = given(&[("KEYWARD_LISTEN", "127.0.0.1:0"), (name, value)]);
        let mut config = read(&settings, false).ok().unwrap();
        config.listens_on("127.0.0.1:4711".parse().unwrap());
        assert_eq!(
            (
                config.listen.public_url().as_str(),
                config.issuer().as_str()
            ),
            (public, issuer)
        );
        assert_eq!(config.listen.address.port(), 4711);
    }
}

/// Browsers drop a cookie for a domain that the page's host is not in.
#[test]
fn c10_the_cookie_domain_holds_the_public_url() {
    for (public, domain, right) in [
        ("https://auth.example.com", "example.com", true),
        ("https://auth.example.com", "auth.example.com", true),
        ("https://auth.example.com", "Example.com", true),
        ("https://auth.example.com", "other.com", false),
        ("https://auth.example.com", "ample.com", false),
        ("https://auth.example.com", "x.auth.example.com", false),
        ("https://auth.example.com", ".example.com", false),
        ("https://auth.example.com", "com", false),
        ("https://192.0.2.1", "2.1", false),
        ("http://localhost:8080", "localhost", false),
    ] {
        let settings = [
            ("KEYWARD_PUBLIC_URL", public),
            ("KEYWARD_COOKIE_DOMAIN", domain),
        ];
        let expected: &[&str] = if right {
            &[]
        } else {
            &["KEYWARD_COOKIE_DOMAIN"]
        };
        assert_eq!(faults(&settings), expected, "{domain} for {public}");
    }
}

#[test]
fn test_mode_is_for_this_machine_only() {
    let public = given(&[("KEYWARD_PUBLIC_URL", "https://auth.example.com")]);
    assert_eq!(
        read(&public, true).err().unwrap()[0].setting,
        "KEYWARD_PUBLIC_URL"
    );
    let config = read(&given(&[]), true).ok().unwrap();
    assert_eq!(config.passwords.bcrypt_cost, 4);
    config.database.url.discard();
    for url in ["sqlite://keyward.db", "postgresql://localhost/x", "junk"] {
        let faults = read(&given(&[("DATABASE_URL", url)]), true).err().unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].setting, "DATABASE_URL");
    }
}

#[test]
fn clients_14_an_issuer_of_codes_has_no_colon_and_is_short() {
    for text in ["a:b", "https://a.example", &"x".repeat(65), "a\nb"] {
        assert_eq!(
            faults(&[("KEYWARD_TOTP_ISSUER", text)]),
            ["KEYWARD_TOTP_ISSUER"]
        );
    }
    assert_eq!(faults(&[("KEYWARD_TOTP_ISSUER", "Example")]), [""; 0]);
}

/// Attack, "what a buyer looks for", 11.
#[test]
fn attack_buyer_11_plain_http_beyond_this_machine_is_warned_of() {
    for (listen, public, named) in [
        ("127.0.0.1:8080", "", None),
        ("[::1]:8080", "", None),
        ("0.0.0.0:8080", "https://auth.example.com", None),
        ("0.0.0.0:8080", "", Some("KEYWARD_LISTEN is 0.0.0.0:8080")),
        ("192.0.2.5:80", "http://localhost", Some("KEYWARD_LISTEN")),
        (
            "127.0.0.1:80",
            "http://a.example",
            Some("KEYWARD_PUBLIC_URL"),
        ),
    ] {
        let settings = [("KEYWARD_LISTEN", listen), ("KEYWARD_PUBLIC_URL", public)];
        let warnings = look(&given(&settings), false).ok().unwrap().warnings();
        match named {
            Some(named) => assert!(warnings[0].starts_with(named), "{warnings:?}"),
            None => assert!(warnings.is_empty(), "{warnings:?}"),
        }
        assert!(warnings.len() < 2, "{warnings:?}");
    }
}
