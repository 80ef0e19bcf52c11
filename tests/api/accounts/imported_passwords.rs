//! Password records that Keyward did not make: those of other systems sign in once and
//! are made anew (P8, E4); those that can not be read, ask too much, or need a pepper
//! that is lost sign nobody in, and each says so in its own way (P9, P12).

use keyward::crypto::master_key::MasterKey;
use keyward::crypto::password::hasher::PasswordHasher;
use keyward::crypto::password::scheme::Scheme;
use keyward::domain::password::Password;
use keyward::support::entropy::Entropy;
use serde_json::json;

use crate::support::{PASSWORD, SECRET, TestKeyward, WRONG};

const ALICE: &str = "alice@example.com";

/// Of the password of every test, made by Python's bcrypt (the third by passlib),
/// argon2-cffi and hashlib.
const IMPORTED: &[&str] = &[
    "$2b$04$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaNC",
    "$2a$04$GbCOnWHj/Iy4nvko5oGLcuhPQGDEYqEM551uhaUuj2vq9cREKntAy",
    "$2y$04$pFL4t0Hf2gkI0cple0oaU.C6elC6SeYjOejL9V6PaR.viGTAIT68y",
    "$argon2id$v=19$m=1024,t=2,p=2$cwfvsryOuRcyJVYS3IGGCw$rumP0Pu7UjUEpCjrWS3+PfMkTzPtoYVcTmg+jkr5KJ8",
    "$scrypt$ln=10,r=8,p=1$M2LCfIb2bUuHSJfe9pkgmw$hFstk7IvWRZEIwT4HmqH/oygMqTVD7EgDJTkvde4cUE",
    "$pbkdf2-sha256$i=4096,l=32$V2itSjiFvp4tX/fLcYspBg$EZRuUL+WReGZmgdNBhyihN4m2vmk0tbvXs1o7rpdhRo",
    "$pbkdf2-sha512$i=4096$5yGCYQ0t7oX418H6bXRaKQ$F4u1wDiVDnYTSdpwf72PFnZpCjwNEnLcWD23FdYA9JuycYiLfp0HAP/lDmSKYR7UdfWcTX2EOVLewnkdQHE7BA",
];

const OURS: &str = "$kw1$p=1$2b$04$";

both!(
    p8_e4_an_imported_record_is_upgraded_at_the_first_sign_in,
    |kw| {
        let alice = kw.account(ALICE);
        for imported in IMPORTED {
            kw.set_record(alice, imported);
            kw.advance(20);
            // A wrong password changes nothing.
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
            assert_eq!(kw.record_of(alice).as_deref(), Some(*imported));
            assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200, "{imported}");
            let upgraded = kw.record_of(alice).unwrap();
            assert!(upgraded.starts_with(OURS), "{upgraded}");
            // Once, and for good.
            assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
            assert_eq!(kw.oisp_sign_in(ALICE, PASSWORD).status, 200);
            assert_eq!(kw.record_of(alice), Some(upgraded));
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        }
    }
);

both!(p8_a_record_of_another_cost_is_made_anew, |kw| {
    let alice = kw.account(ALICE);
    let master = MasterKey::new(SECRET.as_bytes()).unwrap();
    let hasher = PasswordHasher::new(&master, Scheme::Bcrypt { cost: 6 }, &Entropy::seeded(7));
    let old = hasher
        .hash(&Password::parse(PASSWORD).unwrap(), &Entropy::seeded(8))
        .unwrap();
    let old = old.expose();
    assert!(old.starts_with("$kw1$p=1$2b$06$"), "{old}");
    kw.set_record(alice, old);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    let made = kw.record_of(alice).unwrap();
    assert!(made.starts_with(OURS), "{made}");
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    assert_eq!(kw.record_of(alice), Some(made), "a fitting one stays");
});

const OF_ARGON2ID: &str = "$kw1$p=1$argon2id$v=19$m=19456,t=2,p=1$";

// An operator chooses Argon2id, and bcrypt again: nobody notices, and each record follows.
both!(
    p8_records_follow_the_scheme_of_the_settings,
    &[("KEYWARD_PASSWORD_HASH", "argon2id")],
    |kw| {
        let alice = kw.account(ALICE);
        let made = kw.record_of(alice).unwrap();
        assert!(made.starts_with(OF_ARGON2ID), "{made}");
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
        assert_eq!(kw.record_of(alice), Some(made), "a fitting one stays");
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        kw.sign_in("nobody@example.com", WRONG)
            .refused(401, "INVALID_CREDENTIALS");
        let master = MasterKey::new(SECRET.as_bytes()).unwrap();
        for scheme in [
            Scheme::Bcrypt { cost: 4 },
            Scheme::Argon2id { passes: 3 },
            Scheme::Bcrypt { cost: 6 },
        ] {
            let hasher = PasswordHasher::new(&master, scheme, &Entropy::seeded(7));
            let old = hasher
                .hash(&Password::parse(PASSWORD).unwrap(), &Entropy::seeded(8))
                .unwrap();
            let old = old.expose();
            kw.set_record(alice, old);
            kw.advance(20);
            kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
            assert_eq!(kw.record_of(alice).as_deref(), Some(old), "{scheme}");
            assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200, "{scheme}");
            let new = kw.record_of(alice).unwrap();
            assert!(new.starts_with(OF_ARGON2ID), "{new}");
        }
        for imported in &IMPORTED[2..4] {
            kw.set_record(alice, imported);
            assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200, "{imported}");
            assert!(kw.record_of(alice).unwrap().starts_with(OF_ARGON2ID));
        }
        let access = kw.login(ALICE)["access_token"].as_str().unwrap().to_owned();
        let new = "another battery staple";
        assert_eq!(kw.change_password(&access, PASSWORD, new).status, 200);
        assert!(kw.record_of(alice).unwrap().starts_with(OF_ARGON2ID));
        assert_eq!(kw.sign_in(ALICE, new).status, 200);
    }
);

both!(p8_a_change_upgrades_too, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let alice = kw.session_of(&access).account;
    kw.set_record(alice, IMPORTED[3]);
    let new = "another battery staple";
    assert_eq!(kw.change_password(&access, PASSWORD, new).status, 200);
    assert!(kw.record_of(alice).unwrap().starts_with(OURS));
    assert_eq!(kw.sign_in(ALICE, new).status, 200);
});

// All of them verify the imported record, one of them replaces it, none is refused.
both!(p8_parallel_first_sign_ins_upgrade_once, |kw| {
    let alice = kw.account(ALICE);
    for imported in &IMPORTED[..2] {
        kw.set_record(alice, imported);
        let asks = (0..2).map(|_| kw.ask_sign_in(ALICE, PASSWORD)).collect();
        for answer in kw.all(asks) {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        assert!(kw.record_of(alice).unwrap().starts_with(OURS));
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    }
});

/// Changes the record to `record` as soon as an attempt is counted: after the old one
/// was read, before the answer.
fn change_under_the_hand(kw: &TestKeyward, record: &str) {
    let change = format!("UPDATE credentials SET record = '{record}'");
    kw.execute(
        &format!("CREATE TRIGGER race AFTER INSERT ON limits BEGIN {change}; END;"),
        &format!(
            "CREATE FUNCTION race() RETURNS trigger LANGUAGE plpgsql \
             AS $$ BEGIN {change}; RETURN NULL; END $$;
             CREATE TRIGGER race AFTER INSERT ON limits
             FOR EACH ROW EXECUTE FUNCTION race()"
        ),
    );
}

/// The record of another password.
fn another_record(kw: &TestKeyward) -> String {
    let other = kw.account("other@example.com");
    kw.set_record(other, IMPORTED[0]);
    let access = kw.login("other@example.com")["access_token"].clone();
    let changed = kw.change_password(access.as_str().unwrap(), PASSWORD, "another battery");
    assert_eq!(changed.status, 200, "{changed:?}");
    kw.record_of(other).unwrap()
}

// P8: no lost update. A sign-in by the old password that is overtaken by a change gets
// nothing, whether or not it would upgrade the record, and the new password stays.
both!(p8_a_sign_in_overtaken_by_a_change_gets_nothing, |kw| {
    let new = another_record(kw);
    for (name, old) in [("ours", None), ("imported", Some(IMPORTED[3]))] {
        let email = format!("{name}@example.com");
        let account = kw.account(&email);
        if let Some(old) = old {
            kw.set_record(account, old);
        }
        let before = kw.state();
        change_under_the_hand(kw, &new);
        kw.sign_in(&email, PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
        drop_race(kw);
        assert_eq!(kw.state(), before, "{name}: no session");
        assert_eq!(kw.record_of(account), Some(new.clone()), "{name}");
        assert_eq!(kw.sign_in(&email, "another battery").status, 200, "{name}");
    }
});

// The owner shuts a thief out, who is just about to do the same.
both!(p7_p8_a_change_overtaken_by_a_change_gets_nothing, |kw| {
    let new = another_record(kw);
    let (access, _) = kw.signed_in(ALICE);
    let alice = kw.session_of(&access).account;
    change_under_the_hand(kw, &new);
    kw.change_password(&access, PASSWORD, "the thief's own words")
        .refused(403, "WRONG_PASSWORD");
    drop_race(kw);
    assert_eq!(kw.record_of(alice), Some(new));
    assert_eq!(kw.sign_in(ALICE, "another battery").status, 200);
});

fn drop_race(kw: &TestKeyward) {
    kw.execute("DROP TRIGGER race", "DROP FUNCTION race CASCADE");
}

// A minute of one thread, or gigabytes: a record is data, and may not ask for that.
both!(p9_e4_a_record_that_can_not_be_read_signs_nobody_in, |kw| {
    let alice = kw.account(ALICE);
    let salt = "c29tZXNhbHRzb21lc2FsdA";
    let damaged = [
        String::new(),
        "correct horse battery".into(),
        "$".into(),
        "$2b$".into(),
        "$2b$04$abc".into(),
        "$2b$31$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaNC".into(),
        "$2x$04$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaNC".into(),
        "$2b$\u{e4}4$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaN".into(),
        "$kw1$".into(),
        "$kw1$p=1$2b$31$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaNC".into(),
        "$kw1$p=1$2b$04$abc".into(),
        "$kw1$p=x$2b$04$ylwm9uVrjvIV7PcMaAJMVO4iXxP1L50fyekFdgBm.49lOY3lVOaNC".into(),
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt}${}", "A".repeat(43)),
        format!(
            "$argon2id$v=19$m=1024,t=4000000000,p=1${salt}${}",
            "A".repeat(43)
        ),
        format!("$scrypt$ln=30,r=8,p=1${salt}${}", "A".repeat(43)),
        format!("$pbkdf2-sha256$i=4000000000${salt}${}", "A".repeat(43)),
        format!("$md5${salt}${}", "A".repeat(22)),
    ];
    let before = kw.state();
    let mut tried = 0;
    for record in &damaged {
        tried += 2;
        kw.advance(1000);
        kw.set_record(alice, record);
        let answer = kw.sign_in(ALICE, PASSWORD);
        answer.refused(401, "INVALID_CREDENTIALS");
        let nobody = kw.sign_in("nobody@example.com", PASSWORD);
        assert_eq!(answer.body, nobody.body, "{record}");
        kw.advance(1000);
        assert_eq!(kw.oisp_sign_in(ALICE, PASSWORD).status, 401);
        assert_eq!(kw.record_of(alice).as_ref(), Some(record));
    }
    assert_eq!(kw.state(), before);
    let noted = "login_attempts WHERE outcome = 'damaged_record'";
    assert_eq!(kw.count(noted), tried);
});

both!(p9_an_account_without_a_password_signs_nobody_in, |kw| {
    kw.account(ALICE);
    kw.execute("DELETE FROM credentials", "DELETE FROM credentials");
    for password in [PASSWORD, WRONG, " "] {
        kw.sign_in(ALICE, password)
            .refused(401, "INVALID_CREDENTIALS");
    }
});

// P12: nobody can say whether the password is right, so it is not called wrong, not
// counted as wrong, and never compared without the pepper.
both!(p12_without_the_pepper_of_a_record_nobody_can_say, |kw| {
    let (access, refresh) = kw.signed_in(ALICE);
    let alice = kw.session_of(&access).account;
    kw.booby_trap(alice);
    let stored = (kw.state(), kw.record_of(alice), kw.count("login_attempts"));
    for password in [PASSWORD, WRONG] {
        for _ in 0..10 {
            let ask = kw.ask_sign_in(ALICE, password).peer("203.0.113.9");
            ask.send().refused(500, "INTERNAL_SERVER_ERROR");
            kw.change_password(&access, password, "another battery staple")
                .refused(500, "INTERNAL_SERVER_ERROR");
            assert_eq!(kw.oisp_sign_in(ALICE, password).status, 500);
            let body = json!({ "password": password });
            let ask = kw.post("/auth/mfa/totp").bearer(&access).json(&body);
            ask.send().refused(500, "INTERNAL_SERVER_ERROR");
        }
    }
    let after = (kw.state(), kw.record_of(alice), kw.count("login_attempts"));
    assert_eq!(after, stored);
    assert_eq!(kw.count("limits WHERE failures > 0"), 0);
    // What needs no password goes on, and with the pepper back so does the rest.
    assert_eq!(kw.refresh(&refresh).outcome(), "fresh");
    kw.disarm(alice);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});
