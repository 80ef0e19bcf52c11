//! What an access token must be to be believed (threats J1 to J28): rightly signed by
//! a key of ours, of exactly our form, for us, for now, and of a living session.

mod algorithms;
mod claims;
mod curves;
mod flood;
pub mod forgeries;
mod header;
mod keys;
mod presentation;
mod revocation;
mod tail;
mod text;

use url::form_urlencoded;

use crate::support::{Answer, Ask, TestKeyward};

/// Faces that ask who calls: each with the way in which it says no.
const DOORS: &[(&str, Face)] = &[
    ("/auth/verify", Face::Directus),
    ("/auth/me", Face::Directus),
    ("/v1/api/auth/me", Face::Oisp),
    ("/v1/api/auth/tokenInfo", Face::Oisp),
];

#[derive(Clone, Copy)]
enum Face {
    Directus,
    Oisp,
}

/// The whole body of a refusal: nothing of the token is in it (J26).
const INVALID: &str =
    r#"{"errors":[{"message":"Invalid token.","extensions":{"code":"INVALID_TOKEN"}}]}"#;
const EXPIRED: &str =
    r#"{"errors":[{"message":"Token expired.","extensions":{"code":"TOKEN_EXPIRED"}}]}"#;
const NOT_AUTHORIZED: &str = r#"{"code":401,"message":"Not Authorized"}"#;

/// Each token that `forge` makes of a good one is refused at every door, nobody is
/// named, and nothing changes.
#[track_caller]
fn refuses(kw: &TestKeyward, forge: forgeries::Forger) {
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let forged = forge(kw, &access);
    assert!(!forged.is_empty());
    for token in &forged {
        assert_ne!(*token, access);
        refused_at_every_door(kw, token, INVALID);
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.me(&access), 200, "the genuine token is good");
}

#[track_caller]
fn refused_at_every_door(kw: &TestKeyward, token: &str, body: &str) {
    for (path, face) in DOORS {
        let answer = show(kw.get(path), kw, path, "access_token", token).send();
        refused(&answer, *face, body, token);
    }
}

#[track_caller]
fn refused(answer: &Answer, face: Face, body: &str, token: &str) {
    let body = match face {
        Face::Directus => body,
        Face::Oisp => NOT_AUTHORIZED,
    };
    let short: String = token.chars().take(300).collect();
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (401, body),
        "{short}"
    );
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(
        challenge.starts_with("Bearer error=\"invalid_token\""),
        "{answer:?}"
    );
    for identity in [
        "remote-user",
        "remote-email",
        "remote-groups",
        "x-keyward-session",
    ] {
        assert_eq!(answer.header(identity), None, "{short}");
    }
}

/// In the header, or in the query where a header can not hold it or would be taken for
/// two (J28).
pub fn show<'a>(
    ask: Ask<'a>,
    kw: &'a TestKeyward,
    path: &str,
    parameter: &str,
    token: &str,
) -> Ask<'a> {
    if token
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b',')
    {
        return ask.bearer(token);
    }
    let query: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    kw.get(&format!("{path}?{parameter}={query}"))
}
