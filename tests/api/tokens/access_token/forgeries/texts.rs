//! Texts: other spellings and forms, repetitions, and sizes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Forge, TestKeyward};

/// Readers differ in which of two they believe, so it is neither (RFC 8259 section 4).
pub fn saying_things_twice(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = kw.forge();
    let header = ours.header().to_string();
    let text = Forge::claims_of(access).to_string();
    let (sub, other) = (&Forge::claims_of(access)["sub"], uuid::Uuid::from_u128(1));
    let mut forged = Vec::new();
    for first in [
        format!(r#""sub":"{other}","#),
        format!(r#""sub":{sub},"#),
        r#""role":"user","role":"administrator","#.to_owned(),
        r#""role":"user","\u0072ole":"administrator","#.to_owned(),
        r#""exp":4102444800,"#.to_owned(),
        r#""\u0065xp":4102444800,"#.to_owned(),
        r#""gen":7,"#.to_owned(),
    ] {
        forged.push(ours.sign_text(&header, &text.replacen('{', &format!("{{{first}"), 1)));
    }
    for first in [
        r#""alg":"RS256","#,
        r#""alg":"none","#,
        r#""typ":"JWT","#,
        r#""\u0061lg":"none","#,
    ] {
        forged.push(ours.sign_text(&header.replacen('{', &format!("{{{first}"), 1), &text));
    }
    for end in [" x", "{}", "\u{0}"] {
        forged.push(ours.sign_text(&header, &format!("{text}{end}")));
    }
    forged
}

/// Of base64url (RFC 4648 section 5), in the order of what they stand for.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Other spellings of the genuine token, which a careless decoder would read the same.
pub fn altered_in_their_text(_: &TestKeyward, access: &str) -> Vec<String> {
    let parts: Vec<&str> = access.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{access}")
    };
    let other_alphabet = signature.replace('-', "+").replace('_', "/");
    assert_ne!(other_alphabet, signature);
    // The last letter holds four bits that no byte needs.
    let (head, last) = signature.split_at(signature.len() - 1);
    let at = LETTERS
        .iter()
        .position(|letter| [*letter] == *last.as_bytes())
        .unwrap();
    let tails = [1, 2, 4, 8].map(|bit| format!("{head}{}", char::from(LETTERS[at ^ bit])));
    let mut forged: Vec<_> = tails
        .iter()
        .map(String::as_str)
        .chain([head, &other_alphabet])
        .map(|signature| format!("{header}.{claims}.{signature}"))
        .collect();
    for text in [
        format!("{access}=="),
        format!("{access}="),
        format!("{header}=.{claims}.{signature}"),
        format!("{access}."),
        format!(".{access}"),
        format!("{access}\n"),
        format!("{access} "),
        format!(" {access}"),
        format!("{header}.{claims}\n.{signature}"),
        format!("{header}..{claims}.{signature}"),
        format!("{access}\u{0}"),
        format!("{header}.{claims}"),
        header.to_owned(),
        "..".to_owned(),
        ".".to_owned(),
    ] {
        forged.push(text);
    }
    forged
}

pub fn of_another_form(kw: &TestKeyward, access: &str) -> Vec<String> {
    let parts: Vec<&str> = access.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{access}")
    };
    let long = |length: usize| {
        let pad = ("name", json!("n".repeat(length)));
        kw.forge()
            .sign(&kw.forge().header(), &Forge::with(access, &[pad]))
    };
    let jwe = |alg: &str| {
        let header = json!({ "alg": alg, "enc": "A128CBC-HS256" }).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        format!("{header}.{claims}.{signature}.{claims}.{signature}")
    };
    let general = json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] });
    vec![
        long(9_000),
        long(100_000),
        long(1_000_000),
        "a".repeat(1_000_000),
        ".".repeat(8_000),
        jwe("RSA-OAEP"),
        jwe("dir"),
        format!("{header}....{signature}"),
        json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
        general.to_string(),
    ]
}

/// Nested beyond what a recursive reader's stack holds, once below and once above the
/// longest token that is looked at; and claims that nobody knows.
/// What a lax reader takes for an object or a word, because it holds the same.
pub fn in_other_clothes(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = kw.forge();
    let (header, claims) = (Forge::header_of(access), Forge::claims_of(access));
    let listed = |object: &Value, names: &str| {
        let values = names.split(' ').map(|name| match &object[name] {
            Value::Null if name == "anon" => json!(false),
            value => value.clone(),
        });
        Value::Array(values.collect()).to_string()
    };
    let bare_header = listed(&header, "typ alg kid");
    let bare_claims = listed(
        &claims,
        "iss aud sub sid jti iat exp nbf gen epoch acv cls roles permissions amr aal auth_time \
         org anon preferred_username email name id role app_access admin_access",
    );
    let cls = json!({ claims["cls"].as_str().unwrap(): null });
    let (header, text) = (header.to_string(), claims.to_string());
    vec![
        ours.sign_text(&bare_header, &text),
        ours.sign_text(&header, &bare_claims),
        ours.sign_text(&bare_header, &bare_claims),
        ours.sign(&ours.header(), &Forge::with(access, &[("cls", cls)])),
        ours.sign_text(&header, &format!("[{text}]")),
        ours.sign_text(&format!("[{header}]"), &text),
        ours.sign_text(&header, "{}"),
        ours.sign_text(&header, "null"),
        ours.sign_text(&header, ""),
    ]
}

pub fn with_too_much_in_them(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = kw.forge();
    let header = ours.header().to_string();
    let text = Forge::claims_of(access).to_string();
    let mut forged = Vec::new();
    for depth in [33, 130, 2_000, 10_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for name in ["deep", "roles"] {
                let text = text.replacen('{', &format!(r#"{{"{name}":{deep},"#), 1);
                forged.push(ours.sign_text(&header, &text));
            }
            let header = header.replacen('{', &format!(r#"{{"deep":{deep},"#), 1);
            forged.push(ours.sign_text(&header, &text));
        }
    }
    let extras: Vec<_> = (0..10_000).map(|i| format!(r#""x{i}":{i},"#)).collect();
    let extras = extras.concat();
    forged.push(ours.sign_text(&header, &text.replacen('{', &format!("{{{extras}"), 1)));
    forged
}
