//! The two doors of the store, on SQLite, with nobody else in the way.

use criterion::Criterion;
use keyward::domain::account::Epoch;
use keyward::domain::id::{AccountId, SessionId};
use keyward::domain::identifier::Email;
use keyward::domain::refresh_rotation::Generation;
use keyward::domain::session::{Authentication, Class, Method, Mode, Session};
use keyward::store::engine::migrations;
use keyward::store::{Error, Options, Store, Url, accounts, refresh_rotation, sessions};
use keyward::support::clock::Timestamp;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const END: Timestamp = Timestamp::from_seconds(1_900_000_000);

fn session() -> Session {
    Session {
        id: SessionId(Uuid::from_u128(2)),
        account: AccountId(Uuid::from_u128(1)),
        organization: None,
        anonymous: false,
        mode: Mode::Json,
        class: Class::Standard,
        authentication: Authentication {
            methods: vec![Method::PASSWORD],
            level: 1,
            at: NOW,
        },
        created_at: NOW,
        salt: [9; 32],
        generation: Generation::first(NOW),
        idle_expires_at: END,
        absolute_expires_at: END,
        account_epoch: Epoch(0),
        acted_by: None,
        entered_from: None,
        user_agent: None,
        address: None,
        ended: None,
    }
}

pub fn store(c: &mut Criterion) {
    let url = Url::throw_away();
    url.make_folder();
    migrations::up(&url).expect("a new database");
    let store = Store::open(url.clone(), &Options::default()).expect("a new database");
    let row = session();
    let (id, account) = (row.id, row.account);
    let mut generation = row.generation;
    let added: Result<_, Error> = store.write(move |tx| {
        let new = accounts::New {
            id: account,
            email: Some(Email::parse("alice@example.com").expect("an address")),
            username: None,
            verified: true,
            created_by: None,
            now: NOW,
        };
        accounts::add(tx, &new)?.expect("the first account");
        sessions::add(tx, &row)
    });
    added.expect("an account and a session");

    c.bench_function("store, read a session and its account", |b| {
        b.iter(|| {
            store
                .read(|db| sessions::lookup(db, id))
                .expect("a session")
        });
    });
    // One durable commit each: what remains is the disk.
    c.bench_function("store, rotate a session, durably", |b| {
        b.iter(|| {
            let next = Generation {
                number: generation.number + 1,
                ..generation
            };
            let rotated =
                store.write(move |tx| refresh_rotation::rotate(tx, id, [generation, next], END));
            assert!(rotated.expect("a commit"));
            generation = next;
        });
    });
    drop(store);
    url.discard();
}
