//! `keyward audit`: reading the audit log.

use clap::{Args, Subcommand};

use crate::cli::output::say;
use crate::cli::{Outcome, explain, open};
use crate::domain::event::What;
use crate::service::Error;
use crate::service::accounts::administer;
use crate::service::accounts::audit::{self, Entry, Filter};
use crate::support::clock::Timestamp;

#[derive(Subcommand)]
pub(super) enum Audit {
    /// List events, youngest first
    List(List),
}

#[derive(Args)]
pub(super) struct List {
    /// Of this account: e-mail address, username or id
    #[arg(long)]
    account: Option<String>,
    #[arg(long, help = "Of this kind: account_suspended, login_succeeded, …")]
    event: Option<String>,
    /// Since then: 2026-01-31, 2026-01-31T08:00:00Z, or so long ago: 30m, 12h, 7d
    #[arg(long)]
    since: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

pub(super) fn run(command: &Audit) -> Outcome {
    let Audit::List(list) = command;
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: Error| explain(&error);
    let account = match &list.account {
        Some(name) => Some(administer::find(kw, name).map_err(told)?.id),
        None => None,
    };
    let filter = Filter {
        account,
        what: list.event.as_deref().map(event).transpose()?,
        since: list
            .since
            .as_deref()
            .map(|text| since(text, kw.clock.now()))
            .transpose()?,
        before: None,
        limit: i64::from(list.limit),
    };
    for entry in audit::list(kw, &filter).map_err(told)? {
        say!("{}", line(&entry));
    }
    Ok(())
}

/// One event on one line; what is not known is a dash. A user agent is anybody's text, so
/// it is quoted.
fn line(entry: &Entry) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let agent = entry
        .user_agent
        .as_ref()
        .map_or_else(|| "-".to_owned(), |text| format!("{text:?}"));
    let actor = entry.actor.iter().map(|id| format!("  actor={id}"));
    format!(
        "{}  {}  account={}  session={}  from={}  by={agent}{}",
        Timestamp::from_millis(entry.at),
        entry.what,
        or_dash(&entry.account),
        or_dash(&entry.session),
        or_dash(&entry.address),
        actor.collect::<String>(),
    )
}

fn event(word: &str) -> Result<String, String> {
    if What::ALL.iter().any(|what| what.as_str() == word) {
        return Ok(word.to_owned());
    }
    let words: Vec<&str> = What::ALL.iter().map(|what| what.as_str()).collect();
    Err(format!("there is no event {word:?}: {}", words.join(", ")))
}

fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(then) = Timestamp::parse(text) {
        return Ok(then);
    }
    let seconds = text.char_indices().last().and_then(|(at, unit)| {
        let number: u64 = text[..at].parse().ok()?;
        let unit = match unit {
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        number.checked_mul(unit)
    });
    seconds
        .map(|seconds| now - std::time::Duration::from_secs(seconds))
        .ok_or_else(|| format!("{text:?} is no time: give 2026-01-31, or 30m, 12h, 7d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_instants_or_so_long_ago() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        for (text, millis) in [
            ("2025-12-31", 1_767_139_200_000),
            ("2025-12-31T23:00:00Z", 1_767_222_000_000),
            ("30m", 1_767_223_800_000),
            ("1d", 1_767_139_200_000),
        ] {
            assert_eq!(
                since(text, now).map(Timestamp::millis),
                Ok(millis),
                "{text}"
            );
        }
        for text in [
            "",
            "d",
            "1",
            "1w",
            "-1d",
            "yesterday",
            "99999999999999999999d",
            "1\u{fc}",
        ] {
            assert!(since(text, now).is_err(), "{text}");
        }
    }
}
