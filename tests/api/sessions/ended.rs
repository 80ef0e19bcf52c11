//! A session that was ended elsewhere: until the news has come here its token passes the
//! check, but who acts by it is looked at again where the act is written (R15, J25).

use diesel::connection::SimpleConnection as _;
use keyward::domain::password::Password;
use keyward::domain::session::EndReason;
use keyward::service::Keyward;
use keyward::service::accounts::administer;
use keyward::service::accounts::change_password::{NewPassword, change_password};
use keyward::service::sessions::logout;
use serde_json::{Value, json};

use crate::support::{
    Answer, Factor, Forge, PASSWORD, TestKeyward, account_of, actor, text, wait_until,
};

/// What the holder of an access token asks for: method, path and body.
type Act = fn(&TestKeyward, &Signed) -> (&'static str, String, Value);

struct Signed {
    access: String,
    /// Another session of the same account.
    other: String,
    /// Of a factor that is on.
    factor: Option<Factor>,
    /// Of a factor that waits.
    pending: String,
}

impl Signed {
    fn proof(&self) -> Value {
        let factor = self.factor.as_ref().unwrap();
        json!({ "password": PASSWORD, "otp": factor.recovery[0] })
    }
}

fn act(kw: &TestKeyward, signed: &Signed, act: Act) -> Answer {
    let (method, path, body) = act(kw, signed);
    let ask = kw.ask(method, &path).bearer(&signed.access);
    ask.json(&body).send()
}

const WITHOUT_FACTOR: [(&str, Act); 7] = [
    ("sessions", |_, _| {
        ("DELETE", "/auth/sessions".into(), json!({}))
    }),
    ("one session", |_, signed| {
        let other = text(&Forge::claims_of(&signed.other), "sid");
        ("DELETE", format!("/auth/sessions/{other}"), json!({}))
    }),
    ("password", |_, _| {
        let body = json!({ "currentPassword": PASSWORD, "newPassword": "another good one" });
        ("POST", "/auth/password/change".into(), body)
    }),
    ("begin", |_, _| {
        let body = json!({ "password": PASSWORD });
        ("POST", "/auth/mfa/totp".into(), body)
    }),
    ("generate", |_, _| {
        let body = json!({ "password": PASSWORD });
        ("POST", "/users/me/tfa/generate".into(), body)
    }),
    ("confirm", |kw, signed| {
        let body = json!({ "otp": kw.code(&signed.pending, 0) });
        ("POST", "/auth/mfa/totp/confirm".into(), body)
    }),
    ("enable", |kw, signed| {
        let body = json!({ "otp": kw.code(&signed.pending, 0), "secret": signed.pending });
        ("POST", "/users/me/tfa/enable".into(), body)
    }),
];

const WITH_FACTOR: [(&str, Act); 4] = [
    ("password", |_, signed| {
        let otp = signed.proof()["otp"].take();
        let [old, new] = [PASSWORD, "another good one"];
        let body = json!({ "currentPassword": old, "newPassword": new, "otp": otp });
        ("POST", "/auth/password/change".into(), body)
    }),
    ("remove", |_, signed| {
        ("DELETE", "/auth/mfa/totp".into(), signed.proof())
    }),
    ("renew", |_, signed| {
        ("POST", "/auth/mfa/recovery-codes".into(), signed.proof())
    }),
    ("disable", |_, signed| {
        ("POST", "/users/me/tfa/disable".into(), signed.proof())
    }),
];

fn signed(kw: &TestKeyward, email: &str, with_factor: bool) -> Signed {
    kw.account(email);
    let mut access = text(&kw.login(email), "access_token");
    let (factor, pending) = if with_factor {
        let factor = kw.enrol(&access);
        access.clone_from(&factor.access);
        (Some(factor), String::new())
    } else {
        (None, text(&kw.begin_enrolment(&access).json(), "secret"))
    };
    let other = match &factor {
        Some(factor) => kw.login_with(email, factor.recovery[1].as_str()).tokens().0,
        None => text(&kw.login(email), "access_token"),
    };
    Signed {
        access,
        other,
        factor,
        pending,
    }
}

fn everything(kw: &TestKeyward, access: &str) -> String {
    let account = account_of(access);
    let (record, audit) = (kw.record_of(account), kw.audit(account));
    let (rows, factor) = (kw.count("revocations"), kw.factor_state(access));
    format!("{} {factor} {record:?} {audit:?} {rows}", kw.state())
}

both!(r15_j25_an_ended_session_changes_nothing_any_more, |kw| {
    type End = fn(&TestKeyward, &Signed);
    let by_sign_out: End = |replica, signed| {
        let ask = replica.post("/auth/logout").bearer(&signed.access);
        assert_eq!(ask.send().status, 204);
    };
    let by_the_other: End = |replica, signed| {
        let ask = replica.delete("/auth/sessions").bearer(&signed.other);
        assert_eq!(ask.send().status, 204);
    };
    let by_an_operator: End = |replica, signed| {
        administer::revoke_sessions(&replica.kw, account_of(&signed.access)).unwrap();
    };
    let ends = [by_sign_out, by_the_other, by_an_operator];
    let acts = WITHOUT_FACTOR
        .map(|act| (act, false))
        .into_iter()
        .chain(WITH_FACTOR.map(|act| (act, true)));
    for (number, ((name, how), with_factor)) in acts.enumerate() {
        for (way, end) in ends.iter().enumerate() {
            let signed = signed(kw, &format!("a{number}.{way}@example.com"), with_factor);
            end(&kw.replica(), &signed);
            let before = everything(kw, &signed.access);
            // The news has not come: a mere question is still answered.
            let question = kw.get("/auth/verify").bearer(&signed.access).send();
            assert_eq!(question.status, 200, "{name} {way}");
            act(kw, &signed, how).refused(401, "INVALID_TOKEN");
            assert_eq!(everything(kw, &signed.access), before, "{name} {way}");
        }
        // The same act of a session that stands is done.
        let signed = signed(kw, &format!("a{number}@example.com"), with_factor);
        let done = act(kw, &signed, how);
        assert!(matches!(done.status, 200 | 204), "{name} {done:?}");
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
    }
});

// On PostgreSQL transactions run side by side: between the look at the session and the
// commit of what it does, nobody ends it. (SQLite has one writer.)
#[test]
fn r15_a_session_that_acts_is_ended_before_or_after_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let (access, _) = kw.signed_in("alice@example.com");
    kw.execute(
        "",
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
         CREATE TRIGGER gate BEFORE UPDATE ON credentials
         FOR EACH ROW EXECUTE FUNCTION gate()",
    );
    let mut gate = kw.kw.store.own_reader().unwrap();
    gate.batch_execute("SELECT pg_advisory_lock(7)").unwrap();
    let waiting = |many: i64| {
        let activity = "pg_stat_activity WHERE datname = current_database() AND wait_event_type \
                        = 'Lock'";
        wait_until(|| kw.count(activity) >= many);
    };
    let by = actor(&kw.kw, &access);
    std::thread::scope(|scope| {
        let (inner, by): (&Keyward, _) = (&kw.kw, &by);
        let change = scope.spawn(move || {
            let (seat, _waiting) = inner.lane.seat().unwrap();
            let [present, new] =
                [PASSWORD, "another good one"].map(|text| Password::parse(text).unwrap());
            change_password(
                inner,
                &seat,
                by,
                &NewPassword {
                    present,
                    new,
                    otp: None,
                },
            )
        });
        waiting(1);
        let leave = scope.spawn(move || logout::by_access_token(inner, by));
        // Signing out waits.
        waiting(2);
        assert!(!leave.is_finished() && !change.is_finished());
        gate.batch_execute("SELECT pg_advisory_unlock(7)").unwrap();
        assert!(change.join().unwrap().is_ok());
        // The change has ended the session that was to be left.
        assert!(leave.join().unwrap().is_err());
    });
    assert_eq!(
        kw.sign_in("alice@example.com", "another good one").status,
        200
    );
    kw.assert_ended(&access, &[], EndReason::Revoked);
}
