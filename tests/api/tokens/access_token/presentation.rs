//! How a token is shown: one Authorization header, one token in it, after the word
//! Bearer in any letter case (RFC 9110 section 11.4, RFC 6750 section 2).

use crate::support::{Ask, TestKeyward};

const PATH: &str = "/auth/me";

/// An ask with these Authorization headers.
fn with<'a>(kw: &'a TestKeyward, values: &[String]) -> Ask<'a> {
    let ask = kw.get(PATH);
    values
        .iter()
        .fold(ask, |ask, value| ask.header("authorization", value))
}

both!(j28_two_tokens_are_refused_even_where_both_are_good, |kw| {
    let (alice, _) = kw.signed_in("alice@example.com");
    let (bob, _) = kw.signed_in("bob@example.com");
    let before = kw.state();
    for values in [
        vec![format!("Bearer {alice}"), format!("Bearer {bob}")],
        vec![format!("Bearer {alice}"), format!("Bearer {alice}")],
        vec![format!("Bearer {alice}"), "Basic YTpi".to_owned()],
        vec![format!("Bearer {alice}"), String::new()],
        vec![format!("Bearer {alice}, Bearer {bob}")],
        vec![format!("Bearer {alice},{bob}")],
        vec![format!("Basic YTpi, Bearer {alice}")],
    ] {
        let answer = with(kw, &values).send();
        answer.refused(400, "INVALID_PAYLOAD");
        assert!(!answer.body.contains(&alice) && !answer.body.contains("example.com"));
    }
    assert_eq!(kw.state(), before);
});

both!(j28_the_word_bearer_is_read_in_any_letter_case, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
        let answer = with(kw, &[format!("{scheme} {access}")]).send();
        assert_eq!(answer.status, 200, "{scheme}");
    }
});

both!(clients_10_one_space_or_more_after_the_word, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    for spaces in [1, 2, 3, 8] {
        let value = format!("Bearer{}{access}", " ".repeat(spaces));
        for path in [
            "/auth/me",
            "/auth/verify",
            "/users/me",
            "/v1/api/auth/tokenInfo",
        ] {
            let answer = kw.get(path).header("authorization", &value).send();
            assert_eq!(answer.status, 200, "{spaces} {path} {answer:?}");
        }
    }
    let twice = format!("Bearer  {access}");
    let exchanged = kw.get("/auth/token").header("authorization", &twice).send();
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
});

both!(
    clients_16_another_scheme_is_no_token_whatever_its_grammar,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let others = [
            "Basic YTpi",
            r#"Digest username="a", realm="b", uri="/", response="c""#,
            r#"OAuth oauth_consumer_key="a",oauth_token="b""#,
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=c",
            "Negotiate YII=",
        ];
        for other in others {
            let asked = kw.get(&format!("/auth/me?access_token={access}"));
            assert_eq!(
                asked.header("authorization", other).send().status,
                200,
                "{other}"
            );
            let alone = kw.get(PATH).header("authorization", other).send();
            alone.refused(401, "INVALID_CREDENTIALS");
            let exchange = kw.get("/auth/token").header("authorization", other).send();
            exchange.refused(401, "INVALID_CREDENTIALS");
        }
        // The raw token of the exchange is one token.
        let two = format!("{access},{access}");
        let exchange = kw.get("/auth/token").header("authorization", &two).send();
        exchange.refused(400, "INVALID_PAYLOAD");
    }
);

both!(clients_19_who_sent_no_token_is_told_so, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let nothing = kw.get(PATH).send();
    let others = ["TOKEN", "Token x", &format!("Bearer: {access}")]
        .map(|value| kw.get(PATH).header("authorization", value).send());
    for answer in others.iter().chain([&nothing]) {
        answer.refused(401, "INVALID_CREDENTIALS");
        assert!(
            answer.body.contains("No access token was found"),
            "{answer:?}"
        );
    }
    // A wrong password is another thing.
    let wrong = kw.sign_in("alice@example.com", "wrong");
    assert!(
        wrong.body.contains("Invalid user credentials."),
        "{wrong:?}"
    );
});

// As the original: no token at all, rather than a bad one.
both!(
    j28_what_is_not_bearer_and_one_token_is_as_if_nothing_was_sent,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        for value in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            access.clone(),
            format!("Bearer\t{access}"),
            format!("Bearer  {access} x"),
            format!("Bearer  \t{access}"),
            format!("Bearer {access} x"),
            format!("Bearer{access}"),
            format!("Token {access}"),
            format!("Basic {access}"),
            format!("Bearer: {access}"),
        ] {
            let answer = with(kw, std::slice::from_ref(&value)).send();
            answer.refused(401, "INVALID_CREDENTIALS");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{value}");
        }
    }
);
