//! The real thing beside the model: two processes of Keyward on one database, asked by
//! its acts, and read past its interface.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward::app::{App, World};
use keyward::config::{self, Dialect};
use keyward::crypto::master_key::MasterKey;
use keyward::crypto::refresh_token::RefreshTokens;
use keyward::domain::id::{AccountId, OrganizationId, SessionId};
use keyward::domain::identifier::{Email, Identifier, Username};
use keyward::domain::password::Password;
use keyward::domain::session::{Class, Client, Mode, Session};
use keyward::service::accounts::administer::{self, NewAccount};
use keyward::service::accounts::change_password::{NewPassword, change_password};
use keyward::service::accounts::guest;
use keyward::service::accounts::profile_edit::Edit;
use keyward::service::accounts::register::{Registration, register};
use keyward::service::accounts::reset_password::{self, Choice};
use keyward::service::actor::Actor;
use keyward::service::mail::mailed_code::Link;
use keyward::service::mail::owner_mail::Wish;
use keyward::service::sessions::exchange::exchange;
use keyward::service::sessions::refresh::refresh;
use keyward::service::sessions::wanted_organization::WantedOrganization;
use keyward::service::sessions::{end_own_sessions, login, logout, refresh as refreshing, renew};
use keyward::service::tokens::authenticate::{authenticate, read_expired};
use keyward::service::tokens::mint::TokenSet;
use keyward::service::upkeep::{purge, revocation_tail, threads};
use keyward::service::{Keyward, Result};
use keyward::store::Watched;
use keyward::support::clock::{Clock, Timestamp};
use keyward::support::entropy::Entropy;
use keyward::support::secret::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use crate::model::{Began, Said};
use crate::steps::{Access, Op};

/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000;

/// Who has no part in the histories.
const ADMINISTRATOR: &str = "administrator";

const SECRET: &str = "test secret: 0123456789abcdefghijklmnopqrstuvwxyz";

pub struct Real {
    settings: BTreeMap<String, String>,
    processes: Vec<Process>,
    refresh_tokens: RefreshTokens,
    entropy_seed: u64,
}

struct Process {
    kw: Keyward,
    /// Its tail's connection.
    reader: Watched,
}

/// An answer, with the texts that the model does not know.
#[derive(Debug)]
pub struct Told {
    pub said: Said,
    pub began: Began,
    /// By which the password of an account can be set.
    pub code: Option<String>,
    pub access: Option<String>,
    pub refresh: Option<String>,
}

impl Told {
    const fn of(said: Said) -> Self {
        Self {
            said,
            began: Began {
                session: None,
                account: None,
            },
            code: None,
            access: None,
            refresh: None,
        }
    }
}

impl Real {
    pub fn open(url: &str, processes: usize) -> Self {
        let settings = [
            ("DATABASE_URL", url),
            ("KEYWARD_SECRET", SECRET),
            // Of all signatures the quickest to make; what is signed is the same.
            ("KEYWARD_JWT_ALGORITHM", "EdDSA"),
            ("KEYWARD_KEY_ROTATION", "0"),
            ("KEYWARD_DATABASE_POOL", "4"),
            ("KEYWARD_PASSWORD_THREADS", "1"),
            ("KEYWARD_REGISTRATION", "open"),
            ("KEYWARD_GUESTS", "on"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut real = Self {
            settings: settings.into_iter().collect(),
            processes: Vec::new(),
            refresh_tokens: RefreshTokens::new(&MasterKey::new(SECRET.as_bytes()).unwrap()),
            entropy_seed: 0,
        };
        for _ in 0..processes {
            let process = real.start(Timestamp::from_millis(BEGIN));
            real.processes.push(process);
        }
        real.add(ADMINISTRATOR, true);
        real
    }

    fn start(&mut self, now: Timestamp) -> Process {
        self.entropy_seed += 1;
        let world = World {
            clock: Clock::still(now),
            entropy: Entropy::seeded(self.entropy_seed),
        };
        let mut config = config::read(&self.settings, false).ok().unwrap();
        config.passwords.bcrypt_cost = 4;
        let kw = App::build(&config, world).unwrap().keyward;
        let mut reader = kw.store.own_reader().unwrap();
        revocation_tail::tail(&kw, &mut reader).unwrap();
        Process { kw, reader }
    }

    /// Another process takes the place of this one, with nothing but the database.
    pub fn crash(&mut self, process: usize) {
        let now = self.processes[process].kw.clock.now();
        self.processes[process] = self.start(now);
    }

    /// What the tail does five times a second.
    pub fn catch_up(&mut self) {
        for process in &mut self.processes {
            revocation_tail::tail(&process.kw, &mut process.reader).unwrap();
        }
    }

    pub fn flush(&self, process: usize) {
        threads::flush_seen(&self.processes[process].kw).unwrap();
    }

    pub fn purge(&self, process: usize) {
        let kw = &self.processes[process].kw;
        purge::purge(kw, kw.clock.now()).unwrap();
    }

    pub fn now(&self) -> i64 {
        self.processes[0].kw.clock.now().millis()
    }

    pub fn move_clock(&self, millis: i64) {
        let by = Duration::from_millis(millis.unsigned_abs());
        for process in &self.processes {
            if millis < 0 {
                process.kw.clock.step_back(by);
            } else {
                process.kw.clock.advance(by);
            }
        }
    }

    pub fn add_account(&self, name: &str) -> AccountId {
        self.add(name, false)
    }

    fn add(&self, name: &str, admin: bool) -> AccountId {
        let new = NewAccount {
            further: Vec::new(),
            email: Email::parse(&email(name)),
            username: None,
            password: Some(password(1)),
            admin,
            verified: true,
        };
        administer::add_account(&self.processes[0].kw, new).unwrap()
    }

    pub fn kw(&self, process: usize) -> &Keyward {
        &self.processes[process].kw
    }

    /// Which ends every session of the account, and every key.
    pub fn set_first_password(&self, account: AccountId) {
        administer::set_password(self.kw(0), account, &password(1)).unwrap();
    }

    pub fn sessions_of(&self, account: AccountId) -> Vec<Session> {
        administer::sessions_of(&self.processes[0].kw, account).unwrap()
    }

    /// The one right refresh token of a session's generation.
    pub fn refresh_token(&self, session: SessionId, generation: u32, salt: &[u8; 32]) -> String {
        let token = self.refresh_tokens.issue(session, generation, salt);
        token.expose_secret().to_owned()
    }

    pub fn act(&self, process: usize, op: &Op, accounts: &[(String, AccountId)]) -> Told {
        answer(&self.processes[process].kw, op, accounts)
    }

    /// All at the same time.
    pub fn race(&self, ops: &[(usize, Op)], accounts: &[(String, AccountId)]) -> Vec<Told> {
        std::thread::scope(|scope| {
            let start = |(process, op): &(usize, Op)| {
                let (kw, op) = (self.processes[*process].kw.clone(), op.clone());
                scope.spawn(move || answer(&kw, &op, accounts))
            };
            let threads: Vec<_> = ops.iter().map(start).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Told>| thread.join().unwrap();
            threads.into_iter().map(join).collect()
        })
    }
}

/// What a guest is called who registers.
pub fn guest_name(id: AccountId) -> String {
    format!("guest-{id}")
}

fn identifier(name: &str) -> Identifier {
    match Username::parse(name) {
        Some(username) if name.starts_with("guest-") => Identifier::Username(username),
        _ => Identifier::Email(Email::parse(&email(name)).unwrap()),
    }
}

fn email(name: &str) -> String {
    format!("{name}@example.com")
}

fn password(number: u32) -> Password {
    Password::parse(&format!("lemur {number} tundra vx9Q")).unwrap()
}

fn answer(kw: &Keyward, op: &Op, accounts: &[(String, AccountId)]) -> Told {
    run(kw, op, accounts).unwrap_or_else(|error| Told::of(Said::No(error.code)))
}

fn run(kw: &Keyward, op: &Op, accounts: &[(String, AccountId)]) -> Result<Told> {
    let client = Client::default();
    let actor = |access: &Access| -> Result<Actor> {
        Ok(Actor {
            principal: authenticate(kw, &access.text.clone().into())?,
            client: client.clone(),
            at: kw.clock.now(),
        })
    };
    let renew = |text: &str| {
        let request = refreshing::Request {
            organization: None,
            token: text.into(),
            client: client.clone(),
        };
        refresh(kw, &request)
            .map(|done| tokens_told(&done.tokens, done.outcome.as_str()))
            .map_err(|refused| refused.error)
    };
    let swap = |text: &str| -> Result<Told> {
        let old = read_expired(kw, &text.into())?;
        let new = exchange(kw, &old, &client)?;
        let outcome = new.outcome.as_str();
        Ok(told(new.token.expose_secret(), outcome, None, None))
    };
    match op {
        Op::Login {
            account,
            class,
            password: number,
        } => {
            let who = identifier(&accounts[*account].0);
            let tokens = sign_in(kw, who, password(*number), *class)?;
            return Ok(begun(&tokens));
        }
        Op::Refresh { text, .. } | Op::Forged { text, .. } => return renew(&text.0),
        Op::ForgedAccess {
            text,
            exchange: true,
        } => return swap(&text.0),
        Op::ForgedAccess { text, .. } => {
            authenticate(kw, &text.0.as_str().into())?;
        }
        Op::Exchange(access) => return swap(&access.text),
        Op::Use(access) => {
            actor(access)?;
        }
        Op::LogoutByRefresh { text, .. } => {
            logout::by_refresh_tokens(kw, &[text.0.as_str().into()], &client)?;
        }
        Op::LogoutByAccess(access) => logout::by_access_token(kw, &actor(access)?)?,
        Op::Reissue(access) => {
            let tokens = renew::renew(kw, &actor(access)?)?;
            return Ok(tokens_told(&tokens, ""));
        }
        Op::EndOne { by, id, .. } => end_own_sessions::one(kw, &actor(by)?, *id)?,
        Op::EndOthers(by) => end_own_sessions::others(kw, &actor(by)?)?,
        Op::ChangePassword { by, present, new } => {
            let (seat, _waiting) = kw.lane.seat().unwrap();
            let typed = NewPassword {
                present: password(*present),
                new: password(*new),
                otp: None,
            };
            let tokens = change_password(kw, &seat, &actor(by)?, &typed)?.tokens;
            return Ok(begun(&tokens));
        }
        Op::SetPassword { account, new } => {
            administer::set_password(kw, accounts[*account].1, &password(*new))?;
        }
        Op::Disable(account) | Op::Enable(account) => {
            let enabled = matches!(op, Op::Enable(_));
            administer::set_enabled(kw, accounts[*account].1, enabled)?;
        }
        Op::EndAll(account) => {
            administer::revoke_sessions(kw, accounts[*account].1)?;
        }
        Op::AskReset(account) => {
            let code = reset_code(kw, &accounts[*account].0)?;
            return Ok(Told {
                code,
                ..Told::of(Said::Done)
            });
        }
        Op::Reset { code, new } => {
            let (seat, _waiting) = kw.lane.seat().unwrap();
            let choice = Choice {
                code: code.text.0.as_str().into(),
                password: password(*new),
                client,
            };
            reset_password::reset(kw, &seat, &choice)?;
        }
        Op::Guest => return Ok(begun(&guest::begin(kw, Mode::Json, client)?)),
        Op::Upgrade { by, new } => {
            let (seat, _waiting) = kw.lane.seat().unwrap();
            register(kw, &seat, registration(actor(by)?, *new))?;
        }
    }
    Ok(Told::of(Said::Done))
}

pub fn nobody() -> Client {
    Client::default()
}

/// Signs in to an organization, or to none.
pub fn sign_in_to(
    kw: &Keyward,
    name: &str,
    organization: Option<OrganizationId>,
) -> Result<TokenSet> {
    let request = login_request((identifier(name), password(1)), Class::Standard);
    let (seat, _waiting) = kw.lane.seat().unwrap();
    let organization = organization.map(WantedOrganization::Id);
    login::login(
        kw,
        &seat,
        login::Request {
            organization,
            ..request
        },
    )
}

fn sign_in(
    kw: &Keyward,
    identifier: Identifier,
    password: Password,
    class: Class,
) -> Result<TokenSet> {
    let (seat, _waiting) = kw.lane.seat().unwrap();
    let request = login_request((identifier, password), class);
    login::login(kw, &seat, request)
}

fn login_request((identifier, password): (Identifier, Password), class: Class) -> login::Request {
    login::Request {
        organization: None,
        identifier,
        password,
        otp: None,
        device: None,
        replaces: Vec::new(),
        guest: None,
        mode: Mode::Json,
        class,
        dialect: Dialect::Directus,
        client: Client::default(),
    }
}

/// A code by the hand of the administrator: none where nobody may use one.
fn reset_code(kw: &Keyward, name: &str) -> Result<Option<String>> {
    let tokens = sign_in(kw, identifier(ADMINISTRATOR), password(1), Class::Standard)?;
    let actor = Actor {
        principal: authenticate(kw, &tokens.access)?,
        client: Client::default(),
        at: kw.clock.now(),
    };
    let link = reset_password::link(kw, &actor, Email::parse(&email(name)).as_ref(), &wish())?;
    logout::by_access_token(kw, &actor)?;
    let code = |link: Url| {
        let mut pairs = link.query_pairs();
        let code = pairs.find(|(name, _)| name == "oobCode").unwrap();
        code.1.into_owned()
    };
    Ok(link.map(|link| code(link.parse().unwrap())))
}

fn wish() -> Wish {
    Wish {
        link: Link::OwnPage,
        language: None,
        site: None,
        client: Client::default(),
    }
}

/// A guest's registration, which mails nothing.
fn registration(guest: Actor, new: u32) -> Registration {
    let username = Username::parse(&guest_name(guest.account()));
    Registration {
        email: None,
        password: password(new),
        edit: Edit {
            username: Some(username.unwrap()),
            ..Edit::default()
        },
        more: Vec::new(),
        wish: wish(),
        tells: false,
        guest: Some(guest),
    }
}

fn tokens_told(tokens: &TokenSet, outcome: &'static str) -> Told {
    let refresh = Some(tokens.refresh.expose_secret().to_owned());
    let until = Some(tokens.refresh_expires_at.millis());
    told(tokens.access.expose_secret(), outcome, until, refresh)
}

fn begun(tokens: &TokenSet) -> Told {
    Told {
        began: Began {
            session: Some(tokens.session),
            account: Some(tokens.account),
        },
        ..tokens_told(tokens, "login")
    }
}

fn told(access: &str, outcome: &'static str, until: Option<i64>, refresh: Option<String>) -> Told {
    let claims = access.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let number = |name: &str| claims[name].as_i64().unwrap();
    let said = Said::Signed {
        session: claims["sid"].as_str().unwrap().parse().unwrap(),
        generation: number("gen").try_into().unwrap(),
        outcome,
        epoch: number("epoch"),
        iat: number("iat"),
        exp: number("exp"),
        until,
    };
    Told {
        access: Some(access.to_owned()),
        refresh,
        ..Told::of(said)
    }
}
