//! `keyward check`: what is in order and what is not, in words, and what a start would
//! make. It makes and changes nothing.

use crate::app::{App, World};
use crate::cli::{Outcome, look_at_config, output};
use crate::config::settings::secret;
use crate::config::{Config, Who};
use crate::mail::Mailer;
use crate::service::accounts::administer as accounts;
use crate::service::keys;
use crate::service::roles::obsolete_permissions;
use crate::store::engine::migrations;
use crate::support::clock::Clock;

/// Clocks that differ by more than this make tokens of one machine odd on another.
const CLOCKS_DIFFER: i64 = 2_000;

/// What was said so far: how many faults, and whether it could be written.
struct Report {
    faults: usize,
    written: Outcome,
}

impl Report {
    fn say(&mut self, fine: bool, text: &str) {
        self.faults += usize::from(!fine);
        self.line(if fine { "ok  " } else { "FAIL" }, text);
    }

    /// What may be meant so, and is told all the same.
    fn warn(&mut self, text: &str) {
        self.line("warn", text);
    }

    fn line(&mut self, word: &str, text: &str) {
        if self.written.is_ok() {
            self.written = output::line(format_args!("{word}  {text}"));
        }
    }

    fn summary(self) -> Outcome {
        self.written?;
        if self.faults == 0 {
            Ok(())
        } else {
            Err(format!("{} of these are not in order", self.faults))
        }
    }
}

pub(super) fn run() -> Outcome {
    let config = look_at_config()?;
    let mut report = Report {
        faults: 0,
        written: Ok(()),
    };
    report.say(true, "settings");
    listen(&config, &mut report);
    cookies(&config, &mut report);
    report.say(true, &format!("passwords: {}", config.passwords.label()));
    mail(&config, &mut report);
    match &config.secret_to_make {
        Some(path) if is_lost(&config) => {
            report.say(false, &format!("secret: {}", secret::lost(path)));
        }
        Some(path) => report.say(true, &format!("secret: a start makes {}", path.display())),
        None => {}
    }
    for why in config.database.url.exposures() {
        report.say(false, &format!("files: {why}"));
    }
    database(&config, &mut report);
    report.summary()
}

/// Whether a start could listen. Its port may be in use, by the server that is asked about; so
/// another one is tried.
fn listen(config: &Config, report: &mut Report) {
    let ip = config.listen.address.ip();
    if let Err(error) = std::net::TcpListener::bind((ip, 0)) {
        report.say(false, &format!("listening: KEYWARD_LISTEN: {ip}: {error}"));
    }
}

/// The secret that made what is in the database is not there.
fn is_lost(config: &Config) -> bool {
    config.secret_to_make.is_some() && config.database.url.needs_its_secret()
}

fn database(config: &Config, report: &mut Report) {
    let label = config.database.url.label();
    let statuses = match migrations::status(&config.database.url) {
        Ok(statuses) => statuses,
        Err(error) => return report.say(false, &format!("database: {label}: {error}")),
    };
    if !config.database.url.exists() {
        return report.say(true, &format!("database: a start makes {label}"));
    }
    let pending = statuses.iter().filter(|status| !status.applied).count();
    if pending > 0 {
        let what = format!("database: {label} has {pending} migrations to run: keyward migrate up");
        return report.say(false, &what);
    }
    report.say(true, &format!("database: {label}, up to date"));
    // That nothing opens what is inside was said of the secret.
    if !is_lost(config) {
        inside(config, report);
    }
}

/// What the mail server says; nothing is sent.
fn mail(config: &Config, report: &mut Report) {
    let mailer = match Mailer::new(config.mailer()) {
        Ok(mailer) => mailer,
        Err(why) => return report.say(false, &format!("mail: KEYWARD_SMTP_URL: {why}")),
    };
    if !mailer.can_send() {
        return without_mail(config, &mailer.label(), report);
    }
    match mailer.probe() {
        Ok(said) => report.say(true, &format!("mail: {said}")),
        Err(failure) => {
            let what = format!("mail: {}: {}", mailer.label(), failure.words());
            report.say(false, &what);
        }
    }
}

/// A deployment may want none: acts that need mail say so. Where people register, those are what
/// somebody waits for.
fn without_mail(config: &Config, label: &str, report: &mut Report) {
    match config.registration.who {
        Some(Who::Open) if config.passwords.require_verified_email => {
            let what = "KEYWARD_REGISTRATION is open and KEYWARD_REQUIRE_VERIFIED_EMAIL lets nobody \
                        in who was not mailed a code";
            report.say(false, &format!("mail: {label}: {what}"));
        }
        Some(Who::Invite) => {
            let what = "KEYWARD_REGISTRATION is invite, and invitations are mailed: until then \
                        each is 503";
            report.say(false, &format!("mail: {label}: {what}"));
        }
        // Who registers with a username alone needs none.
        Some(Who::Open) => report.warn(&format!(
            "mail: {label}: KEYWARD_REGISTRATION is open, and until then each \
             registration with an e-mail address, each reset and each invitation is 503"
        )),
        Some(Who::Closed) | None => report.say(true, &format!("mail: {label}")),
    }
}

fn cookies(config: &Config, report: &mut Report) {
    let url = config.listen.public_url();
    if config.listen.cookies_work() {
        let what = format!("cookies: {url} can hold the refresh cookie");
        report.say(true, &what);
    } else {
        report.say(
            false,
            &format!("cookies: browsers drop a Secure cookie from {url}: make it https"),
        );
    }
}

fn inside(config: &Config, report: &mut Report) {
    let app = match App::for_check(config, World::real(config)) {
        Ok(app) => app,
        Err(error) => {
            return report.say(false, &format!("database: {}", crate::cli::explain(&error)));
        }
    };
    match keys::load(&app.keyward) {
        Ok(()) => {
            let count = keys::list(&app.keyward).len();
            let is_new = matches!(accounts::is_nobody_signed_in(&app.keyward), Ok(true));
            let what = match count {
                0 if is_new => "keys: a start makes one".to_owned(),
                0 => "keys: none is there, so nothing signs and no token is good: put the \
                      database back from a backup, or restart Keyward, which makes one"
                    .to_owned(),
                _ => format!("keys: {count} in use, and KEYWARD_SECRET opens them"),
            };
            report.say(count > 0 || is_new, &what);
        }
        Err(error) => report.say(false, &format!("keys: {}", crate::cli::explain(&error))),
    }
    words(&app, report);
    match app.keyward.store.clock() {
        Ok(Some((theirs, _))) => {
            let apart = theirs.millis_since(Clock::wall().now()).abs();
            let text = format!("clock: {apart} ms from the database's");
            report.say(apart <= CLOCKS_DIFFER, &text);
        }
        Ok(None) => report.say(true, "clock: the machine's own"),
        Err(error) => report.say(false, &format!("clock: {error}")),
    }
}

/// What roles and API keys hold from before it was refused.
fn words(app: &App, report: &mut Report) {
    match obsolete_permissions::look(&app.keyward) {
        Ok(lines) if lines.is_empty() => {}
        Ok(lines) => {
            for line in lines {
                report.say(false, &format!("permissions: {line}"));
            }
        }
        Err(error) => report.say(
            false,
            &format!("permissions: {}", crate::cli::explain(&error)),
        ),
    }
}
