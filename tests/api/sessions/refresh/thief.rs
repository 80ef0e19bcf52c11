//! A thief who knows the grace (`attack_h1`): he refreshes so often that the last rotation is
//! always a moment ago. What counts is when the owner's own token was replaced, so he is found
//! at the owner's first refresh that is late by more than that.

use keyward::domain::session::EndReason;

use crate::support::{Forge, TestKeyward, text};

/// How long he waits between two refreshes, in seconds; or a random while of up to 30.
const PERIODS: [Option<u64>; 6] = [Some(5), Some(20), Some(25), Some(29), Some(30), None];

/// Numbers that look random and are the same at every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Goes on for so many seconds with what each turn gives.
fn keep_on(
    kw: &TestKeyward,
    stolen: &str,
    (period, seconds): (Option<u64>, u64),
    turn: impl Fn(&str) -> String,
) {
    let mut dice = Dice(seconds);
    let (mut stolen, mut gone) = (turn(stolen), 0);
    while gone < seconds {
        let wait = period
            .unwrap_or_else(|| 2 + dice.below(29))
            .min(seconds - gone);
        kw.advance(wait);
        gone += wait;
        if gone < seconds {
            stolen = turn(&stolen);
        }
    }
}

fn by_refresh(kw: &TestKeyward) -> impl Fn(&str) -> String {
    |token| {
        let answer = kw.refresh(token);
        assert_eq!(answer.outcome(), "fresh");
        let (access, refresh) = answer.tokens();
        assert_eq!(kw.me(&access), 200, "he uses it");
        refresh
    }
}

fn by_exchange(kw: &TestKeyward) -> impl Fn(&str) -> String {
    |token| {
        let answer = kw.get("/auth/token").bearer(token).send();
        assert_eq!(answer.outcome(), "fresh");
        text(&answer.json(), "token")
    }
}

#[track_caller]
fn assert_found(kw: &TestKeyward, access: &str) {
    kw.assert_ended(access, &[], EndReason::Reuse);
    let account = kw.session_of(access).account;
    assert_eq!(kw.audit(account).last().unwrap(), "refresh_reuse");
}

both!(attack_h1_a_thief_who_refreshes_often_is_found, |kw| {
    let mut dice = Dice(1);
    for (number, period) in PERIODS.into_iter().enumerate() {
        // An hour once; and right after two graces.
        for (turn, seconds) in [3600, 61, 62 + dice.below(90), 62 + dice.below(600)]
            .into_iter()
            .enumerate()
        {
            let (access, owned) = kw.signed_in(&format!("a{number}.{turn}@example.com"));
            keep_on(kw, &owned, (period, seconds), by_refresh(kw));
            let answer = kw.post("/auth/refresh").cookie(&owned).send();
            answer.refused(401, "INVALID_CREDENTIALS");
            assert_eq!(answer.cookie().as_deref(), Some(""), "it is final");
            assert_found(kw, &access);
        }
    }
});

// Three hours by access tokens alone (X17): the exchange moves the same counter. The owner
// is found out by either of the two that he holds, and so is the thief.
both!(attack_h1_a_thief_who_exchanges_often_is_found, |kw| {
    for (number, (period, seconds)) in [
        (Some(25), 3 * 3600),
        (Some(5), 61),
        (Some(29), 600),
        (Some(30), 900),
        (None, 900),
    ]
    .into_iter()
    .enumerate()
    {
        let (access, owned) = kw.signed_in(&format!("a{number}@example.com"));
        keep_on(kw, &access, (period, seconds), by_exchange(kw));
        if number % 2 == 0 {
            kw.refresh(&owned).refused(401, "INVALID_CREDENTIALS");
        } else {
            let answer = kw.get("/auth/token").bearer(&access).send();
            answer.refused(401, "INVALID_TOKEN");
        }
        assert_found(kw, &access);
    }
});

// Until its own successor is older than the grace, the owner is only late: refused, told of
// in the audit with the address, and nothing else.
both!(attack_h1_a_late_token_is_refused_and_told_of, |kw| {
    let (access, owned) = kw.signed_in("alice@example.com");
    keep_on(kw, &owned, (Some(5), 30), by_refresh(kw));
    let before = kw.session_of(&access);
    for _ in 0..3 {
        let ask = kw.post("/auth/refresh").cookie(&owned);
        let answer = ask.peer("198.51.100.8").send();
        answer.refused(401, "INVALID_CREDENTIALS");
        assert!(answer.set_cookies().is_empty(), "a better one may be there");
    }
    let answer = kw.get("/auth/token").bearer(&access).send();
    answer.refused(401, "INVALID_TOKEN");
    assert_eq!(kw.session_of(&access), before);
    let sid = text(&Forge::claims_of(&access), "sid");
    let rows = kw.rows(&format!(
        "SELECT what || ' ' || coalesce(address, '-') || ' ' || times AS line FROM audit_events \
         WHERE what = 'refresh_late' AND session_id = '{sid}' ORDER BY times DESC"
    ));
    assert_eq!(
        rows,
        ["refresh_late 198.51.100.8 3", "refresh_late 127.0.0.1 1"]
    );
    kw.advance(1);
    kw.refresh(&owned).refused(401, "INVALID_CREDENTIALS");
    assert_found(kw, &access);
});

both!(
    attack_h1_more_than_sixteen_rotations_in_a_grace_wait,
    |kw| {
        let (access, mut token) = kw.signed_in("alice@example.com");
        let mut before_last = token.clone();
        for _ in 0..16 {
            before_last.clone_from(&token);
            token = by_refresh(kw)(&token);
            kw.advance(1);
        }
        let before = kw.state();
        let newest = kw.refresh(&before_last).tokens().0;
        for _ in 0..3 {
            let answer = kw.post("/auth/refresh").cookie(&token).send();
            answer.refused(429, "REQUESTS_EXCEEDED");
            assert_eq!(answer.header("retry-after"), Some("14"));
            assert!(answer.set_cookies().is_empty(), "the cookie is good");
            let answer = kw.get("/auth/token").bearer(&newest).send();
            answer.refused(429, "REQUESTS_EXCEEDED");
            assert_eq!(answer.header("retry-after"), Some("14"));
        }
        // But for the one replay.
        assert_eq!(kw.state().replace("replays: 1", "replays: 0"), before);
        kw.advance(13);
        kw.refresh(&token).refused(429, "REQUESTS_EXCEEDED");
        kw.advance(1);
        assert_eq!(kw.refresh(&token).outcome(), "fresh");
        assert_eq!(kw.generation_of(&access), 17);
        // The one after it waits for the second of the sixteen.
        let (_, next) = (kw.refresh(&token)).tokens();
        let answer = kw.refresh(&next);
        answer.refused(429, "REQUESTS_EXCEEDED");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
);

// Ten tabs that wake together, each with a token of its own that is a few seconds old, and
// answers that get lost: nobody is signed out.
both!(attack_h1_honest_tabs_stay_signed_in, |kw| {
    let (access, mut newest) = kw.signed_in("alice@example.com");
    let mut dice = Dice(7);
    for _ in 0..10 {
        // What each tab read before it asked: one of the last few.
        let mut read = vec![newest.clone()];
        for _ in 0..15 {
            let held = read[read.len().saturating_sub(3)..].to_vec();
            let shown = &held[usize::try_from(dice.below(held.len() as u64)).unwrap()];
            let answer = kw.refresh(shown);
            if answer.status == 200 {
                let (young, token) = answer.tokens();
                // One answer in five is lost.
                if dice.below(5) > 0 {
                    assert_eq!(kw.me(&young), 200);
                    read.push(token);
                }
            } else {
                answer.refused(401, "INVALID_CREDENTIALS");
            }
            kw.advance(1);
        }
        newest = read.pop().unwrap();
        // And the laptop sleeps.
        kw.advance(900 + dice.below(3600));
    }
    assert_eq!(kw.session_of(&access).ended, None);
    let answer = kw.refresh(&newest);
    assert_eq!(answer.status, 200, "{answer:?}");
});

// A laptop sleeps before its answer comes. All its tabs wake with the same token; what the
// first of them gets is used at once, and the others are no thieves.
both!(tabs_that_wake_together_recover_together, |kw| {
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    kw.advance(8 * 3600);
    let answer = kw.refresh(&zero);
    assert_eq!(answer.outcome(), "recovered");
    assert_eq!(kw.me(&answer.tokens().0), 200);
    kw.advance(30);
    let answer = kw.refresh(&zero);
    assert_eq!(answer.outcome(), "replayed");
    let (young, same) = answer.tokens();
    assert_eq!(same, one);
    let answer = kw.get("/auth/token").bearer(&young).send();
    assert_eq!(answer.outcome(), "fresh", "of the generation that was lost");
    kw.advance(31);
    kw.refresh(&zero).refused(401, "INVALID_CREDENTIALS");
    assert_found(kw, &access);
});
