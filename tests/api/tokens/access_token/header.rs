//! A token's header: exactly `alg`, `kid` and `typ`, of which `kid` alone is a
//! question to us. It never brings a key, a place to fetch one, or a way to verify.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::{INVALID, forgeries, refused_at_every_door, refuses};
use crate::support::{Forge, Logbook};

both!(j1_an_unsigned_token_is_refused, |kw| {
    refuses(kw, forgeries::unsigned);
});

both!(j5_a_token_with_its_own_key_in_its_header_is_refused, |kw| {
    refuses(kw, forgeries::with_its_own_key);
});

both!(
    j6_a_token_that_says_where_its_key_is_makes_no_connection,
    |kw| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let (access, _) = kw.signed_in("alice@example.com");
        let before = kw.state();
        for token in forgeries::naming_keys_at(kw, &access, &url) {
            refused_at_every_door(kw, &token, INVALID);
        }
        assert_eq!(kw.state(), before);
        // The kernel completes a connection without an accept, so one that was made at any
        // time up to now would be found here.
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
);

both!(j7_a_kid_is_a_name_and_nothing_else, |kw| {
    refuses(kw, forgeries::with_odd_kids);
});

#[test]
fn j7_a_kid_is_not_logged() {
    let kw = crate::support::TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let logbook = Logbook::open();
    for kid in [
        "canary-kid\n-in-two-lines".to_owned(),
        "canary-kid".repeat(1000),
    ] {
        let header = kw.forge().header_with(&[("kid", kid.into())]);
        let token = kw.forge().sign(&header, &Forge::claims_of(&access));
        refused_at_every_door(&kw, &token, INVALID);
    }
    assert!(!logbook.lines_with("GET /auth/verify 401").is_empty());
    logbook.holds_none_of(&["canary-kid".to_owned()]);
}

both!(j9_critical_and_unknown_headers_are_refused, |kw| {
    refuses(kw, forgeries::with_critical_headers);
});

both!(j10_a_token_of_another_type_is_refused, |kw| {
    refuses(kw, forgeries::of_another_type);
});

// Whatever else Keyward gives out is no access token, and an access token is nothing
// else (the matrix of kinds, as far as there are kinds).
both!(j10_no_kind_of_token_passes_for_another, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let session = Forge::claims_of(&access)["sid"]
        .as_str()
        .unwrap()
        .to_owned();
    for kind in [&refresh, &session] {
        refused_at_every_door(kw, kind, INVALID);
        let answer = kw.get("/auth/token").bearer(kind).send();
        answer.refused(401, "INVALID_TOKEN");
    }
    for kind in [&access, &session] {
        kw.refresh(kind).refused(401, "INVALID_CREDENTIALS");
        let answer = kw.post("/auth/refresh").cookie(kind).send();
        answer.refused(401, "INVALID_CREDENTIALS");
        // Signing out with what is no refresh token is no error, and signs nobody out.
        let body = serde_json::json!({ "refresh_token": kind });
        let answer = kw.post("/auth/logout").json(&body).send();
        assert_eq!(answer.status, 204);
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.me(&access), 200);
});
