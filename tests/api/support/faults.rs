//! Faults on purpose: a database that refuses what it is asked, on both backends, and
//! rows read or written past the interface.

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use keyward::crypto::master_key::MasterKey;
use keyward::crypto::refresh_token::RefreshTokens;
use keyward::domain::id::SessionId;
use keyward::store::{self, AnyConnection};
use keyward::support::secret::ExposeSecret as _;

use super::{SECRET, TestKeyward};

/// What goes wrong whenever a row of a table is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An UPDATE finds nothing to change, though the row is there.
    ChangesNothing,
    /// The statement fails, as on a full disk.
    Fails,
    /// All statements go well, and then the commit fails.
    CommitFails,
}

impl TestKeyward {
    /// Runs SQL in one transaction, past the interface.
    pub fn execute(&self, sqlite: &str, postgres: &str) {
        let (sqlite, postgres) = (sqlite.to_owned(), postgres.to_owned());
        let done = self.kw.store.write(move |tx| {
            let text = match tx {
                AnyConnection::Sqlite(_) => &sqlite,
                AnyConnection::Postgres(_) => &postgres,
            };
            tx.batch_execute(text).map_err(store::Error::from)
        });
        done.unwrap();
    }

    /// From now on, every `verb` (INSERT or UPDATE) on `table` meets the fault.
    pub fn inject(&self, fault: Fault, verb: &str, table: &str) {
        let (sqlite, postgres) = match fault {
            Fault::ChangesNothing => ("SELECT RAISE(IGNORE);", "RETURN NULL;"),
            Fault::Fails | Fault::CommitFails => (
                "SELECT RAISE(ABORT, 'injected: disk full');",
                "RAISE EXCEPTION 'injected: disk full' USING ERRCODE = '53100';",
            ),
        };
        let function = format!(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql \
             AS $$ BEGIN {postgres} RETURN NULL; END $$;"
        );
        if fault == Fault::CommitFails {
            // A foreign key that is checked at the commit, and is broken there.
            self.execute(
                &format!(
                    "CREATE TABLE fault_parent (id INTEGER PRIMARY KEY);
                     CREATE TABLE fault_child (id INTEGER REFERENCES fault_parent (id)
                         DEFERRABLE INITIALLY DEFERRED);
                     CREATE TRIGGER fault AFTER {verb} ON {table}
                     BEGIN INSERT INTO fault_child VALUES (1); END;"
                ),
                &format!(
                    "{function} CREATE CONSTRAINT TRIGGER fault AFTER {verb} ON {table}
                     DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fault()"
                ),
            );
        } else {
            self.execute(
                &format!("CREATE TRIGGER fault BEFORE {verb} ON {table} BEGIN {sqlite} END;"),
                &format!(
                    "{function} CREATE TRIGGER fault BEFORE {verb} ON {table}
                     FOR EACH ROW EXECUTE FUNCTION fault()"
                ),
            );
        }
    }

    /// Takes the injected fault away.
    pub fn mend(&self) {
        self.execute(
            "DROP TRIGGER fault; DROP TABLE IF EXISTS fault_child; \
             DROP TABLE IF EXISTS fault_parent;",
            "DROP FUNCTION fault CASCADE",
        );
    }

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> i64 {
        let text = format!("(SELECT count(*) FROM {table})");
        self.read(|db| {
            let rows = match db {
                AnyConnection::Sqlite(db) => diesel::select(sql::<BigInt>(&text)).get_result(db),
                AnyConnection::Postgres(db) => diesel::select(sql::<BigInt>(&text)).get_result(db),
            };
            Ok(rows?)
        })
    }
}

/// A refresh token made with the key of the Keyward under test: its tag is always
/// right; it is good only where the salt is the session's own.
pub fn forged_refresh(session: SessionId, generation: u32, salt: &[u8; 32]) -> String {
    let tokens = RefreshTokens::new(&MasterKey::new(SECRET.as_bytes()).unwrap());
    let token = tokens.issue(session, generation, salt);
    token.expose_secret().to_owned()
}
