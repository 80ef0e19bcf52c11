//! A guest's session begins, goes on, and says of itself that it is a guest's.

use serde_json::json;

use super::OUTSIDE;
use crate::support::{Forge, TestKeyward, account_of, text};

both!(p05_a_guests_session_begins, |kw| {
    let answer = kw.post("/auth/anonymous").send();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    let body = answer.json();
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "access_token",
            "expires",
            "expires_at",
            "id",
            "is_anonymous",
            "refresh_token"
        ]
    );
    assert_eq!(body["is_anonymous"], json!(true));
    assert_eq!(body["expires"], json!(900_000));
    let claims = Forge::claims_of(&text(&body, "access_token"));
    assert_eq!(claims["sub"], body["id"]);
    assert_eq!(claims["anon"], json!(true));
    // Nobody has proved anything.
    assert_eq!((&claims["amr"], &claims["aal"]), (&json!([]), &json!(0)));
    assert_eq!(claims["permissions"], json!([]));
    for absent in ["email", "preferred_username", "name"] {
        assert_eq!(claims.get(absent), None);
    }
    // Account and session tell it: no line of a year's audit log for who goes in a month.
    assert_eq!((kw.count("accounts"), kw.count("sessions")), (1, 1));
    assert_eq!(
        (kw.count("audit_events"), kw.count("login_attempts")),
        (0, 0)
    );
});

both!(
    p05_in_mode_cookie_the_refresh_token_is_in_its_cookie_alone,
    |kw| {
        let ask = || {
            kw.post("/auth/anonymous")
                .json(&json!({ "mode": "cookie" }))
        };
        let answer = ask().send();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json().get("refresh_token"), None);
        let cookie = answer.cookie().unwrap();
        // A guest's browser is known to nobody.
        assert_eq!(answer.device(), None);
        assert_eq!(kw.post("/auth/refresh").cookie(&cookie).send().status, 200);
        let before = kw.count("accounts");
        ask()
            .header("origin", "https://evil.example")
            .send()
            .refused(403, "FORBIDDEN");
        assert_eq!(kw.count("accounts"), before);
    }
);

// A form of another site needs no preflight: it would use up its visitors' share.
both!(p05_no_page_of_another_site_begins_guests, |kw| {
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = kw.post("/auth/anonymous").header(name, value).send();
        answer.refused(403, "FORBIDDEN");
    }
    assert_eq!(kw.count("accounts"), 0);
    let own = kw
        .post("/auth/anonymous")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(own.send().status, 200);
});

both!(p06_p19_a_guests_token_is_good_and_says_so, |kw| {
    let (access, _) = kw.guest();
    let id = account_of(&access).to_string();
    let me = kw.get("/auth/me").bearer(&access).send();
    assert_eq!(me.status, 200, "{me:?}");
    let me = me.json();
    assert_eq!((&me["id"], &me["isAnonymous"]), (&json!(id), &json!(true)));
    assert_eq!(
        (&me["email"], &me["username"]),
        (&json!(null), &json!(null))
    );
    assert_eq!((&me["roles"], &me["permissions"]), (&json!([]), &json!([])));
    let verified = kw.get("/auth/verify").bearer(&access).send();
    assert_eq!(verified.status, 200);
    assert_eq!(verified.header("remote-user"), Some(id.as_str()));
    assert_eq!(verified.header("remote-email"), Some(""));
    assert_eq!(verified.header("remote-groups"), Some(""));
    let info = kw.get("/v1/api/auth/tokenInfo").bearer(&access).send();
    assert_eq!(info.json()["payload"]["sub"], json!(id));
    for path in ["/v1/api/auth/me", "/users/me"] {
        let body = kw.get(path).bearer(&access).send().json();
        assert_eq!((&body["id"], &body["email"]), (&json!(id), &json!(null)));
    }
    // And an account's says that it is none.
    let (alice, _) = kw.signed_in("alice@example.com");
    let me = kw.get("/auth/me").bearer(&alice).send().json();
    assert_eq!(me["isAnonymous"], json!(false));
    assert_eq!(Forge::claims_of(&alice).get("anon"), None);
});

both!(p38_x18_a_guest_refreshes_and_stays_a_guest, |kw| {
    let (first, mut refresh) = kw.guest();
    let mut access = first.clone();
    for round in 1..=3 {
        kw.advance(600);
        let answer = kw.refresh(&refresh);
        assert_eq!(answer.outcome(), "fresh");
        (access, refresh) = answer.tokens();
        let claims = Forge::claims_of(&access);
        assert_eq!(
            (&claims["anon"], &claims["gen"]),
            (&json!(true), &json!(round))
        );
        assert_eq!(account_of(&access), account_of(&first));
    }
    // Also by exchange, and by signing out.
    let exchanged = kw.get(&format!("/auth/token?token={access}")).send();
    let exchanged = text(&exchanged.json(), "token");
    assert_eq!(Forge::claims_of(&exchanged)["anon"], json!(true));
    assert_eq!(
        kw.post("/auth/logout").bearer(&exchanged).send().status,
        204
    );
    assert_eq!(kw.me(&exchanged), 401);
});

// Nobody can sign in as a guest again, so the session lives as long as the guest is kept:
// thirty days without use, and however long with it.
both!(
    p38_a_guest_who_is_there_every_month_stays,
    &[("KEYWARD_GUEST_TTL", "30d")],
    |kw| {
        let (access, mut refresh) = kw.guest();
        for _ in 0..12 {
            kw.advance(29 * 86_400);
            let answer = kw.refresh(&refresh);
            assert_eq!(answer.outcome(), "fresh");
            refresh = answer.tokens().1;
        }
        kw.advance(30 * 86_400);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(kw.generation_of(&access), 12);
    }
);

both!(p21_whoever_begins_again_is_another_guest, |kw| {
    let (one, _) = kw.guest();
    let (other, _) = kw.guest();
    // With the tokens of the first beside it, too.
    let third = kw.post("/auth/anonymous").bearer(&one).send().tokens().0;
    let ids = [&one, &other, &third].map(|access| account_of(access));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    for access in [&one, &other, &third] {
        assert_eq!(kw.me(access), 200);
    }
});

both!(a8_nobody_says_of_themselves_what_they_are, |kw| {
    for body in [
        json!({ "is_anonymous": false }),
        json!({ "isAnonymous": false }),
        json!({ "id": "019b76da-a800-7f66-8000-000000000000" }),
        json!({ "email": "alice@example.com" }),
        json!({ "mode": "session" }),
        json!({ "mode": true }),
    ] {
        let answer = kw.post("/auth/anonymous").json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.count("accounts"), 0);
    kw.account("alice@example.com");
    let body = json!({ "email": "alice@example.com", "password": crate::support::PASSWORD,
        "is_anonymous": true, "anon": true });
    let (access, _) = kw.post("/auth/login").json(&body).send().tokens();
    assert_eq!(Forge::claims_of(&access).get("anon"), None);
});

#[test]
fn p05_guests_are_let_in_where_the_operator_says_so() {
    let public = ("KEYWARD_PUBLIC_URL", "https://id.example.com");
    for (settings, status) in [
        (vec![public], 403),
        (vec![public, ("KEYWARD_GUESTS", "off")], 403),
        (vec![public, ("KEYWARD_GUESTS", "on")], 200),
        // Test mode.
        (vec![], 200),
        (vec![("KEYWARD_GUESTS", "off")], 403),
    ] {
        let kw = TestKeyward::with(&settings);
        let answer = kw.post("/auth/anonymous").send();
        assert_eq!(answer.status, status, "{settings:?}: {answer:?}");
        if status == 403 {
            answer.refused(403, "FORBIDDEN");
            assert!(answer.body.contains("KEYWARD_GUESTS=on"), "{answer:?}");
            assert_eq!((kw.count("accounts"), kw.count("limits")), (0, 0));
        }
    }
}

// Who came while it was on stays until they go.
both!(p05_guests_stay_where_it_is_switched_off, |kw| {
    let (access, refresh) = kw.guest();
    let off = kw.replica_with(&[("KEYWARD_GUESTS", "off")]);
    assert_eq!(off.post("/auth/anonymous").send().status, 403);
    assert_eq!((off.me(&access), off.refresh(&refresh).status), (200, 200));
});

both!(p05_a_guest_who_can_not_be_written_down_is_none, |kw| {
    use crate::support::Fault;
    for table in ["accounts", "sessions"] {
        for fault in [Fault::ChangesNothing, Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, "INSERT", table);
            let answer = kw.guest_at(OUTSIDE);
            assert!(matches!(answer.status, 500 | 503), "{answer:?}");
            assert!(!answer.body.contains("eyJ"), "{answer:?}");
            kw.mend();
            let rows = ["accounts", "sessions", "limits"].map(|table| kw.count(table));
            assert_eq!(rows, [0, 0, 0], "{table} {fault:?}");
        }
    }
    assert_eq!(kw.guest_at(OUTSIDE).status, 200);
});
