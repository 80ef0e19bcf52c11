//! `keyward migrate`.

use clap::Subcommand;

use crate::cli::output::say;
use crate::cli::{Outcome, look_at_config, read_config};
use crate::store::engine::migrations;

#[derive(Subcommand)]
pub(super) enum Migrate {
    /// Run every migration that is missing
    Up,
    /// Undo the youngest migration. What its tables hold is lost
    Down,
    /// List the migrations and whether they have run
    Status,
}

pub(super) fn run(command: &Migrate) -> Outcome {
    let config = match command {
        Migrate::Status => look_at_config()?,
        Migrate::Up | Migrate::Down => read_config(false)?,
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
        Migrate::Down => match migrations::down(&config.database.url).map_err(told)? {
            Some(name) => say!("undid {name}"),
            None => say!("nothing to undo"),
        },
        Migrate::Status => {
            for status in migrations::status(&config.database.url).map_err(told)? {
                let word = if status.applied { "applied" } else { "pending" };
                say!("{word}  {}", status.name);
            }
        }
    }
    Ok(())
}
