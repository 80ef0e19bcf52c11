//! Further addresses of a registration (docs/decisions/0176).

use serde_json::{Value, json};

use super::{OPEN, code_to, done};
use crate::support::{Answer, PASSWORD, TestKeyward};

const HERE: &str = "203.0.113.7";

fn register(kw: &TestKeyward, path: &str, body: &Value) -> Answer {
    kw.post(path).peer(HERE).json(body).send()
}

/// With so many further addresses.
fn with(name: &str, further: usize) -> Value {
    let more: Vec<String> = (0..further)
        .map(|number| format!("{name}{number}@example.com"))
        .collect();
    json!({ "email": format!("{name}@example.com"), "emails": more, "password": PASSWORD })
}

both!(
    attack_l18_each_address_of_a_registration_is_mailed,
    OPEN,
    |kw| {
        // As many in an hour as before, each of which has its code.
        for (number, name) in ["alice", "bob", "carol"].into_iter().enumerate() {
            let answer = register(kw, "/auth/register", &with(name, 2));
            assert_eq!(answer.status, 202, "{answer:?}");
            let mails = kw.mails();
            assert_eq!(mails.len(), 3 * (number + 1));
            for suffix in ["", "0", "1"] {
                let to = format!("{name}{suffix}@example.com");
                assert_eq!(mails.iter().filter(|mail| mail.to == to).count(), 1, "{to}");
            }
        }
        // There is room for one more, and not for three: all of them are mailed or none is taken.
        let before = kw.state();
        register(kw, "/auth/register", &with("frank", 2)).refused(429, "REQUESTS_EXCEEDED");
        assert_eq!(kw.state(), before);
        assert_eq!(kw.mails().len(), 9);
        // Behind the same address somebody else registers as well.
        let answer = register(kw, "/auth/register", &with("dave", 0));
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(kw.mails().len(), 10);
        let before = kw.state();
        register(kw, "/auth/register", &with("erin", 0)).refused(429, "REQUESTS_EXCEEDED");
        assert_eq!(kw.state(), before);
    }
);

both!(attack_l18_more_than_are_mailed_are_not_taken, OPEN, |kw| {
    let before = kw.state();
    let hypi = json!({
        "username": "alice",
        "password": { "value": PASSWORD },
        "emails": ["a@example.com", "b@example.com", "c@example.com", "d@example.com"],
    });
    for (path, body) in [
        ("/auth/register", with("alice", 3)),
        ("/auth/register", with("alice", 8)),
        ("/auth/accounts", hypi),
    ] {
        let refused = register(kw, path, &body);
        refused.refused(400, "INVALID_PAYLOAD");
        assert!(refused.body.contains("emails"), "{refused:?}");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.mails().len(), 0);
    // The first is the primary one where there is no other: three in all.
    let hypi = json!({
        "username": "alice",
        "password": { "value": PASSWORD },
        "emails": ["a@example.com", "b@example.com", "c@example.com"],
    });
    let made = register(kw, "/auth/accounts", &hypi);
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(kw.mails().len(), 3);
});

// By what is left of the quota nobody learns whose an address is.
both!(
    attack_l18_an_address_that_is_anothers_is_a_wish_as_well,
    OPEN,
    |kw| {
        kw.add_verified("bob@example.com");
        for (peer, further) in [("198.51.100.1", "bob"), ("198.51.100.2", "free")] {
            let ask = |name: &str, more: &[String]| {
                let email = format!("{name}-{further}@example.com");
                let body = json!({ "email": email, "emails": more, "password": PASSWORD });
                let ask = kw.post("/auth/register").peer(peer).json(&body);
                ask.send().status
            };
            assert_eq!(ask("alice", &[format!("{further}@example.com")]), 202);
            for number in 0..8 {
                assert_eq!(ask(&format!("user{number}"), &[]), 202, "{further}");
            }
            assert_eq!(ask("last", &[]), 429, "{further}");
        }
    }
);

/// Whoever registers an address takes it from who merely named it, whose account is not held: here as
/// soon as the code that proves it to the latter is looked at.
fn taken_under_the_hand(kw: &TestKeyward, address: &str) {
    let taken = format!("DELETE FROM emails WHERE canonical = '{address}'");
    kw.execute(
        &format!(
            "CREATE TRIGGER race AFTER INSERT ON audit_events
             WHEN NEW.what = 'email_verified' BEGIN {taken}; END;"
        ),
        &format!(
            "CREATE FUNCTION race() RETURNS trigger LANGUAGE plpgsql \
             AS $$ BEGIN {taken}; RETURN NULL; END $$;
             CREATE TRIGGER race AFTER INSERT ON audit_events FOR EACH ROW
             WHEN (NEW.what = 'email_verified') EXECUTE FUNCTION race()"
        ),
    );
}

both!(
    nothing_is_proven_that_was_registered_by_another_meanwhile,
    OPEN,
    |kw| {
        assert_eq!(
            register(kw, "/auth/register", &with("alice", 1)).status,
            202
        );
        let further = "alice0@example.com";
        let proof = json!({ "token": code_to(kw, further) });
        let (before, events) = (kw.state(), kw.count("audit_events"));
        taken_under_the_hand(kw, further);
        let answer = kw.post("/auth/email/verify").json(&proof).send();
        answer.refused(400, "INVALID_CODE");
        // Nothing says that the address was proven, and the code is not used up.
        assert_eq!(kw.state(), before);
        assert_eq!(kw.count("audit_events"), events);
        assert_eq!(kw.count("emails"), 2);
        kw.execute("DROP TRIGGER race", "DROP FUNCTION race CASCADE");
        done(kw, "/auth/email/verify", &proof);
    }
);
