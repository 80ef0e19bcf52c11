//! One account, as operators look at it.

use serde_json::{Value, json};

use crate::cli::output::say;
use crate::domain::account::Account;
use crate::domain::guess_limit::Counter;
use crate::domain::session::Session;
use crate::service::accounts::administer;
use crate::service::{Keyward, Result as Answer};
use crate::support::clock::Timestamp;

/// An account, and what belongs to it.
pub(super) struct Seen {
    account: Account,
    roles: Vec<String>,
    failures: [Counter; 2],
    sessions: Vec<Session>,
    now: Timestamp,
}

impl Seen {
    pub(super) fn look(kw: &Keyward, name: &str) -> Answer<Self> {
        let account = administer::find(kw, name)?;
        Ok(Self {
            roles: administer::roles_of(kw, account.id)?,
            failures: administer::failures_of(kw, &account)?,
            sessions: administer::sessions_of(kw, account.id)?,
            now: kw.clock.now(),
            account,
        })
    }

    pub(super) fn as_json(&self) -> Value {
        let mut body = render(&self.account);
        body["roles"] = json!(self.roles);
        for (whose, counter) in ["strangers", "knownBrowsers"]
            .into_iter()
            .zip(&self.failures)
        {
            body["failures"][whose] = json!({
                "failures": counter.failures,
                "forgiven": counter.forgiven,
                "suspended": counter.is_suspended(),
            });
        }
        let sessions = self.sessions.iter().map(|session| {
            json!({
                "id": session.id,
                "created": session.created_at.millis(),
                "over": session.ended.is_some() || session.is_over(self.account.epoch, self.now),
                "reason": session.ended.as_ref().map(|ending| ending.reason.as_str()),
                "address": session.address.map(|address| address.to_string()),
            })
        });
        body["sessions"] = sessions.collect();
        body
    }

    pub(super) fn tell(&self) -> Result<(), String> {
        let account = &self.account;
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        say!("id          {}", account.id);
        say!("email       {}", or_dash(&account.email));
        say!("username    {}", or_dash(&account.username));
        say!("kind        {}", account.kind());
        say!("enabled     {}", account.enabled);
        say!("verified    {}", account.verified);
        let roles = Some(self.roles.join(", ")).filter(|roles| !roles.is_empty());
        say!("roles       {}", or_dash(&roles));
        say!("created     {}", account.created_at);
        let last = account.last_login_at.map(Timestamp::iso);
        say!("last login  {}", or_dash(&last));
        for (whose, counter) in ["strangers", "its known browsers"]
            .into_iter()
            .zip(&self.failures)
        {
            show_failures(whose, counter, self.now)?;
        }
        say!("sessions");
        for session in &self.sessions {
            let state = match &session.ended {
                Some(ending) => format!("ended {} ({})", ending.at, ending.reason.as_str()),
                None if session.is_over(account.epoch, self.now) => "over".to_owned(),
                None => format!(
                    "alive until {}",
                    session.idle_expires_at.min(session.absolute_expires_at)
                ),
            };
            say!(
                "  {}  since {}  {state}  from {}",
                session.id,
                session.created_at,
                or_dash(&session.address.map(|address| address.to_string())),
            );
        }
        Ok(())
    }
}

/// What stands in the account's own row.
pub(super) fn render(account: &Account) -> Value {
    json!({
        "id": account.id,
        "email": account.email,
        "username": account.username,
        "kind": account.kind(),
        "enabled": account.enabled,
        "verified": account.verified,
        "created": account.created_at.millis(),
        "lastLogin": account.last_login_at.map(Timestamp::millis),
    })
}

/// Nothing where nobody failed.
fn show_failures(whose: &str, counter: &Counter, now: Timestamp) -> Result<(), String> {
    let (failures, forgiven) = (counter.failures, counter.forgiven);
    if failures + forgiven == 0 {
        return Ok(());
    }
    let wait = if counter.next_at > now {
        format!(", next try {}", counter.next_at)
    } else {
        String::new()
    };
    let suspended = if counter.is_suspended() {
        "suspended (one try a day; keyward user unlock lifts it): "
    } else {
        ""
    };
    let before = if forgiven > 0 {
        format!(", after {forgiven} that were forgiven")
    } else {
        String::new()
    };
    say!("failures    {suspended}{failures} in a row by {whose}{before}{wait}");
    Ok(())
}
