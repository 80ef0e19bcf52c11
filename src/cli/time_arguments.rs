//! Instants and spans as people write them at the command line.

use std::time::Duration;

use clap::Args;

use crate::domain::texts::name_characters::shown;
use crate::support::clock::Timestamp;

/// From when on something counts, or that it never does.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct When {
    /// From then on: 2026-01-31, 2026-01-31T08:00:00Z, or so long from now: 0m, 12h, 14d
    #[arg(long)]
    from: Option<String>,
    /// Not any more
    #[arg(long)]
    never: bool,
}

impl When {
    pub(super) fn instant(&self, now: Timestamp) -> Result<Option<Timestamp>, String> {
        let Some(text) = &self.from else {
            return Ok(None);
        };
        let from = Timestamp::parse(text).or_else(|| {
            let from = now + span(text)?;
            Timestamp::checked(from.millis())
        });
        match from {
            Some(from) => Ok(Some(from)),
            None => Err(format!("{text:?} is no time: give 2026-01-31, or 12h, 14d")),
        }
    }
}

/// So many minutes, hours or days.
pub(super) fn span(text: &str) -> Option<Duration> {
    let (at, unit) = text.char_indices().last()?;
    let number: u64 = text[..at].parse().ok()?;
    let unit = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(unit).map(Duration::from_secs)
}

/// What is said of a demand for a second factor.
pub(super) fn asks(name: &str, from: Option<Timestamp>) -> String {
    match from {
        Some(from) => format!("{} asks for a second factor from {from} on", shown(name)),
        None => format!("{} asks for no second factor", shown(name)),
    }
}
