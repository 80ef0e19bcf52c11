//! The forger's book: what can be made of a good token, row by row. A forger here may
//! sign with our own key, so that a forgery differs from a good token in one thing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use keyward::domain::algorithm::Algorithm;
use serde_json::{Value, json};

use crate::support::{Forge, TestKeyward};

pub type Forger = fn(&TestKeyward, &str) -> Vec<String>;

/// What must be refused whatever its `exp` says: at the doors and at the exchange.
pub const ALL: &[(&str, Forger)] = &[
    ("J1", unsigned),
    ("J5", with_its_own_key),
    ("J6", with_a_key_elsewhere),
    ("J7", with_odd_kids),
    ("J9", with_critical_headers),
    ("J10", of_another_type),
    ("J11", of_another_issuer),
    ("J12", for_another_audience),
    ("J13", with_odd_ends),
    ("J14", of_the_future),
    ("J16", saying_things_twice),
    ("J18", altered_in_their_text),
    ("J19", of_another_form),
    ("J20", with_too_much_in_them),
    ("J24", of_no_session),
];

/// With the genuine claims and these headers, rightly signed.
fn headers(kw: &TestKeyward, access: &str, changes: &[&[(&str, Value)]]) -> Vec<String> {
    let (forge, claims) = (kw.forge(), Forge::claims_of(access));
    let sign = |change: &&[(&str, Value)]| forge.sign(&forge.header_with(change), &claims);
    changes.iter().map(sign).collect()
}

/// With the genuine header and these claims, rightly signed.
fn claims(kw: &TestKeyward, access: &str, changes: &[&[(&str, Value)]]) -> Vec<String> {
    let forge = kw.forge();
    let sign = |change: &&[(&str, Value)]| forge.sign(&forge.header(), &Forge::with(access, change));
    changes.iter().map(sign).collect()
}

/// With one claim set to each of these.
fn one_claim(kw: &TestKeyward, access: &str, name: &str, values: &[Value]) -> Vec<String> {
    let each = values.iter().flat_map(|value| claims(kw, access, &[&[(name, value.clone())]]));
    each.collect()
}

pub fn unsigned(kw: &TestKeyward, access: &str) -> Vec<String> {
    let claims = Forge::claims_of(access).to_string();
    let genuine = Forge::signature_of(access);
    let mut forged = Vec::new();
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        for header in [
            kw.forge().header_with(&[("alg", json!(alg))]),
            json!({ "alg": alg }),
            json!({ "typ": "JWT", "alg": alg }),
        ] {
            for signature in [&[][..], &[0], &genuine] {
                let sign = |_: &[u8]| signature.to_vec();
                forged.push(Forge::sign_by(&header.to_string(), &claims, sign));
            }
        }
    }
    let header = kw.forge().header().to_string();
    forged.push(Forge::sign_by(&header, &claims, |_| Vec::new()));
    let message = access.rsplit_once('.').unwrap().0;
    forged.push(message.to_owned());
    forged
}

/// A public key in the header is the attacker's word for whom to believe.
pub fn with_its_own_key(kw: &TestKeyward, access: &str) -> Vec<String> {
    let (ours, foreign) = (kw.forge(), Forge::foreign(Algorithm::Rs256));
    let claims = Forge::claims_of(access);
    let jwk = || ("jwk", foreign.key.jwk().unwrap().clone());
    vec![
        foreign.sign(&foreign.header_with(&[jwk()]), &claims),
        foreign.sign(&ours.header_with(&[jwk()]), &claims),
        foreign.sign(&json!({ "alg": "RS256", "jwk": jwk().1 }), &claims),
        ours.sign(&ours.header_with(&[jwk()]), &claims),
        // Not even with the key's own name on it.
        foreign.sign(&foreign.header(), &claims),
        foreign.sign(&ours.header(), &claims),
    ]
}

fn with_a_key_elsewhere(kw: &TestKeyward, access: &str) -> Vec<String> {
    naming_keys_at(kw, access, "http://127.0.0.1:9/jwks")
}

pub fn naming_keys_at(kw: &TestKeyward, access: &str, url: &str) -> Vec<String> {
    let (ours, foreign) = (kw.forge(), Forge::foreign(Algorithm::Rs256));
    let claims = Forge::claims_of(access);
    let mut forged = Vec::new();
    for place in [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("x5c", json!([STANDARD_NO_PAD.encode(&foreign.bytes)])),
        ("x5t", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("kid", json!(url)),
    ] {
        forged.push(foreign.sign(&foreign.header_with(std::slice::from_ref(&place)), &claims));
        forged.push(ours.sign(&ours.header_with(&[place]), &claims));
    }
    forged
}

pub fn with_odd_kids(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = kw.forge();
    let kid = ours.key.id().to_owned();
    let mut kids: Vec<Value> = [
        "",
        "../../../../dev/null",
        "/dev/null",
        "' OR 1=1--",
        "'; DROP TABLE signing_keys;--",
        "%00",
        "\u{0}",
        &format!("{kid}\u{0}"),
        &format!(" {kid}"),
        &kid.to_uppercase(),
        &kid[..42],
        &"k".repeat(600),
        &"k".repeat(10_000),
    ]
    .map(Value::from)
    .to_vec();
    kids.extend([json!([kid]), json!({ "kid": kid }), json!(1), json!(true)]);
    let each = kids.iter().flat_map(|odd| headers(kw, access, &[&[("kid", odd.clone())]]));
    let mut forged: Vec<_> = each.collect();
    let claims = Forge::claims_of(access).to_string();
    // Absent, null, and hidden in an escape sequence that no issuer of ours writes.
    forged.extend(headers(kw, access, &[&[("kid", Value::Null)]]));
    for kid in ["null".to_owned(), format!("\"\\u{:04x}{}\"", kid.as_bytes()[0], &kid[1..])] {
        let header = format!(r#"{{"typ":"JWT","alg":"RS256","kid":{kid}}}"#);
        forged.push(ours.sign_text(&header, &claims));
    }
    forged
}

/// Who does not understand a critical header must refuse it (RFC 7515 section 4.1.11).
pub fn with_critical_headers(kw: &TestKeyward, access: &str) -> Vec<String> {
    let crit = |value| ("crit", value);
    headers(
        kw,
        access,
        &[
            &[crit(json!(["exp"]))],
            &[crit(json!(["b64"])), ("b64", json!(false))],
            &[("b64", json!(false))],
            &[crit(json!([]))],
            &[crit(json!("exp"))],
            &[crit(json!(["unknown"])), ("unknown", json!(1))],
            &[("zip", json!("DEF"))],
            &[("cty", json!("JWT"))],
        ],
    )
}

pub fn of_another_type(kw: &TestKeyward, access: &str) -> Vec<String> {
    let types = [
        "", "jwt", "JOSE", "at+jwt", "JWT ", "mfa", "mfa+jwt", "reset", "invite", "refresh",
    ];
    let each = types.iter().flat_map(|typ| headers(kw, access, &[&[("typ", json!(typ))]]));
    let mut forged: Vec<_> = each.collect();
    forged.extend(headers(kw, access, &[&[("typ", Value::Null)], &[("typ", json!(["JWT"]))]]));
    forged
}

pub fn of_another_issuer(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = Forge::claims_of(access)["iss"].clone();
    let slash = format!("{}/", ours.as_str().unwrap());
    let values = [json!("http://evil.example"), json!(slash), json!(""), Value::Null, json!([ours])];
    one_claim(kw, access, "iss", &values)
}

pub fn for_another_audience(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = Forge::claims_of(access)["aud"].clone();
    let values = [
        json!("another"),
        json!(""),
        Value::Null,
        json!([]),
        json!(["another"]),
        // Keyward never writes an array, so one with us in it is not Keyward's either.
        json!([ours, "another"]),
    ];
    one_claim(kw, access, "aud", &values)
}

/// An `exp` that a careless reader takes for none, or for never.
pub fn with_odd_ends(kw: &TestKeyward, access: &str) -> Vec<String> {
    let iat = Forge::claims_of(access)["iat"].as_i64().unwrap();
    let values = [
        json!("4102444800"),
        Value::Null,
        json!(-1),
        json!(0),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(true),
        json!([iat + 900]),
        json!(f64::from(i32::MAX) + 0.5),
        json!(4_102_444_800_i64),
        json!(iat),
        // The longest life that any of our tokens has is 24 hours.
        json!(iat + 86_401),
    ];
    let mut forged = one_claim(kw, access, "exp", &values);
    let text = Forge::with(access, &[("exp", Value::Null)]).to_string();
    let null = text.replacen('{', r#"{"exp":null,"#, 1);
    forged.push(kw.forge().sign_text(&kw.forge().header().to_string(), &null));
    forged
}

pub fn of_the_future(kw: &TestKeyward, access: &str) -> Vec<String> {
    let now = kw.kw.clock.now().seconds();
    let from = |iat: i64| [("iat", json!(iat)), ("exp", json!(iat + 900))];
    claims(
        kw,
        access,
        &[
            &from(now + 600),
            &from(now + 61),
            &[("nbf", json!(now + 600))],
            &[("nbf", json!(now + 61))],
            &[("nbf", json!("0"))],
            &[("iat", Value::Null)],
            &[("iat", json!(i64::MAX))],
            &[("iat", json!(i64::MIN))],
            &[("iat", json!(-1)), ("exp", json!(1))],
        ],
    )
}

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
    for first in [r#""alg":"RS256","#, r#""alg":"none","#, r#""typ":"JWT","#, r#""\u0061lg":"none","#] {
        forged.push(ours.sign_text(&header.replacen('{', &format!("{{{first}"), 1), &text));
    }
    for end in [" x", "{}", "\u{0}"] {
        forged.push(ours.sign_text(&header, &format!("{text}{end}")));
    }
    forged
}

/// Other spellings of the genuine token, which a careless decoder would read the same.
pub fn altered_in_their_text(_: &TestKeyward, access: &str) -> Vec<String> {
    let parts: Vec<&str> = access.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{access}") };
    let other_alphabet = signature.replace('-', "+").replace('_', "/");
    assert_ne!(other_alphabet, signature);
    // The last letter holds four bits that no byte needs.
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (head, last) = signature.split_at(signature.len() - 1);
    let at = LETTERS.iter().position(|letter| [*letter] == *last.as_bytes()).unwrap();
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
    let [header, claims, signature] = parts[..] else { panic!("{access}") };
    let long = |length: usize| {
        let pad = ("name", json!("n".repeat(length)));
        kw.forge().sign(&kw.forge().header(), &Forge::with(access, &[pad]))
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
pub fn with_too_much_in_them(kw: &TestKeyward, access: &str) -> Vec<String> {
    let ours = kw.forge();
    let header = ours.header().to_string();
    let text = Forge::claims_of(access).to_string();
    let mut forged = Vec::new();
    for depth in [130, 2_000, 10_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let depth = depth / open.len();
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for name in ["deep", "roles"] {
                let text = text.replacen('{', &format!(r#"{{"{name}":{deep},"#), 1);
                forged.push(ours.sign_text(&header, &text));
            }
            let header = header.replacen('{', &format!(r#"{{"deep":{deep},"#), 1);
            forged.push(ours.sign_text(&header, &text));
        }
    }
    for count in [1, 300, 10_000] {
        let extras: String = (0..count).map(|i| format!(r#""x{i}":{i},"#)).collect();
        forged.push(ours.sign_text(&header, &text.replacen('{', &format!("{{{extras}"), 1)));
    }
    forged
}

pub fn of_no_session(kw: &TestKeyward, access: &str) -> Vec<String> {
    let claims = Forge::claims_of(access);
    let ours: uuid::Uuid = claims["sid"].as_str().unwrap().parse().unwrap();
    let values = [
        Value::Null,
        json!(""),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("2a2f9d0e-5b7c-4c8e-9a0b-1c2d3e4f5a6b"),
        // One bit beside a real one.
        json!(uuid::Uuid::from_u128(ours.as_u128() ^ 1)),
        claims["sub"].clone(),
        json!([ours]),
        json!(1),
    ];
    one_claim(kw, access, "sid", &values)
}
