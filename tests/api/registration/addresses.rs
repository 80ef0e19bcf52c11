//! Further addresses of one's own: added, made the primary one, removed, and all of it undone.

use keyward::domain::mail_letter::LetterPurpose;
use serde_json::{Value, json};

use super::{ALICE, OPEN, OTHER, alice, code_to, done, register};
use crate::support::{Answer, PASSWORD, TestKeyward, WRONG, text};

pub(super) const MORE: &str = "alice@more.example";
pub(super) const THIRD: &str = "alice@third.example";
const BOB: &str = "bob@example.com";

fn proof() -> Value {
    json!({ "password": PASSWORD })
}

pub(super) fn add(kw: &TestKeyward, access: &str, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    kw.post("/auth/me/emails").bearer(access).json(&body).send()
}

pub(super) fn confirm(kw: &TestKeyward, code: &str) -> Answer {
    let body = json!({ "token": code });
    kw.post("/auth/me/emails/confirm").json(&body).send()
}

/// Added and proven.
#[track_caller]
pub(super) fn has(kw: &TestKeyward, access: &str, email: &str) {
    let asked = add(kw, access, email);
    assert_eq!(asked.status, 202, "{asked:?}");
    let proven = confirm(kw, &code_to(kw, email));
    assert_eq!(proven.status, 204, "{proven:?}");
}

pub(super) fn remove(kw: &TestKeyward, access: &str, email: &str) -> Answer {
    let path = format!("/auth/me/emails/{email}");
    kw.delete(&path).bearer(access).json(&proof()).send()
}

pub(super) fn make_primary(kw: &TestKeyward, access: &str, email: &str) -> Answer {
    let path = format!("/auth/me/emails/{email}/primary");
    kw.post(&path).bearer(access).json(&proof()).send()
}

pub(super) fn undo(kw: &TestKeyward, code: &str) -> Answer {
    let body = json!({ "token": code });
    kw.post("/auth/email/change/cancel").json(&body).send()
}

/// Undone by whoever reads this address. The password is dead, and they are mailed a code to choose
/// another one.
pub(super) fn undone(kw: &TestKeyward, code: &str, reader: &str) {
    assert_eq!(undo(kw, code).status, 204);
    kw.sign_in(reader, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    let choose = json!({ "token": code_to(kw, reader), "password": PASSWORD });
    done(kw, "/auth/password/reset", &choose);
}

pub(super) fn signed_in(kw: &TestKeyward, email: &str) -> String {
    kw.sign_in(email, PASSWORD).tokens().0
}

/// The addresses, as `/auth/me` shows them: `*` is the primary one, `?` one that is not proven.
pub(super) fn emails(kw: &TestKeyward, access: &str) -> Vec<String> {
    let me = kw.get("/auth/me").bearer(access).send().json();
    let list = me["emails"].as_array().unwrap().iter().map(|it| {
        let mark = match (&it["primary"], &it["verified"]) {
            (Value::Bool(true), Value::Bool(true)) => "*",
            (Value::Bool(true), _) => "*?",
            (_, Value::Bool(true)) => "",
            _ => "?",
        };
        format!("{mark}{}", text(it, "value"))
    });
    let list: Vec<String> = list.collect();
    let primary = list.iter().find_map(|it| it.strip_prefix('*'));
    let primary = primary.map(|it| it.trim_start_matches('?'));
    assert_eq!(me["email"].as_str(), primary, "{me}");
    list
}

#[track_caller]
pub(super) fn nobody(kw: &TestKeyward, email: &str) {
    kw.sign_in(email, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
}

both!(
    a_further_address_counts_once_it_is_proven_and_the_primary_one_is_told,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        let asked = add(kw, &access, MORE);
        assert_eq!(asked.status, 202, "{asked:?}");
        assert_eq!(asked.body, r#"{"status":"verification_mailed"}"#);
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
        nobody(kw, MORE);
        let code = code_to(kw, MORE);
        // Another purpose's code it is not (L7).
        for path in ["/auth/email/verify", "/auth/email/change/confirm"] {
            let answer = kw.post(path).json(&json!({ "token": code })).send();
            answer.refused(400, "INVALID_CODE");
        }
        assert_eq!(confirm(kw, &code).status, 204);
        assert_eq!(emails(kw, &access), [format!("*{ALICE}"), MORE.to_owned()]);
        signed_in(kw, MORE);
        confirm(kw, &code).refused(400, "INVALID_CODE");
        let told = kw.last_mail_to(ALICE);
        assert_eq!(told.purpose, LetterPurpose::AddressAdded);
        assert!(told.text.contains(MORE), "{}", told.text);
        // A password is forgotten by it.
        done(kw, "/auth/password/request", &json!({ "email": MORE }));
        let choice = json!({ "token": code_to(kw, MORE), "password": OTHER });
        done(kw, "/auth/password/reset", &choice);
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(
    l15_whoever_reads_the_primary_address_takes_an_added_one_back,
    OPEN,
    |kw| {
        alice(kw);
        let thief = signed_in(kw, ALICE);
        has(kw, &thief, MORE);
        let back = code_to(kw, ALICE);
        kw.advance(60);
        // What else the thief does with it, and after it, goes with it.
        let thief = signed_in(kw, MORE);
        has(kw, &thief, THIRD);
        assert_eq!(make_primary(kw, &thief, THIRD).status, 204);
        kw.advance(6 * 86_400);
        undone(kw, &back, ALICE);
        assert_eq!(kw.me(&thief), 401);
        let access = signed_in(kw, ALICE);
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
        nobody(kw, MORE);
        nobody(kw, THIRD);
        undo(kw, &back).refused(400, "INVALID_CODE");
    }
);

both!(
    another_of_ones_own_becomes_the_primary_one_and_the_one_before_stays,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        has(kw, &access, MORE);
        kw.advance(60);
        assert_eq!(make_primary(kw, &access, MORE).status, 204);
        let access = signed_in(kw, MORE);
        assert_eq!(emails(kw, &access), [format!("*{MORE}"), ALICE.to_owned()]);
        let told = kw.last_mail_to(ALICE);
        assert_eq!(told.purpose, LetterPurpose::AddressChanged);
        signed_in(kw, ALICE);
        // Once more is nothing more.
        let mails = kw.mails().len();
        assert_eq!(make_primary(kw, &access, MORE).status, 204);
        assert_eq!(kw.mails().len(), mails);
        // Undone, both are as they were.
        undone(kw, &code_to(kw, ALICE), ALICE);
        assert_eq!(kw.me(&access), 401);
        let access = signed_in(kw, MORE);
        assert_eq!(emails(kw, &access), [format!("*{ALICE}"), MORE.to_owned()]);
    }
);

both!(
    l15_a_removed_address_is_told_and_comes_back_by_its_reader,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        has(kw, &access, MORE);
        // Whoever brought it was not taken for a thief.
        kw.advance(7 * 86_400);
        let access = signed_in(kw, ALICE);
        done(kw, "/auth/password/request", &json!({ "email": MORE }));
        let reset = code_to(kw, MORE);
        let gone = remove(kw, &access, MORE);
        assert_eq!((gone.status, gone.body.as_str()), (204, ""), "{gone:?}");
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
        nobody(kw, MORE);
        // What was mailed to it before opens nothing.
        let choice = json!({ "token": reset, "password": OTHER });
        let answer = kw.post("/auth/password/reset").json(&choice).send();
        answer.refused(400, "INVALID_CODE");
        for to in [ALICE, MORE] {
            let told = kw.last_mail_to(to);
            assert_eq!(told.purpose, LetterPurpose::AddressRemoved, "{to}");
            assert!(told.text.contains(MORE), "{}", told.text);
        }
        assert_eq!(kw.last_mail_to(ALICE).links(), [""; 0]);
        let code = code_to(kw, MORE);
        kw.advance(6 * 86_400);
        undone(kw, &code, MORE);
        assert_eq!(kw.me(&access), 401);
        let access = signed_in(kw, MORE);
        assert_eq!(emails(kw, &access), [format!("*{ALICE}"), MORE.to_owned()]);
    }
);

both!(the_last_ways_in_are_not_removed, OPEN, |kw| {
    // Whose primary address is not proven, and a further one is.
    let more = json!({ "email": ALICE, "emails": [MORE], "password": PASSWORD });
    assert_eq!(kw.post("/auth/register").json(&more).send().status, 202);
    done(
        kw,
        "/auth/email/verify",
        &json!({ "token": code_to(kw, MORE) }),
    );
    let access = signed_in(kw, ALICE);
    assert_eq!(emails(kw, &access), [format!("*?{ALICE}"), MORE.to_owned()]);
    let before = (kw.state(), kw.mails().len());
    remove(kw, &access, ALICE).refused(409, "CONFLICT");
    remove(kw, &access, MORE).refused(409, "CONFLICT");
    remove(kw, &access, "nobody@example.com").refused(404, "NOT_FOUND");
    remove(kw, &access, "no-address").refused(404, "NOT_FOUND");
    assert_eq!((kw.state(), kw.mails().len()), before);
    // Proven, it may go; the primary one may not.
    assert_eq!(make_primary(kw, &access, MORE).status, 204);
    let access = signed_in(kw, MORE);
    remove(kw, &access, MORE).refused(409, "CONFLICT");
    make_primary(kw, &access, ALICE).refused(409, "CONFLICT");
    // One that was never proven goes without a word.
    let mails = kw.mails().len();
    assert_eq!(remove(kw, &access, ALICE).status, 204);
    assert_eq!(kw.mails().len(), mails);
    assert_eq!(emails(kw, &access), [format!("*{MORE}")]);
    nobody(kw, ALICE);
});

both!(
    e12_a_further_address_of_another_is_answered_as_a_free_one,
    OPEN,
    |kw| {
        alice(kw);
        assert_eq!(register(kw, BOB, PASSWORD).status, 202);
        done(
            kw,
            "/auth/email/verify",
            &json!({ "token": code_to(kw, BOB) }),
        );
        let access = signed_in(kw, ALICE);
        let (taken, free) = (add(kw, &access, BOB), add(kw, &access, MORE));
        assert_eq!((taken.status, &taken.body), (free.status, &free.body));
        assert_eq!(kw.last_mail_to(BOB).purpose, LetterPurpose::AccountExists);
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
        // Registered by somebody meanwhile.
        let code = code_to(kw, MORE);
        assert_eq!(register(kw, MORE, OTHER).status, 202);
        confirm(kw, &code).refused(409, "CONFLICT");
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
    }
);

both!(
    m4_an_access_token_alone_does_nothing_to_addresses,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        has(kw, &access, MORE);
        let before = (kw.state(), kw.mails().len());
        let one = format!("/auth/me/emails/{MORE}");
        let routes = [
            ("POST", "/auth/me/emails".to_owned()),
            ("POST", format!("{one}/primary")),
            ("DELETE", one),
        ];
        for (method, path) in &routes {
            let body = |password: Option<&str>| {
                let mut body = json!({});
                if path == "/auth/me/emails" {
                    body["email"] = json!(THIRD);
                }
                if let Some(password) = password {
                    body["password"] = json!(password);
                }
                body
            };
            let ask = |body: &Value| kw.ask(method, path).bearer(&access).json(body).send();
            ask(&body(None)).refused(400, "INVALID_PAYLOAD");
            kw.execute("DELETE FROM limits", "DELETE FROM limits");
            ask(&body(Some(WRONG))).refused(403, "WRONG_PASSWORD");
            let mut odd = body(Some(PASSWORD));
            odd["passwort"] = json!(1);
            ask(&odd).refused(400, "INVALID_PAYLOAD");
            let nobody = kw.ask(method, path).json(&body(Some(PASSWORD))).send();
            nobody.refused(401, "INVALID_CREDENTIALS");
        }
        assert_eq!((kw.state(), kw.mails().len()), before);
        assert_eq!(
            kw.rows("SELECT mac AS line FROM one_time_codes WHERE purpose = 'add_email'"),
            [""; 0]
        );
    }
);

both!(what_can_be_no_further_address_is_refused, OPEN, |kw| {
    alice(kw);
    let access = signed_in(kw, ALICE);
    has(kw, &access, MORE);
    let mails = kw.mails().len();
    for email in [
        ALICE,
        MORE,
        "ALICE@example.com",
        "alice",
        "",
        "а@аp.example",
        "a@b\0.example",
    ] {
        add(kw, &access, email).refused(400, "INVALID_PAYLOAD");
    }
    for body in [
        json!({ "password": PASSWORD }),
        json!({ "email": 5, "password": PASSWORD }),
    ] {
        let asked = kw.post("/auth/me/emails").bearer(&access);
        asked.json(&body).send().refused(400, "INVALID_PAYLOAD");
    }
    for code in ["", "kwo1_", "x"] {
        confirm(kw, code).refused(
            400,
            if code.is_empty() {
                "INVALID_PAYLOAD"
            } else {
                "INVALID_CODE"
            },
        );
    }
    let elsewhere = json!({
        "email": THIRD, "password": PASSWORD, "verification_url": "https://evil.example/"
    });
    let asked = kw.post("/auth/me/emails").bearer(&access);
    asked
        .json(&elsewhere)
        .send()
        .refused(400, "INVALID_PAYLOAD");
    assert_eq!(kw.mails().len(), mails);
    assert_eq!(emails(kw, &access).len(), 2);
});

both!(an_account_has_nine_addresses_and_no_more, OPEN, |kw| {
    alice(kw);
    let mut access = signed_in(kw, ALICE);
    for number in 0..8 {
        has(kw, &access, &format!("a{number}@more.example"));
        // Three are told of within an hour.
        kw.advance(1300);
        access = signed_in(kw, ALICE);
    }
    assert_eq!(emails(kw, &access).len(), 9);
    add(kw, &access, THIRD).refused(409, "CONFLICT");
    // Asked for while there was room, and proven when there is none any more.
    kw.advance(3600);
    let access = signed_in(kw, ALICE);
    assert_eq!(remove(kw, &access, "a7@more.example").status, 204);
    let fourth = "alice@fourth.example";
    assert_eq!(add(kw, &access, THIRD).status, 202);
    assert_eq!(add(kw, &access, fourth).status, 202);
    assert_eq!(confirm(kw, &code_to(kw, THIRD)).status, 204);
    confirm(kw, &code_to(kw, fourth)).refused(409, "CONFLICT");
    assert_eq!(emails(kw, &access).len(), 9);
});

// A thief who uses the quota up would do the rest in silence.
both!(
    l15_what_its_owner_can_not_be_told_of_is_not_done,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        for email in [MORE, THIRD, BOB] {
            has(kw, &access, email);
        }
        let fourth = "alice@fourth.example";
        kw.advance(10);
        let before = emails(kw, &access);
        make_primary(kw, &access, MORE).refused(429, "REQUESTS_EXCEEDED");
        remove(kw, &access, MORE).refused(429, "REQUESTS_EXCEEDED");
        assert_eq!(emails(kw, &access), before);
        kw.advance(3600);
        let access = signed_in(kw, ALICE);
        has(kw, &access, fourth);
        assert_eq!(remove(kw, &access, MORE).status, 204);
    }
);

both!(
    l2_of_many_proofs_of_a_further_address_at_once_one_counts,
    OPEN,
    |kw| {
        alice(kw);
        assert_eq!(register(kw, BOB, PASSWORD).status, 202);
        let codes = [ALICE, BOB].map(|who| {
            assert_eq!(add(kw, &signed_in(kw, who), MORE).status, 202);
            code_to(kw, MORE)
        });
        let asks = (0..20).map(|number| {
            let body = json!({ "token": codes[number % 2] });
            let ask = kw.post("/auth/me/emails/confirm");
            ask.peer(&format!("203.0.113.{number}")).json(&body)
        });
        let answers = kw.all(asks.collect());
        let won = answers.iter().filter(|it| it.status == 204).count();
        assert_eq!(won, 1, "{answers:?}");
        for answer in answers.iter().filter(|it| it.status != 204) {
            assert!([400, 409, 503].contains(&answer.status), "{answer:?}");
        }
        let owners = kw.rows(&format!(
            "SELECT account_id AS line FROM emails WHERE canonical = '{MORE}'"
        ));
        assert_eq!(owners.len(), 1);
    }
);

both!(
    s9_of_those_who_remove_and_prefer_an_address_at_once_one_does,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        has(kw, &access, MORE);
        let asks = (0..12).map(|number| {
            let path = format!("/auth/me/emails/{MORE}");
            let ask = if number % 2 == 0 {
                kw.delete(&path)
            } else {
                kw.post(&format!("{path}/primary"))
            };
            ask.bearer(&access).json(&proof())
        });
        let answers = kw.all(asks.collect());
        assert!(answers.iter().any(|it| it.status == 204), "{answers:?}");
        for answer in &answers {
            let known = [204, 401, 404, 409, 429, 503];
            assert!(known.contains(&answer.status), "{answer:?}");
        }
        let list = emails(kw, &signed_in(kw, ALICE));
        let removed = [format!("*{ALICE}")];
        let preferred = [format!("*{MORE}"), ALICE.to_owned()];
        assert!(list == removed || list == preferred, "{list:?}");
    }
);

// A→B→C: whoever reads A undoes both, whoever reads B the second alone; B's is good for nothing
// after A's, and A's is still good after B's.
both!(
    l15_each_code_undoes_what_came_after_its_address,
    OPEN,
    |kw| {
        let change = |access: &str, to: &str| {
            let body = json!({ "email": to, "password": PASSWORD });
            let asked = kw.post("/auth/email/change").bearer(access);
            assert_eq!(asked.json(&body).send().status, 202);
            let token = code_to(kw, to);
            done(kw, "/auth/email/change/confirm", &json!({ "token": token }));
        };
        for a_first in [true, false] {
            let [a, b, c] = ["a", "b", "c"].map(|it| format!("{it}@{a_first}.example"));
            kw.advance(3700);
            assert_eq!(register(kw, &a, PASSWORD).status, 202);
            done(
                kw,
                "/auth/email/verify",
                &json!({ "token": code_to(kw, &a) }),
            );
            change(&signed_in(kw, &a), &b);
            let of_a = code_to(kw, &a);
            kw.advance(60);
            change(&signed_in(kw, &b), &c);
            let of_b = code_to(kw, &b);
            kw.advance(60);
            if a_first {
                undone(kw, &of_a, &a);
                undo(kw, &of_b).refused(400, "INVALID_CODE");
            } else {
                undone(kw, &of_b, &b);
                assert_eq!(emails(kw, &signed_in(kw, &b)), [format!("*{b}")]);
                nobody(kw, &a);
                nobody(kw, &c);
                undone(kw, &of_a, &a);
            }
            assert_eq!(emails(kw, &signed_in(kw, &a)), [format!("*{a}")]);
            nobody(kw, &b);
            nobody(kw, &c);
        }
    }
);

both!(
    l15_an_address_that_is_anothers_by_now_does_not_come_back,
    OPEN,
    |kw| {
        alice(kw);
        let access = signed_in(kw, ALICE);
        has(kw, &access, MORE);
        kw.advance(7 * 86_400);
        let access = signed_in(kw, ALICE);
        assert_eq!(remove(kw, &access, MORE).status, 204);
        let back = code_to(kw, MORE);
        kw.account(MORE);
        undo(kw, &back).refused(409, "CONFLICT");
        assert_eq!(emails(kw, &access), [format!("*{ALICE}")]);
    }
);

// By the code that undoes a removal, addresses would come back that the squatter reads.
both!(
    l14_what_a_squatter_did_to_addresses_is_not_undone_once_the_owner_came,
    OPEN,
    |kw| {
        assert_eq!(register(kw, ALICE, PASSWORD).status, 202);
        let squatter = signed_in(kw, ALICE);
        has(kw, &squatter, MORE);
        kw.advance(60);
        has(kw, &squatter, THIRD);
        assert_eq!(remove(kw, &squatter, MORE).status, 204);
        let back = code_to(kw, MORE);
        kw.advance(3700);
        // Whoever reads the mail of the address.
        done(kw, "/auth/password/request", &json!({ "email": ALICE }));
        let choice = json!({ "token": code_to(kw, ALICE), "password": OTHER });
        done(kw, "/auth/password/reset", &choice);
        let (owner, _) = kw.sign_in(ALICE, OTHER).tokens();
        assert_eq!(emails(kw, &owner), [format!("*{ALICE}")]);
        undo(kw, &back).refused(400, "INVALID_CODE");
        assert_eq!(emails(kw, &owner), [format!("*{ALICE}")]);
        nobody(kw, MORE);
        nobody(kw, THIRD);
    }
);
