//! `keyward key`.

use clap::Subcommand;

use crate::cli::output::say;
use crate::cli::{Outcome, explain, open};
use crate::crypto::key_ring::KeyState;
use crate::service::keys::{self, Published};

#[derive(Subcommand)]
pub(super) enum Key {
    /// List the keys that sign or verify, oldest first
    List,
    /// Publish the next key now; it begins to sign in ten minutes, once every
    /// verifier has fetched it
    Rotate {
        /// A key is known to others: the new one signs at once, and tokens of older keys
        /// are refused at once. Sessions live on
        #[arg(long)]
        compromised: bool,
    },
}

pub(super) fn run(command: &Key) -> Outcome {
    let app = open()?;
    match command {
        Key::List => {
            for key in keys::list(&app.keyward) {
                let since = key.activates_at;
                let state = match key.state {
                    KeyState::Next => format!("next, signs from {since}"),
                    KeyState::Active => format!("active since {since}"),
                    KeyState::Retired { until } => format!("retired, verifies until {until}"),
                };
                say!("{}  {}  {state}", key.id, key.algorithm.as_str());
            }
        }
        Key::Rotate { compromised: true } => {
            let id = keys::replace_compromised(&app.keyward).map_err(|error| explain(&error))?;
            say!("{id} signs now; tokens of older keys are refused");
        }
        Key::Rotate { compromised: false } => {
            let Published { id, from } =
                keys::rotate(&app.keyward).map_err(|error| explain(&error))?;
            say!("published {id}: it signs from {from}");
        }
    }
    Ok(())
}
