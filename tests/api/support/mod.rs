//! A Keyward of one's own for each test: a throw-away database, a clock that stands
//! still, seeded randomness, a fixed signing key, and clients to ask it. Nothing in an
//! answer is left to chance, so that golden exchanges are exact text.

#![allow(dead_code, reason = "a toolbox: not every test binary uses every tool")]

mod api_keys;
mod ask;
mod away;
mod clock;
mod faults;
mod forge;
mod gate;
mod guesses;
mod logbook;
mod mail;
mod restart;
mod second_factor;
mod signed_in;
mod waits;
mod wire;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_http::Request;
use actix_web::{body, test};
use diesel::connection::SimpleConnection as _;
use futures_util::future::{LocalBoxFuture, join_all};
use keyward::app::{App, World};
use keyward::config::Dialect;
use keyward::config::{self, Config};
use keyward::crypto::signing_key::SigningKey;
use keyward::domain::algorithm::Algorithm;
use keyward::domain::id::{AccountId, SessionId};
use keyward::domain::identifier::{Email, Identifier, Username};
use keyward::domain::password::Password;
use keyward::domain::session::{Class, Client, Mode, Session};
use keyward::first_start::first_administrator;
use keyward::http::{self, Web};
use keyward::service::Keyward;
use keyward::service::accounts::administer::{self, NewAccount};
use keyward::service::actor::Actor;
use keyward::service::keys;
use keyward::service::sessions::login;
use keyward::service::tokens::authenticate::authenticate;
use keyward::service::upkeep::revocation_tail;
use keyward::store::audit::audit_events;
use keyward::store::engine::migrations;
use keyward::store::{AnyConnection, accounts, sessions};
use keyward::support::clock::{Clock, Timestamp};
use keyward::support::entropy::Entropy;
use serde_json::Value;
use uuid::Uuid;

pub use ask::{Answer, Ask};
pub use away::without_the_database;
pub use clock::BEGIN;
pub use faults::{Fault, forged_refresh};
pub use forge::Forge;
pub use gate::Gate;
pub use guesses::WRONG;
pub use logbook::Logbook;
pub use mail::letter;
pub use second_factor::{Factor, account_of};
pub use waits::{shut, wait_until};

use crate::postgres;

pub const PASSWORD: &str = "correct horse battery";

/// What `KEYWARD_SECRET` is in every test.
pub const SECRET: &str = "test secret: 0123456789abcdefghijklmnopqrstuvwxyz";

/// The key that signs in every test (RSA 2048, PKCS#8). It guards nothing.
pub const SIGNING_KEY: &[u8] = include_bytes!("../../support/signing_key.der");

type Handle = Rc<dyn Fn(Request) -> LocalBoxFuture<'static, Answer>>;

pub struct TestKeyward {
    pub kw: Keyward,
    pub web: Arc<Web>,
    settings: BTreeMap<String, String>,
    handle: Handle,
    system: Rc<actix_rt::SystemRunner>,
    /// Of the SQLite database; the last one out removes it.
    folder: Rc<Folder>,
    /// The key that it began with, as it is stored.
    key: (Algorithm, Vec<u8>),
}

struct Folder(Option<PathBuf>);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Runs a test on SQLite and on PostgreSQL: `both!(name, |kw| { … });`
#[macro_export]
macro_rules! both {
    ($name:ident, |$kw:ident| $body:block) => {
        $crate::both!($name, &[], |$kw| $body);
    };
    ($name:ident, $settings:expr, |$kw:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "what the test's file uses, its body may")]
            use super::*;

            fn body($kw: &$crate::support::TestKeyward) $body

            #[test]
            fn sqlite() {
                body(&$crate::support::TestKeyward::with($settings));
            }

            #[test]
            fn postgres() {
                if let Some(kw) = $crate::support::TestKeyward::postgres($settings) {
                    body(&kw);
                }
            }
        }
    };
}

impl TestKeyward {
    /// On SQLite, with the defaults.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// On SQLite, with these settings.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        // Not by the number of a process, which two containers or users may share.
        let name = format!("keyward-api-{}", Uuid::new_v4());
        let folder = crate::scratch::parent().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite://{}/keyward.db", folder.display());
        Self::open(&url, settings, Rc::new(Folder(Some(folder))))
    }

    /// On PostgreSQL; `None` where there is none.
    pub fn postgres(settings: &[(&str, &str)]) -> Option<Self> {
        let url = postgres::database_like(|template| {
            migrations::up(&template.parse().unwrap()).unwrap();
        })?;
        Some(Self::open(&url, settings, Rc::new(Folder(None))))
    }

    fn open(url: &str, settings: &[(&str, &str)], folder: Rc<Folder>) -> Self {
        let defaults = [
            ("DATABASE_URL", url),
            ("KEYWARD_SECRET", SECRET),
            ("KEYWARD_PUBLIC_URL", "http://localhost:8080"),
            ("KEYWARD_DATABASE_POOL", "4"),
            ("KEYWARD_BCRYPT_COST", "10"),
        ];
        let settings: BTreeMap<String, String> = defaults
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let world = World {
            clock: Clock::still(Timestamp::from_millis(BEGIN)),
            entropy: Entropy::seeded(1),
        };
        let system = Rc::new(actix_rt::System::new());
        let mut kw = Self::start(settings, world, system, folder);
        if kw.key.0 != Algorithm::Rs256 {
            let bytes = SigningKey::generate(kw.key.0, &Entropy::seeded(2)).unwrap();
            kw.key.1 = bytes.to_vec();
        }
        keys::import(&kw.kw, kw.key.1.clone()).unwrap();
        kw
    }

    fn start(
        settings: BTreeMap<String, String>,
        world: World,
        system: Rc<actix_rt::SystemRunner>,
        folder: Rc<Folder>,
    ) -> Self {
        let config = config_of(&settings);
        let app = App::open(&config, world).unwrap();
        let service = http::app(app.keyward.clone(), Arc::clone(&app.web));
        let service = Rc::new(system.block_on(test::init_service(service)));
        let handle: Handle = Rc::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move {
                let response = test::call_service(&*service, request).await;
                let (response, status) = (response.into_parts().1, ());
                let () = status;
                let code = response.status().as_u16();
                let headers = response
                    .headers()
                    .iter()
                    .map(|(name, value)| {
                        (
                            name.to_string(),
                            String::from_utf8_lossy(value.as_bytes()).into_owned(),
                        )
                    })
                    .collect();
                let bytes = body::to_bytes(response.into_body()).await.ok().unwrap();
                Answer::new(code, headers, String::from_utf8_lossy(&bytes).into_owned())
            })
        });
        Self {
            web: app.web,
            settings,
            handle,
            system,
            folder,
            key: (config.keys.algorithm, SIGNING_KEY.to_vec()),
            kw: app.keyward,
        }
    }

    /// Another Keyward on the same database, at the same instant, with its own memory.
    pub fn replica(&self) -> Self {
        self.replica_with(&[])
    }

    /// The same with other settings.
    pub fn replica_with(&self, settings: &[(&str, &str)]) -> Self {
        self.replica_by(Clock::still(self.kw.clock.now()), settings)
    }

    /// The same on another machine, whose clock may be wrong.
    pub fn replica_by(&self, clock: Clock, settings: &[(&str, &str)]) -> Self {
        static SEED: AtomicU64 = AtomicU64::new(100);
        let world = World {
            clock,
            entropy: Entropy::seeded(SEED.fetch_add(1, Ordering::Relaxed)),
        };
        let mut all = self.settings.clone();
        for (name, value) in settings {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let mut replica = Self::start(all, world, Rc::clone(&self.system), Rc::clone(&self.folder));
        replica.key.clone_from(&self.key);
        keys::load(&replica.kw).unwrap();
        replica.catch_up();
        replica
    }

    /// Signs with the key that this Keyward (or the one that it replicates) began with.
    pub fn forge(&self) -> Forge {
        Forge::read(self.key.0, &self.key.1)
    }

    /// What the tail does five times a second: reads what others revoked.
    pub fn catch_up(&self) {
        let mut reader = self.kw.store.own_reader().unwrap();
        revocation_tail::tail(&self.kw, &mut reader).unwrap();
    }

    /// An account with [`PASSWORD`].
    pub fn account(&self, email: &str) -> AccountId {
        self.add(email, None, false)
    }

    pub fn add(&self, email: &str, username: Option<&str>, admin: bool) -> AccountId {
        let new = NewAccount {
            further: Vec::new(),
            email: Email::parse(email),
            username: username.and_then(Username::parse),
            password: Password::parse(PASSWORD).ok(),
            admin,
            verified: false,
        };
        administer::add_account(&self.kw, new).unwrap()
    }

    /// Makes the administrator of the settings, as the first start does.
    pub fn first_administrator(&self) {
        let config = config_of(&self.settings);
        first_administrator(&self.kw, &config, |_, _| true)
            .unwrap()
            .unwrap();
    }

    /// Signs in by the Directus face: the body of the answer.
    pub fn login(&self, email: &str) -> Value {
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        let answer = self.post("/auth/login").json(&body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// An account that is signed in: its access token and its refresh token.
    pub fn signed_in(&self, email: &str) -> (String, String) {
        self.account(email);
        let body = self.login(email);
        (text(&body, "access_token"), text(&body, "refresh_token"))
    }

    /// An account that is signed in by cookie: its access token and its cookie.
    pub fn signed_in_by_cookie(&self, email: &str) -> (String, String) {
        self.account(email);
        let body = serde_json::json!({ "email": email, "password": PASSWORD, "mode": "cookie" });
        let answer = self.post("/auth/login").json(&body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.cookie().unwrap();
        (text(&answer.json(), "access_token"), cookie)
    }

    /// The generation that an access token's session stands at.
    pub fn generation_of(&self, access: &str) -> u32 {
        self.session_of(access).generation.number
    }

    /// Signs in by seed O's face: the token.
    pub fn oisp_login(&self, username: &str) -> String {
        self.oisp_login_with(username, PASSWORD)
    }

    pub fn oisp_login_with(&self, username: &str, password: &str) -> String {
        let body = serde_json::json!({ "username": username, "password": password });
        let answer = self.post("/v1/api/auth/token").json(&body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        text(&answer.json(), "token")
    }

    pub fn refresh(&self, token: &str) -> Answer {
        let body = serde_json::json!({ "refresh_token": token });
        self.post("/auth/refresh").json(&body).send()
    }

    /// The status of `GET /auth/me` with this access token.
    pub fn me(&self, access: &str) -> u16 {
        self.get("/auth/me").bearer(access).send().status
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    pub fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    pub fn put(&self, path: &str) -> Ask<'_> {
        self.ask("PUT", path)
    }

    pub fn delete(&self, path: &str) -> Ask<'_> {
        self.ask("DELETE", path)
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        Ask::new(self, method, path)
    }

    /// Sends all at the same time: answers in the order of the asking.
    pub fn all(&self, asks: Vec<Ask<'_>>) -> Vec<Answer> {
        let sent = asks.into_iter().map(Ask::into_future).collect::<Vec<_>>();
        self.system.block_on(join_all(sent))
    }

    fn send(&self, request: Request) -> LocalBoxFuture<'static, Answer> {
        (self.handle)(request)
    }

    fn wait<T>(&self, future: LocalBoxFuture<'_, T>) -> T {
        self.system.block_on(future)
    }

    /// Reads rows past the interface.
    pub fn read<T>(&self, read: impl FnMut(&mut AnyConnection) -> keyward::store::Result<T>) -> T {
        self.kw.store.read(read).unwrap()
    }

    /// A role of the service, past the interface: whatever it is called, and with more permissions
    /// where it is there.
    pub fn define_role(&self, name: &str, permissions: &[&str]) {
        let mut text = format!("INSERT INTO roles (name, description) VALUES ('{name}', '')");
        text.push_str(" ON CONFLICT DO NOTHING;");
        for permission in permissions {
            let row = format!("('{name}', '{permission}') ON CONFLICT DO NOTHING;");
            text.push_str("INSERT INTO role_permissions (role, permission) VALUES ");
            text.push_str(&row);
        }
        let run = self.kw.store.write(move |tx| {
            tx.batch_execute(&text)
                .map_err(|error| keyward::store::Error::from(error).into())
        });
        run.unwrap_or_else(|error: keyward::service::Error| panic!("{name}: {error}"));
    }

    /// Runs a statement past the interface, as a fault or an operator would.
    pub fn sql(&self, text: &'static str) {
        let run = self.kw.store.write(move |tx| {
            tx.batch_execute(text)
                .map_err(|error| keyward::store::Error::from(error).into())
        });
        run.unwrap_or_else(|error: keyward::service::Error| panic!("{text}: {error}"));
    }

    /// The session's row.
    pub fn session(&self, id: &str) -> Session {
        let id: SessionId = id.parse().unwrap();
        self.read(|db| sessions::lookup(db, id)).unwrap().0
    }

    /// The session that an access token belongs to.
    pub fn session_of(&self, access: &str) -> Session {
        self.session(&text(&Forge::claims_of(access), "sid"))
    }

    /// What was written down about an account, oldest first.
    pub fn audit(&self, account: AccountId) -> Vec<String> {
        self.read(|db| audit_events::list_of(db, account))
    }

    /// Everything that must not have changed where a threat says "= DB": accounts,
    /// their roles and their sessions.
    pub fn state(&self) -> String {
        let mut state = String::new();
        for account in self.read(|db| accounts::search::list(db, 10_000)) {
            let roles = administer::roles_of(&self.kw, account.id).unwrap();
            let sessions = administer::sessions_of(&self.kw, account.id).unwrap();
            writeln!(state, "{account:?} {roles:?} {sessions:#?}").unwrap();
        }
        state
    }
}

/// As an operator's, but that hashes are quick as in test mode, and that its routes are
/// there where it would start: with a public URL that is this machine. (Test mode itself
/// takes no database but its own.)
fn config_of(settings: &BTreeMap<String, String>) -> Config {
    let mut config = config::read(settings, false)
        .map_err(|faults| format!("{faults:?}"))
        .unwrap();
    config.passwords.bcrypt_cost = 4;
    config.keep_mail = true;
    config.test_mode = config.listen.public_url().host_str() == Some("localhost");
    config
}

/// A sign-in with [`PASSWORD`], for tests that call the act itself.
pub fn login_request(email: &str) -> login::Request {
    login::Request {
        organization: None,
        identifier: Identifier::parse(email).unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        otp: None,
        device: None,
        replaces: Vec::new(),
        guest: None,
        mode: Mode::Json,
        class: Class::Standard,
        dialect: Dialect::Directus,
        client: Client::default(),
    }
}

/// A member of a JSON object, as text.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {value}"))
        .to_owned()
}

/// The holder of this access token, as a handler gets them.
pub fn actor(kw: &Keyward, access: &str) -> Actor {
    Actor {
        principal: authenticate(kw, &access.to_owned().into()).unwrap(),
        client: Client::default(),
        at: kw.clock.now(),
    }
}
