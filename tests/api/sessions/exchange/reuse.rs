//! One exchange for each generation, on the counter that refreshes move: whoever comes
//! second, late, after the successor was seen in use, ends the session.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Nullable, Text};
use keyward::domain::session::{EndReason, Ending};
use keyward::store::AnyConnection;
use serde_json::json;

use super::{PATH, exchange, exchanged, expired, id_of};
use crate::support::{Forge, TestKeyward, text};

/// Longer than the grace.
const LATE: u64 = 31;

#[track_caller]
fn ended_by_reuse(kw: &TestKeyward, access: &str) {
    let Ending { at, reason } = kw.session_of(access).ended.expect("ended");
    assert_eq!((at, reason), (kw.kw.clock.now(), EndReason::Reuse));
    let events = kw.audit(id_of(access));
    assert_eq!(events.last().map(String::as_str), Some("refresh_reuse"));
}

both!(
    x4_a_second_exchange_after_the_grace_ends_the_session,
    |kw| {
        let (access, refresh) = expired(kw);
        let young = exchanged(kw, &access);
        assert_eq!(kw.me(&young), 200, "the successor is seen in use");
        kw.advance(LATE);
        exchange(kw, &access).refused(401, "INVALID_TOKEN");
        ended_by_reuse(kw, &access);
        assert_eq!(kw.generation_of(&access), 1);
        // Nobody goes on: neither the second nor the first.
        kw.get("/auth/me")
            .bearer(&young)
            .send()
            .refused(401, "INVALID_TOKEN");
        exchange(kw, &young).refused(401, "INVALID_TOKEN");
        kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        let replica = kw.replica();
        assert_eq!(replica.me(&young), 401);
    }
);

const STRICT: &[(&str, &str)] = &[("KEYWARD_REFRESH_GRACE", "0")];

both!(
    x4_without_a_grace_any_second_exchange_ends_it,
    STRICT,
    |kw| {
        let (access, _) = expired(kw);
        exchanged(kw, &access);
        kw.advance(1);
        exchange(kw, &access).refused(401, "INVALID_TOKEN");
        ended_by_reuse(kw, &access);
    }
);

// A client whose answer was lost gets the same generation again, as with a refresh
// (semantics 1, rules 4 and 5), and a token that is good for as long as any.
both!(x4_an_answer_that_was_lost_is_given_again, |kw| {
    let (access, _) = expired(kw);
    let first = exchange(kw, &access);
    assert_eq!(first.header("x-keyward-refresh"), Some("fresh"));
    let again = exchange(kw, &access);
    assert_eq!(again.header("x-keyward-refresh"), Some("replayed"));
    assert_eq!(again.body, first.body);
    kw.advance(20 * 60);
    let late = exchange(kw, &access);
    assert_eq!(late.header("x-keyward-refresh"), Some("recovered"));
    let late = text(&late.json(), "token");
    assert_eq!(kw.me(&late), 200);
    let (first, late) = (
        Forge::claims_of(&text(&first.json(), "token")),
        Forge::claims_of(&late),
    );
    assert_eq!(late["gen"], first["gen"]);
    assert_ne!(late["jti"], first["jti"], "another token, so another name");
    let life = late["exp"].as_i64().unwrap() - late["iat"].as_i64().unwrap();
    assert_eq!(life, 900);
    assert_eq!(kw.session_of(&access).ended, None);
    assert_eq!(kw.generation_of(&access), 1);
});

// The counter is one: a refresh after an exchange of that generation is a reuse, and
// the other way round.
both!(x4_an_exchange_and_a_refresh_are_two_uses, |kw| {
    let (access, refresh) = expired(kw);
    assert_eq!(kw.me(&exchanged(kw, &access)), 200);
    kw.advance(LATE);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    ended_by_reuse(kw, &access);

    let body = kw.login("alice@example.com");
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    let young = text(&kw.refresh(&refresh).json(), "access_token");
    assert_eq!(kw.me(&young), 200);
    kw.advance(LATE);
    exchange(kw, &access).refused(401, "INVALID_TOKEN");
    ended_by_reuse(kw, &access);
    assert_eq!(kw.me(&young), 401);
});

both!(x5_y39_parallel_exchanges_are_one_exchange, |kw| {
    let (access, refresh) = expired(kw);
    let replica = kw.replica();
    let path = format!("{PATH}?token={access}");
    let asks = (0..20).map(|number| {
        let at = if number % 2 == 0 { kw } else { &replica };
        at.get(&path)
    });
    let answers = kw.all(asks.collect());
    let mut outcomes = std::collections::BTreeMap::new();
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
        let outcome = answer.header("x-keyward-refresh").unwrap().to_owned();
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    assert_eq!(
        outcomes,
        [("fresh".to_owned(), 1), ("replayed".to_owned(), 19)].into()
    );
    let session = kw.session_of(&access);
    assert_eq!(
        (session.generation.number, session.generation.replays),
        (1, 19)
    );
    let mut events = kw.counted(id_of(&access));
    events.sort();
    let both = [("refresh_replayed", 19), ("token_exchanged", 1)];
    assert_eq!(
        events[2..],
        both.map(|(what, times)| (what.to_owned(), times))
    );
    // A refresh at the same time is one more of the same.
    let answer = kw.refresh(&refresh);
    assert_eq!(answer.header("x-keyward-refresh"), Some("replayed"));
    let young = text(&answer.json(), "access_token");
    assert_eq!(Forge::claims_of(&young)["gen"], json!(1));
    assert_eq!(kw.generation_of(&access), 1);
});

both!(x5_too_many_of_one_generation_are_told_to_wait, |kw| {
    let (access, _) = expired(kw);
    for _ in 0..61 {
        exchanged(kw, &access);
    }
    let before = kw.state();
    let answer = exchange(kw, &access);
    answer.refused(429, "REQUESTS_EXCEEDED");
    assert_eq!(answer.header("retry-after"), Some("30"));
    assert_eq!(kw.state(), before);
});

#[derive(diesel::QueryableByName, Debug, PartialEq)]
struct Trace {
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
}

/// What was done by token, and from where, oldest first.
fn traces(kw: &TestKeyward) -> Vec<(String, String)> {
    let rows: Vec<Trace> = kw.read(|connection| {
        let query = diesel::sql_query(
            "SELECT what, address FROM audit_events \
             WHERE what IN ('token_exchanged', 'refresh_reuse') ORDER BY at, id",
        );
        Ok(match connection {
            AnyConnection::Sqlite(sqlite) => query.load(sqlite)?,
            AnyConnection::Postgres(postgres) => query.load(postgres)?,
        })
    });
    rows.into_iter()
        .map(|row| (row.what, row.address.unwrap()))
        .collect()
}

const OWNER: &str = "198.51.100.7";
const THIEF: &str = "203.0.113.66";

/// Exchanges from an address.
fn exchange_from(kw: &TestKeyward, address: &str, token: &str) -> crate::support::Answer {
    kw.get(&format!("{PATH}?token={token}"))
        .peer(address)
        .send()
}

// The residual risk, told in docs: whoever saw the token may come first. The owner's
// next turn brings it to light and ends it for both.
both!(
    x17_who_exchanges_a_seen_token_first_is_found_out_by_its_owner,
    |kw| {
        let (access, refresh) = expired(kw);
        let stolen = text(&exchange_from(kw, THIEF, &access).json(), "token");
        assert_eq!(kw.me(&stolen), 200, "for now");
        kw.advance(LATE);
        let body = json!({ "refresh_token": refresh });
        let answer = kw.post("/auth/refresh").peer(OWNER).json(&body).send();
        answer.refused(401, "INVALID_CREDENTIALS");
        ended_by_reuse(kw, &access);
        assert_eq!(kw.me(&stolen), 401);
        exchange(kw, &stolen).refused(401, "INVALID_TOKEN");
        let both = [("token_exchanged", THIEF), ("refresh_reuse", OWNER)];
        assert_eq!(
            traces(kw),
            both.map(|(what, from)| (what.to_owned(), from.to_owned()))
        );
    }
);

// A thief who is careful never shows the new token to Keyward. Then the owner recovers
// the same generation, and whichever of the two goes on second is found out.
both!(x17_a_careful_thief_is_found_out_one_turn_later, |kw| {
    let (access, refresh) = expired(kw);
    let stolen = text(&exchange_from(kw, THIEF, &access).json(), "token");
    kw.advance(LATE);
    let recovered = kw.refresh(&refresh);
    assert_eq!(recovered.header("x-keyward-refresh"), Some("recovered"));
    let second = text(&recovered.json(), "refresh_token");
    let third = kw.refresh(&second);
    assert_eq!(kw.me(&text(&third.json(), "access_token")), 200);
    kw.advance(LATE);
    exchange_from(kw, THIEF, &stolen).refused(401, "INVALID_TOKEN");
    ended_by_reuse(kw, &access);
    let both = [("token_exchanged", THIEF), ("refresh_reuse", THIEF)];
    assert_eq!(
        traces(kw),
        both.map(|(what, from)| (what.to_owned(), from.to_owned()))
    );
});
