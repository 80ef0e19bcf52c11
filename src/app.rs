//! The composition root: from settings to a Keyward that is ready to serve.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::crypto::password::hasher::PasswordHasher;
use crate::domain::refresh_rotation;
use crate::http::Web;
use crate::lanes::password_lane::PasswordLane;
use crate::mail::Mailer;
use crate::service::keys;
use crate::service::policy::RegistrationPolicy;
use crate::service::{Keyward, Parts, Policy, Result};
use crate::store::{Options, Store};
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;

/// How many replays inside the grace are answered (semantics 1, rule 4).
const MAX_REPLAYS: u32 = 60;

/// How long an unseen successor can be fetched again (rule 5).
const RECOVERY: Duration = Duration::from_secs(24 * 3600);

/// Sign-ins wait for a free thread for about so long, then others get 503.
const QUEUE_SECONDS: f64 = 2.0;

/// How long one reading or writing of a command may take, and its one connection to read by: it asks
/// one thing after another. One that is opened meanwhile would be closed after SQLite's writer, and
/// leave `-wal` and `-shm` behind.
const FOR_COMMANDS: (u32, Duration) = (1, Duration::from_secs(20));

pub struct App {
    pub keyward: Keyward,
    pub web: Arc<Web>,
}

/// Time and randomness: the system's, or a test's.
pub struct World {
    pub clock: Clock,
    pub entropy: Entropy,
}

impl World {
    /// Replicas on one PostgreSQL follow its clock; a single process on SQLite has the
    /// machine's.
    #[must_use]
    pub fn real(config: &Config) -> Self {
        let clock = if config.database.url.is_sqlite() {
            Clock::wall()
        } else {
            Clock::anchored()
        };
        Self {
            clock,
            entropy: Entropy::system(),
        }
    }
}

impl App {
    /// Opens the database, migrates it, and reads or makes the signing key.
    ///
    /// # Errors
    /// What can not work, in one line.
    pub fn build(config: &Config, world: World) -> Result<Self> {
        Self::open(config, world)?.prepared()
    }

    /// The same for a command, which nobody's request waits for: what it does to all accounts
    /// may take longer. It makes no key: a command has not the settings of the server, and
    /// its algorithm must not become the server's.
    ///
    /// # Errors
    /// As [`App::build`].
    pub fn for_command(config: &Config, world: World) -> Result<Self> {
        let app = Self::for_check(config, world)?.in_time()?;
        keys::load(&app.keyward)?;
        Ok(app)
    }

    /// The same without a look at the signing keys and the clock, of which the command tells itself.
    ///
    /// # Errors
    /// As [`App::build`].
    pub fn for_check(config: &Config, world: World) -> Result<Self> {
        Self::within(config, world, FOR_COMMANDS)
    }

    fn prepared(self) -> Result<Self> {
        let app = self.in_time()?;
        keys::prepare(&app.keyward)?;
        Ok(app)
    }

    fn in_time(self) -> Result<Self> {
        if let Some((now, asked)) = self.keyward.store.clock()? {
            self.keyward.clock.follow(now, asked);
        }
        Ok(self)
    }

    /// The same without a look at the signing keys.
    ///
    /// # Errors
    /// As [`App::build`].
    pub fn open(config: &Config, world: World) -> Result<Self> {
        let pool = config.database.pool;
        Self::within(config, world, (pool, Options::default().deadline))
    }

    fn within(
        config: &Config,
        world: World,
        (connections, deadline): (u32, Duration),
    ) -> Result<Self> {
        let options = Options {
            connections,
            deadline,
            ..Options::default()
        };
        let store = Store::up_to_date(config.database.url.clone(), &options)?;
        let hasher = PasswordHasher::new(
            &config.master_key,
            config.passwords.scheme(),
            &world.entropy,
        );
        let lane = lane(config, hasher.one_hash_about())?;
        let mailer = Mailer::new(config.mailer())
            .map_err(|why| crate::service::Error::defect(format!("KEYWARD_SMTP_URL: {why}")))?;
        let parts = Parts {
            policy: policy(config),
            store,
            clock: world.clock,
            entropy: world.entropy,
            hasher,
            lane,
            mailer,
        };
        let keyward = Keyward::new(parts, &config.master_key);
        Ok(Self {
            keyward,
            web: Arc::new(Web::new(config)),
        })
    }
}

fn policy(config: &Config) -> Policy {
    let tokens = &config.tokens;
    Policy {
        issuer: config.issuer(),
        audience: tokens.audience.clone(),
        algorithm: config.keys.algorithm,
        access_ttl: tokens.access_ttl,
        step_up_max_age: tokens.step_up_max_age,
        max_token_bytes: tokens.max_bytes,
        permissions: tokens.permissions.clone(),
        refresh_ttl: tokens.refresh_ttl,
        session_max_ttl: tokens.session_max_ttl,
        oisp_ttl: tokens.oisp_ttl,
        exchange_window: tokens.exchange_window,
        rotation: refresh_rotation::RotationRules {
            grace: tokens.refresh_grace,
            max_replays: MAX_REPLAYS,
            recovery: RECOVERY,
        },
        password_min_length: config.passwords.min_length,
        require_verified_email: config.passwords.require_verified_email,
        key_life: config.keys.rotation,
        failure_alarm: config.attempts.failure_alarm,
        totp_issuer: config.totp_issuer(),
        mail_new_sign_in: config.mail.new_sign_in,
        registration: registration(config),
        guests: tokens.guests.unwrap_or(config.test_mode),
        guest_ttl: tokens.guest_ttl,
    }
}

fn registration(config: &Config) -> RegistrationPolicy {
    let given = &config.registration;
    RegistrationPolicy {
        makers: given.makers,
        who: config.who_registers(),
        public_url: config.listen.public_url(),
        redirects: given.redirects.clone(),
        terms_version: given.terms_version.clone(),
        verify_ttl: given.verify_ttl,
        reset_ttl: given.reset_ttl,
        invite_ttl: given.invite_ttl,
    }
}

/// One thread for each core; a queue of what they hash in two seconds.
fn lane(config: &Config, one_hash: Duration) -> Result<PasswordLane> {
    let threads = config.passwords.at_once();
    let queue = if config.passwords.queue == 0 {
        let each = (QUEUE_SECONDS / one_hash.as_secs_f64().max(0.001)).ceil();
        // Between one and a few thousand: the cast loses nothing.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 2000"
        )]
        let each = each as usize;
        each * threads
    } else {
        config.passwords.queue
    };
    PasswordLane::start(threads, queue, one_hash).map_err(|error| {
        crate::service::Error::defect(format!("the password threads can not be started: {error}"))
    })
}
