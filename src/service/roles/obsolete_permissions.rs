//! Words that roles and API keys hold from before they were refused: what stands in the database is
//! not read anew when a setting or a rule changes, so an operator is told.

use crate::domain::organization::Scope;
use crate::domain::rights::permission::counts_in_service;
use crate::domain::texts::name_characters::shown;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::roles::HeldWord;
use crate::store::{self, api_keys, roles};

/// So many of each kind are named.
const MOST: usize = 20;

/// Keys that are read at once.
const PAGE: i64 = 1000;

/// What to look at, a line for each; nothing where all is as the rules of now want it.
pub fn look(kw: &Keyward) -> Result<Vec<String>> {
    let held = kw.store.read(roles::words_held)?;
    let mut lines = Vec::new();
    for scope in [Scope::Service, Scope::Organization] {
        let words = held.iter().filter(|(it, _)| it == scope.as_str());
        let words: Vec<String> = words.map(|(_, word)| word.clone()).collect();
        let theirs = |word: &&String| scope == Scope::Service && !counts_in_service(word);
        let foreign: Vec<String> = words.iter().filter(theirs).cloned().collect();
        let why = "counts in an organization alone: no token tells it";
        lines.extend(roles_with(kw, (scope, &foreign), why)?);
        let unknown = |word: &&String| kw.policy.unknown([*word]).is_some();
        let unknown: Vec<String> = words.iter().filter(unknown).cloned().collect();
        lines.extend(roles_with(kw, (scope, &unknown), UNLISTED)?);
    }
    lines.extend(keys(kw)?);
    Ok(lines)
}

/// Roles that are there from the start hold words of seed H's applications, and nobody took those out
/// of a list.
const BUILT_IN: [&str; 5] = [
    "System Admin",
    "Organization Manager",
    "Space Designer",
    "Asset Installer",
    "Data Viewer",
];

const UNLISTED: &str = "is not in KEYWARD_PERMISSIONS: it counts still, until it is taken away";

fn roles_with(kw: &Keyward, (scope, words): (Scope, &[String]), why: &str) -> Result<Vec<String>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let found = kw
        .store
        .read(|db| roles::holding(db, (scope.as_str(), words), PAGE))?;
    let found = found.iter().filter(|it| !BUILT_IN.contains(&&*it.role));
    let line = |held: &HeldWord| {
        let name = shown(held.title.as_ref().unwrap_or(&held.role));
        let of = held.organization.as_ref();
        let of = of.map_or_else(String::new, |id| format!(" of the organization {id}"));
        format!("the role \"{name}\"{of} holds {}, which {why}", held.word)
    };
    Ok(told(found.map(line).collect(), "roles"))
}

/// Where no list is set every word is known.
fn keys(kw: &Keyward) -> Result<Vec<String>> {
    let (mut lines, mut after) = (Vec::new(), None);
    if kw.policy.permissions.is_none() {
        return Ok(lines);
    }
    loop {
        let page = kw
            .store
            .read(|db| -> store::Result<_> { api_keys::page(db, None, after, PAGE) })?;
        let Some(last) = page.last() else {
            return Ok(told(lines, "API keys"));
        };
        after = Some(last.id);
        for key in &page {
            if let Some(word) = kw.policy.unknown(&key.scope) {
                lines.push(format!(
                    "the API key {} holds {word}, which {UNLISTED}",
                    key.id
                ));
            }
        }
    }
}

fn told(mut lines: Vec<String>, what: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("… and {more} more {what}"));
    }
    lines
}
