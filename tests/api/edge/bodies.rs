//! Bodies as clients of today send them (field log of clients, 7, 11, 20, 21, 27b), on the
//! faces that read one, and what is wrong with a body told by its own cause.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, PASSWORD, TestKeyward};

const ALICE: &str = "alice@example.com";
const FACES: [(&str, &str); 2] = [("/auth/login", "email"), ("/v1/api/auth/token", "username")];

fn right(name: &str) -> String {
    format!(r#"{{"{name}":"{ALICE}","password":"{PASSWORD}"}}"#)
}

both!(clients_07_null_is_absent_on_both_faces, |kw| {
    kw.account(ALICE);
    for (path, name) in FACES {
        let body = json!({ name: ALICE, "password": PASSWORD, "otp": null });
        assert_eq!(kw.post(path).json(&body).send().status, 200, "{path}");
        let body = json!({ name: ALICE, "password": PASSWORD, "otp": "" });
        assert_eq!(kw.post(path).json(&body).send().status, 400, "{path}");
        let body = json!({ name: null, "password": PASSWORD });
        assert_eq!(kw.post(path).json(&body).send().status, 400, "{path}");
    }
    let body = json!({ "email": ALICE, "password": PASSWORD, "mode": null });
    kw.post("/auth/login").json(&body).send().tokens();
    kw.add("bob@example.com", Some("bob"), false);
    let body = json!({ "email": null, "username": "bob", "password": PASSWORD });
    kw.post("/auth/login").json(&body).send().tokens();
    let body = json!({ "email": null, "username": null, "password": PASSWORD });
    let answer = kw.post("/auth/login").json(&body).send();
    answer.refused(400, "INVALID_PAYLOAD");
});

both!(clients_07_null_and_empty_mean_the_cookie, |kw| {
    let (access, mut token) = kw.signed_in_by_cookie(ALICE);
    for body in [
        json!({ "refresh_token": null }),
        json!({ "refresh_token": "" }),
        json!({ "refresh_token": null, "mode": null }),
        json!({ "refresh_token": "", "mode": "cookie" }),
    ] {
        let answer = kw.post("/auth/refresh").cookie(&token).json(&body).send();
        assert_eq!(answer.status, 200, "{body} {answer:?}");
        token = answer.cookie().unwrap();
        // Without a cookie there is no token at all.
        let without = kw.post("/auth/refresh").json(&body).send();
        without.refused(400, "INVALID_PAYLOAD");
        let without = kw.post("/auth/logout").json(&body).send();
        without.refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(kw.me(&access), 200);
    let body = json!({ "refresh_token": null, "mode": null });
    let out = kw.post("/auth/logout").cookie(&token).json(&body).send();
    assert_eq!(out.status, 204, "{out:?}");
    assert_eq!(out.cookie().as_deref(), Some(""));
    assert_eq!(kw.me(&access), 401);
});

both!(
    clients_07_a_null_code_is_none_where_it_may_be_left_out,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        let [old, new] = [PASSWORD, "another battery staple"];
        let body = json!({ "currentPassword": old, "newPassword": new, "otp": null });
        let change = kw.post("/auth/password/change").bearer(&access);
        change.json(&body).send().tokens();
        // A password is needed wherever one is asked for.
        let (access, _) = kw.sign_in(ALICE, new).tokens();
        let begin = kw.post("/auth/mfa/totp").bearer(&access);
        let null = begin.json(&json!({ "password": null })).send();
        null.refused(400, "INVALID_PAYLOAD");
    }
);

both!(clients_11_20_27b_what_a_reader_of_json_swallows, |kw| {
    kw.account(ALICE);
    let plain = "application/json";
    for (path, name) in FACES {
        let marked = [b"\xef\xbb\xbf", right(name).as_bytes()].concat();
        let answer = kw.post(path).body(plain, marked).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        for charset in ["utf8", "UTF-8", "us-ascii", "\"utf8\"", "ASCII"] {
            let declared = format!("{plain}; charset={charset}");
            let answer = kw.post(path).body(&declared, right(name)).send();
            assert_eq!(answer.status, 200, "{charset} {answer:?}");
        }
        let encoded = |encoding: &str| {
            let ask = kw.post(path).header("content-encoding", encoding);
            ask.body(plain, right(name)).send().status
        };
        assert_eq!([encoded("identity"), encoded("Identity")], [200, 200]);
        assert_eq!([encoded("gzip"), encoded("identity, br")], [415, 415]);
        for charset in ["iso-8859-1", "utf-16", "windows-1252"] {
            let declared = format!("{plain}; charset={charset}");
            let answer = kw.post(path).body(&declared, right(name)).send();
            assert_eq!(answer.status, 415, "{charset} {answer:?}");
            assert!(answer.body.contains("another charset"), "{answer:?}");
        }
    }
});

/// The one place of an answer that has words, on each face.
fn words(answer: &Answer) -> String {
    let body: Value = answer.json();
    let said = &body["errors"][0]["message"];
    said.as_str()
        .or(body["message"].as_str())
        .unwrap_or_default()
        .to_owned()
}

both!(clients_21_each_cause_is_told, |kw| {
    kw.account(ALICE);
    let before = kw.state();
    let deep = format!(r#"{{"email":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    let cases: [(&[u8], &str); 8] = [
        (
            br#"{"email":"a@b.example","password":"x","email":"a@b.example"}"#,
            "has a name twice: \"email\"",
        ),
        (
            br#"{"email":1,"p\u0061ssword":1,"password":1}"#,
            "has a name twice: \"password\"",
        ),
        (
            b"{\"email\":\"a@b.example\",\"password\":\"h\xe9\"}",
            "is not UTF-8 at byte 37",
        ),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8 at byte 1"),
        (
            br#"{"email":"\ud800","password":"x"}"#,
            "half of a surrogate pair",
        ),
        (deep.as_bytes(), "is nested deeper than 32 levels"),
        (br#"{"email":"a@b.example""#, "it ends too early"),
        (br#"{"email":NaN}"#, "is not valid JSON at line 1 column 10"),
    ];
    for (path, _) in FACES {
        for (body, why) in cases {
            let answer = kw.post(path).body("application/json", body).send();
            assert_eq!(answer.status, 400, "{answer:?}");
            assert!(words(&answer).contains(why), "{why}: {answer:?}");
            // Nothing of a value comes back.
            assert!(!answer.body.contains("a@b.example"), "{answer:?}");
        }
    }
    assert_eq!(kw.state(), before);
});

both!(clients_21_an_unknown_member_is_named, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let change = |name: &str| {
        let body = json!({ name: PASSWORD, "newPassword": "another battery staple" });
        let ask: Ask = kw.post("/auth/password/change").bearer(&access);
        ask.json(&body).send()
    };
    let answer = change("current_password");
    answer.refused(400, "INVALID_PAYLOAD");
    let why = "\"current_password\" is not a field of this body";
    assert!(words(&answer).contains(why), "{answer:?}");
    // A name that is no word is not repeated.
    let odd = "<script>\u{202e}";
    let answer = change(odd);
    answer.refused(400, "INVALID_PAYLOAD");
    assert!(!answer.body.contains("script"), "{answer:?}");
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

#[test]
fn clients_21_the_support_of_these_tests_reads_both_faces() {
    let kw = TestKeyward::new();
    for (path, _) in FACES {
        assert_ne!(words(&kw.post(path).send()), "");
    }
}
