//! The command line. A password never stands in an argument: the shell's history and
//! the list of processes would show it.

mod check;
mod key;
mod migrate;
mod routes;
mod serve;
mod signals;
mod sparing_log;
mod tune_hash;
mod user;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::{App, World};
use crate::config::{self, Config, settings};

#[derive(Parser)]
#[command(
    name = "keyward",
    version,
    about = "A small, fast authentication service.",
    long_about = "A small, fast authentication service: sign-in, refresh, revocation and token \
                  checks over one account store, on SQLite or PostgreSQL.\n\nWithout a command \
                  it serves.",
    after_long_help = settings::help()
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (the default). Migrates the database first
    #[command(after_help = settings::help())]
    Serve(Serve),
    /// Run, undo or list database migrations
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Add, list and change accounts
    #[command(subcommand)]
    User(user::User),
    /// List or rotate the keys that sign access tokens
    #[command(subcommand)]
    Key(key::Key),
    /// Measure what bcrypt costs here: milliseconds, and sign-ins per second
    TuneHash,
    /// Print every route, its guard and its dialect
    Routes,
    /// Say in words whether settings, database, keys and clock are in order
    Check,
}

#[derive(Args, Default)]
struct Serve {
    #[arg(
        long,
        help = "For integrators: loopback only, a throw-away database (DATABASE_URL must be unset), \
                and a clock that POST /test/clock moves"
    )]
    test_mode: bool,
}

/// What a command says when it fails: one line, for people.
type Outcome = Result<(), String>;

/// What is wrong with `.env`. Never what stands in its lines: it may be a password.
fn unreadable(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::LineParse(..) => {
            ".env: a line can not be read: put a value with spaces, $, #, quotes or backslashes \
             into single quotes"
                .to_owned()
        }
        error => format!(".env: {error}"),
    }
}

#[must_use]
pub fn run() -> ExitCode {
    // Before anything reads the environment.
    // This folder's, not one of a folder above.
    let dotenv = dotenvy::from_path(".env");
    let cli = Cli::parse();
    sparing_log::start();
    if let Err(error) = dotenv
        && !error.not_found()
    {
        return fail(&unreadable(&error));
    }
    let outcome = match cli.command {
        None => serve::run(&Serve::default()),
        Some(Command::Serve(serve)) => serve::run(&serve),
        Some(Command::Migrate(command)) => migrate::run(&command),
        Some(Command::User(command)) => user::run(&command),
        Some(Command::Key(command)) => key::run(&command),
        Some(Command::Routes) => {
            routes::run();
            Ok(())
        }
        Some(Command::TuneHash) => {
            tune_hash::run();
            Ok(())
        }
        Some(Command::Check) => check::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("keyward: {why}");
    ExitCode::FAILURE
}

/// As a start reads them. Every fault of the settings is a line.
fn read_config(test_mode: bool) -> Result<Config, String> {
    environment(|given| config::read(given, test_mode))
}

/// For a command that only looks: nothing is made.
fn look_at_config() -> Result<Config, String> {
    environment(|given| config::look(given, false))
}

fn environment(
    read: impl FnOnce(&BTreeMap<String, String>) -> Result<Config, Vec<config::Fault>>,
) -> Result<Config, String> {
    let mut given = BTreeMap::new();
    let mut unreadable = Vec::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        match value.into_string() {
            Ok(value) => {
                given.insert(name, value);
            }
            // As if it were absent its default would stand in silence.
            Err(_) if settings::is_ours(&name) => unreadable.push(format!("{name}: is not UTF-8")),
            Err(_) => {}
        }
    }
    if !unreadable.is_empty() {
        return Err(unreadable.join("\nkeyward: "));
    }
    read(&given).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        lines.join("\nkeyward: ")
    })
}

/// Keyward without a server, for a command.
fn open() -> Result<App, String> {
    let config = read_config(false)?;
    let world = World::real(&config);
    App::build(&config, world).map_err(|error| explain(&error))
}

/// An error of an act, for people at a terminal: with its cause.
fn explain(error: &crate::service::Error) -> String {
    match &error.cause {
        Some(cause) => cause.clone(),
        None => error.message.to_string(),
    }
}
