//! Holds transactions of PostgreSQL at a place of the test's choice, so that others come in
//! between. (SQLite has one writer, and is held as a whole.)

use std::cell::RefCell;

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::dsl::{select, sql};
use diesel::sql_types::BigInt;
use keyward::store::{AnyConnection, Watched};

use super::{TestKeyward, wait_until};

/// Closed until [`Gate::open`], or until it is dropped.
pub struct Gate(RefCell<Watched>);

/// In a transaction these are the numbers of its beginning, were they not forgotten.
const FORGET: &str = "SELECT pg_stat_clear_snapshot()";
const WAITING: &str = "(SELECT count(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND wait_event_type = 'Lock')";

impl Gate {
    /// Before each INSERT, UPDATE or DELETE of rows of a table.
    pub fn before(kw: &TestKeyward, verb: &str, table: &str) -> Self {
        let trigger = format!(
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$;
             CREATE TRIGGER gate BEFORE {verb} ON {table}
             FOR EACH ROW EXECUTE FUNCTION gate()"
        );
        kw.execute("", &trigger);
        Self::at(kw, "SELECT pg_advisory_xact_lock(7)")
    }

    /// Wherever this statement is in the way, until what it does is committed.
    pub fn at(kw: &TestKeyward, statement: &str) -> Self {
        let mut by = kw.kw.store.own_reader().unwrap();
        by.batch_execute(&format!("BEGIN; {statement}")).unwrap();
        Self(RefCell::new(by))
    }

    /// Before each write to a table, on both databases. Who reads goes on.
    pub fn before_writes(kw: &TestKeyward, table: &str) -> Self {
        let mut by = kw.kw.store.own_reader().unwrap();
        let hold = match &*by {
            // Another process: a backup, a forgotten shell.
            AnyConnection::Sqlite(_) => "PRAGMA query_only = OFF; BEGIN IMMEDIATE".to_owned(),
            // It is held for as long as the test likes: two writes that wait in vain take longer
            // than a transaction may be idle.
            AnyConnection::Postgres(_) => format!(
                "SET idle_in_transaction_session_timeout = 0; BEGIN; \
                 LOCK TABLE {table} IN SHARE MODE"
            ),
        };
        by.batch_execute(&hold).unwrap();
        Self(RefCell::new(by))
    }

    /// Until so many wait, for this or for each other.
    #[track_caller]
    pub fn waits(&self, many: i64) {
        wait_until(|| self.waiting() >= many);
    }

    fn waiting(&self) -> i64 {
        let mut by = self.0.borrow_mut();
        by.batch_execute(FORGET).unwrap();
        let AnyConnection::Postgres(by) = &mut **by else {
            unreachable!("on PostgreSQL");
        };
        select(sql::<BigInt>(WAITING)).get_result(by).unwrap()
    }

    pub fn open(self) {
        self.0.borrow_mut().batch_execute("COMMIT").unwrap();
    }
}
