//! What the holder of a token may do without end fills no disk (`attack_m8`): rows of the audit
//! log count it, one for each session, hour and eighth of all addresses. What ends a session
//! has a row of its own.

use crate::support::{TestKeyward, text};

fn rows_of(kw: &TestKeyward, what: &str) -> Vec<String> {
    kw.rows(&format!(
        "SELECT times || ' ' || (coalesce(last_at, at) - at) AS line FROM audit_events WHERE what = '{what}' \
         ORDER BY times"
    ))
}

both!(attack_m8_replays_of_a_minute_are_one_row, |kw| {
    let (access, mut token) = kw.signed_in("alice@example.com");
    for _ in 0..4 {
        let spent = token.clone();
        token = kw.refresh(&spent).tokens().1;
        for _ in 0..50 {
            assert_eq!(kw.refresh(&spent).outcome(), "replayed");
        }
        kw.advance(15);
    }
    assert_eq!(rows_of(kw, "refresh_replayed"), ["200 45000"]);
    // And of a day one for each hour.
    for _ in 0..100 {
        let spent = token.clone();
        token = kw.refresh(&spent).tokens().1;
        assert_eq!(kw.refresh(&spent).outcome(), "replayed");
        kw.advance(864);
    }
    let rows = rows_of(kw, "refresh_replayed").len();
    assert!((24..=26).contains(&rows), "{rows}");
    let before = kw.count("audit_events");
    let spent = token.clone();
    let (newest, _) = kw.refresh(&spent).tokens();
    assert_eq!(kw.me(&newest), 200);
    kw.advance(31);
    kw.refresh(&spent).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.count("audit_events"), before + 1);
    let account = kw.session_of(&access).account;
    assert_eq!(
        kw.counted(account).last().unwrap(),
        &("refresh_reuse".to_owned(), 1)
    );
});

both!(attack_m8_many_addresses_are_few_rows, |kw| {
    let (_, mut token) = kw.signed_in("alice@example.com");
    let mut spent = token.clone();
    for number in 0..200 {
        if number % 50 == 0 {
            spent.clone_from(&token);
            token = kw.refresh(&spent).tokens().1;
        }
        let body = serde_json::json!({ "refresh_token": spent });
        let ask = kw.post("/auth/refresh").json(&body);
        let answer = ask.peer(&format!("203.0.113.{number}")).send();
        assert_eq!(answer.outcome(), "replayed");
    }
    let rows = rows_of(kw, "refresh_replayed");
    assert!((2..=8).contains(&rows.len()), "{rows:?}");
    let times = rows.iter().map(|row| row.split_once(' ').unwrap().0);
    assert_eq!(
        times
            .map(|times| times.parse::<u32>().unwrap())
            .sum::<u32>(),
        200
    );
});

both!(attack_m8_renewals_and_exchanges_are_counted, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let mut token = kw.oisp_login("alice");
    let agent = "x".repeat(300);
    for _ in 0..200 {
        let ask = kw.put("/v1/api/auth/me").bearer(&token);
        let answer = ask.header("user-agent", &agent).send();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(rows_of(kw, "token_reissued"), ["200 0"]);
    for _ in 0..16 {
        let ask = kw.get("/auth/token").bearer(&token);
        let answer = ask.header("user-agent", &agent).send();
        token = text(&answer.json(), "token");
    }
    assert_eq!(rows_of(kw, "token_exchanged"), ["16 0"]);
    let agents = kw.rows(
        "SELECT DISTINCT length(user_agent) || '' AS line FROM audit_events \
         WHERE what LIKE 'token%'",
    );
    assert_eq!(agents, ["128"]);
    let two = kw.oisp_login("alice");
    assert_eq!(kw.put("/v1/api/auth/me").bearer(&two).send().status, 200);
    assert_eq!(
        rows_of(kw, "token_reissued").len(),
        2,
        "of each session one"
    );
});

// Another process counts in the same row.
both!(attack_m8_replicas_count_in_one_row, |kw| {
    let (_, [zero, _]) = kw.refreshed("alice@example.com");
    let replica = kw.replica();
    for _ in 0..10 {
        assert_eq!(kw.refresh(&zero).outcome(), "replayed");
        assert_eq!(replica.refresh(&zero).outcome(), "replayed");
    }
    assert_eq!(rows_of(kw, "refresh_replayed"), ["20 0"]);
});
