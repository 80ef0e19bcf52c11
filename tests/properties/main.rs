//! Properties of everything that reads what strangers write: whatever comes in, nothing
//! panics, nothing that was not given out is taken, and what was given out is read back
//! as it was. Failures that were ever found stand in `proptest-regressions` and are
//! tried first.

mod graphql;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use keyward::crypto::key_ring::{Held, KeyRing};
use keyward::crypto::master_key::MasterKey;
use keyward::crypto::password::hasher::{PasswordHasher, Verdict};
use keyward::crypto::password::scheme::Scheme;
use keyward::crypto::refresh_token::RefreshTokens;
use keyward::crypto::signing_key::SigningKey;
use keyward::crypto::{access_token, totp};
use keyward::domain::algorithm::Algorithm;
use keyward::domain::id::SessionId;
use keyward::domain::identifier::{Email, Username};
use keyward::domain::password::{Password, PasswordRecord};
use keyward::domain::redirect::{Allowed, allowed};
use keyward::http::fuzz_targets;
use keyward::support::clock::Timestamp;
use keyward::support::entropy::Entropy;
use keyward::support::secret::ExposeSecret as _;
use proptest::prelude::*;
use url::Url;
use uuid::Uuid;

fn master() -> MasterKey {
    MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn r12_a_refresh_token_is_read_back_and_no_other_text_is(
        sid in any::<u128>(), generation in any::<u32>(), salt in any::<[u8; 32]>(),
        junk in ".{0,120}", at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]",
    ) {
        let tokens = RefreshTokens::new(&master());
        let session = SessionId(Uuid::from_u128(sid));
        let text = tokens.issue(session, generation, &salt).expose_secret().to_owned();
        let read = tokens.read(&text).unwrap();
        prop_assert_eq!((read.session, read.generation), (session, generation));
        prop_assert!(tokens.belongs(&read, &salt));
        prop_assert!(tokens.read(&junk).is_none());
        let prefixed = format!("kwr1_{junk}");
        prop_assert!(tokens.read(&prefixed).is_none());
        // One letter changed: refused, if not by its tag then by its mac.
        let at = 5 + at.index(text.len() - 5);
        let changed = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
        if changed != text && let Some(read) = tokens.read(&changed) {
            prop_assert!(!tokens.belongs(&read, &salt));
        }
    }

    #[test]
    fn j1_j20_whatever_stands_in_a_token_only_a_signature_opens_it(
        header in any::<Vec<u8>>(), claims in any::<Vec<u8>>(), text in ".{0,300}",
    ) {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
        let bytes = SigningKey::generate(Algorithm::Hs256, &Entropy::seeded(1)).unwrap();
        let key = SigningKey::read(Algorithm::Hs256, &bytes).unwrap();
        let kid = key.id().to_owned();
        let held = Held { key, activates_at: Timestamp::from_millis(0) };
        let ring = KeyRing::new(vec![held], std::time::Duration::from_secs(1));
        let now = Timestamp::from_millis(1);
        prop_assert!(access_token::verify(&ring, &text, now).is_none());
        let right = format!(r#"{{"typ":"JWT","alg":"HS256","kid":"{kid}"}}"#);
        for header in [header, right.into_bytes()] {
            let text = format!("{}.{}.{}", B64.encode(header), B64.encode(&claims), B64.encode("x"));
            prop_assert!(access_token::verify(&ring, &text, now).is_none());
        }
    }

    #[test]
    fn l9_whatever_the_spelling_no_address_beside_the_list_passes(
        scheme in prop_oneof![Just("https"), Just("http"), Just("HTTPS"), Just("javascript"), Just("")],
        colon in prop_oneof![Just("://"), Just(":/"), Just(":"), Just(":\\\\"), Just("//"), Just(":///")],
        before in prop_oneof![Just(String::new()), Just("me@".into()), Just("a:b@".into()), r"\PC{0,8}"],
        host in prop_oneof![
            Just("app.example.com".to_owned()), Just("app.example.com.".into()), Just("APP.example.com".into()),
            Just("app.exаmple.com".into()), Just("app%2eexample.com".into()), Just("app。example.com".into()),
            Just("localhost".into()), Just("2130706433".into()), Just("127.0.0.1".into()), Just("[::1]".into()),
            Just("evil.example".into()), r"\PC{0,20}",
        ],
        port in prop_oneof![Just(""), Just(":443"), Just(":3000"), Just(":03000"), Just(":80"), Just(":")],
        between in prop_oneof![Just(String::new()), Just("@evil.example".into()), Just("\\@evil.example".into()), r"\PC{0,4}"],
        parts in prop::collection::vec(prop_oneof![
            Just("account".to_owned()), Just("..".into()), Just(".".into()), Just("%2e%2e".into()),
            Just("..;".into()), Just("..;x".into()), Just(".;".into()), Just(";".into()), Just("account;x".into()),
            Just(String::new()), Just("%2f".into()), Just("\\".into()), Just("\t".into()), Just("accounting".into()),
            r"\PC{0,6}", r"[a-z?#&=;/]{0,6}",
        ], 0..5),
        space in prop_oneof![Just(""), Just(" "), Just("\n"), Just("\u{0}")],
    ) {
        let entries = ["https://app.example.com/account", "http://localhost:3000", "http://127.0.0.1"];
        let list = entries.map(|entry| Allowed::parse(entry).unwrap());
        let path = parts.iter().fold(String::new(), |path, part| path + "/" + part);
        let text = format!("{space}{scheme}{colon}{before}{host}{port}{between}{path}");
        if let Some(passed) = allowed(&text, &list) {
            // What a browser makes of the text as it was written.
            let url = Url::parse(&text).unwrap();
            prop_assert_eq!(&passed, &url, "{:?}", text);
            let origin = url.origin().ascii_serialization();
            let path = url.path();
            let below = path == "/account" || path.starts_with("/account/");
            let listed = match origin.as_str() {
                "https://app.example.com" => below,
                "http://localhost:3000" | "http://127.0.0.1" => true,
                _ => false,
            };
            prop_assert!(listed, "{:?} leads to {}", text, url);
            prop_assert!(url.username().is_empty() && url.password().is_none(), "{:?}", text);
            // It is written as it is read: a second reader has nothing to read otherwise.
            prop_assert!(url.as_str() == text || url.as_str() == format!("{text}/"), "{:?}", text);
            prop_assert!(!path.contains("..") && !path.contains('%') && !path.contains("//"), "{:?}", text);
            prop_assert!(!text.contains(['\\', '\t', '\n', '#']), "{:?}", text);
            // Nor for one who drops what follows a semicolon before going up.
            let plain = path.split('/').map(|part| part.split(';').next().unwrap_or_default());
            let plain = plain.collect::<Vec<_>>().join("/");
            let read = url.join(&plain).unwrap();
            prop_assert_eq!(read.path(), plain.as_str(), "{:?}", text);
            prop_assert!(!plain.contains("//"), "{:?}", text);
        }
    }

    #[test]
    fn l9_p25_what_is_below_an_entry_passes(
        parts in prop::collection::vec("[a-z0-9_-]{1,8}", 0..4), query in "[a-z0-9=&]{0,12}",
        host in "[a-z]{1,10}\\.(com|example)", port in prop_oneof![Just(None), (1024_u16..).prop_map(Some)],
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let entry = format!("https://{host}{port}/app");
        let list = [Allowed::parse(&entry).unwrap()];
        let path = parts.iter().fold(String::new(), |path, part| path + "/" + part);
        let asked = allowed(&format!("{entry}{path}"), &list);
        prop_assert!(asked.is_some());
        let asked = allowed(&format!("{entry}{path}?{query}"), &list);
        prop_assert!(asked.is_some());
        let other = format!("https://{host}{port}/apple{path}");
        prop_assert!(allowed(&other, &list).is_none());
    }

    #[test]
    fn i9_i11_an_address_has_one_canonical_form(text in r"\PC{0,60}", local in "[A-Za-z0-9.+_-]{1,20}") {
        for text in [text.clone(), format!("{local}@{text}"), format!("{local}@Example.COM")] {
            if let Some(email) = Email::parse(&text) {
                let written = Email::parse(email.written());
                prop_assert_eq!(written.as_ref(), Some(&email), "{:?}", text);
                let again = Email::parse(email.canonical()).map(|it| it.canonical().to_owned());
                prop_assert_eq!(again.as_deref(), Some(email.canonical()), "{:?}", text);
                prop_assert!(!email.canonical().contains(char::is_whitespace));
            }
            if let Some(name) = Username::parse(&text) {
                prop_assert!(!name.canonical().contains('@'));
                let again = Username::parse(name.canonical()).map(|it| it.canonical().to_owned());
                prop_assert_eq!(again.as_deref(), Some(name.canonical()));
            }
        }
    }

    #[test]
    fn b3_b4_a_forwarded_address_never_comes_from_the_left_of_a_stranger(
        left in ".{0,40}", stranger in any::<u32>(),
    ) {
        let stranger = std::net::Ipv4Addr::from(stranger);
        prop_assume!(!stranger.is_loopback());
        let header = format!("{left}, {stranger}");
        if let Ok(value) = HeaderValue::from_str(&header) {
            let found = fuzz_targets::client_address("127.0.0.1", value);
            prop_assert_eq!(found, Some(stranger.to_string()));
        }
    }

    #[test]
    fn i1_i3_i7_no_body_is_too_odd_to_be_refused_in_peace(body in any::<Vec<u8>>(), text in r#"[\[\]{}",:a\\0-9 ]{0,200}"#) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for body in [body, text.into_bytes()] {
            if fuzz_targets::reads_body(&headers, &body) && !body.is_empty() {
                let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
                let value: serde_json::Value = serde_json::from_slice(body).unwrap();
                prop_assert!(value.is_object());
            }
        }
    }

    #[test]
    fn m6_only_six_digits_or_sixteen_letters_are_a_second_factor(text in r"\PC{0,24}") {
        if let Some(typed) = totp::typed(&text) {
            let fits = match typed {
                totp::Typed::Code(code) => code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()),
                totp::Typed::Recovery(code) => code.len() == 16 && code.is_ascii(),
            };
            prop_assert!(fits, "{:?}", text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn p9_no_password_record_is_too_odd_to_be_refused(
        record in r"[$a-z0-9=,./A-Z]{0,90}", tag in "[$](kw1|2b|2a|argon2id|scrypt|pbkdf2-sha256)[$]",
    ) {
        let hasher = PasswordHasher::new(&master(), Scheme::Bcrypt { cost: 4 }, &Entropy::seeded(1));
        let password = Password::parse("correct horse").unwrap();
        for record in [record.clone(), format!("{tag}{record}")].map(PasswordRecord::from) {
            prop_assert_ne!(hasher.verify(&password, Some(&record)), Verdict::Match);
        }
    }
}
