//! Guessing at passwords, and password records read or written past the interface.

use aws_lc_rs::hmac;
use diesel::RunQueryDsl as _;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use keyward::crypto::totp;
use keyward::domain::id::AccountId;
use keyward::domain::identifier::Email;
use keyward::domain::password::{Password, PasswordRecord};
use keyward::service::accounts::administer::{self, NewAccount};
use keyward::store::{AnyConnection, credentials};
use keyward::support::clock::Timestamp;
use serde_json::json;

use super::{Answer, Ask, TestKeyward};

/// No account of any test has this password.
pub const WRONG: &str = "not the password";

impl TestKeyward {
    /// Signs in by the Directus face with any password.
    pub fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.ask_sign_in(email, password).send()
    }

    /// The same, still to be sent.
    pub fn ask_sign_in(&self, email: &str, password: &str) -> Ask<'_> {
        let body = json!({ "email": email, "password": password });
        self.post("/auth/login").json(&body)
    }

    /// Signs in by seed O's face with any password.
    pub fn oisp_sign_in(&self, username: &str, password: &str) -> Answer {
        let body = json!({ "username": username, "password": password });
        self.post("/v1/api/auth/token").json(&body).send()
    }

    /// Changes the password of the caller.
    pub fn change_password(&self, access: &str, present: &str, new: &str) -> Answer {
        let body = json!({ "currentPassword": present, "newPassword": new });
        self.post("/auth/password/change")
            .bearer(access)
            .json(&body)
            .send()
    }

    /// The same beside a second factor.
    pub fn change_password_with(&self, access: &str, [present, new, otp]: [&str; 3]) -> Answer {
        let body = json!({ "currentPassword": present, "newPassword": new, "otp": otp });
        let ask = self.post("/auth/password/change").bearer(access);
        ask.json(&body).send()
    }

    /// Uses up the attempts that cost no waiting: the next one must wait a second.
    #[track_caller]
    pub fn exhaust(&self, email: &str) {
        for _ in 0..5 {
            self.sign_in(email, WRONG)
                .refused(401, "INVALID_CREDENTIALS");
        }
    }

    pub fn record_of(&self, account: AccountId) -> Option<String> {
        let record = self.read(|db| credentials::lookup(db, account));
        record.map(|record| record.expose().to_owned())
    }

    pub fn set_record(&self, account: AccountId, record: &str) {
        let (record, now) = (PasswordRecord::from(record.to_owned()), self.kw.clock.now());
        let done = self
            .kw
            .store
            .write(move |tx| credentials::set(tx, account, &record, now));
        done.unwrap();
    }

    /// From now on, whoever looks at this account's password gets 503, since it was
    /// hashed with a pepper that nobody has. Another answer proves that nobody looked.
    pub fn booby_trap(&self, account: AccountId) {
        let record = self.record_of(account).unwrap();
        assert!(record.starts_with("$kw1$p=1$"), "{record}");
        self.set_record(account, &record.replacen("p=1", "p=9", 1));
    }

    /// Takes the trap away.
    pub fn disarm(&self, account: AccountId) {
        let record = self.record_of(account).unwrap();
        self.set_record(account, &record.replacen("p=9", "p=1", 1));
    }

    /// How many failures stand in all counters together, for those of at most a few.
    pub fn counters_at(&self, failures: i64) -> i64 {
        self.count(&format!("limits WHERE failures = {failures}"))
    }

    /// All counters as they stand: failures, the next instant, since when.
    pub fn counters(&self) -> Vec<String> {
        let text = "SELECT key || ' ' || failures || ' ' || next_at || ' ' || since FROM limits ORDER BY 1";
        self.read(|db| {
            let rows = match db {
                AnyConnection::Sqlite(db) => sql::<Text>(text).load(db),
                AnyConnection::Postgres(db) => sql::<Text>(text).load(db),
            };
            Ok(rows?)
        })
    }
}

/// Asserts "too many", with the seconds to wait, in the shape of Directus.
impl Answer {
    #[track_caller]
    pub fn limited(&self, seconds: u64) {
        self.refused(429, "REQUESTS_EXCEEDED");
        let retry_after = self.header("retry-after").unwrap_or_default();
        assert_eq!(retry_after, seconds.to_string(), "{self:?}");
    }
}

impl TestKeyward {
    /// Switches the second factor on: its secret.
    pub fn enrol_totp(&self, access: &str) -> Vec<u8> {
        let begun = self.begin_enrolment(access);
        assert_eq!(begun.status, 200, "{begun:?}");
        let secret = totp::secret_of(&super::text(&begun.json(), "secret")).unwrap();
        let code = code_of(&secret, self.kw.clock.now());
        let confirm = self.post("/auth/mfa/totp/confirm").bearer(access);
        let confirmed = confirm.json(&json!({ "otp": code })).send();
        assert_eq!(confirmed.status, 200, "{confirmed:?}");
        secret
    }

    /// An account whose e-mail address was proven.
    pub fn add_verified(&self, email: &str) -> AccountId {
        let new = NewAccount {
            further: Vec::new(),
            email: Email::parse(email),
            username: None,
            password: Password::parse(super::PASSWORD).ok(),
            admin: false,
            verified: true,
        };
        administer::add_account(&self.kw, new).unwrap()
    }
}

/// The code of this instant, by the text of RFC 6238 and not by Keyward's library.
fn code_of(secret: &[u8], now: Timestamp) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &(now.seconds() / 30).to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[19] & 15);
    let word = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap());
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}
