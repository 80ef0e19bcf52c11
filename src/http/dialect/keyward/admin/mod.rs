//! `/admin/*`: what administrators do, each by the act that the command line calls. Lists
//! answer `{"data","next"}`; `next` is what `after` takes for the page that follows.

/// Accounts: found, made, changed, disabled, deleted.
pub mod accounts;
/// Acting for an account.
pub mod act_as;
/// API keys.
pub mod api_keys;
/// What happened.
pub mod audit;
/// How an account is signed in to: password, second factor, suspensions, sessions, roles.
pub mod credentials;
/// Who is invited to the service.
pub mod invitations;
/// Signing keys.
pub mod keys;
/// Organizations, and who is in them.
pub mod organizations;

use serde_json::{Value, json};

use crate::domain::id::{AccountId, After};
use crate::domain::search_words::{MOST_WORDS, SearchWords, UnfitSearch};
use crate::http::request::call::Call;
use crate::http::request::fields::Fields;
use crate::http::request::query;
use crate::service::{Error, Result};

/// Rows of a page, where none are asked for.
const USUAL: u32 = 100;

/// The most rows of a page.
const MOST: u32 = 1000;

/// The account that the path names. What is no id is taken for one that nobody has.
fn account(call: &Call) -> AccountId {
    let id = call.path_part("id").parse();
    id.unwrap_or(AccountId::NIL)
}

fn limit(asked: &Fields) -> Result<u32> {
    match asked.optional("limit")? {
        None => Ok(USUAL),
        Some(text) => query::number(text)
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| Error::payload(format!("\"limit\" must be a number from 1 to {MOST}"))),
    }
}

/// What `next` of a page before said, or the id of a row.
fn after(query: &Fields) -> Result<Option<After>> {
    let after = query.optional("after")?.map(str::parse).transpose();
    after.map_err(|()| {
        Error::payload("\"after\" must be what \"next\" of a page before said, or an id")
    })
}

fn words(query: &Fields) -> Result<SearchWords> {
    let text = query.optional("search")?.unwrap_or_default();
    SearchWords::parse(text).map_err(|refused| {
        Error::payload(match refused {
            UnfitSearch::Nul => "\"search\" must not hold a NUL".to_owned(),
            UnfitSearch::TooMany => format!("\"search\" takes at most {MOST_WORDS} words"),
        })
    })
}

fn page(data: impl Iterator<Item = Value>, next: Option<impl ToString>) -> Value {
    json!({ "data": data.collect::<Vec<_>>(), "next": next.map(|next| next.to_string()) })
}
