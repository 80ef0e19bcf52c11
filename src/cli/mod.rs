//! The command line. A password never stands in an argument: the shell's history and
//! the list of processes would show it.

mod api_key;
mod audit;
mod check;
mod confirm;
mod deduplicated_log;
mod environment;
mod health;
mod key;
mod list_page;
mod mail;
mod migrate;
mod org;
mod output;
mod role;
mod routes;
mod serve;
mod signals;
mod time_arguments;
mod tune_hash;
mod user;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::{App, World};
use crate::cli::signals::Signals;
use crate::config::{self, Config, settings};
use crate::domain::session::Operator;

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
    /// List, show, add, change and delete organizations
    #[command(subcommand)]
    Org(org::Org),
    /// List roles, and give or take those of the service
    #[command(subcommand)]
    Role(role::Role),
    /// Make, list, rotate and revoke API keys
    #[command(subcommand)]
    ApiKey(api_key::ApiKeys),
    /// Read the audit log, and look whether it is whole
    #[command(subcommand)]
    Audit(audit::Audit),
    /// List or rotate the keys that sign access tokens
    #[command(subcommand)]
    Key(key::Key),
    /// Try whether mail leaves
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Measure what bcrypt and Argon2id cost here: milliseconds, and sign-ins per second
    TuneHash,
    /// Print every route, its guard and its dialect
    Routes,
    /// Ask the server of these settings whether it is ready
    Health,
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

#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let environment = environment::read();
    // Libraries read the environment: it is written before any thread is there.
    if let Ok(environment) = &environment {
        environment::pass_on(environment);
    }
    environment::start_log(environment.as_ref().ok());
    // Before anything that may wait.
    let is_server = matches!(cli.command, None | Some(Command::Serve(_)));
    let signals = match Signals::catch(is_server) {
        Ok(signals) => signals,
        Err(error) => return fail(&format!("signals: {error}")),
    };
    match &environment {
        Ok(environment) => {
            for why in &environment.warnings {
                log::warn!("{why}");
            }
        }
        Err(why) => return fail(why),
    }
    let outcome = match cli.command {
        None => serve::run(&Serve::default(), &signals),
        Some(Command::Serve(serve)) => serve::run(&serve, &signals),
        Some(Command::Migrate(command)) => migrate::run(&command),
        Some(Command::User(command)) => user::run(&command),
        Some(Command::Org(command)) => org::run(&command),
        Some(Command::Role(command)) => role::run(&command),
        Some(Command::ApiKey(command)) => api_key::run(&command),
        Some(Command::Audit(command)) => audit::run(&command),
        Some(Command::Key(command)) => key::run(&command),
        Some(Command::Mail(command)) => mail::run(&command),
        Some(Command::Routes) => routes::run(),
        Some(Command::TuneHash) => tune_hash::run(),
        Some(Command::Health) => health::run(),
        Some(Command::Check) => check::run(),
    };
    match outcome {
        Ok(()) => {
            output::finish();
            ExitCode::SUCCESS
        }
        Err(why) => fail(&why),
    }
}

fn fail(why: &str) -> ExitCode {
    output::complain(format_args!("keyward: {why}"));
    output::finish();
    ExitCode::FAILURE
}

/// As a start reads them. Every fault of the settings is a line.
fn read_config(test_mode: bool) -> Result<Config, String> {
    let given = environment::read()?.given;
    config::read(&given, test_mode).map_err(lines)
}

/// For a command that only looks: nothing is made.
fn look_at_config() -> Result<Config, String> {
    look_at(false)
}

fn look_at(test_mode: bool) -> Result<Config, String> {
    let given = environment::read()?.given;
    config::look(&given, test_mode).map_err(lines)
}

fn lines(faults: Vec<config::Fault>) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\nkeyward: ")
}

/// Keyward without a server, for a command.
fn open() -> Result<App, String> {
    let config = read_config(false)?;
    let world = World::real(&config);
    // Beside a server in test mode, its time.
    world.clock.advance(config.database.url.moved_clock());
    let app = App::for_command(&config, world).map_err(|error| explain(&error))?;
    app.keyward.operated_by(&operator());
    Ok(app)
}

/// Who runs this command, for the audit log.
fn operator() -> Operator {
    let said = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    Operator {
        uid: rustix::process::getuid().as_raw(),
        name: said("LOGNAME").or_else(|| said("USER")),
        sudo: said("SUDO_USER"),
    }
}

/// An error of an act, for people at a terminal: with its cause.
fn explain(error: &crate::service::Error) -> String {
    match &error.cause {
        Some(cause) => cause.clone(),
        None => error.message.to_string(),
    }
}
