//! `keyward check`: what is in order and what is not, in words, and what a start would
//! make. It makes and changes nothing.

use crate::app::{App, World};
use crate::cli::{Outcome, look_at_config};
use crate::config::Config;
use crate::service::keys;
use crate::store::engine::migrations;
use crate::support::clock::Clock;

/// Clocks that differ by more than this make tokens of one machine odd on another.
const CLOCKS_DIFFER: i64 = 2_000;

pub(super) fn run() -> Outcome {
    let config = look_at_config()?;
    println!("ok    settings");
    let mut faults = 0;
    let mut say = |fine: bool, text: String| {
        faults += usize::from(!fine);
        println!("{}  {text}", if fine { "ok  " } else { "FAIL" });
    };
    cookies(&config, &mut say);
    if let Some(path) = &config.secret_to_make {
        say(true, format!("secret: a start makes {}", path.display()));
    }
    for why in config.database.url.exposures() {
        say(false, format!("files: {why}"));
    }
    let label = config.database.url.label();
    if !config.database.url.exists() {
        say(true, format!("database: a start makes {label}"));
        return summary(faults);
    }
    match migrations::status(&config.database.url) {
        Err(error) => say(false, format!("database: {error}")),
        Ok(statuses) => {
            let pending = statuses.iter().filter(|status| !status.applied).count();
            if pending == 0 {
                say(true, format!("database: {label}, up to date"));
                inside(&config, &mut say);
            } else {
                say(
                    false,
                    format!(
                        "database: {label} has {pending} migrations to run: keyward migrate up"
                    ),
                );
            }
        }
    }
    summary(faults)
}

fn summary(faults: usize) -> Outcome {
    if faults == 0 {
        Ok(())
    } else {
        Err(format!("{faults} of these are not in order"))
    }
}

fn cookies(config: &Config, say: &mut impl FnMut(bool, String)) {
    let url = config.listen.public_url();
    if config.listen.cookies_work() {
        say(true, format!("cookies: {url} can hold the refresh cookie"));
    } else {
        say(
            false,
            format!("cookies: browsers drop a Secure cookie from {url}: make it https"),
        );
    }
}

fn inside(config: &Config, say: &mut impl FnMut(bool, String)) {
    let app = match App::open(config, World::real(config)) {
        Ok(app) => app,
        Err(error) => return say(false, format!("database: {}", crate::cli::explain(&error))),
    };
    match keys::load(&app.keyward) {
        Ok(()) => {
            let count = keys::list(&app.keyward).len();
            say(
                true,
                format!("keys: {count} in use, and KEYWARD_SECRET opens them"),
            );
        }
        Err(error) => say(false, format!("keys: {}", crate::cli::explain(&error))),
    }
    match app.keyward.store.clock() {
        Ok(Some(theirs)) => {
            let apart = theirs.millis_since(Clock::wall().now()).abs();
            let text = format!("clock: {apart} ms from the database's");
            say(apart <= CLOCKS_DIFFER, text);
        }
        Ok(None) => say(true, "clock: the machine's own".to_owned()),
        Err(error) => say(false, format!("clock: {error}")),
    }
}
