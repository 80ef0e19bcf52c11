//! A token is as good as its session and its account: what ends these ends it, on
//! every route, in every process, at once or within a second.

use std::time::{Duration, Instant};

use keyward::domain::id::AccountId;
use keyward::http::routes::{Guard, TABLE};
use keyward::service::accounts::administer;
use keyward::service::upkeep::threads;
use keyward::support::steady_clock::Steady;

use super::{INVALID, refused_at_every_door};
use crate::support::{Answer, Forge, PASSWORD, TestKeyward, text};

/// Every route that takes an access token, by method: the table says which are
/// guarded; three more take it although they can be called without.
fn routes() -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.iter().flat_map(|group| group.rows);
    let guarded = rows.filter(|row| row.guard != Guard::Public);
    let mut routes: Vec<_> = guarded.map(|row| (row.method, row.path)).collect();
    assert!(routes.len() >= 7, "{routes:?}");
    routes.extend([
        ("POST", "/auth/logout"),
        ("GET", "/auth/token"),
        ("POST", "/auth/token"),
        ("POST", "/v1/api/auth/token"),
    ]);
    routes
}

fn ask(kw: &TestKeyward, (method, path): (&str, &str), token: &str) -> Answer {
    let method = if method == "ANY" { "GET" } else { method };
    kw.ask(method, path).bearer(token).send()
}

fn refused_on_every_route(kw: &TestKeyward, token: &str) {
    for route in routes() {
        let answer = ask(kw, route, token);
        assert_eq!(answer.status, 401, "{route:?} {answer:?}");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.contains("invalid_token"), "{route:?} {answer:?}");
        assert!(!answer.body.contains(token), "{route:?}");
    }
}

fn id_of(access: &str) -> AccountId {
    text(&Forge::claims_of(access), "sub").parse().unwrap()
}

both!(j23_a_disabled_account_is_refused_at_once, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let (bob, _) = kw.signed_in("bob@example.com");
    let replica = kw.replica();
    assert_eq!((kw.me(&access), replica.me(&access)), (200, 200));

    administer::set_enabled(&kw.kw, id_of(&access), false).unwrap();
    let before = kw.state();
    // At once where it was done; elsewhere once the tail has read, five times a second.
    replica.catch_up();
    for each in [kw, &replica] {
        refused_at_every_door(each, &access, INVALID);
        refused_on_every_route(each, &access);
        each.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(each.me(&bob), 200);
    }
    assert_eq!(kw.state(), before);
});

both!(j23_enabling_an_account_again_revives_no_token, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    administer::set_enabled(&kw.kw, id_of(&access), false).unwrap();
    administer::set_enabled(&kw.kw, id_of(&access), true).unwrap();
    refused_on_every_route(kw, &access);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    let young = text(&kw.login("alice@example.com"), "access_token");
    assert_eq!(kw.me(&young), 200);
});

both!(j25_after_logout_a_copy_of_the_token_opens_nothing, |kw| {
    // One who may look at everything.
    kw.add("alice@example.com", None, true);
    let (access, refresh) = kw.sign_in("alice@example.com", PASSWORD).tokens();
    let elsewhere = text(&kw.login("alice@example.com"), "access_token");
    let replica = kw.replica();
    for each in [kw, &replica] {
        for (_, path) in routes().into_iter().filter(|route| route.0 == "GET") {
            // The exchange would move the session, and that it works is told elsewhere; and
            // nobody has an id that no path names.
            if path != "/auth/token" && !path.contains('{') {
                assert_eq!(each.get(path).bearer(&access).send().status, 200, "{path}");
            }
        }
    }
    assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
    let ended = kw.session_of(&access).ended;
    assert!(ended.is_some());

    // Written once: whoever comes later does not move it.
    kw.advance(7);
    let before = kw.state();
    let events = kw.audit(id_of(&access));
    replica.catch_up();
    for each in [kw, &replica] {
        refused_on_every_route(each, &access);
        each.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        assert_eq!(each.me(&elsewhere), 200, "the other session lives");
    }
    assert_eq!(kw.session_of(&access).ended, ended);
    assert_eq!(kw.state(), before);
    assert_eq!(kw.audit(id_of(&access)), events);
});

// The same for seed O's token, which lives for a day.
both!(j25_the_same_for_a_token_of_the_long_kind, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let access = kw.oisp_login("alice");
    assert_eq!(
        kw.delete("/v1/api/auth/me").bearer(&access).send().status,
        204
    );
    let before = kw.state();
    for hours in [0, 1, 22] {
        kw.advance(hours * 3600);
        refused_on_every_route(kw, &access);
    }
    assert_eq!(kw.state(), before);
});

// A process that starts later reads what was revoked before it was there, and forgets
// none of it while a token could still live.
both!(j25_a_later_process_knows_of_earlier_logouts, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let access = kw.oisp_login("alice");
    assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
    kw.advance(24 * 3600 - 1);
    threads::purge(&kw.kw, kw.kw.clock.now()).unwrap();
    refused_on_every_route(kw, &access);
    refused_on_every_route(&kw.replica(), &access);
});

// What a command revokes whose settings are not the server's is no less revoked: its own
// tokens would be over in an hour, the server's live for a day.
both!(j23_a_process_of_shorter_lives_revokes_for_all, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let access = kw.oisp_login("alice");
    let command = kw.replica_with(&[
        ("KEYWARD_OISP_TOKEN_TTL", "1h"),
        ("KEYWARD_ACCESS_TOKEN_TTL", "1m"),
    ]);
    administer::revoke_sessions(&command.kw, id_of(&access)).unwrap();
    kw.catch_up();
    for hours in [2, 21] {
        kw.advance(hours * 3600);
        for each in [kw, &command] {
            threads::purge(&each.kw, kw.kw.clock.now()).unwrap();
        }
        refused_on_every_route(kw, &access);
        refused_on_every_route(&kw.replica(), &access);
    }
});

// For a minute the clock is far ahead, the purge runs, and the clock is right again.
both!(s8_a_leap_of_the_clock_revives_no_token, |kw| {
    let mut steady = Steady::new(kw.kw.clock.now(), Instant::now());
    kw.add("alice@example.com", Some("alice"), false);
    let access = kw.oisp_login("alice");
    assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
    let told = kw.count("revocations");
    let leap = Duration::from_secs(400 * 86_400);
    kw.kw.clock.advance(leap);
    let over = steady.tell(kw.kw.clock.now(), Instant::now());
    assert_eq!(threads::purge(&kw.kw, over).unwrap(), 0);
    kw.kw.clock.step_back(leap);
    refused_on_every_route(kw, &access);
    refused_on_every_route(&kw.replica(), &access);
    assert_eq!((kw.count("sessions"), kw.count("revocations")), (1, told));
});

// The clock is behind while the token is revoked, and is right again: its news would be over
// before the token is. (Here the hours are the clock's alone: a process that lives through
// them may forget.)
both!(s8_a_clock_that_was_behind_revives_no_token, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let access = kw.oisp_login("alice");
    let behind = Duration::from_secs(600);
    kw.kw.clock.step_back(behind);
    administer::revoke_sessions(&kw.kw, id_of(&access)).unwrap();
    kw.kw.clock.advance(behind);
    kw.advance(24 * 3600 - 60);
    threads::purge(&kw.kw, kw.kw.clock.now()).unwrap();
    refused_on_every_route(kw, &access);
    refused_on_every_route(&kw.replica(), &access);
});

both!(j23_a_password_set_anew_ends_what_was_before, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let password = keyward::domain::password::Password::parse(PASSWORD).unwrap();
    administer::set_password(&kw.kw, id_of(&access), &password).unwrap();
    let before = kw.state();
    refused_on_every_route(kw, &access);
    kw.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.state(), before);
});
