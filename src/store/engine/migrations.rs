//! Migrations: embedded in the binary, one folder for each backend with the same names.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl as _;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::store::engine::advisory::Turn;
use crate::store::engine::connection::{AnyConnection, Url};
use crate::store::engine::deadline::Watched;
use crate::store::engine::error::{Error, Result, one_line};
use crate::store::engine::{database_role, postgres};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A migration and whether it has run, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub applied: bool,
}

/// Runs what is missing. Gives the names of what it ran. Where nothing is missing it only
/// looks: the role of a service needs no right to make tables.
///
/// # Errors
/// Where the database is away or unsuitable, or newer than this binary.
pub fn up(url: &Url) -> Result<Vec<String>> {
    up_over(&mut url.open_suitable()?)
}

/// The same over a connection that there is.
pub(super) fn up_over(connection: &mut Watched) -> Result<Vec<String>> {
    refuse_newer(connection)?;
    if pending(connection)?.is_empty() {
        connection.within(LOOK, database_role::assert_all)?;
        return Ok(Vec::new());
    }
    alone(connection, |connection| {
        // Another process may have been first.
        refuse_newer(connection)?;
        let pending = pending(connection)?;
        if !pending.is_empty() {
            if matches!(**connection, AnyConnection::Postgres(_)) {
                log::info!("runs {} migrations", pending.len());
            }
            run(connection)?;
        }
        Ok(pending)
    })
}

/// Whether the schema has all that this binary needs. Newer ones it may have as well: replicas
/// are upgraded one by one.
///
/// # Errors
/// Which migration was undone.
pub(super) fn assert_none_missing(connection: &mut AnyConnection) -> Result<()> {
    let mut missing = list(connection)?
        .into_iter()
        .filter(|status| !status.applied);
    match missing.next() {
        None => Ok(()),
        Some(status) => Err(Error::Unfit(format!(
            "migration {} was undone: keyward migrate up",
            status.name
        ))),
    }
}

/// Undoes the youngest migration. Gives its name; `None` where there is none.
///
/// # Errors
/// As [`up`].
pub fn down(url: &Url) -> Result<Option<String>> {
    alone(&mut url.open_suitable()?, |connection| {
        refuse_newer(connection)?;
        if !list(connection)?.iter().any(|status| status.applied) {
            return Ok(None);
        }
        let undone = connection.within(RUN, |connection| match connection {
            AnyConnection::Sqlite(sqlite) => sqlite.revert_last_migration(SQLITE),
            AnyConnection::Postgres(pg) => pg.revert_last_migration(POSTGRES),
        });
        undone
            .map(|version| Some(version.to_string()))
            .map_err(failed)
    })
}

/// Every migration that the binary or the database knows. A database that is not there is
/// not made, and nobody is waited for.
///
/// # Errors
/// Where the database is away or unsuitable.
pub fn status(url: &Url) -> Result<Vec<Status>> {
    url.assert_suitable()?;
    if !url.exists() {
        let pending = |name| Status {
            name,
            applied: false,
        };
        let names = names::<Sqlite>(&SQLITE).map_err(failed)?;
        return Ok(names.into_iter().map(pending).collect());
    }
    let mut connection = url.open()?;
    let statuses = connection.within(LOOK, list)?;
    if statuses.iter().all(|status| status.applied) {
        connection.within(LOOK, database_role::assert_all)?;
    }
    Ok(statuses)
}

fn pending(connection: &mut Watched) -> Result<Vec<String>> {
    let statuses = connection.within(LOOK, list)?;
    let pending = statuses.into_iter().filter(|status| !status.applied);
    Ok(pending.map(|status| status.name).collect())
}

/// How long looking at what was applied may take.
const LOOK: Duration = Duration::from_secs(10);

/// How long running migrations may take. A commit that waits for a standby that is gone has no
/// other end.
const RUN: Duration = Duration::from_secs(600);

/// How long another process that migrates is waited for, and for how long in silence.
const PATIENCE: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(1);

/// On PostgreSQL alone with the schema: replicas that start together wait here, then find
/// nothing left to do. On SQLite the transaction of `run` sees to it.
fn alone<T>(
    connection: &mut Watched,
    migrate: impl FnOnce(&mut Watched) -> Result<T>,
) -> Result<T> {
    if matches!(**connection, AnyConnection::Sqlite(_)) {
        return migrate(connection);
    }
    take_lock(connection)?;
    let migrated = migrate(connection);
    // Also where the connection is a pooler's, and stays.
    connection.within(LOOK, |connection| {
        let number = Turn::Migrations.number();
        let _ = on_postgres(connection, &format!("SELECT pg_advisory_unlock({number})"));
    });
    migrated
}

fn take_lock(connection: &mut Watched) -> Result<()> {
    let began = Instant::now();
    let mut told = false;
    while !connection.within(LOOK, |connection| {
        let taken = format!("pg_try_advisory_lock({})", Turn::Migrations.number());
        diesel::select(sql::<Bool>(&taken)).get_result::<bool>(connection)
    })? {
        let waited = began.elapsed();
        if waited >= SILENCE && !told {
            let holder = connection.within(LOOK, holder)?;
            log::warn!("waits for another Keyward that migrates: {holder}");
            told = true;
        }
        if waited >= PATIENCE {
            let holder = connection.within(LOOK, holder)?;
            return Err(Error::Unavailable(format!(
                "another session has held the lock of the migrations for {} seconds: {holder}. \
                 Where it is no Keyward that migrates, SELECT pg_terminate_backend() of it",
                PATIENCE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    connection.within(LOOK, |connection| {
        // A statement whose client is gone ends too. Servers on some systems can not look.
        let _ = on_postgres(connection, "SET client_connection_check_interval = 1000");
        // A migration may take its time; for a lock of others it waits ten seconds.
        on_postgres(
            connection,
            "SET statement_timeout = 0; SET lock_timeout = 10000;",
        )
    })
}

fn on_postgres(connection: &mut AnyConnection, statements: &str) -> Result<()> {
    match connection {
        AnyConnection::Postgres(postgres) => Ok(postgres.batch_execute(statements)?),
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// Who holds the lock, for people.
fn holder(connection: &mut AnyConnection) -> Result<String> {
    let question = format!(
        "COALESCE((SELECT 'process ' || l.pid || COALESCE(' of ' || \
         host(a.client_addr), '') || COALESCE(', connected since ' || \
         a.backend_start::timestamp(0), '') \
         FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.database = \
         (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND ((l.classid::bigint << 32) | l.objid::bigint) = {} LIMIT 1), \
         'it has ended just now')",
        Turn::Migrations.number()
    );
    Ok(diesel::select(sql::<Text>(&question)).get_result(connection)?)
}

fn run(connection: &mut Watched) -> Result<()> {
    connection.within(RUN, run_all)
}

fn run_all(connection: &mut AnyConnection) -> Result<()> {
    match connection {
        // Alone with the file from the first statement on: another process that starts
        // waits for its turn, and finds nothing left to do.
        AnyConnection::Sqlite(sqlite) => sqlite.immediate_transaction(|sqlite| {
            sqlite
                .run_pending_migrations(SQLITE)
                .map(|_| ())
                .map_err(failed)
        }),
        AnyConnection::Postgres(pg) => pg
            .run_pending_migrations(POSTGRES)
            .map(|_| ())
            .map_err(failed),
    }
}

fn list(connection: &mut AnyConnection) -> Result<Vec<Status>> {
    // Diesel would ask for the right to make the table in which it notes that.
    let applied: Vec<String> = if has_notes(connection)? {
        let versions = sql::<Text>("version FROM __diesel_schema_migrations");
        diesel::select(versions).load(connection)?
    } else {
        Vec::new()
    };
    let mut names = known(connection)?;
    names.extend(
        applied
            .iter()
            .filter(|name| !names.contains(name))
            .cloned()
            .collect::<Vec<_>>(),
    );
    names.sort();
    Ok(names
        .into_iter()
        .map(|name| Status {
            applied: applied.contains(&name),
            name,
        })
        .collect())
}

fn has_notes(connection: &mut AnyConnection) -> Result<bool> {
    let question = match connection {
        AnyConnection::Sqlite(_) => {
            "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')"
        }
        AnyConnection::Postgres(_) => "to_regclass('__diesel_schema_migrations') IS NOT NULL",
    };
    Ok(diesel::select(sql::<Bool>(question)).get_result(connection)?)
}

/// Threat S13: an older binary must not write into a newer schema.
fn refuse_newer(connection: &mut Watched) -> Result<()> {
    let known = known(connection)?;
    let statuses = connection.within(LOOK, list)?;
    match statuses
        .into_iter()
        .find(|status| !known.contains(&status.name))
    {
        None => Ok(()),
        Some(status) => Err(Error::Unavailable(format!(
            "it has migration {}, which this Keyward does not know: it belongs to a newer one",
            status.name
        ))),
    }
}

fn known(connection: &AnyConnection) -> Result<Vec<String>> {
    let names = match connection {
        AnyConnection::Sqlite(_) => names::<Sqlite>(&SQLITE),
        AnyConnection::Postgres(_) => names::<Pg>(&POSTGRES),
    };
    names.map_err(failed)
}

fn names<DB: Backend>(source: &impl MigrationSource<DB>) -> diesel::migration::Result<Vec<String>> {
    let migrations = source.migrations()?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let why = postgres::told(&one_line(&error.to_string()));
    Error::Unavailable(format!("migration failed: {why}"))
}
