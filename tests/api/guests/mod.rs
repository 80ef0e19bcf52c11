//! Guests: a session of nobody in particular, and what becomes of it.

mod begin;
mod guards;
mod limits;
mod purge;
mod sign_in;
mod upgrade;

use keyward::domain::id::AccountId;
use keyward::store::accounts;
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestKeyward};

pub const OUTSIDE: &str = "203.0.113.9";

impl TestKeyward {
    /// A guest: the access token and the refresh token.
    pub fn guest(&self) -> (String, String) {
        self.post("/auth/anonymous").send().tokens()
    }

    /// Somebody at that address asks to be a guest.
    pub fn guest_at(&self, peer: &str) -> Answer {
        self.post("/auth/anonymous").peer(peer).send()
    }

    /// The guest registers by this address.
    pub fn register_guest(&self, access: &str, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/auth/register")
            .bearer(access)
            .json(&body)
            .send()
    }

    pub fn is_there(&self, account: AccountId) -> bool {
        self.read(|db| accounts::lookup(db, account)).is_some()
    }
}
