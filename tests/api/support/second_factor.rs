//! Second factors as tests need them: enrolled, their codes computed as a telephone
//! does, and what the database knows of them.

use diesel::RunQueryDsl as _;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use keyward::domain::id::AccountId;
use keyward::store::{AnyConnection, factors, recovery_codes};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::{Answer, Forge, PASSWORD, TestKeyward, text};

pub struct Factor {
    /// In base32, as an authenticator is given it.
    pub secret: String,
    pub recovery: Vec<String>,
    /// The tokens of the session that began as it was switched on.
    pub access: String,
    pub refresh: String,
}

impl TestKeyward {
    /// The code that a telephone shows `steps` times thirty seconds from now.
    pub fn code(&self, secret: &str, steps: i64) -> String {
        let totp = Builder::new()
            .with_secret(Secret::try_from_base32(secret).unwrap())
            .build_noncompliant();
        let at = self.kw.clock.now().seconds() + 30 * steps;
        totp.generate(at.try_into().unwrap()).to_string()
    }

    /// Switches a second factor on. Thirty seconds pass, so that the code of the present
    /// step is unused.
    pub fn enrol(&self, access: &str) -> Factor {
        let begun = self.begin_enrolment(access);
        assert_eq!(begun.status, 200, "{begun:?}");
        let secret = text(&begun.json(), "secret");
        let confirmed = self.confirm_enrolment(access, &self.code(&secret, 0));
        assert_eq!(confirmed.status, 200, "{confirmed:?}");
        let codes = confirmed.json()["recoveryCodes"].clone();
        self.advance(30);
        Factor {
            secret,
            recovery: serde_json::from_value(codes).unwrap(),
            access: text(&confirmed.json(), "access_token"),
            refresh: text(&confirmed.json(), "refresh_token"),
        }
    }

    /// The same by Directus's routes, where the session that does it goes on: the secret.
    pub fn enrol_in_directus(&self, access: &str) -> String {
        let secret = text(&self.begin_enrolment(access).json(), "secret");
        let body = json!({ "secret": secret, "otp": self.code(&secret, 0) });
        let ask = self.post("/users/me/tfa/enable").bearer(access);
        let enabled = ask.json(&body).send();
        assert_eq!(enabled.status, 204, "{enabled:?}");
        self.advance(30);
        secret
    }

    pub fn begin_enrolment(&self, access: &str) -> Answer {
        let body = json!({ "password": PASSWORD });
        self.post("/auth/mfa/totp")
            .bearer(access)
            .json(&body)
            .send()
    }

    pub fn confirm_enrolment(&self, access: &str, otp: &str) -> Answer {
        let body = json!({ "otp": otp });
        let ask = self.post("/auth/mfa/totp/confirm").bearer(access);
        ask.json(&body).send()
    }

    /// An account with a second factor: the access token and the refresh token of the
    /// session that began as it was switched on.
    pub fn with_factor(&self, email: &str) -> (String, String, Factor) {
        let (access, _) = self.signed_in(email);
        let factor = self.enrol(&access);
        (factor.access.clone(), factor.refresh.clone(), factor)
    }

    /// Signs in with the right password and whatever as otp.
    pub fn login_with(&self, email: &str, otp: impl Into<Value>) -> Answer {
        let otp: Value = otp.into();
        let body = json!({ "email": email, "password": PASSWORD, "otp": otp });
        self.post("/auth/login").json(&body).send()
    }

    /// The same without otp.
    pub fn login_without(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/auth/login").json(&body).send()
    }

    /// The last time step whose code the account's factor accepted.
    pub fn last_step(&self, access: &str) -> i64 {
        let account = account_of(access);
        let factor = self.read(|db| factors::active_of(db, account));
        factor.unwrap().last_step
    }

    /// Everything that is stored of the account's second factor.
    pub fn factor_state(&self, access: &str) -> String {
        let account = account_of(access);
        self.read(|db| {
            let both = [
                factors::active_of(db, account)?,
                factors::pending_of(db, account)?,
            ];
            let rows = both.map(|factor| {
                factor.map(|it| {
                    let times = (it.confirmed_at, it.last_step, it.created_at);
                    (it.id, it.sealed, times)
                })
            });
            Ok(format!("{rows:?} {}", recovery_codes::count(db, account)?))
        })
    }

    /// Every byte of the database, as a thief of it has them: on SQLite the file and its
    /// log, on PostgreSQL all tables with their columns of bytes in hexadecimal digits.
    pub fn dump(&self) -> Vec<u8> {
        self.read(|db| match db {
            AnyConnection::Sqlite(db) => {
                let query = "(SELECT file FROM pragma_database_list WHERE name = 'main')";
                let file: String = diesel::select(sql::<Text>(query)).get_result(db)?;
                let mut bytes = std::fs::read(&file).unwrap();
                bytes.extend(std::fs::read(format!("{file}-wal")).unwrap_or_default());
                Ok(bytes)
            }
            AnyConnection::Postgres(db) => {
                let query = "(SELECT string_agg(query_to_xml('SELECT t::text FROM ' || \
                             quote_ident(table_name) || ' t', true, false, '')::text, '') \
                             FROM information_schema.tables WHERE table_schema = 'public')";
                let text: String = diesel::select(sql::<Text>(query)).get_result(db)?;
                Ok(text.into_bytes())
            }
        })
    }
}

pub fn account_of(access: &str) -> AccountId {
    text(&Forge::claims_of(access), "sub").parse().unwrap()
}
