//! Sessions as tests need them: signed in one way or another, and found dead or alive.

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use keyward::domain::id::AccountId;
use keyward::domain::session::EndReason;
use keyward::store::{AnyConnection, login_attempts};

use super::TestKeyward;

impl TestKeyward {
    /// How the account's last sign-ins came out, youngest first.
    pub fn attempts(&self, account: AccountId) -> Vec<String> {
        self.read(|db| login_attempts::list_of(db, account, 100))
            .into_iter()
            .map(|tried| tried.outcome)
            .collect()
    }

    /// What was written down about an account, oldest first, and how often each row counts.
    pub fn counted(&self, account: AccountId) -> Vec<(String, i64)> {
        let rows = self.rows(&format!(
            "SELECT what || ' ' || times AS line FROM audit_events \
             WHERE account_id = '{account}' ORDER BY at, id"
        ));
        let split = |row: &String| {
            let (what, times) = row.split_once(' ').unwrap();
            (what.to_owned(), times.parse().unwrap())
        };
        rows.iter().map(split).collect()
    }

    /// The rows of a query whose one column is a text called `line`.
    pub fn rows(&self, query: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            line: String,
        }
        let rows: Vec<Row> = self.read(|db| {
            let query = diesel::sql_query(query);
            Ok(match db {
                AnyConnection::Sqlite(sqlite) => query.load(sqlite)?,
                AnyConnection::Postgres(postgres) => query.load(postgres)?,
            })
        });
        rows.into_iter().map(|row| row.line).collect()
    }

    /// A new account, signed in and refreshed once: the access token of generation 1,
    /// and the refresh tokens of generations 0 and 1.
    pub fn refreshed(&self, email: &str) -> (String, [String; 2]) {
        let (_, zero) = self.signed_in(email);
        let (access, one) = self.refresh(&zero).tokens();
        (access, [zero, one])
    }

    /// Asserts that the session of this access token has ended for this reason, that
    /// nothing it gave is of any use, and that asking does not change its row.
    #[track_caller]
    pub fn assert_ended(&self, access: &str, tokens: &[&str], reason: EndReason) {
        let ended = self.session_of(access);
        assert_eq!(ended.ended.map(|ending| ending.reason), Some(reason));
        assert_eq!(self.me(access), 401);
        for token in tokens {
            self.refresh(token).refused(401, "INVALID_CREDENTIALS");
        }
        assert_eq!(self.session_of(access), ended);
    }
}
