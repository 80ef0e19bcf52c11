//! `keyward user`. The password comes from standard input (one line) or a prompt.

/// One account, as operators look at it.
mod show;

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::confirm::confirm;
use crate::cli::list_page::ListPage;
use crate::cli::output::{self, came, complain, say};
use crate::cli::user::show::{Seen, render};
use crate::cli::{Outcome, explain, open};
use crate::domain::account::Account;
use crate::domain::id::{AccountId, After};
use crate::domain::identifier::{Email, Username};
use crate::domain::password::Password;
use crate::domain::password_policy;
use crate::domain::texts::name_characters::shown;
use crate::service::accounts::administer::{self, NewAccount};
use crate::service::accounts::profile_edit::Edit;
use crate::service::accounts::{delete_own_account, list};
use crate::service::{Error, Keyward};

#[derive(Subcommand)]
pub(super) enum User {
    /// Add an account
    Add(Add),
    /// List accounts, oldest first
    #[command(mut_arg("after", |it| it.help(
        "The account after which to begin: e-mail address, username or id, or what a page before said"
    )))]
    List(ListPage),
    /// Show one account, its roles and its sessions
    Show(Who),
    /// Refuse sign-ins and end every session
    Disable(Who),
    /// Let a disabled account sign in again
    Enable(Who),
    /// Delete an account and everything personal of it. This can not be undone
    Delete {
        #[command(flatten)]
        who: Who,
        /// Ask nothing, at a terminal too
        #[arg(long)]
        yes: bool,
    },
    /// Set the password and end every session
    SetPassword(SetPassword),
    /// Forgive wrong passwords: of one account, or every suspension. Codes that were guessed stay counted
    Unlock {
        #[command(flatten)]
        which: Unlock,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Take the second factor away, for an owner who lost it. Ends every session
    ResetMfa(Who),
    /// End every session of one account, or of all
    RevokeSessions {
        #[command(flatten)]
        which: RevokeSessions,
        /// As one line of JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(super) struct Add {
    /// E-mail address to sign in with; of a machine its username
    #[arg(value_name = "EMAIL")]
    name: String,
    /// An account of a program: it has API keys, and nobody signs in to it
    #[arg(long, conflicts_with_all = ["username", "admin", "password_stdin"])]
    machine: bool,
    /// A username to sign in with besides
    #[arg(long)]
    username: Option<String>,
    /// Give the administrator's role
    #[arg(long)]
    admin: bool,
    /// Read the password from standard input, one line. Without it: a prompt
    #[arg(long)]
    password_stdin: bool,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Who {
    /// E-mail address, username or id
    account: String,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(id = "whose", required = true, multiple = false)]
pub(super) struct RevokeSessions {
    /// E-mail address, username or id
    account: Option<String>,
    /// Every account: after a backup was restored. Access tokens are refused at once, by
    /// new signing keys
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
#[group(id = "whose", required = true, multiple = false)]
pub(super) struct Unlock {
    /// E-mail address, username or id
    account: Option<String>,
    /// Every suspension, after somebody guessed at many accounts
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct SetPassword {
    /// E-mail address, username or id
    account: String,
    /// Read the password from standard input, one line. Without it: a prompt
    #[arg(long)]
    password_stdin: bool,
    /// As one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &User) -> Outcome {
    match command {
        User::Add(add) => self::add(add),
        User::List(page) => list(page),
        User::Show(who) => show(who),
        User::Disable(who) => change(who, ("disable", "disabled"), |kw, account| {
            administer::set_enabled(kw, account.id, false)
        }),
        User::Enable(who) => change(who, ("enable", "enabled"), |kw, account| {
            administer::set_enabled(kw, account.id, true)
        }),
        User::Delete { who, yes } => delete(who, *yes),
        User::SetPassword(set) => set_password(set),
        User::Unlock { which, json } => unlock(which, *json),
        User::ResetMfa(who) => change(
            who,
            ("reset-mfa", "has no second factor and no sessions now:"),
            |kw, account| administer::reset_factor(kw, account.id).map(|()| true),
        ),
        User::RevokeSessions { which, json } => revoke_sessions(which, *json),
    }
}

/// Its permissions it has by roles: `keyward role grant`.
fn add_machine(name: &str, as_json: bool) -> Outcome {
    let username =
        Username::parse(name).ok_or_else(|| format!("\"{}\" is not a username", shown(name)))?;
    let app = open()?;
    let more = (Edit::default(), None);
    let id = administer::add_machine(&app.keyward, username, more);
    let id = id.map_err(|error| explain(&error))?;
    let words = format!("added {} as {id}", shown(name));
    came(as_json, format_args!("{words}"), &json!({ "id": id }))
}

fn add(add: &Add) -> Outcome {
    if add.machine {
        return add_machine(&add.name, add.json);
    }
    let email = Email::parse(&add.name)
        .ok_or_else(|| format!("\"{}\" is not an e-mail address", shown(&add.name)))?;
    let username = match add.username.as_deref() {
        Some(text) => Some(Username::parse(text).ok_or_else(|| {
            let text = shown(text);
            format!("\"{text}\" is no username: 1 to 128 characters without @, spaces and invisible ones")
        })?),
        None => None,
    };
    let password = password(add.password_stdin)?;
    let app = open()?;
    let label = email.written().to_owned();
    warn_of_weak(
        &password,
        &[&label, username.as_ref().map_or("", Username::written)],
    );
    let new = NewAccount {
        further: Vec::new(),
        email: Some(email),
        username,
        password: Some(password),
        admin: add.admin,
        verified: true,
    };
    let id = administer::add_account(&app.keyward, new).map_err(|error| explain(&error))?;
    let words = format!("added {label} as {id}");
    came(add.json, format_args!("{words}"), &json!({ "id": id }))
}

fn list(wanted: &ListPage) -> Outcome {
    let app = open()?;
    let told = |error: Error| explain(&error);
    let place = |text: &str| match text.parse() {
        Ok(After::Place(at, id)) => Ok((at, AccountId(id))),
        Ok(After::Row(_)) | Err(()) => {
            let found = administer::find(&app.keyward, text).map_err(told)?;
            Ok::<_, String>((found.created_at, found.id))
        }
    };
    let after = wanted.after.as_deref().map(place).transpose()?;
    let page = list::page(&app.keyward, after, wanted.limit).map_err(told)?;
    for account in &page.accounts {
        if wanted.json {
            say!("{}", render(account));
            continue;
        }
        let state = if account.enabled {
            "enabled "
        } else {
            "disabled"
        };
        say!("{}  {state}  {}", account.id, account.label());
    }
    // Not where a script reads.
    if page.more > 0 {
        let more = page.more;
        match page.accounts.last() {
            Some(last) => complain(format_args!(
                "… and {more} more: --limit, or --after {}",
                After::Place(last.created_at, last.id.0)
            )),
            None => complain(format_args!("… and {more} more: --limit")),
        }
    }
    Ok(())
}

fn show(who: &Who) -> Outcome {
    let app = open()?;
    let seen = Seen::look(&app.keyward, &who.account).map_err(|error| explain(&error))?;
    if who.json {
        say!("{}", seen.as_json());
        return Ok(());
    }
    seen.tell()
}

fn revoke_sessions(revoke: &RevokeSessions, as_json: bool) -> Outcome {
    let Some(account) = revoke.account.clone() else {
        let app = open()?;
        let accounts = administer::revoke_all_sessions(&app.keyward);
        let accounts = accounts.map_err(|error| explain(&error))?;
        let words = format!("no account of {accounts} has sessions now, and no token is good");
        let value = json!({ "done": "revoke-sessions", "accounts": accounts });
        return came(as_json, format_args!("{words}"), &value);
    };
    let who = Who {
        account,
        json: as_json,
    };
    let did = ("revoke-sessions", "has no sessions now:");
    change(&who, did, |kw, account| {
        administer::revoke_sessions(kw, account.id)
    })
}

fn delete(who: &Who, yes: bool) -> Outcome {
    let app = open()?;
    let told = |error: Error| explain(&error);
    let account = administer::find(&app.keyward, &who.account).map_err(told)?;
    let label = account.label();
    confirm("delete the account", label, yes)?;
    delete_own_account::delete(&app.keyward, account.id).map_err(told)?;
    let value = json!({ "account": account.id, "done": "delete" });
    came(who.json, format_args!("deleted {label}"), &value)
}

fn unlock(unlock: &Unlock, as_json: bool) -> Outcome {
    let Some(account) = unlock.account.clone() else {
        let app = open()?;
        let lifted = administer::unlock_all(&app.keyward).map_err(|error| explain(&error))?;
        let words = format!("suspensions lifted: {lifted}");
        let value = json!({ "done": "unlock", "lifted": lifted });
        return came(as_json, format_args!("{words}"), &value);
    };
    let who = Who {
        account,
        json: as_json,
    };
    let did = ("unlock", "may sign in without a wait:");
    change(&who, did, |kw, account| administer::unlock(kw, account))
}

fn set_password(set: &SetPassword) -> Outcome {
    let password = password(set.password_stdin)?;
    let who = Who {
        account: set.account.clone(),
        json: set.json,
    };
    change(
        &who,
        ("set-password", "has a new password and no sessions:"),
        move |kw, account| {
            let known = [account.email.as_deref(), account.username.as_deref()];
            warn_of_weak(&password, &known.map(Option::unwrap_or_default));
            administer::set_password(kw, account.id, &password).map(|()| true)
        },
    )
}

/// `word` is what the command is called, for scripts, and `did` what was done. The act says whether it
/// was not so before.
fn change(
    who: &Who,
    (word, did): (&str, &str),
    act: impl FnOnce(&Keyward, &Account) -> Result<bool, Error>,
) -> Outcome {
    let app = open()?;
    let told = |error: Error| explain(&error);
    let account = administer::find(&app.keyward, &who.account).map_err(told)?;
    let changed = act(&app.keyward, &account).map_err(told)?;
    let before = if changed { "" } else { "already so: " };
    let words = format!("{before}{did} {}", account.label());
    let value = json!({ "account": account.id, "done": word });
    came(who.json, format_args!("{words}"), &value)
}

/// An operator may set any password (row D-26), and hears what a guesser thinks of it.
fn warn_of_weak(password: &Password, about: &[&str]) {
    if password_policy::is_weak(password, about) {
        log::warn!("the password is short, or among the first that a guesser would try");
    }
}

/// 1024 characters of four bytes each, a byte order mark and the end of the line.
const LONGEST_LINE: u64 = 4 * 1024 + 8;

/// One line of standard input, or what is typed at a prompt, twice.
fn password(from_stdin: bool) -> Result<Password, String> {
    let text = if from_stdin {
        let mut line = Vec::new();
        // One byte more than the longest that is taken: a device has no end.
        std::io::stdin()
            .lock()
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("standard input: {error}"))?;
        if line.len() as u64 > LONGEST_LINE {
            return Err("the first line of standard input is longer than any password".to_owned());
        }
        typed(line)?
    } else if std::io::stdin().is_terminal() {
        // Warnings wait in a queue, and would come behind the prompt.
        output::finish();
        let first = rpassword::prompt_password("Password: ").map_err(|error| error.to_string())?;
        let again = rpassword::prompt_password("Again: ").map_err(|error| error.to_string())?;
        if first != again {
            return Err("the two are not the same".to_owned());
        }
        first
    } else {
        return Err("give the password on standard input, with --password-stdin".to_owned());
    };
    let password = Password::parse(&text)
        .map_err(|_| "a password has 1 to 1024 characters and no NUL".to_owned())?;
    Ok(password)
}

/// What was meant by a line: without its end, and without the byte order mark that
/// PowerShell and editors put before a text.
fn typed(line: Vec<u8>) -> Result<String, String> {
    let line = String::from_utf8(line).map_err(|_| {
        "the password on standard input is not UTF-8: send it in that encoding".to_owned()
    })?;
    let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
