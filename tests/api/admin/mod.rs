//! `/admin/*`: what administrators do over the interface.

mod accounts;
mod acting;
mod audit;
mod chain;
mod credentials;
mod deletes;
mod keys;
mod last_one;
mod numbers;
mod organizations;
mod powers;
mod still;
mod torn;
mod unchanged;
mod unlock;
mod walks;

use keyward::domain::id::AccountId;
use serde_json::Value;

use crate::support::{Answer, PASSWORD, TestKeyward};

pub const ROOT: &str = "root@example.com";
pub const ALICE: &str = "alice@example.com";
pub const OTHER: &str = "another horse battery";

/// An administrator's account and access token.
pub fn administrator(kw: &TestKeyward) -> (AccountId, String) {
    let root = kw.add(ROOT, None, true);
    (root, kw.sign_in(ROOT, PASSWORD).tokens().0)
}

/// Asks without a body; the answer has none either.
#[track_caller]
pub fn done(kw: &TestKeyward, method: &str, path: &str, token: &str) {
    let answer = kw.ask(method, path).bearer(token).send();
    let told = (answer.status, answer.body.as_str());
    assert_eq!(told, (204, ""), "{method} {path} {answer:?}");
}

pub fn of(account: AccountId, rest: &str) -> String {
    format!("/admin/accounts/{account}{rest}")
}

/// A list's rows.
#[track_caller]
pub fn rows(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].as_array().unwrap().clone()
}
