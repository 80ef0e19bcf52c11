//! One refresh token, shown many times at once: tabs that wake up together (rows R2, R22,
//! D-38). All are answered with one successor, whichever process they reach. Races
//! against what ends a session are `refresh_against_ends.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Barrier, Mutex};

use keyward::domain::session::Client;
use keyward::service::Keyward;
use keyward::service::accounts::administer;
use keyward::service::sessions::refresh::{Outcome, Request, refresh};
use keyward::support::secret::ExposeSecret as _;
use serde_json::json;

use crate::support::{Answer, Forge, TestKeyward};

/// Shows the token so many times at once, to the processes in turn.
fn show_at_once(processes: &[&TestKeyward], token: &str, times: usize) -> Vec<Answer> {
    let body = json!({ "refresh_token": token });
    let asks = (0..times).map(|number| {
        let kw = processes[number % processes.len()];
        kw.post("/auth/refresh").json(&body)
    });
    processes[0].all(asks.collect())
}

/// Asserts that all were answered, one of them by the rotation and the others by a
/// replay of it: the one successor that all hold, and their access tokens.
#[track_caller]
fn one_successor(answers: &[Answer]) -> (String, Vec<String>) {
    let (accesses, successors): (Vec<_>, BTreeSet<_>) = answers.iter().map(Answer::tokens).unzip();
    let successors: Vec<_> = successors.into_iter().collect();
    let [successor] = &successors[..] else {
        panic!("{successors:?}");
    };
    let fresh = answers.iter().filter(|it| it.outcome() == "fresh").count();
    assert_eq!(fresh, 1);
    (successor.clone(), accesses)
}

both!(r2_s9_parallel_refreshes_over_two_replicas, |kw| {
    let replica = kw.replica();
    for times in [10_usize, 50] {
        let (first, mut token) = kw.signed_in(&format!("alice{times}@example.com"));
        for generation in 1..=3 {
            let answers = show_at_once(&[kw, &replica], &token, times);
            let (successor, accesses) = one_successor(&answers);
            assert_ne!(successor, token);
            let row = kw.session_of(&first).generation;
            assert_eq!(row.number, generation, "one step, however many asked");
            assert_eq!(row.replays as usize, times - 1);
            for access in accesses {
                assert_eq!(Forge::claims_of(&access)["gen"], json!(generation));
            }
            token = successor;
        }
    }
});

both!(d38_twenty_refreshes_of_one_token_all_live, |kw| {
    let (first, token) = kw.signed_in("alice@example.com");
    let account = kw.session_of(&first).account;
    let (successor, accesses) = one_successor(&show_at_once(&[kw], &token, 20));
    for access in &accesses {
        assert_eq!(kw.me(access), 200);
        assert_eq!(
            Forge::claims_of(access)["sid"],
            Forge::claims_of(&first)["sid"]
        );
    }
    let ids: BTreeSet<_> = accesses.iter().collect();
    assert_eq!(ids.len(), 20, "each has a token of its own");
    assert_eq!(administer::sessions_of(&kw.kw, account).unwrap().len(), 1);
    assert_eq!(kw.refresh(&successor).outcome(), "fresh");
});

both!(r22_the_budget_of_replays_is_one_for_all, |kw| {
    let replica = kw.replica();
    let (access, [zero, one]) = kw.refreshed("alice@example.com");
    let answers = show_at_once(&[kw, &replica], &zero, 100);
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 200);
    assert_eq!((good.len(), refused.len()), (60, 40));
    for answer in good {
        assert_eq!(
            (answer.outcome(), answer.tokens().1),
            ("replayed", one.clone())
        );
    }
    for answer in refused {
        answer.refused(429, "REQUESTS_EXCEEDED");
    }
    let row = kw.session_of(&access).generation;
    assert_eq!((row.number, row.replays), (1, 60));
});

// The act itself, from threads that start at the same instant, without a face before it.
both!(r2_real_threads_get_one_successor, |kw| {
    const THREADS: usize = 50;
    let replica = kw.replica();
    let (access, mut token) = kw.signed_in("alice@example.com");
    for generation in 1..=4 {
        let outcomes = Mutex::new(BTreeMap::new());
        let start = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for number in 0..THREADS {
                let processes: [&Keyward; 2] = [&kw.kw, &replica.kw];
                let kw = processes[number % 2].clone();
                let (start, outcomes, token) = (&start, &outcomes, token.clone());
                scope.spawn(move || {
                    start.wait();
                    let (tokens, outcome) = show(&kw, token).unwrap();
                    let given = (tokens, outcome.as_str());
                    *outcomes.lock().unwrap().entry(given).or_insert(0) += 1;
                });
            }
        });
        let outcomes: Vec<_> = outcomes.into_inner().unwrap().into_iter().collect();
        let [((one, "fresh"), 1), ((other, "replayed"), 49)] = &outcomes[..] else {
            panic!("{outcomes:?}");
        };
        assert_eq!(one, other);
        assert_eq!(kw.session_of(&access).generation.number, generation);
        token.clone_from(one);
    }
});

/// The successor and how it came, or the status-like word of a refusal.
fn show(kw: &Keyward, token: String) -> Result<(String, Outcome), &'static str> {
    let request = Request {
        organization: None,
        token: token.into(),
        client: Client::default(),
    };
    refresh(kw, &request)
        .map(|done| (done.tokens.refresh.expose_secret().to_owned(), done.outcome))
        .map_err(|refused| refused.error.code.as_str())
}

// Tabs share one jar and refresh whenever they like, each with what it read a moment
// ago. A tab may come late and be told so; none may ever be taken for a thief.
both!(r2_r5_tabs_that_share_a_jar_never_end_the_session, |kw| {
    const TABS: usize = 8;
    let replica = kw.replica();
    let (access, token) = kw.signed_in("alice@example.com");
    let jar = Mutex::new((0, token));
    let rotations = Mutex::new(0);
    let turn = |kw: &Keyward| {
        let (generation, token) = jar.lock().unwrap().clone();
        match show(kw, token) {
            Ok((next, outcome)) => {
                if outcome == Outcome::Fresh {
                    *rotations.lock().unwrap() += 1;
                }
                let mut jar = jar.lock().unwrap();
                if jar.0 == generation {
                    *jar = (generation + 1, next);
                }
            }
            // A late tab, or more of them than a session may have in a grace.
            Err(code) => assert!(["INVALID_CREDENTIALS", "REQUESTS_EXCEEDED"].contains(&code)),
        }
    };
    for _ in 0..8 {
        std::thread::scope(|scope| {
            for number in 0..TABS {
                let process = [&kw.kw, &replica.kw][number % 2].clone();
                let turn = &turn;
                scope.spawn(move || (0..3).for_each(|_| turn(&process)));
            }
        });
        kw.advance(31);
        replica.advance(31);
    }
    assert!(*rotations.lock().unwrap() > 16, "they went on");
    let row = kw.session_of(&access);
    assert_eq!(row.ended, None);
    let (generation, token) = jar.into_inner().unwrap();
    assert_eq!(
        row.generation.number, generation,
        "the jar holds the newest"
    );
    assert_eq!(
        generation,
        rotations.into_inner().unwrap(),
        "each step was told once"
    );
    assert_eq!(kw.refresh(&token).outcome(), "fresh");
});
