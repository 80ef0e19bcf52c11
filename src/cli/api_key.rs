//! `keyward api-key`: what programs sign in with. A key's text goes to standard output once.

use std::collections::{BTreeSet, HashMap};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::confirm::confirm;
use crate::cli::list_page::ListPage;
use crate::cli::output::{self, came, say};
use crate::cli::{Outcome, explain, open};
use crate::domain::id::ApiKeyId;
use crate::domain::organization::Name;
use crate::domain::rights::api_key::ApiKey;
use crate::domain::texts::name_characters::shown;
use crate::service::accounts::administer as accounts;
use crate::service::api_keys::administer;
use crate::service::api_keys::rules::{Made, New, in_days, words};
use crate::service::organizations::administer as organizations;
use crate::service::{Error, Keyward};
use crate::support::secret::ExposeSecret as _;

#[derive(Subcommand)]
pub(super) enum ApiKeys {
    /// Make a key for an account. Its text is printed, and never again
    Create(Create),
    /// List keys, oldest first
    List(List),
    /// Make another key of the same name. The old one lives until it is revoked
    Rotate {
        /// The key's id
        key: String,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key, every key of an account, or all
    Revoke(RevokeKeys),
}

#[derive(Args)]
pub(super) struct Create {
    /// E-mail address, username or id
    account: String,
    /// What it is for
    name: String,
    /// What it may do, as far as the account may. Once for each
    #[arg(long)]
    permission: Vec<String>,
    /// Where alone it is good: an organization's name or id
    #[arg(long)]
    organization: Option<String>,
    /// It ends after so many days
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(mut_arg("after", |it| it.help("The id of the key after which to begin")))]
pub(super) struct List {
    /// E-mail address, username or id
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    page: ListPage,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Revoke {
    /// The key's id
    key: Option<String>,
    /// Every key of this account: e-mail address, username or id
    #[arg(long)]
    account: Option<String>,
    /// Every key of everybody: after a backup was restored
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct RevokeKeys {
    #[command(flatten)]
    which: Revoke,
    /// Ask nothing before all are revoked, at a terminal too
    #[arg(long)]
    yes: bool,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &ApiKeys) -> Outcome {
    match command {
        ApiKeys::Create(create) => self::create(create),
        ApiKeys::List(list) => self::list(list),
        ApiKeys::Rotate { key, json } => rotate(key, *json),
        ApiKeys::Revoke(revoke) => self::revoke(revoke),
    }
}

fn create(create: &Create) -> Outcome {
    let told = |error: Error| explain(&error);
    let name = Name::parse(&create.name).ok_or_else(|| {
        format!(
            "\"{}\" is no name: 1 to 64 characters, words with single spaces between them",
            shown(&create.name)
        )
    })?;
    let scope = scope(&create.permission)?;
    let app = open()?;
    let kw = &app.keyward;
    let account = accounts::find(kw, &create.account).map_err(told)?;
    let organization = create.organization.as_deref();
    let organization = organization.map(|it| organizations::find(kw, it));
    let organization = organization.transpose().map_err(told)?;
    let new = New {
        name,
        scope,
        organization: organization.map(|it| it.id),
        expires_at: create.days.map(|days| in_days(kw, days)),
    };
    let made = administer::make(kw, account.id, new).map_err(told)?;
    tell_or_take_back(kw, &made, create.json)
}

fn scope(permissions: &[String]) -> Result<BTreeSet<String>, String> {
    let is_none = |word: &&String| words(vec![(*word).clone()]).is_err();
    if let Some(none) = permissions.iter().find(is_none) {
        return Err(format!(
            "--permission: \"{}\" is no word of the form thing:deed, nor the word admin; of Keyward's \
             own things those count that docs/OPERATIONS.md lists",
            shown(none)
        ));
    }
    words(permissions.to_vec()).map_err(|error| format!("--permission: {}", explain(&error)))
}

fn rotate(key: &str, as_json: bool) -> Outcome {
    let id = id(key)?;
    let app = open()?;
    let made = administer::rotate(&app.keyward, id).map_err(|error| explain(&error))?;
    tell_or_take_back(&app.keyward, &made, as_json)
}

/// A text that nobody was told opens nothing: where it can not be written, the key is taken back.
fn tell_or_take_back(kw: &Keyward, made: &Made, as_json: bool) -> Outcome {
    let Err(error) = tell(made, as_json) else {
        return Ok(());
    };
    match administer::revoke_one(kw, made.key.id) {
        Ok(()) => Err(format!(
            "the key can not be printed (standard output: {error}), so it was revoked"
        )),
        Err(revoke) => Err(format!(
            "the key can not be printed (standard output: {error}), and it lives: revoke {} ({})",
            made.key.id,
            explain(&revoke)
        )),
    }
}

/// Alone on its line, so that a script can keep it.
fn tell(made: &Made, as_json: bool) -> std::io::Result<()> {
    // Where standard output was closed, the start of a process opened this in its place.
    if output::is_nowhere() {
        return Err(std::io::Error::other("nobody reads /dev/null"));
    }
    let text = made.text.expose_secret();
    if as_json {
        let mut line = made.key.shown();
        line["key"] = json!(text);
        output::write_line(format_args!("{line}"))
    } else {
        output::write_line(format_args!("{text}"))
    }
}

fn list(list: &List) -> Outcome {
    let told = |error: Error| explain(&error);
    let after = list.page.after.as_deref().map(id).transpose()?;
    let app = open()?;
    let kw = &app.keyward;
    let account = list.account.as_deref().map(|it| accounts::find(kw, it));
    let account = account.transpose().map_err(told)?;
    let account = account.map(|account| account.id);
    let found = administer::list(kw, account, after, list.page.one_more());
    let mut found = found.map_err(told)?;
    list.page.cut(&mut found, |last| last.id);
    let mut owners = HashMap::new();
    for key in found {
        if list.page.json {
            say!("{}", key.shown());
            continue;
        }
        let owner = owners.entry(key.account).or_insert_with(|| {
            // One that was deleted meanwhile has its id alone.
            let owner = accounts::by_id(kw, key.account);
            owner.map_or_else(|_| String::new(), |it| format!(" ({})", it.label()))
        });
        say!("{}", line(kw, &key, owner));
    }
    Ok(())
}

fn line(kw: &Keyward, key: &ApiKey, owner: &str) -> String {
    let state = match key.expires_at {
        Some(end) if key.is_over(kw.clock.now()) => format!("over since {end}"),
        Some(end) => format!("until {end}"),
        None => "without an end".to_owned(),
    };
    let used = key
        .last_used_at
        .map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
    let scope: Vec<&str> = key.scope.iter().map(String::as_str).collect();
    format!(
        "{}  …{}  of {}{owner}  {}  {state}  {used}  {}",
        key.id,
        key.hint,
        key.account,
        shown(&key.name),
        scope.join(" ")
    )
}

fn revoke(wanted: &RevokeKeys) -> Outcome {
    let (revoke, as_json) = (&wanted.which, wanted.json);
    let told = |error: Error| explain(&error);
    if let Some(key) = &revoke.key {
        let id = id(key)?;
        let app = open()?;
        administer::revoke_one(&app.keyward, id).map_err(told)?;
        let words = format!("revoked {id}");
        return came(
            as_json,
            format_args!("{words}"),
            &json!({ "id": id, "revoked": 1 }),
        );
    }
    if revoke.all {
        confirm("revoke the keys of everybody", "all", wanted.yes)?;
    }
    let app = open()?;
    let kw = &app.keyward;
    let revoked = match &revoke.account {
        Some(account) => {
            let account = accounts::find(kw, account).map_err(told)?;
            administer::revoke_all_of(kw, account.id).map_err(told)?
        }
        None => administer::revoke_everybodys(kw).map_err(told)?,
    };
    let words = format!("keys revoked: {revoked}");
    came(
        as_json,
        format_args!("{words}"),
        &json!({ "revoked": revoked }),
    )
}

fn id(text: &str) -> Result<ApiKeyId, String> {
    text.parse()
        .map_err(|_| format!("\"{}\" is not the id of an API key", shown(text)))
}
