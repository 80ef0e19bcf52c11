//! `DELETE /auth/me`: an account and everything personal of it is deleted, in one
//! transaction; its tokens die within a second (J23, "deleted"). No row asks for it but J23:
//! people do.

use std::collections::BTreeSet;

use keyward::service::accounts::delete_own_account;
use keyward::service::upkeep::purge;
use serde_json::{Value, json};

use crate::support::{Answer, Fault, PASSWORD, TestKeyward, WRONG, account_of, actor, text};

const ALICE: &str = "alice@example.com";

/// Every table that holds rows of accounts, with the column that says whose.
const TABLES: [(&str, &str); 13] = [
    ("accounts", "id"),
    ("credentials", "account_id"),
    ("sessions", "account_id"),
    ("factors", "account_id"),
    ("recovery_codes", "account_id"),
    ("account_roles", "account_id"),
    ("login_attempts", "account_id"),
    ("emails", "account_id"),
    ("phones", "account_id"),
    ("profiles", "account_id"),
    ("memberships", "account_id"),
    ("one_time_codes", "account_id"),
    ("outbox", "account_id"),
];

impl TestKeyward {
    fn leave(&self, access: &str, body: &Value) -> Answer {
        self.delete("/auth/me").bearer(access).json(body).send()
    }

    /// How many rows of these tables are the account's.
    fn rows_of(&self, account: keyward::domain::id::AccountId) -> Vec<i64> {
        let count = |(table, column): &(&str, &str)| {
            self.count(&format!("{table} WHERE {column} = '{account}'"))
        };
        TABLES.iter().map(count).collect()
    }

    fn addresses(&self) -> i64 {
        self.count("audit_events WHERE address IS NOT NULL OR session_id IS NOT NULL AND user_agent IS NOT NULL")
    }
}

fn password() -> Value {
    json!({ "password": PASSWORD })
}

both!(
    j23_a_deleted_account_is_gone_with_all_that_is_personal,
    |kw| {
        let (_, _, factor) = kw.with_factor(ALICE);
        let by_code = kw.login_with(ALICE, factor.recovery[0].clone());
        let (access, refresh) = by_code.tokens();
        let alice = account_of(&access);
        kw.define_role("editor", &["write"]);
        kw.kw
            .store
            .write(move |tx| {
                let now = keyward::support::clock::Timestamp::from_millis(1);
                keyward::store::roles::grant(tx, alice, "editor", now)
            })
            .unwrap();
        let body = json!({ "company": "Example", "phones": ["+44 1865 270000"] });
        let edited = kw
            .ask("PATCH", "/auth/me")
            .bearer(&access)
            .json(&body)
            .send();
        assert_eq!(edited.status, 200, "{edited:?}");
        let body = json!({ "email": ALICE });
        assert_eq!(
            kw.post("/auth/password/request").json(&body).send().status,
            204
        );
        let acme = json!({ "name": "Acme" });
        let made = kw.post("/auth/organizations").bearer(&access).json(&acme);
        assert_eq!(made.send().status, 201);
        kw.exhaust(ALICE);
        assert!(kw.rows_of(alice).iter().all(|rows| *rows > 0));
        assert!(kw.addresses() > 0);
        let before = kw.audit(alice);
        let (bob, bob_refresh) = kw.signed_in("bob@example.com");
        let bobs = kw.audit(account_of(&bob)).len();
        let others = (kw.rows_of(account_of(&bob)), kw.count("roles"));

        let body = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
        let answer = kw.leave(&access, &body);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (204, ""),
            "{answer:?}"
        );
        assert_eq!(kw.rows_of(alice), [0; 13]);
        // What and when is remembered, by the id alone.
        let mut after = kw.audit(alice);
        assert_eq!(after.pop().unwrap(), "account_deleted");
        assert_eq!(after, before);
        let personal = format!(
            "audit_events WHERE account_id = '{alice}' AND \
         (address IS NOT NULL OR user_agent IS NOT NULL)"
        );
        assert_eq!(kw.count(&personal), 0);
        // Nothing of it is good for anything.
        kw.get("/auth/me")
            .bearer(&access)
            .send()
            .refused(401, "INVALID_TOKEN");
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        let exchange = kw.get(&format!("/auth/token?token={access}")).send();
        exchange.refused(401, "INVALID_TOKEN");
        kw.leave(&access, &body).refused(401, "INVALID_TOKEN");
        kw.login_without(ALICE).refused(401, "INVALID_CREDENTIALS");
        // Nobody else lost anything, not even an address in the log.
        assert_eq!((kw.rows_of(account_of(&bob)), kw.count("roles")), others);
        assert_eq!(kw.audit(account_of(&bob)).len(), bobs);
        assert!(kw.addresses() > 0);
        assert_eq!((kw.me(&bob), kw.refresh(&bob_refresh).status), (200, 200));
        // The address is free again, and the new account is another one.
        let again = kw.account(ALICE);
        assert_ne!(again, alice);
        assert_eq!(
            kw.login(ALICE).get("access_token").map(Value::is_string),
            Some(true)
        );
        assert_eq!(kw.me(&access), 401);
    }
);

both!(j23_the_tokens_of_a_deleted_account_die_everywhere, |kw| {
    let (access, refresh) = kw.signed_in(ALICE);
    let oisp = kw.oisp_login(ALICE);
    let replica = kw.replica();
    assert_eq!((replica.me(&access), replica.me(&oisp)), (200, 200));
    assert_eq!(kw.leave(&access, &password()).status, 204);
    // Here at once; there once the tail has read, five times a second. What asks the
    // database knows it already, and says so in words and not by a defect.
    let replies = [
        replica.get("/auth/me").bearer(&access).send(),
        replica.delete("/auth/sessions").bearer(&access).send(),
        replica.change_password(&access, PASSWORD, "another good one"),
        replica.leave(&access, &password()),
        replica.begin_enrolment(&access),
        replica.get("/auth/me/export").bearer(&access).send(),
    ];
    for answer in replies {
        answer.refused(401, "INVALID_TOKEN");
    }
    replica.catch_up();
    for each in [kw, &replica] {
        for token in [&access, &oisp] {
            for path in ["/auth/verify", "/auth/me", "/v1/api/auth/tokenInfo"] {
                assert_eq!(each.get(path).bearer(token).send().status, 401, "{path}");
            }
        }
        each.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    }
    // A process that starts now reads it, and nothing forgets it while a token lives.
    kw.advance(800);
    purge::purge(&kw.kw, kw.kw.clock.now()).unwrap();
    assert_eq!((kw.replica().me(&access), kw.me(&access)), (401, 401));
});

both!(j23_leaving_is_proved_as_a_change_of_password_is, |kw| {
    let (access, refresh, factor) = kw.with_factor(ALICE);
    let before = kw.state();
    let code = kw.code(&factor.secret, 0);
    for (body, status, word) in [
        (json!({}), 400, "INVALID_PAYLOAD"),
        (json!({ "password": "" }), 400, "INVALID_PAYLOAD"),
        (json!({ "password": 5 }), 400, "INVALID_PAYLOAD"),
        (json!({ "password": PASSWORD }), 400, "INVALID_PAYLOAD"),
        (
            json!({ "password": PASSWORD, "sure": true }),
            400,
            "INVALID_PAYLOAD",
        ),
        (json!({ "otp": code }), 400, "INVALID_PAYLOAD"),
        (
            json!({ "password": WRONG, "otp": code }),
            403,
            "WRONG_PASSWORD",
        ),
        (
            json!({ "password": PASSWORD, "otp": "000000" }),
            403,
            "INVALID_OTP",
        ),
        (
            json!({ "password": PASSWORD, "otp": "abc" }),
            403,
            "INVALID_OTP",
        ),
    ] {
        kw.leave(&access, &body).refused(status, word);
        assert_eq!(kw.state(), before, "{body}");
    }
    // Five guesses of one session, and the right one is not looked at any more.
    for _ in 0..3 {
        let body = json!({ "password": WRONG, "otp": code });
        kw.leave(&access, &body).refused(403, "WRONG_PASSWORD");
    }
    let body = json!({ "password": PASSWORD, "otp": code });
    kw.leave(&access, &body).refused(429, "REQUESTS_EXCEEDED");
    assert_eq!((kw.state(), kw.me(&access)), (before, 200));
    // Another session is not the guesser's: it may.
    let own = kw.refresh(&refresh).status;
    assert_eq!(own, 200);
    let (other, _) = kw.login_with(ALICE, factor.recovery[0].clone()).tokens();
    let body = json!({ "password": PASSWORD, "otp": factor.recovery[1] });
    assert_eq!(kw.leave(&other, &body).status, 204);
});

both!(j23_nobody_leaves_by_a_cookie_alone, |kw| {
    let (access, cookie) = kw.signed_in_by_cookie(ALICE);
    let ask = kw.delete("/auth/me").cookie(&cookie).json(&password());
    ask.send().refused(401, "INVALID_CREDENTIALS");
    let alice = account_of(&access);
    let ask = kw.delete("/auth/me").bearer(&access).cookie(&cookie);
    let answer = ask.device("mark").json(&password()).send();
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(answer.cookie(), Some(String::new()), "{answer:?}");
    assert_eq!(answer.device(), Some(String::new()), "{answer:?}");
    assert_eq!(kw.rows_of(alice), [0; 13]);
    // Another's cookie in the same browser stays.
    let (_, bobs) = kw.signed_in_by_cookie("bob@example.com");
    let (carol, _) = kw.signed_in("carol@example.com");
    let ask = kw.delete("/auth/me").bearer(&carol).cookie(&bobs);
    let answer = ask.json(&password()).send();
    assert_eq!((answer.status, answer.set_cookies().len()), (204, 0));
    assert_eq!(kw.post("/auth/refresh").cookie(&bobs).send().status, 200);
});

both!(p05_a_guest_leaves_by_the_token_alone, |kw| {
    for path in ["/auth/me", "/users/me"] {
        let (access, refresh) = kw.guest();
        let answer = kw.delete(path).bearer(&access).send();
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(kw.rows_of(account_of(&access)), [0; 13]);
        assert_eq!(kw.me(&access), 401);
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    }
});

// The original asks for the token alone. Here the password is needed, and said.
both!(d41_directus_deletes_its_own_user_by_the_password, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let before = kw.state();
    let answer = kw.delete("/users/me").bearer(&access).send();
    answer.refused(400, "INVALID_PAYLOAD");
    let reason = &answer.json()["errors"][0]["extensions"]["reason"];
    assert_eq!(reason, "\"password\" is required");
    assert_eq!(kw.state(), before);
    let ask = kw.delete("/users/me").bearer(&access).json(&password());
    assert_eq!(ask.send().status, 204);
    assert_eq!(kw.rows_of(account_of(&access)), [0; 13]);
});

both!(j23_the_only_administrator_stays, |kw| {
    let root = kw.add("root@example.com", None, true);
    let access = text(&kw.login("root@example.com"), "access_token");
    let before = (kw.state(), kw.counters());
    let answer = kw.leave(&access, &password());
    answer.refused(409, "CONFLICT");
    assert!(answer.body.contains("only administrator"), "{answer:?}");
    assert!(delete_own_account::delete(&kw.kw, root).is_err());
    assert_eq!(
        (kw.state(), kw.counters()),
        before,
        "and nothing is counted"
    );
    // A disabled one administers nothing.
    let other = kw.add("other@example.com", None, true);
    keyward::service::accounts::administer::set_enabled(&kw.kw, other, false).unwrap();
    kw.leave(&access, &password()).refused(409, "CONFLICT");
    keyward::service::accounts::administer::set_enabled(&kw.kw, other, true).unwrap();
    assert_eq!(kw.leave(&access, &password()).status, 204);
    assert!(delete_own_account::delete(&kw.kw, other).is_err());
});

// Both would find the other one there.
both!(
    j23_of_two_administrators_who_leave_at_once_one_stays,
    |kw| {
        for round in 0..5 {
            let emails = [0, 1].map(|number| format!("root{round}.{number}@example.com"));
            let ids = emails.each_ref().map(|email| kw.add(email, None, true));
            if round > 0 {
                kw.sql("DELETE FROM accounts WHERE email NOT LIKE 'root%.%'");
            }
            let asks = emails.iter().map(|email| {
                let access = text(&kw.login(email), "access_token");
                kw.delete("/auth/me").bearer(&access).json(&password())
            });
            let answers = kw.all(asks.collect());
            let mut statuses: Vec<u16> = answers.iter().map(|it| it.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "{answers:?}");
            let left = ids.iter().filter(|id| kw.is_there(**id)).count();
            assert_eq!(left, 1);
            kw.sql("DELETE FROM accounts");
        }
    }
);

// J25: the session ended while the password was compared.
both!(j25_a_session_that_has_ended_deletes_nothing, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let actor = actor(&kw.kw, &access);
    kw.post("/auth/logout").bearer(&access).send();
    let before = kw.state();
    let (seat, _waiting) = kw
        .kw
        .lane
        .seat_for(keyward::lanes::fair_queue::Asker {
            household: None,
            trust: keyward::lanes::fair_queue::Trust::Known,
        })
        .ok()
        .unwrap();
    let proof = delete_own_account::PasswordAndCode {
        password: keyward::domain::password::Password::parse(PASSWORD).unwrap(),
        otp: None,
    };
    let refused = delete_own_account::leave(&kw.kw, &seat, &actor, &proof).unwrap_err();
    assert_eq!(refused.code.as_str(), "INVALID_TOKEN");
    assert_eq!(kw.state(), before);
});

/// Every statement of the deletion, and each table that the database empties with it.
const STATEMENTS: [(&str, &str); 12] = [
    ("UPDATE", "accounts"),
    ("UPDATE", "sessions"),
    ("UPDATE", "audit_events"),
    ("DELETE", "limits"),
    ("DELETE", "accounts"),
    ("DELETE", "credentials"),
    ("DELETE", "sessions"),
    ("DELETE", "factors"),
    ("DELETE", "recovery_codes"),
    ("DELETE", "login_attempts"),
    ("INSERT", "audit_events"),
    ("INSERT", "revocations"),
];

both!(j23_a_deletion_that_is_not_committed_leaves_all, |kw| {
    let (access, refresh, factor) = kw.with_factor(ALICE);
    let alice = account_of(&access);
    kw.exhaust(ALICE);
    let mut codes = factor.recovery.into_iter();
    let state = |kw: &TestKeyward| {
        (
            kw.state(),
            kw.rows_of(alice),
            kw.audit(alice),
            kw.addresses(),
        )
    };
    let before = state(kw);
    // The sign-in of each round is another session: guesses are a session's own.
    for (verb, table) in STATEMENTS {
        for fault in [Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, verb, table);
            let otp = kw.code(&factor.secret, 0);
            let body = json!({ "password": PASSWORD, "otp": otp });
            let answer = kw.leave(&access, &body);
            kw.mend();
            assert_eq!(answer.status, 503, "{verb} {table} {fault:?} {answer:?}");
            assert_eq!(state(kw), before, "{verb} {table} {fault:?}");
            assert_eq!(kw.me(&access), 200, "{verb} {table} {fault:?}");
            kw.sql("UPDATE limits SET failures = 0, next_at = 0 WHERE failures < 5");
        }
    }
    for (verb, table) in [
        ("DELETE", "accounts"),
        ("UPDATE", "audit_events"),
        ("INSERT", "audit_events"),
    ] {
        kw.inject(Fault::ChangesNothing, verb, table);
        let body = json!({ "password": PASSWORD, "otp": kw.code(&factor.secret, 0) });
        let answer = kw.leave(&access, &body);
        kw.mend();
        answer.refused(500, "INTERNAL_SERVER_ERROR");
        assert_eq!(state(kw), before, "{verb} {table}");
        kw.sql("UPDATE limits SET failures = 0, next_at = 0 WHERE failures < 5");
    }
    assert_eq!(kw.refresh(&refresh).status, 200);
    let body = json!({ "password": PASSWORD, "otp": codes.next().unwrap() });
    assert_eq!(kw.leave(&access, &body).status, 204);
    assert_eq!(kw.rows_of(alice), [0; 13]);
});

// A table to come goes with its accounts as well, or nobody could leave.
both!(j23_every_table_of_accounts_goes_with_them, |kw| {
    let (holding, going) = if kw.kw.store.url().is_sqlite() {
        (
            "SELECT m.name AS line FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             ON c.name = 'account_id' WHERE m.type = 'table'",
            "SELECT m.name AS line FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
             ON f.\"table\" = 'accounts' AND f.on_delete = 'CASCADE' WHERE m.type = 'table'",
        )
    } else {
        (
            "SELECT table_name::text AS line FROM information_schema.columns \
             WHERE column_name = 'account_id' AND table_schema = 'public'",
            "SELECT conrelid::regclass::text AS line FROM pg_constraint \
             WHERE confrelid = 'accounts'::regclass AND confdeltype = 'c'",
        )
    };
    let holding: BTreeSet<String> = kw.rows(holding).into_iter().collect();
    let mut going: BTreeSet<String> = kw.rows(going).into_iter().collect();
    // What happened is remembered, by the id alone.
    going.insert("audit_events".to_owned());
    assert_eq!(
        holding, going,
        "account_id … REFERENCES accounts (id) ON DELETE CASCADE"
    );
});

both!(p05_a_guest_may_take_everything_along, |kw| {
    let (access, _) = kw.guest();
    let body = kw.get("/auth/me/export").bearer(&access).send().json();
    assert_eq!(body["account"]["isAnonymous"], json!(true));
    assert_eq!(body["password"], json!(null));
    assert_eq!(body["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(body["secondFactor"]["active"], json!(null));
});
