//! A database that answers nobody.

use std::sync::mpsc::sync_channel;
use std::thread;

use keyward::service::{Error, Keyward};

/// How many connections the tests' Keyward has: `KEYWARD_DATABASE_POOL`.
const CONNECTIONS: usize = 4;

/// Holds every connection, and SQLite's writer, while `work` runs: whoever asks the
/// database meanwhile waits for two seconds and then answers 503.
pub fn without_the_database(kw: &Keyward, work: impl FnOnce()) {
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
