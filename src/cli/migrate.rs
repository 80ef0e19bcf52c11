//! `keyward migrate`.

use clap::Subcommand;

use crate::cli::output::say;
use crate::cli::{Outcome, look_at_config, read_config};
use crate::store::engine::migrations;

#[derive(Subcommand)]
pub(super) enum Migrate {
    /// Run every migration that is missing
    Up,
    /// Undo the youngest migration. What its tables hold is lost, and a server that runs can not
    /// go on: stop it first
    Down {
        /// That nothing runs, and that what is lost may be
        #[arg(long)]
        yes: bool,
    },
    /// List the migrations and whether they have run
    Status,
}

pub(super) fn run(command: &Migrate) -> Outcome {
    let config = match command {
        Migrate::Status => look_at_config()?,
        Migrate::Up | Migrate::Down { .. } => read_config(false)?,
    };
    let told = |error: crate::store::Error| error.to_string();
    match command {
        Migrate::Up => {
            let ran = migrations::up(&config.database.url).map_err(told)?;
            for name in &ran {
                say!("ran {name}");
            }
            if ran.is_empty() {
                say!("nothing to do");
            }
        }
        Migrate::Down { yes: false } => {
            return Err(
                "migrate down deletes what the youngest migration's tables hold, and a \
                        Keyward that runs on the database can not go on: stop it, take a backup, \
                        and say --yes"
                    .to_owned(),
            );
        }
        Migrate::Down { yes: true } => {
            match migrations::down(&config.database.url).map_err(told)? {
                Some(name) => say!("undid {name}"),
                None => say!("nothing to undo"),
            }
        }
        Migrate::Status => {
            for status in migrations::status(&config.database.url).map_err(told)? {
                let word = if status.applied { "applied" } else { "pending" };
                say!("{word}  {}", status.name);
            }
        }
    }
    Ok(())
}
