//! Tokens that nobody signed cost no more than a look into memory, however many come.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use keyward::domain::algorithm::Algorithm;
use keyward::service::{Error, Keyward};
use serde_json::json;

use crate::support::{Forge, TestKeyward};

/// How many connections the tests' Keyward has: `KEYWARD_DATABASE_POOL`.
const CONNECTIONS: usize = 4;

/// Holds every connection, and SQLite's writer, while `work` runs: whoever asks the
/// database meanwhile waits for two seconds and then answers 503.
fn without_the_database(kw: &Keyward, work: impl FnOnce()) {
    // On PostgreSQL a writer takes a connection of the same pool.
    let writers = usize::from(kw.store.url().is_sqlite());
    let (held, all_held) = sync_channel::<()>(CONNECTIONS + writers);
    thread::scope(|scope| {
        let mut releases = Vec::new();
        for number in 0..CONNECTIONS + writers {
            let (release, released) = sync_channel::<()>(1);
            releases.push(release);
            let held = held.clone();
            let hold = move || {
                held.send(()).unwrap();
                // An error, once the other end is dropped.
                let _ = released.recv();
            };
            scope.spawn(move || {
                let done: Result<(), Error> = if number < CONNECTIONS {
                    kw.store.read(|_| {
                        hold();
                        Ok(())
                    })
                } else {
                    kw.store.write(move |_| {
                        hold();
                        Ok(())
                    })
                };
                done.unwrap();
            });
        }
        for _ in &releases {
            all_held.recv().unwrap();
        }
        work();
        drop(releases);
    });
}

fn unknown_keys(kw: &TestKeyward, access: &str, count: usize) -> Vec<String> {
    let foreign = Forge::foreign(Algorithm::EdDsa);
    let claims = Forge::claims_of(access);
    let token = |number| {
        let kid = format!("{number:043}");
        foreign.sign(&kw.forge().header_with(&[("kid", json!(kid))]), &claims)
    };
    (0..count).map(token).collect()
}

both!(j8_unknown_keys_are_looked_up_in_memory_alone, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let tokens = unknown_keys(kw, &access, 10_000);
    without_the_database(&kw.kw, || {
        let began = Instant::now();
        for token in &tokens {
            let answer = kw.get("/auth/verify").bearer(token).send();
            assert_eq!(answer.status, 401, "{answer:?}");
        }
        // Ten milliseconds for each would be a hundred times too slow already; this
        // bound is for machines under load.
        assert!(
            began.elapsed() < Duration::from_secs(100),
            "{:?}",
            began.elapsed()
        );
        kw.get("/auth/verify")
            .bearer(&tokens[0])
            .send()
            .refused(401, "INVALID_TOKEN");
        // And the genuine token needs no database either.
        assert_eq!(kw.get("/auth/verify").bearer(&access).send().status, 200);
        // The control: what does ask the database finds that it is away.
        kw.get("/auth/me")
            .bearer(&access)
            .send()
            .refused(503, "SERVICE_UNAVAILABLE");
    });
    assert_eq!(kw.state(), before);
});
