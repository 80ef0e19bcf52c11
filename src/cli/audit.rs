//! `keyward audit`: reading the audit log, and looking whether it is whole.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::list_page::ListPage;
use crate::cli::output::say;
use crate::cli::time_arguments::span;
use crate::cli::{Outcome, explain, open};
use crate::domain::event::What;
use crate::domain::id::{AccountId, After, OrganizationId};
use crate::domain::texts::name_characters::shown;
use crate::service::accounts::administer;
use crate::service::audit::export::{Sealed, export};
use crate::service::audit::list::{self as audit, AuditEntry, Filter};
use crate::service::audit::verify::{Report, verify};
use crate::service::audit::{Head, seal};
use crate::service::organizations::administer as organizations;
use crate::service::{Error, Keyward};
use crate::support::clock::Timestamp;

#[derive(Subcommand)]
pub(super) enum Audit {
    /// List events, youngest first
    List(List),
    /// Look whether an event was removed, altered or put in, and print the head of the chain
    Verify(Verify),
    /// Print every event with its seal, oldest first
    Export(Export),
}

#[derive(Args)]
pub(super) struct Verify {
    /// A head that was printed before and kept elsewhere: the log up to it must be the same
    #[arg(long)]
    head: Option<Head>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Export {
    /// Since then: 2026-01-31, 2026-01-31T08:00:00Z, milliseconds since 1970, or so long ago: 30m, 12h,
    /// 7d. Absent: everything
    #[arg(long)]
    since: Option<String>,
    /// One JSON document on each line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(mut_arg("after", |it| it.help(
    "The event after which to go on, by its id or as a page before said: older ones"
)))]
pub(super) struct List {
    /// Of this account: e-mail address, username or id
    #[arg(long)]
    account: Option<String>,
    /// About this organization: its name or id
    #[arg(long)]
    organization: Option<String>,
    #[arg(long, help = "Of this kind: account_suspended, login_succeeded, …")]
    event: Option<String>,
    /// Since then: 2026-01-31, 2026-01-31T08:00:00Z, milliseconds since 1970, or so long ago: 30m, 12h,
    /// 7d
    #[arg(long)]
    since: Option<String>,
    #[command(flatten)]
    page: ListPage,
}

pub(super) fn run(command: &Audit) -> Outcome {
    match command {
        Audit::List(list) => list_events(list),
        Audit::Verify(wanted) => look(wanted),
        Audit::Export(wanted) => export_events(wanted),
    }
}

fn look(wanted: &Verify) -> Outcome {
    let app = open()?;
    let told = |error: Error| explain(&error);
    // What happened since the server sealed, or where none runs.
    if let Err(error) = seal::seal(&app.keyward) {
        say_unless(wanted.json, &format!("not sealed: {}", told(error)))?;
    }
    let report = verify(&app.keyward, wanted.head.as_ref()).map_err(told)?;
    if wanted.json {
        say!("{}", as_json(&report));
    } else {
        tell(&report)?;
    }
    match report.faults.first() {
        None => Ok(()),
        Some(first) if report.faulty == 1 => Err(format!("the audit log is not whole: {first}")),
        Some(first) => Err(format!(
            "the audit log is not whole: {first} ({} faults in all)",
            report.faulty
        )),
    }
}

fn say_unless(not: bool, text: &str) -> Outcome {
    if !not {
        say!("{text}");
    }
    Ok(())
}

fn tell(report: &Report) -> Outcome {
    for fault in &report.faults {
        say!("fault      {fault}");
    }
    say!("sealed     {} events", report.sealed);
    if let Some(since) = report.since {
        say!("since      {since}, when the first seal was made that is kept");
    }
    if report.forgotten > 0 {
        say!(
            "forgotten  addresses of {} of them, with accounts that were deleted",
            report.forgotten
        );
    }
    if report.sealed_late > 0 {
        say!(
            "late       {} of them were sealed more than two hours after they happened: no server ran, \
             or the log was emptied of its seals",
            report.sealed_late
        );
    }
    if report.waiting > 0 {
        let counting = match report.counting {
            0 => String::new(),
            some => format!(", {some} of them because they are counted until their hour is over"),
        };
        say!(
            "waiting    {} events have no seal yet{counting}",
            report.waiting
        );
    }
    say!("head       {}", report.head);
    Ok(())
}

fn as_json(report: &Report) -> serde_json::Value {
    json!({
        "whole": report.faulty == 0,
        "faults": report.faults,
        "faulty": report.faulty,
        "sealed": report.sealed,
        "forgotten": report.forgotten,
        "sealedLate": report.sealed_late,
        "waiting": report.waiting,
        "counting": report.counting,
        "since": report.since.map(Timestamp::millis),
        "head": report.head.to_string(),
    })
}

fn export_events(wanted: &Export) -> Outcome {
    let app = open()?;
    let kw = &app.keyward;
    let since = match &wanted.since {
        Some(text) => since(text, kw.clock.now())?,
        // What a foreign hand put before all times is told, too.
        None => Timestamp::from_millis(i64::MIN),
    };
    export(kw, since, |event, sealed| {
        if wanted.json {
            say!("{}", event_json(event, sealed));
        } else {
            let seal = sealed.map_or_else(|| "-".to_owned(), |(seq, _)| seq.to_string());
            say!("{}  seal={seal}", line(event));
        }
        Ok::<_, Failed>(())
    })
    .map_err(|Failed(why)| why)
}

/// Why an export ends early.
struct Failed(String);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(explain(&error))
    }
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self(why)
    }
}

fn event_json(event: &AuditEntry, sealed: Option<&Sealed>) -> serde_json::Value {
    let mut line = audit::shown(event);
    line["seal"] = json!(
        sealed.map(|(seq, hash)| { json!({ "seq": seq, "hash": URL_SAFE_NO_PAD.encode(hash) }) })
    );
    line
}

fn list_events(list: &List) -> Outcome {
    let after = list.page.after.as_deref().map(place).transpose()?;
    let app = open()?;
    let kw = &app.keyward;
    let told = |error: Error| explain(&error);
    let account = match &list.account {
        Some(text) => Some(account(kw, text).map_err(told)?),
        None => None,
    };
    let organization = match &list.organization {
        Some(text) => Some(organization(kw, text).map_err(told)?),
        None => None,
    };
    let filter = Filter {
        account,
        what: list.event.as_deref().map(event).transpose()?,
        organization,
        since: list
            .since
            .as_deref()
            .map(|text| since(text, kw.clock.now()))
            .transpose()?,
        before: audit::place(kw, after).map_err(told)?,
        limit: i64::from(list.page.one_more()),
    };
    let mut found = audit::list(kw, &filter).map_err(told)?;
    list.page.cut(&mut found, audit::after);
    for entry in found {
        if list.page.json {
            say!("{}", audit::shown(&entry));
        } else {
            say!("{}", line(&entry));
        }
    }
    Ok(())
}

/// An id is not looked up: the log tells of who was deleted, too.
fn account(kw: &Keyward, text: &str) -> Result<AccountId, Error> {
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) => administer::find(kw, text).map(|account| account.id),
    }
}

/// The same of an organization.
fn organization(kw: &Keyward, text: &str) -> Result<OrganizationId, Error> {
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) => organizations::find(kw, text).map(|organization| organization.id),
    }
}

/// One event on one line; what is not known is a dash. A user agent is anybody's text, so
/// it is quoted.
fn line(entry: &AuditEntry) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let agent = entry
        .user_agent
        .as_ref()
        .map_or_else(|| "-".to_owned(), |text| format!("{text:?}"));
    let actor = entry.actor.iter().map(|id| format!("  actor={id}"));
    let organization = entry.organization.iter();
    let organization = organization.map(|id| format!("  organization={id}"));
    let role = entry.role.iter().map(|name| format!("  role={name:?}"));
    let note = entry.note.iter().map(|text| format!("  note={text:?}"));
    format!(
        "{}  {}  account={}  session={}  from={}  by={agent}{}",
        Timestamp::from_millis(entry.at),
        entry.what,
        or_dash(&entry.account),
        or_dash(&entry.session),
        or_dash(&entry.address),
        actor
            .chain(organization)
            .chain(role)
            .chain(note)
            .collect::<String>(),
    )
}

fn event(word: &str) -> Result<What, String> {
    word.parse().map_err(|_| {
        let words: Vec<&str> = What::ALL.iter().map(|what| what.as_str()).collect();
        format!("there is no event {word:?}: {}", words.join(", "))
    })
}

fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(then) = Timestamp::parse(text).or_else(|| instant(text)) {
        return Ok(then);
    }
    span(text)
        .map(|long| now - long)
        .filter(|then| Timestamp::checked(then.millis()).is_some())
        .ok_or_else(|| format!("{text:?} is no time: give 2026-01-31, or 30m, 12h, 7d"))
}

/// Milliseconds, as the interface takes them. A short number is rather a span without its unit.
fn instant(text: &str) -> Option<Timestamp> {
    if text.len() < 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().and_then(Timestamp::checked)
}

fn place(text: &str) -> Result<After, String> {
    text.parse()
        .map_err(|()| format!("\"{}\" is not the id of an event", shown(text)))
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
            ("1767222000000", 1_767_222_000_000),
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
            "1767222000",
            "99999999999999999999",
            "-1d",
            "yesterday",
            "99999999999999999999d",
            "1\u{fc}",
        ] {
            assert!(since(text, now).is_err(), "{text}");
        }
    }
}
