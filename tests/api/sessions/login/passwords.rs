//! The password in a sign-in (rows P1, P2, P4, P5, P8, P9, P11 to P13, I8): compared
//! whole and exactly, hashed only where it could be right, and told to no log.

use keyward::crypto::master_key::MasterKey;
use keyward::crypto::password::hasher::PasswordHasher;
use keyward::crypto::password::scheme::Scheme;
use keyward::domain::id::AccountId;
use keyward::domain::password::Password;
use keyward::service::accounts::administer;
use keyward::support::entropy::Entropy;
use serde_json::json;

use crate::support::{Fault, Logbook, PASSWORD, SECRET, TestKeyward};

/// Signs in as Alice, after any wait that failures before this one earned: the status.
fn sign_in(kw: &TestKeyward, password: &str) -> u16 {
    kw.advance(1000);
    let body = json!({ "email": "alice@example.com", "password": password });
    let answer = kw.post("/auth/login").json(&body).send();
    match answer.status {
        200 => {}
        401 => answer.refused(401, "INVALID_CREDENTIALS"),
        _ => panic!("{answer:?}"),
    }
    answer.status
}

/// Alice, with this password.
fn alice_with(kw: &TestKeyward, password: &str) -> AccountId {
    let account = match administer::find(&kw.kw, "alice@example.com") {
        Ok(account) => account.id,
        Err(_) => kw.account("alice@example.com"),
    };
    administer::set_password(&kw.kw, account, &Password::parse(password).unwrap()).unwrap();
    account
}

both!(p1_every_byte_of_a_long_password_counts, |kw| {
    let long: String = ('a'..='z').cycle().take(200).collect();
    alice_with(kw, &long);
    assert_eq!(sign_in(kw, &long), 200);
    for length in [71, 72, 73, 199] {
        assert_eq!(sign_in(kw, &long[..length]), 401, "{length}");
    }
    for at in [0, 71, 72, 73, 198, 199] {
        let mut other = long.clone();
        other.replace_range(at..=at, "#");
        assert_eq!(sign_in(kw, &other), 401, "{at}");
    }
    assert_eq!(sign_in(kw, &format!("{long}a")), 401);
});

both!(p2_a_nul_is_in_no_password, |kw| {
    // bcrypt repeats its key with a NUL between (threat D6): "ab" would be "ab\0ab".
    for (set, typed) in [
        ("ab", "ab\0ab"),
        ("ab", "ab\0"),
        ("ab", "\0ab"),
        ("a", "\0"),
    ] {
        alice_with(kw, set);
        assert_eq!(sign_in(kw, typed), 401, "{typed:?}");
        assert_eq!(sign_in(kw, set), 200);
    }
    let token = json!({ "username": "alice@example.com", "password": "ab\0ab" });
    assert_eq!(
        kw.post("/v1/api/auth/token").json(&token).send().status,
        401
    );
    // Where it would be set it is told.
    let access = kw.oisp_login_with("alice@example.com", "a");
    for (present, new) in [("a", "long enough\0"), ("a\0a", "long enough")] {
        let body = json!({ "currentPassword": present, "newPassword": new });
        let ask = kw.post("/auth/password/change").bearer(&access);
        ask.json(&body).send().refused(400, "INVALID_PAYLOAD");
    }
    assert_eq!(sign_in(kw, "a"), 200);
});

both!(p4_one_normalization_and_no_other, |kw| {
    // As set, as typed, and whether they are one password: NFKC, at both ends.
    let table = [
        ("pa\u{308}sswort", "p\u{e4}sswort", 200),
        ("p\u{e4}sswort", "pa\u{308}sswort", 200),
        ("\u{ff50}\u{ff41}\u{ff53}\u{ff53}", "pass", 200),
        ("o\u{fb03}ce", "office", 200),
        ("p\u{e4}sswort", "passwort", 401),
        ("stra\u{df}e", "strasse", 401),
        ("PASS word", "pass word", 401),
        ("\u{430}lice", "alice", 401),
    ];
    for (set, typed, status) in table {
        alice_with(kw, set);
        assert_eq!(sign_in(kw, typed), status, "{set} {typed}");
        assert_eq!(sign_in(kw, set), 200, "{set}");
    }
});

both!(p11_a_password_is_kept_exactly, |kw| {
    let four_bytes = "\u{1f511}".repeat(64);
    for password in [
        " leading",
        "trailing ",
        "\ttabs\t",
        "in  between",
        "        ",
        &four_bytes,
    ] {
        alice_with(kw, password);
        assert_eq!(sign_in(kw, password), 200, "{password:?}");
        assert_eq!(sign_in(kw, &format!("{password} ")), 401, "{password:?}");
        let trimmed = password.trim();
        if trimmed != password && !trimmed.is_empty() {
            assert_eq!(sign_in(kw, trimmed), 401, "{password:?}");
        }
    }
    alice_with(kw, &four_bytes);
    let shorter = "\u{1f511}".repeat(63);
    assert_eq!(sign_in(kw, &shorter), 401);
});

const ONE_SEAT: &[(&str, &str)] = &[
    ("KEYWARD_PASSWORD_THREADS", "1"),
    ("KEYWARD_PASSWORD_QUEUE", "1"),
];

// All seats are taken, so that whatever would hash is 503: what is refused otherwise was
// refused without a hash.
both!(p5_a_password_too_long_is_not_hashed, ONE_SEAT, |kw| {
    let longest = "\u{e4}".repeat(1024);
    let account = alice_with(kw, &longest);
    assert_eq!(sign_in(kw, &longest), 200);
    let seats = [kw.kw.lane.seat().unwrap(), kw.kw.lane.seat().unwrap()];
    let before = (kw.state(), kw.attempts(account), kw.count("limits"));
    let too_long = "\u{e4}".repeat(1025);
    let huge = "x".repeat(1 << 20);
    for (password, status) in [(&longest, 503), (&too_long, 400), (&huge, 413)] {
        let directus = json!({ "email": "alice@example.com", "password": password });
        let oisp = json!({ "username": "alice@example.com", "password": password });
        for (path, body) in [("/auth/login", &directus), ("/v1/api/auth/token", &oisp)] {
            let answer = kw.post(path).json(body).send();
            assert_eq!(answer.status, status, "{path} {}", answer.body);
            assert!(!answer.body.contains(password.as_str()));
        }
    }
    assert_eq!(
        (kw.state(), kw.attempts(account), kw.count("limits")),
        before
    );
    drop(seats);
});

both!(p8_an_older_record_is_made_anew_once, |kw| {
    let account = alice_with(kw, PASSWORD);
    let master = MasterKey::new(SECRET.as_bytes()).unwrap();
    let older = PasswordHasher::new(&master, Scheme::Bcrypt { cost: 5 }, &Entropy::seeded(7));
    let old = older
        .hash(&Password::parse(PASSWORD).unwrap(), &Entropy::seeded(8))
        .unwrap();
    let old = old.expose();
    kw.set_record(account, old);
    assert_eq!(sign_in(kw, "wrong"), 401);
    assert_eq!(
        kw.record_of(account).unwrap(),
        old,
        "only a right password makes it anew"
    );
    let before = administer::sessions_of(&kw.kw, account).unwrap().len();
    assert_eq!(sign_in(kw, PASSWORD), 200);
    let new = kw.record_of(account).unwrap();
    assert!(new.starts_with("$kw1$p=1$2b$04$"), "{new}");
    assert_eq!(sign_in(kw, PASSWORD), 200);
    assert_eq!(kw.record_of(account).unwrap(), new);
    let sessions = administer::sessions_of(&kw.kw, account).unwrap();
    assert_eq!(
        sessions.iter().filter(|it| it.ended.is_none()).count(),
        before + 2
    );
});

both!(p9_e4_a_damaged_record_lets_nobody_in, |kw| {
    let account = alice_with(kw, PASSWORD);
    let good = kw.record_of(account).unwrap();
    let foreign = "$2b$31$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    let costly = good.replace("$2b$04$", "$2b$31$");
    let cut = &good[..good.len() - 1];
    let records = [
        "",
        "x",
        "$kw1$p=1",
        foreign,
        "$kw1$p=1$2x$04$abc",
        "$kw2$p=1$x",
        &costly,
        cut,
    ];
    for record in records {
        kw.set_record(account, record);
        for password in [PASSWORD, "wrong", "x"] {
            assert_eq!(sign_in(kw, password), 401, "{record}");
            assert_eq!(kw.attempts(account)[0], "damaged_record", "{record}");
        }
    }
    kw.set_record(account, &good);
    assert_eq!(sign_in(kw, PASSWORD), 200);
});

// Nobody can say whether it is right, so nobody says that it is wrong.
both!(p12_a_lost_pepper_is_a_defect, |kw| {
    let account = alice_with(kw, PASSWORD);
    let good = kw.record_of(account).unwrap();
    kw.set_record(account, &good.replace("p=1", "p=2"));
    let before = (kw.state(), kw.attempts(account));
    for password in [PASSWORD, "wrong"] {
        let body = json!({ "email": "alice@example.com", "password": password });
        let answer = kw.post("/auth/login").json(&body).send();
        answer.refused(500, "INTERNAL_SERVER_ERROR");
        assert_eq!(answer.header("retry-after"), None);
    }
    assert_eq!((kw.state(), kw.attempts(account)), before);
});

both!(i8_a_nul_in_a_name_is_refused_on_both_databases, |kw| {
    kw.account("alice@example.com");
    let before = (kw.state(), kw.count("login_attempts"));
    for email in ["alice@example.com\0", "\0", "a\0lice@example.com"] {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = kw.post("/auth/login").json(&body).send();
        answer.refused(400, "INVALID_PAYLOAD");
        // Seed O's face knows no form of a name: such a one is nobody's.
        let body = json!({ "username": email, "password": PASSWORD });
        assert_eq!(kw.post("/v1/api/auth/token").json(&body).send().status, 401);
    }
    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "mode": "json\0" });
    kw.post("/auth/login")
        .json(&body)
        .send()
        .refused(400, "INVALID_PAYLOAD");
    kw.refresh("kwr1_\0").refused(401, "INVALID_CREDENTIALS");
    assert_eq!((kw.state(), kw.count("login_attempts")), before);
});

// The whole process's log, at every level, errors of the database included.
both!(p13_h39_no_secret_reaches_the_log, |kw| {
    let book = Logbook::open();
    let canary = format!("canary {} in a coal mine", kw.kw.store.url().is_sqlite());
    let account = alice_with(kw, &canary);
    assert_eq!(sign_in(kw, &canary), 200);
    assert_eq!(sign_in(kw, &format!("wrong {canary}")), 401);
    let body = json!({ "email": "alice@example.com", "password": canary });
    for fault in [Fault::Fails, Fault::CommitFails] {
        for table in ["sessions", "login_attempts", "audit_events"] {
            kw.advance(1000);
            kw.inject(fault, "INSERT", table);
            assert_eq!(kw.post("/auth/login").json(&body).send().status, 503);
            kw.mend();
        }
    }
    assert!(
        !book.lines_with("injected").is_empty(),
        "the faults are told"
    );
    kw.advance(1000);
    let (access, refresh) = kw.post("/auth/login").json(&body).send().tokens();
    kw.inject(Fault::Fails, "UPDATE", "sessions");
    assert_eq!(kw.refresh(&refresh).status, 503);
    kw.mend();
    assert_eq!(kw.me(&access), 200);
    let (_, next) = kw.refresh(&refresh).tokens();
    kw.refresh(&next);
    let record = kw.record_of(account).unwrap();
    book.holds_none_of(&[canary, record, access, refresh, next]);
});
