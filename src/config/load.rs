//! From the environment to a [`Config`]: each section reads its settings, then come the
//! rules that depend on more than one of them, on a file or on test mode.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use crate::config::reader::{Fault, Reader};
use crate::config::settings::attempts::Attempts;
use crate::config::settings::cookies::Cookies;
use crate::config::settings::database::Database;
use crate::config::settings::dialects::Faces;
use crate::config::settings::first_administrator::FirstAdministrator;
use crate::config::settings::keys::Keys;
use crate::config::settings::listen::Listen;
use crate::config::settings::log::Log;
use crate::config::settings::mail::Mail;
use crate::config::settings::passwords::Passwords;
use crate::config::settings::peers::Peers;
use crate::config::settings::registration::{Registration, Who};
use crate::config::settings::second_factor::SecondFactor;
use crate::config::settings::secret::Secret;
use crate::config::settings::tokens::Tokens;
use crate::config::settings::{mail, secret};
use crate::config::unknown_names;
use crate::crypto::master_key::MasterKey;
use crate::mail::mailer::Setup;
use crate::mail::templates::Templates;

/// The cost of password records in test mode: bcrypt's least.
const TEST_COST: u32 = 4;

pub struct Config {
    pub test_mode: bool,
    pub database: Database,
    pub listen: Listen,
    pub first_administrator: FirstAdministrator,
    pub tokens: Tokens,
    pub cookies: Cookies,
    pub peers: Peers,
    pub passwords: Passwords,
    pub registration: Registration,
    pub attempts: Attempts,
    pub second_factor: SecondFactor,
    pub keys: Keys,
    pub mail: Mail,
    pub faces: Faces,
    pub log: Log,
    /// What `KEYWARD_SECRET` and `KEYWARD_SECRET_FILE` come to.
    pub master_key: MasterKey,
    /// The built-in ones, and before them those of `KEYWARD_MAIL_TEMPLATES`.
    pub templates: Arc<Templates>,
    /// Whether mail that was sent is kept in memory, to be looked at: in test mode.
    pub keep_mail: bool,
    /// Where a start would make the secret. Until then `master_key` opens nothing.
    pub secret_to_make: Option<PathBuf>,
}

/// As a start reads them: the secret is made where there is none and it may be.
///
/// # Errors
/// Every fault that was found, each with the name of its setting. Then nothing was made.
pub fn read(given: &BTreeMap<String, String>, test_mode: bool) -> Result<Config, Vec<Fault>> {
    let mut config = look(given, test_mode)?;
    config.database.url.make_folder();
    if let Some(path) = config.secret_to_make.take() {
        let fault = |why| {
            let setting = "KEYWARD_SECRET_FILE".to_owned();
            vec![Fault { setting, why }]
        };
        // Where no database can be made, that is what is to be mended first: nobody may have
        // named a file for the secret.
        if config.database.url.is_sqlite() {
            let unsuitable = config.database.url.assert_suitable();
            unsuitable.map_err(|why| {
                vec![Fault {
                    setting: "DATABASE_URL".to_owned(),
                    why: why.to_string(),
                }]
            })?;
        }
        // Looked at again: another process may have made both since.
        if config.database.url.needs_its_secret() && !path.exists() {
            return Err(fault(secret::lost(&path)));
        }
        config.master_key = secret::make(&path).map_err(fault)?;
    }
    Ok(config)
}

/// The same without making anything.
///
/// # Errors
/// Every fault that was found, each with the name of its setting.
pub fn look(given: &BTreeMap<String, String>, test_mode: bool) -> Result<Config, Vec<Fault>> {
    let mut reader = Reader::new(given);
    unknown_names::refuse(&mut reader, given);
    match sections(&mut reader, test_mode) {
        Some(config) if reader.faults.is_empty() => Ok(config),
        _ => Err(reader.faults),
    }
}

/// Every section is read before one that is wrong ends it, so that all faults are told.
fn sections(reader: &mut Reader<'_>, test_mode: bool) -> Option<Config> {
    let database = Database::read(reader).and_then(|database| {
        if test_mode {
            Some(database.throw_away(reader))
        } else {
            database.found(reader)
        }
    });
    let listen = Listen::read(reader);
    if let Some(listen) = listen.as_ref().filter(|_| test_mode) {
        listen.require_loopback(reader);
    }
    let secret = Secret::read(reader);
    let key = match (&secret, &database) {
        (Some(secret), Some(database)) => secret.key(reader, &database.url),
        _ => None,
    };
    let first_administrator = FirstAdministrator::read(reader);
    let tokens = Tokens::read(reader);
    let cookies = Cookies::read(reader);
    let peers = Peers::read(reader);
    if let (Some(cookies), Some(peers), Some(listen)) = (&cookies, &peers, &listen) {
        at_its_url(reader, cookies, peers, &listen.public_url());
    }
    let passwords = Passwords::read(reader);
    let registration = Registration::read(reader);
    let attempts = Attempts::read(reader);
    let second_factor = SecondFactor::read(reader);
    let keys = Keys::read(reader);
    let mail = Mail::read(reader);
    let templates = mail.as_ref().map(|mail| mail.check(reader));
    let faces = Faces::read(reader);
    let log = Log::read(reader);
    let (master_key, secret_to_make) = key?;
    let mut passwords = passwords?;
    if test_mode {
        passwords.bcrypt_cost = TEST_COST;
    }
    Some(Config {
        test_mode,
        database: database?,
        listen: listen?,
        first_administrator: first_administrator?,
        tokens: tokens?,
        cookies: cookies?,
        peers: peers?,
        passwords,
        registration: registration?,
        attempts: attempts?,
        second_factor: second_factor?,
        keys: keys?,
        mail: mail?,
        faces: faces?,
        log: log?,
        master_key,
        templates: templates??,
        keep_mail: test_mode,
        secret_to_make,
    })
}

/// What depends on where clients reach it.
fn at_its_url(reader: &mut Reader<'_>, cookies: &Cookies, peers: &Peers, public: &Url) {
    cookies.check(reader, public);
    peers.check(reader, public);
}

impl Config {
    /// With the port that the system gave where port 0 was asked for: the public URL and
    /// the issuer name it where nobody said otherwise.
    pub const fn listens_on(&mut self, address: SocketAddr) {
        self.listen.address = address;
    }

    #[must_use]
    pub fn issuer(&self) -> String {
        let given = self.tokens.issuer.clone();
        given.unwrap_or_else(|| self.listen.public_origin())
    }

    /// Who may register: whoever tries out an integration registers people all day.
    #[must_use]
    pub fn who_registers(&self) -> Who {
        let unless_said = if self.test_mode {
            Who::Open
        } else {
            Who::Closed
        };
        self.registration.who.unwrap_or(unless_said)
    }

    #[must_use]
    pub fn totp_issuer(&self) -> String {
        self.second_factor.issuer(&self.listen.public_url())
    }

    /// Where mail goes. Without a server it goes to the log, links included, where only this
    /// machine can ask for it: a proxy before it would let everybody ask.
    #[must_use]
    pub fn mailer(&self) -> Setup {
        Setup {
            smtp: self.mail.smtp.clone(),
            sender: self.mail.sender(&self.listen),
            templates: Arc::clone(&self.templates),
            service: self.totp_issuer(),
            host: mail::host(&self.listen),
            to_log: self.test_mode || self.listen.is_of_this_machine(),
            keep: self.keep_mail,
            longest_answer: self.peers.answer_time,
        }
    }

    /// What can work and is hardly meant: a line for each, with what to do about it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.listen.in_the_clear().into_iter().collect()
    }
}
