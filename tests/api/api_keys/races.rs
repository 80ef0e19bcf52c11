//! Two processes at once.

use std::sync::Barrier;

use keyward::domain::id::ApiKeyId;
use keyward::service::Keyward;
use keyward::service::api_keys::{administer, own};
use keyward::service::tokens::authenticate_api_key;

use super::{made, root, verify};
use crate::support::{TestKeyward, account_of, actor};

const ROUNDS: usize = 10;

/// Runs the same in two processes at once: how many did it.
fn both_at_once(
    (kw, other): (&TestKeyward, &TestKeyward),
    act: impl Fn(&Keyward) -> bool + Send + Sync,
) -> usize {
    let start = Barrier::new(2);
    let (start, act) = (&start, &act);
    let handles = [kw.kw.clone(), other.kw.clone()];
    std::thread::scope(|scope| {
        let threads = handles.map(|kw| {
            scope.spawn(move || {
                start.wait();
                act(&kw)
            })
        });
        let done = threads.map(|thread| usize::from(thread.join().unwrap()));
        done.iter().sum()
    })
}

both!(s9_of_two_who_rotate_the_last_key_at_once_one_does, |kw| {
    let root = root(kw);
    let replica = kw.replica();
    let by = actor(&kw.kw, &root);
    for round in 0..ROUNDS {
        let (_, id) = made(kw, &root, (&format!("key {round}"), &[]));
        let id: ApiKeyId = id.parse().unwrap();
        let done = both_at_once((kw, &replica), |kw| match own::rotate(kw, &by, id) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.code.as_str(), "CONFLICT", "{error}");
                false
            }
        });
        assert_eq!(done, 1, "round {round}");
        let keys = kw.keys_of(account_of(&root));
        let name = format!("key {round}");
        assert_eq!(keys.iter().filter(|key| key.name == name).count(), 2);
    }
});

both!(s9_of_two_who_revoke_a_key_at_once_one_does, |kw| {
    let root = root(kw);
    let replica = kw.replica();
    for round in 0..ROUNDS {
        let (key, id) = made(kw, &root, (&format!("key {round}"), &[]));
        let id: ApiKeyId = id.parse().unwrap();
        let done = both_at_once((kw, &replica), |kw| match administer::revoke_one(kw, id) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.code.as_str(), "NOT_FOUND", "{error}");
                false
            }
        });
        assert_eq!(done, 1, "round {round}");
        for each in [kw, &replica] {
            each.catch_up();
            verify(each, &key).refused(401, "INVALID_TOKEN");
        }
    }
    let events = kw.rows("SELECT id AS line FROM audit_events WHERE what = 'api_key_revoked'");
    assert_eq!(events.len(), ROUNDS);
});

both!(
    s9_a_key_that_is_read_while_it_is_revoked_does_not_live_on,
    |kw| {
        let root = root(kw);
        let replica = kw.replica();
        for round in 0..ROUNDS {
            let (key, id) = made(kw, &root, (&format!("key {round}"), &["admin"]));
            let id: ApiKeyId = id.parse().unwrap();
            let start = Barrier::new(2);
            let (reads, revokes) = (replica.kw.clone(), kw.kw.clone());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    let _ = authenticate_api_key::look_up(&reads, &key.clone().into());
                });
                scope.spawn(|| {
                    start.wait();
                    administer::revoke_one(&revokes, id).unwrap();
                });
            });
            replica.catch_up();
            for each in [kw, &replica] {
                verify(each, &key).refused(401, "INVALID_TOKEN");
            }
        }
    }
);
