//! The load of `bench/run`: clients that sign in, refresh and ask, and what the same
//! machine does without Keyward, to compare with. Each command prints one line of JSON.
//! Rates are per second, times are milliseconds.

mod accounts;
mod checks;
mod clients;
mod machine;
mod report;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Cargo gives it to every benchmark.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Args)]
struct Load {
    #[arg(long)]
    to: SocketAddr,
    #[arg(long, default_value_t = 64)]
    clients: usize,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

impl Load {
    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serves one JSON route and nothing else, until it is killed.
    Bare {
        #[arg(long)]
        listen: SocketAddr,
    },
    /// bcrypt on all cores.
    Bcrypt {
        #[arg(long)]
        cost: u32,
        #[arg(long)]
        seconds: f64,
    },
    /// Signs tokens with a key that is at hand, on all cores.
    Sign {
        #[arg(long)]
        algorithm: String,
        #[arg(long)]
        seconds: f64,
    },
    /// Durable commits of one changed row, one after another, in an SQLite file of its own.
    Commits {
        #[arg(long)]
        seconds: f64,
    },
    /// The UPDATE of a refresh alone, by many threads through a pool like Keyward's.
    Updates {
        #[arg(long)]
        database: String,
        #[arg(long)]
        connections: u32,
        #[arg(long)]
        seconds: f64,
        /// Session ids, one a line.
        sessions: PathBuf,
    },
    /// Prints the first refresh token of each session id on standard input.
    Tokens {
        #[arg(long)]
        secret_file: PathBuf,
        /// 32 bytes as hex: the salt that all of them have.
        #[arg(long)]
        salt: String,
    },
    /// Signs in without pause.
    Login {
        #[command(flatten)]
        load: Load,
        #[arg(long)]
        password: String,
        /// Where the tokens go: access and refresh, one sign-in a line.
        #[arg(long)]
        write: Option<PathBuf>,
        /// Signs in so many times and no more.
        #[arg(long)]
        count: Option<usize>,
        /// Milliseconds to wait after a 503: a second is what Retry-After says, none is what
        /// an impatient client does.
        #[arg(long, default_value_t = 1000)]
        pause: u64,
        /// By Propeller's mutation at `/graphql`.
        #[arg(long)]
        graphql: bool,
        /// E-mail addresses, one a line.
        accounts: PathBuf,
    },
    /// Refreshes, each client with the token that it was last given.
    Refresh {
        #[command(flatten)]
        load: Load,
        /// Refresh tokens, one a line; each line is made its newest again at the end.
        tokens: PathBuf,
    },
    /// Makes guests or accounts without pause.
    Make {
        #[command(flatten)]
        load: Load,
        #[arg(long, value_enum)]
        kind: accounts::Kind,
    },
    /// Asks for another password once for each account, as fast as it goes.
    Resets {
        #[command(flatten)]
        load: Load,
        /// E-mail addresses of accounts, one a line.
        accounts: PathBuf,
    },
    /// Asks `GET /auth/verify` at a fixed rate, timed from when each was due.
    Checks {
        #[command(flatten)]
        load: Load,
        #[arg(long, default_value_t = 1000.0)]
        rate: f64,
        /// Access tokens, one a line.
        tokens: PathBuf,
    },
    /// Signs in with a wrong password: once to an account, once to nobody's, in turns.
    Pairs {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long)]
        pairs: usize,
        /// The lengths of the wrong passwords, in turns.
        #[arg(long, value_delimiter = ',')]
        lengths: Vec<usize>,
        /// E-mail addresses of accounts, one a line.
        accounts: PathBuf,
    },
    /// Registers an address, or asks for another password: once of an account's address, once of
    /// nobody's, in turns.
    Strangers {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, value_enum)]
        act: checks::Act,
        /// E-mail addresses of accounts, one a line.
        accounts: PathBuf,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let printed = match Cli::parse().command {
        Command::Bare { listen } => return Ok(machine::serve_bare(listen)?),
        Command::Tokens { secret_file, salt } => {
            return clients::print_tokens(&secret_file, &salt);
        }
        Command::Bcrypt { cost, seconds } => machine::bcrypt(cost, seconds),
        Command::Sign { algorithm, seconds } => machine::sign(&algorithm, seconds)?,
        Command::Commits { seconds } => machine::commits(seconds)?,
        Command::Updates {
            database,
            connections,
            seconds,
            sessions,
        } => machine::updates(&database, connections, seconds, &clients::lines(&sessions)?)?,
        Command::Login {
            load,
            password,
            write,
            count,
            pause,
            graphql,
            accounts,
        } => {
            let accounts = clients::lines(&accounts)?;
            let pause = Duration::from_millis(pause);
            let until = (load.time(), count.unwrap_or(usize::MAX), pause);
            clients::login(
                load.to,
                load.clients,
                until,
                (&password, graphql),
                &accounts,
                write.as_deref(),
            )?
        }
        Command::Refresh { load, tokens } => {
            clients::refresh(load.to, load.clients, load.time(), &tokens)?
        }
        Command::Make { load, kind } => accounts::make(load.to, load.clients, load.time(), kind)?,
        Command::Resets { load, accounts } => {
            accounts::resets(load.to, load.clients, &clients::lines(&accounts)?)?
        }
        Command::Checks { load, rate, tokens } => checks::at_a_rate(
            load.to,
            load.clients,
            load.time(),
            rate,
            &clients::lines(&tokens)?,
        )?,
        Command::Pairs {
            to,
            pairs,
            lengths,
            accounts,
        } => checks::pairs(to, pairs, &lengths, &clients::lines(&accounts)?)?,
        Command::Strangers { to, act, accounts } => {
            checks::strangers(to, &act, &clients::lines(&accounts)?)?
        }
    };
    println!("{printed}");
    Ok(())
}
