//! A fresh database for each test, rows to put into it, and threads that begin at once.

use std::net::Ipv6Addr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Barrier;
use std::time::Duration;

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use keyward::domain::account::Epoch;
use keyward::domain::id::{AccountId, OrganizationId, SessionId};
use keyward::domain::identifier::Email;
use keyward::domain::refresh_rotation::Generation;
use keyward::domain::session::{Authentication, Class, Method, Mode, Session};
use keyward::store::engine::migrations;
use keyward::store::{AnyConnection, Options, Store, Url, accounts, refresh_rotation, sessions};
use keyward::support::clock::Timestamp;
use uuid::Uuid;

use crate::postgres;

pub const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// Runs a test on SQLite and on PostgreSQL: `both!(name, |db| { … });`
macro_rules! both {
    ($name:ident, |$db:ident| $body:block) => {
        both!($name, migrated, |$db| $body);
    };
    ($name:ident, $kind:ident, |$db:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "what the test's file uses, its body may")]
            use super::*;

            fn body($db: &$crate::kit::Fresh) $body

            #[test]
            fn sqlite() {
                body(&$crate::kit::Fresh::sqlite(stringify!($kind) == "migrated"));
            }

            #[test]
            fn postgres() {
                if let Some(db) = $crate::kit::Fresh::postgres(stringify!($kind) == "migrated") {
                    body(&db);
                }
            }
        }
    };
}

/// A database of one's own. As a store it is opened at its first use.
pub struct Fresh {
    pub url: Url,
    store: std::sync::OnceLock<Store>,
    folder: Option<PathBuf>,
}

impl Fresh {
    pub fn sqlite(migrated: bool) -> Self {
        // Not by the number of a process, which two containers or users may share.
        let name = format!("keyward-store-{}", Uuid::new_v4());
        let folder = crate::scratch::parent().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let url: Url = format!("sqlite://{}/keyward.db", folder.display())
            .parse()
            .unwrap();
        if migrated {
            migrations::up(&url).unwrap();
        }
        Self {
            url,
            store: std::sync::OnceLock::new(),
            folder: Some(folder),
        }
    }

    pub fn postgres(migrated: bool) -> Option<Self> {
        let url = if migrated {
            postgres::database_like(|template| {
                migrations::up(&template.parse().unwrap()).unwrap();
            })
        } else {
            postgres::database()
        };
        Some(Self {
            url: url?.parse().unwrap(),
            store: std::sync::OnceLock::new(),
            folder: None,
        })
    }

    /// Another store on the same database, as another process would open it.
    pub fn another(&self) -> Store {
        // Patient, because machines that run tests are busy: who waits is not refused.
        let options = Options {
            connections: 8,
            patience: Duration::from_secs(30),
            deadline: Duration::from_secs(30),
        };
        Store::open(self.url.clone(), &options).unwrap()
    }

    /// The folder of the SQLite file.
    pub fn folder(&self) -> &PathBuf {
        self.folder.as_ref().unwrap()
    }

    /// An account by that address, written past the acts.
    pub fn account(&self, email: &str) -> AccountId {
        let id = AccountId(Uuid::new_v4());
        let new = new_account(id, email);
        self.write(move |tx| accounts::add(tx, &new))
            .unwrap()
            .unwrap();
        id
    }

    /// A session of an account of its own.
    pub fn session(&self) -> Session {
        let email = format!("{}@example.com", Uuid::new_v4().simple());
        let session = session_of(self.account(&email));
        let row = session.clone();
        self.write(move |tx| sessions::add(tx, &row)).unwrap();
        session
    }

    pub fn session_now(&self, id: SessionId) -> Session {
        self.read(|db| sessions::lookup(db, id)).unwrap().unwrap().0
    }
}

impl Deref for Fresh {
    type Target = Store;
    fn deref(&self) -> &Store {
        self.store.get_or_init(|| self.another())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

pub fn new_account(id: AccountId, email: &str) -> accounts::New {
    accounts::New {
        id,
        email: Some(Email::parse(email).unwrap()),
        username: None,
        verified: false,
        created_by: None,
        now: NOW,
    }
}

/// Every field says something, so that a lost one is missed.
pub fn session_of(account: AccountId) -> Session {
    let later = |seconds| NOW + Duration::from_secs(seconds);
    Session {
        id: SessionId(Uuid::new_v4()),
        account,
        organization: Some(OrganizationId(Uuid::new_v4())),
        anonymous: true,
        mode: Mode::Cookie,
        class: Class::Oisp,
        authentication: Authentication {
            methods: vec![Method::PASSWORD, Method::OTP],
            level: 2,
            at: later(1),
        },
        created_at: later(2),
        salt: *b"0123456789abcdef\0\xff23456789abcdef",
        generation: Generation {
            number: 0,
            rotated_at: later(3),
            replays: 0,
            seen: false,
            recent: "1,20000".parse().unwrap(),
        },
        idle_expires_at: later(4),
        absolute_expires_at: later(5),
        account_epoch: Epoch(6),
        user_agent: Some("agent".to_owned()),
        address: Some(Ipv6Addr::LOCALHOST.into()),
        acted_by: None,
        entered_from: None,
        ended: None,
    }
}

/// The generation after `number`, begun now.
pub fn after(number: u32) -> Generation {
    Generation {
        number: number + 1,
        recent: "3000,29000".parse().unwrap(),
        ..Generation::first(NOW)
    }
}

/// Rotates the session, if it still stands at the generation `from`.
pub fn rotate(
    db: &mut AnyConnection,
    id: SessionId,
    from: u32,
    idle_expires_at: Timestamp,
) -> keyward::store::Result<bool> {
    let (session, _) = sessions::lookup(db, id)?.expect("a session");
    let stood = Generation {
        number: from,
        ..session.generation
    };
    refresh_rotation::rotate(db, id, [stood, after(from)], idle_expires_at)
}

/// Runs `work` on so many threads that begin together. What each gave, in order.
pub fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The rows of a query whose one column is a text called `line`: for what no function of
/// the store tells.
pub fn lines(connection: &mut AnyConnection, sql: &str) -> Vec<String> {
    let query = diesel::sql_query(sql);
    let rows: Vec<Line> = match connection {
        AnyConnection::Sqlite(sqlite) => query.load(sqlite).unwrap(),
        AnyConnection::Postgres(postgres) => query.load(postgres).unwrap(),
    };
    rows.into_iter().map(|row| row.line).collect()
}

pub fn execute(connection: &mut AnyConnection, sql: &str) {
    use diesel::connection::SimpleConnection as _;
    match connection {
        AnyConnection::Sqlite(sqlite) => sqlite.batch_execute(sql).unwrap(),
        AnyConnection::Postgres(postgres) => postgres.batch_execute(sql).unwrap(),
    }
}
