//! What a change of credentials does to sessions: the others end, on every replica, and
//! no token from before a second factor becomes more than it was.

use keyward::domain::session::EndReason;
use keyward::service::accounts::administer;
use serde_json::{Value, json};

use crate::support::{Factor, Forge, PASSWORD, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";

both!(
    r8_attack_m6_a_change_of_credentials_ends_every_session,
    |kw| {
        type Change = fn(&TestKeyward, &str, &Factor) -> u16;
        let on: Change = |kw, access, _| {
            kw.enrol(access);
            200
        };
        let password: Change = |kw, access, factor| {
            let otp = factor.recovery[9].as_str();
            let mut body =
                json!({ "currentPassword": PASSWORD, "newPassword": "another long passphrase" });
            if !otp.is_empty() {
                body["otp"] = json!(otp);
            }
            let ask = kw.post("/auth/password/change").bearer(access);
            ask.json(&body).send().status
        };
        let off: Change = |kw, access, factor| {
            let body = json!({ "password": PASSWORD, "otp": factor.recovery[9] });
            let ask = kw.delete("/auth/mfa/totp").bearer(access);
            ask.json(&body).send().status
        };
        let off_in_directus: Change = |kw, access, factor| {
            let body = json!({ "otp": factor.recovery[9] });
            let ask = kw.post("/users/me/tfa/disable").bearer(access);
            ask.json(&body).send().status
        };
        for (name, with_factor, wanted, change) in [
            ("enable", false, 200, on),
            ("password", false, 200, password),
            ("password", true, 200, password),
            ("disable", true, 200, off),
            ("disable in Directus", true, 204, off_in_directus),
        ] {
            let email = format!("{}.{with_factor}@example.com", name.replace(' ', "."));
            let (access, refresh) = kw.signed_in(&email);
            let factor = if with_factor {
                kw.enrol(&access)
            } else {
                Factor {
                    secret: String::new(),
                    recovery: vec![String::new(); 10],
                    access: String::new(),
                    refresh: String::new(),
                }
            };
            let (access, refresh) = if with_factor {
                (factor.access.clone(), factor.refresh.clone())
            } else {
                (access, refresh)
            };
            let sign_in = |number: usize| {
                let otp = &factor.recovery[number];
                let login = if with_factor {
                    kw.login_with(&email, otp.as_str())
                } else {
                    kw.login_without(&email)
                };
                login.tokens()
            };
            let (first, first_refresh) = sign_in(0);
            let (second, second_refresh) = sign_in(1);
            let (bystander, _) = kw.signed_in(&format!("not.{email}"));
            let replica = kw.replica();
            assert_eq!((replica.me(&first), replica.me(&second)), (200, 200));
            assert_eq!(change(kw, &access, &factor), wanted, "{name}");
            kw.assert_ended(&first, &[&first_refresh], EndReason::Revoked);
            kw.assert_ended(&second, &[&second_refresh], EndReason::Revoked);
            replica.catch_up();
            for gone in [&first, &second] {
                for keyward in [kw, &replica] {
                    let ask = keyward.get("/auth/me").bearer(gone);
                    ask.send().refused(401, "INVALID_TOKEN");
                }
            }
            // Nobody else is asked.
            assert_eq!((kw.me(&bystander), replica.me(&bystander)), (200, 200));
            // Directus's routes answer nothing that could hold the tokens of another session.
            if name == "disable in Directus" {
                assert_eq!((kw.me(&access), replica.me(&access)), (200, 200), "{name}");
                kw.refresh(&refresh).tokens();
            } else {
                kw.assert_ended(&access, &[&refresh], EndReason::Revoked);
                assert_eq!((kw.me(&access), replica.me(&access)), (401, 401), "{name}");
            }
        }
    }
);

both!(
    r24_a_session_from_before_the_factor_stays_at_its_level,
    |kw| {
        let (access, refresh) = kw.signed_in(ALICE);
        kw.enrol_in_directus(&access);
        let before = Forge::claims_of(&access);
        let (access, _) = kw.refresh(&refresh).tokens();
        let after = Forge::claims_of(&access);
        for name in ["amr", "aal", "auth_time"] {
            assert_eq!(after[name], before[name], "{name}");
        }
        assert_eq!((&after["amr"], &after["aal"]), (&json!(["pwd"]), &json!(1)));
    }
);

// What was shown when the factor was switched on: the password with its secret, and a code.
both!(
    attack_m6_a_renewed_session_says_what_was_shown_for_it,
    |kw| {
        let (old, _) = kw.signed_in(ALICE);
        let at = Forge::claims_of(&old)["auth_time"].as_i64().unwrap();
        kw.advance(60);
        let factor = kw.enrol(&old);
        let shown = |access: &str| {
            let claims = Forge::claims_of(access);
            let since = claims["auth_time"].as_i64().unwrap() - at;
            (claims["amr"].clone(), claims["aal"].clone(), since)
        };
        assert_eq!(shown(&factor.access), (json!(["pwd", "otp"]), json!(2), 60));
        let body = json!({ "password": PASSWORD, "otp": factor.recovery[0] });
        let off = kw.delete("/auth/mfa/totp").bearer(&factor.access);
        let (off, _) = off.json(&body).send().tokens();
        assert_eq!(shown(&off), (json!(["pwd", "recovery"]), json!(2), 90));
        let changed = kw.change_password(&off, PASSWORD, "another good one");
        let (changed, _) = changed.tokens();
        assert_eq!(shown(&changed), (json!(["pwd"]), json!(1), 90));
    }
);

both!(r24_a_renewed_token_of_seed_o_stays_at_its_level_too, |kw| {
    kw.account(ALICE);
    let old = kw.oisp_login(ALICE);
    kw.enrol_in_directus(&old);
    let renewed = kw.put("/v1/api/auth/me").bearer(&old).send();
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let claims = Forge::claims_of(&text(&renewed.json(), "token"));
    assert_eq!(
        (&claims["amr"], &claims["aal"]),
        (&json!(["pwd"]), &json!(1))
    );
});

fn exchange(kw: &TestKeyward, token: &str) -> crate::support::Answer {
    kw.get(&format!("/auth/token?token={token}")).send()
}

both!(
    m20_x12_no_exchange_for_a_token_from_before_the_factor,
    |kw| {
        let (access, _) = kw.signed_in(ALICE);
        kw.account("bob@example.com");
        let oisp = kw.oisp_login("bob@example.com");
        for token in [&access, &oisp] {
            let secret = kw.enrol_in_directus(token);
            let before = kw.state();
            exchange(kw, token).refused(401, "INVALID_TOKEN");
            assert_eq!(kw.state(), before);
            // The session itself is not ended by asking.
            assert_eq!(kw.me(token), 200);
            // Whoever showed the factor may exchange, and the new token says so.
            let email = text(&kw.get("/auth/me").bearer(token).send().json(), "email");
            let (shown, _) = kw.login_with(&email, kw.code(&secret, 0)).tokens();
            let answer = exchange(kw, &shown);
            assert_eq!(answer.status, 200, "{answer:?}");
            let claims = Forge::claims_of(&text(&answer.json(), "token"));
            let wanted = Forge::claims_of(&shown);
            for name in ["amr", "aal", "auth_time", "sid"] {
                assert_eq!(claims[name], wanted[name], "{name}");
            }
            assert_eq!(claims["aal"], json!(2));
        }
    }
);

both!(m20_a_factor_that_waits_hinders_no_exchange, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    assert_eq!(kw.begin_enrolment(&access).status, 200);
    assert_eq!(exchange(kw, &access).status, 200);
});

both!(m17_a_new_password_does_not_take_the_factor_away, |kw| {
    let (access, _, factor) = kw.with_factor(ALICE);
    let stored = kw.factor_state(&access);
    let new = "another long passphrase";
    let password = keyward::domain::password::Password::parse(new)
        .ok()
        .unwrap();
    administer::set_password(&kw.kw, account_of(&access), &password).unwrap();
    assert_eq!(kw.factor_state(&access), stored);
    let login = |body: &Value| kw.post("/auth/login").json(body).send();
    login(&json!({ "email": ALICE, "password": new })).refused(401, "INVALID_OTP");
    let code = kw.code(&factor.secret, 0);
    login(&json!({ "email": ALICE, "password": new, "otp": code })).tokens();
    login(&json!({ "email": ALICE, "password": new, "otp": factor.recovery[0] })).tokens();
});

both!(
    m23_an_administrator_takes_a_factor_away_and_all_sessions_end,
    |kw| {
        let (access, refresh, factor) = kw.with_factor(ALICE);
        let (shown, shown_refresh) = kw.login_with(ALICE, kw.code(&factor.secret, 0)).tokens();
        let (bystander, _) = kw.signed_in("bob@example.com");
        let replica = kw.replica();
        let account = account_of(&access);
        administer::reset_factor(&kw.kw, account).unwrap();
        assert!(kw.audit(account).contains(&"factor_reset".to_owned()));
        assert_eq!((kw.count("factors"), kw.count("recovery_codes")), (0, 0));
        kw.assert_ended(&access, &[&refresh], EndReason::Revoked);
        kw.assert_ended(&shown, &[&shown_refresh], EndReason::Revoked);
        replica.catch_up();
        for gone in [&access, &shown] {
            replica
                .get("/auth/me")
                .bearer(gone)
                .send()
                .refused(401, "INVALID_TOKEN");
            exchange(kw, gone).refused(401, "INVALID_TOKEN");
        }
        assert_eq!((kw.me(&bystander), replica.me(&bystander)), (200, 200));
        // The password suffices again, and what it enrols is another factor.
        let (access, _) = kw.login_without(ALICE).tokens();
        let new = kw.enrol(&access);
        assert_ne!(new.secret, factor.secret);
        kw.login_with(ALICE, factor.recovery[0].as_str())
            .refused(401, "INVALID_OTP");
    }
);

both!(m23_where_there_is_no_factor_nothing_is_reset, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    // One that waits does not count.
    kw.begin_enrolment(&access);
    let (before, stored, events) = (
        kw.state(),
        kw.factor_state(&access),
        kw.count("audit_events"),
    );
    let refused = administer::reset_factor(&kw.kw, account_of(&access)).unwrap_err();
    assert_eq!(refused.code.as_str(), "NOT_FOUND");
    let after = (
        kw.state(),
        kw.factor_state(&access),
        kw.count("audit_events"),
    );
    assert_eq!(after, (before, stored, events));
    assert_eq!(kw.me(&access), 200);
});

both!(r8_what_changes_during_a_sign_in_counts_for_it, |kw| {
    let factor = |blob| {
        format!(
            "INSERT INTO factors \
             (id, account_id, secret_sealed, confirmed_at, last_step, created_at) \
             SELECT '019aa000-0000-7000-8000-000000000000', id, {blob}, 1, 0, 1 FROM accounts;"
        )
    };
    let password = "UPDATE credentials SET record = record || 'x';".to_owned();
    kw.account(ALICE);
    // The attempt is counted after the account was read and before its secrets are
    // looked at: there another request is let in between.
    for (code, sqlite, postgres) in [
        ("INVALID_CREDENTIALS", password.clone(), password),
        ("INVALID_OTP", factor("x'00'"), factor(r"'\x00'::bytea")),
    ] {
        kw.execute(
            &format!("CREATE TRIGGER late AFTER INSERT ON limits BEGIN {sqlite} END;"),
            &format!(
                "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql \
                 AS $$ BEGIN {postgres} RETURN NULL; END $$; \
                 CREATE TRIGGER late AFTER INSERT ON limits \
                 FOR EACH ROW EXECUTE FUNCTION late()"
            ),
        );
        kw.login_without(ALICE).refused(401, code);
        assert_eq!(kw.count("sessions"), 0);
        let mend = "DELETE FROM limits; \
                    UPDATE credentials SET record = substr(record, 1, length(record) - 1) \
                    WHERE record LIKE '%x'; DROP ";
        kw.execute(
            &format!("{mend} TRIGGER late"),
            &format!("{mend} FUNCTION late CASCADE"),
        );
    }
});

// Two windows that begin an enrolment at once: the last one is confirmed.
both!(m9_enrolments_that_begin_at_once_all_begin, |kw| {
    kw.account(ALICE);
    for _ in 0..5 {
        let body = json!({ "password": PASSWORD });
        let (access, _) = kw.login_without(ALICE).tokens();
        // As many as one account may have in flight.
        let asks = (0..2).map(|_| kw.post("/auth/mfa/totp").bearer(&access).json(&body));
        let answers = kw.all(asks.collect());
        let mut secrets = Vec::new();
        for answer in &answers {
            assert_eq!(answer.status, 200, "{answer:?}");
            secrets.push(text(&answer.json(), "secret"));
        }
        assert_eq!(kw.count("factors"), 1);
        let codes = secrets.iter().map(|secret| kw.code(secret, 0));
        let confirmed = codes.filter(|code| kw.confirm_enrolment(&access, code).status == 200);
        assert_eq!(confirmed.count(), 1);
        kw.execute("DELETE FROM factors", "DELETE FROM factors");
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
    }
});
