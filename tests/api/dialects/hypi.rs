//! Hypi (seed Y, rows Y-28 to Y-40): `GET /auth/token`, an old token for a new one, as
//! golden exchanges. What it must never do stands in `exchange.rs`.

use actix_web::http::header::HeaderValue;
use keyward::domain::algorithm::Algorithm;
use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::{Answer, Ask, Forge, Logbook, TestKeyward, text};

const REFUSED: &str =
    r#"{"errors":[{"message":"Invalid token.","extensions":{"code":"INVALID_TOKEN"}}]}"#;
const TOO_OLD: &str =
    r#"{"errors":[{"message":"Token expired.","extensions":{"code":"TOKEN_EXPIRED"}}]}"#;
const NONE: &str = r#"{"errors":[{"message":"No access token was found: send it as \"?token=TOKEN\", or in the header \"Authorization: Bearer TOKEN\".","extensions":{"code":"INVALID_CREDENTIALS"}}]}"#;
const TWO: &str = r#"{"errors":[{"message":"Invalid payload. The request uses more than one method for including an access token.","extensions":{"code":"INVALID_PAYLOAD","reason":"The request uses more than one method for including an access token"}}]}"#;

/// A token that has expired a minute ago.
fn expired(kw: &TestKeyward) -> String {
    let (token, _) = kw.signed_in("alice@example.com");
    kw.advance(960);
    assert_eq!(kw.me(&token), 401);
    token
}

fn by_query<'a>(kw: &'a TestKeyward, token: &str) -> Ask<'a> {
    kw.get(&format!("/auth/token?token={token}"))
}

/// The Authorization header "set to the old token", as the seed shows it.
fn by_header<'a>(kw: &'a TestKeyward, token: &str) -> Ask<'a> {
    kw.get("/auth/token").header("authorization", token)
}

#[track_caller]
fn new_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    text(&answer.json(), "token")
}

/// All headers but the id of the request, in the order of their names.
fn headers(answer: &Answer) -> String {
    let mut lines: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| name != "x-request-id")
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    lines.sort();
    lines.concat()
}

both!(y28_y30_y32_an_expired_token_for_a_fresh_one, |kw| {
    let old = expired(kw);
    assert_eq!(
        Forge::claims_of(&old).to_string(),
        concat!(
            r#"{"iss":"http://localhost:8080","aud":"keyward","#,
            r#""sub":"019b76da-a800-7ed2-b061-1e97da9cfe87","#,
            r#""sid":"6955b900-9df7-84a9-ac87-6360bf59257a","#,
            r#""jti":"09f26ac6-9974-4ca2-b13c-82f6e86cecb2","#,
            r#""iat":1767225600,"exp":1767226500,"gen":0,"epoch":0,"acv":0,"cls":"standard","#,
            r#""roles":[],"permissions":[],"amr":["pwd"],"aal":1,"auth_time":1767225600,"#,
            r#""id":"019b76da-a800-7ed2-b061-1e97da9cfe87","#,
            r#""app_access":false,"admin_access":false}"#,
        )
    );
    let answer = by_query(kw, &old).send();
    let new = kw.forge().sign_text(
        r#"{"typ":"JWT","alg":"RS256","kid":"LjCvm8lhmloTrbWYXSluINzCiz086bhguKFvX0X7kyQ"}"#,
        concat!(
            r#"{"iss":"http://localhost:8080","aud":"keyward","#,
            r#""sub":"019b76da-a800-7ed2-b061-1e97da9cfe87","#,
            r#""sid":"6955b900-9df7-84a9-ac87-6360bf59257a","#,
            r#""jti":"2e2c695e-e5a8-84d4-adc4-5b3104c378ba","#,
            r#""iat":1767226560,"exp":1767227460,"gen":1,"epoch":0,"acv":0,"cls":"standard","#,
            r#""roles":[],"permissions":[],"amr":["pwd"],"aal":1,"auth_time":1767225600,"#,
            r#""id":"019b76da-a800-7ed2-b061-1e97da9cfe87","#,
            r#""app_access":false,"admin_access":false}"#,
        ),
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, format!(r#"{{"token":"{new}"}}"#));
    assert_eq!(
        headers(&answer),
        "cache-control: no-store, private\n\
         content-security-policy: default-src 'none'; frame-ancestors 'none'\n\
         content-type: application/json\n\
         referrer-policy: no-referrer\n\
         vary: Authorization\n\
         vary: Origin\n\
         x-content-type-options: nosniff\n\
         x-keyward-refresh: fresh\n"
    );
});

both!(y29_head_spends_nothing, |kw| {
    let old = expired(kw);
    let before = kw.state();
    let answer = kw.ask("HEAD", &format!("/auth/token?token={old}")).send();
    assert_eq!(answer.status, 405);
    assert_eq!(kw.state(), before);
    assert_eq!(
        by_query(kw, &old).send().header("x-keyward-refresh"),
        Some("fresh")
    );
});

// Also by POST, which no page, prefetch or cache sends by itself.
both!(
    y31_the_header_set_to_the_old_token_with_or_without_bearer,
    |kw| {
        kw.account("alice@example.com");
        let ways: [fn(&TestKeyward, &str) -> Answer; 5] = [
            |kw, old| by_header(kw, old).send(),
            |kw, old| by_header(kw, &format!("Bearer {old}")).send(),
            |kw, old| by_header(kw, &format!("bearer {old}")).send(),
            |kw, old| kw.post("/auth/token").bearer(old).send(),
            |kw, old| kw.post("/auth/token").header("authorization", old).send(),
        ];
        for way in ways {
            let old = text(&kw.login("alice@example.com"), "access_token");
            kw.advance(960);
            let answer = way(kw, &old);
            assert_eq!(kw.me(&new_token(&answer)), 200);
            assert_eq!(answer.json().as_object().unwrap().len(), 1);
        }
    }
);

both!(y33_the_token_is_new, |kw| {
    let old = expired(kw);
    let new = new_token(&by_query(kw, &old).send());
    assert_ne!(new, old);
    let (was, is) = (Forge::claims_of(&old), Forge::claims_of(&new));
    assert_ne!(is["jti"], was["jti"]);
    let now = kw.kw.clock.now().seconds();
    assert_eq!((&is["iat"], &is["exp"]), (&json!(now), &json!(now + 900)));
    assert_eq!(kw.me(&new), 200);
    assert_eq!(kw.me(&old), 401, "the old one stays expired");
});

both!(y34_y35_the_same_permissions_no_more_no_less, |kw| {
    kw.define_role("editor", &["read", "write"]);
    kw.define_role("auditor", &["audit"]);
    let account = kw.account("alice@example.com");
    administer::grant_role(&kw.kw, account, "editor").unwrap();
    let old = text(&kw.login("alice@example.com"), "access_token");
    kw.advance(960);

    let rights = |token: &str| {
        let claims = Forge::claims_of(token);
        json!([claims["roles"], claims["role"], claims["permissions"]])
    };
    assert_eq!(
        rights(&old),
        json!([["editor"], "editor", ["read", "write"]])
    );
    let same = new_token(&by_query(kw, &old).send());
    assert_eq!(rights(&same), rights(&old));

    administer::grant_role(&kw.kw, account, "auditor").unwrap();
    let no_more = new_token(&by_query(kw, &same).send());
    assert_eq!(rights(&no_more), rights(&old));

    administer::take_role(&kw.kw, account, "editor").unwrap();
    let before = kw.state();
    let answer = by_query(kw, &no_more).send();
    assert_eq!((answer.status, answer.body.as_str()), (401, REFUSED));
    assert_eq!(kw.state(), before);
});

both!(y36_a_living_token_is_exchanged_too, |kw| {
    let (old, _) = kw.signed_in("alice@example.com");
    let new = new_token(&by_query(kw, &old).send());
    assert_ne!(new, old);
    assert_eq!((kw.me(&new), kw.me(&old)), (200, 200));
});

both!(y37_what_is_not_exchanged, |kw| {
    let (old, refresh) = kw.signed_in("alice@example.com");
    let (gone, _) = kw.signed_in("gone@example.com");
    assert_eq!(kw.post("/auth/logout").bearer(&gone).send().status, 204);
    let (off, _) = kw.signed_in("off@example.com");
    let account = text(&Forge::claims_of(&off), "sub").parse().unwrap();
    administer::set_enabled(&kw.kw, account, false).unwrap();
    let (late, _) = kw.signed_in("late@example.com");
    let ours = kw.forge();
    let none = ours.header_with(&[("alg", json!("none"))]).to_string();
    let claims = Forge::claims_of(&old).to_string();
    let issuer = Forge::with(&old, &[("iss", json!("http://evil.example"))]);
    let half = &old[..old.len() - 20];
    kw.advance(960);

    let before = kw.state();
    for (token, body) in [
        (format!("{half}{}", "A".repeat(20)), REFUSED),
        (half.to_owned(), REFUSED),
        (Forge::sign_by(&none, &claims, |_| Vec::new()), REFUSED),
        (
            Forge::foreign(Algorithm::Rs256).sign(&ours.header(), &Forge::claims_of(&old)),
            REFUSED,
        ),
        (ours.sign(&ours.header(), &issuer), REFUSED),
        (gone, REFUSED),
        (off, REFUSED),
        (refresh, REFUSED),
        ("x".to_owned(), REFUSED),
        (String::new(), NONE),
    ] {
        let answer = by_query(kw, &token).send();
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (401, body),
            "{token}"
        );
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer"));
    }
    let answer = kw.get("/auth/token").send();
    assert_eq!((answer.status, answer.body.as_str()), (401, NONE));
    kw.advance(900 + 3600 - 960);
    let answer = by_query(kw, &late).send();
    assert_eq!((answer.status, answer.body.as_str()), (401, TOO_OLD));
    assert_eq!(kw.state(), before);
});

both!(y38_a_token_in_the_address_is_not_kept, |kw| {
    let old = expired(kw);
    let logbook = Logbook::open();
    let answer = by_query(kw, &old).send();
    let new = new_token(&answer);
    assert_eq!(answer.header("cache-control"), Some("no-store, private"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(by_query(kw, "x").send().status, 401);
    assert!(!logbook.lines_with("GET /auth/token 200").is_empty());
    logbook.holds_none_of(&[old, new]);
});

both!(y39_exchanges_at_the_same_time_give_the_same_token, |kw| {
    let old = expired(kw);
    let answers = kw.all(vec![by_query(kw, &old), by_header(kw, &old)]);
    assert_eq!(new_token(&answers[0]), new_token(&answers[1]));
    assert_eq!(kw.session_of(&old).generation.number, 1);
});

both!(y40_a_token_in_both_places_is_one_too_many, |kw| {
    let old = expired(kw);
    let (bob, _) = kw.signed_in("bob@example.com");
    let before = kw.state();
    for header in [bob.clone(), format!("Bearer {bob}"), old.clone()] {
        let answer = by_query(kw, &old).header("authorization", &header).send();
        assert_eq!((answer.status, answer.body.as_str()), (400, TWO));
    }
    assert_eq!(kw.state(), before);
});

// Clients write the header where they have no token for it, too.
both!(
    clients_32_an_empty_header_beside_the_query_holds_no_token,
    |kw| {
        let old = expired(kw);
        let before = kw.state();
        let beside = |text: &str| by_query(kw, &old).header("authorization", text).send();
        let two = beside("Bearer");
        assert_eq!((two.status, two.body.as_str()), (400, TWO));
        let unread = HeaderValue::from_bytes(b"\xff").unwrap();
        let two = by_query(kw, &old).header_value("authorization", unread);
        assert_eq!(two.send().body, TWO);
        assert_eq!(by_header(kw, "").send().body, NONE);
        assert_eq!(kw.state(), before);
        new_token(&beside(""));
    }
);
