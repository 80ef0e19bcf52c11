//! Migrations: embedded in the binary, one folder for each backend with the same names.

use diesel::RunQueryDsl as _;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::store::engine::connection::{AnyConnection, Url};
use crate::store::engine::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A migration and whether it has run, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub applied: bool,
}

/// Runs what is missing. Gives the names of what it ran.
///
/// # Errors
/// Where the database is away, or newer than this binary.
pub fn up(url: &Url) -> Result<Vec<String>> {
    let mut connection = locked(url)?;
    refuse_newer(&mut connection)?;
    let pending: Vec<String> = list(&mut connection)?
        .into_iter()
        .filter(|status| !status.applied)
        .map(|status| status.name)
        .collect();
    if !pending.is_empty() {
        run(&mut connection)?;
    }
    Ok(pending)
}

/// Undoes the youngest migration. Gives its name; `None` where there is none.
///
/// # Errors
/// Where the database is away, or newer than this binary.
pub fn down(url: &Url) -> Result<Option<String>> {
    let mut connection = locked(url)?;
    refuse_newer(&mut connection)?;
    if !list(&mut connection)?.iter().any(|status| status.applied) {
        return Ok(None);
    }
    let undone = match &mut connection {
        AnyConnection::Sqlite(sqlite) => sqlite.revert_last_migration(SQLITE),
        AnyConnection::Postgres(pg) => pg.revert_last_migration(POSTGRES),
    };
    undone
        .map(|version| Some(version.to_string()))
        .map_err(failed)
}

/// Every migration that the binary or the database knows. A database that is not there is
/// not made.
///
/// # Errors
/// Where the database is away.
pub fn status(url: &Url) -> Result<Vec<Status>> {
    if !url.exists() {
        let pending = |name| Status {
            name,
            applied: false,
        };
        let names = names::<Sqlite>(&SQLITE).map_err(failed)?;
        return Ok(names.into_iter().map(pending).collect());
    }
    list(&mut locked(url)?)
}

/// A connection; on PostgreSQL alone with the schema until it closes: replicas that
/// start together wait here, then find nothing left to do (threat S14).
fn locked(url: &Url) -> Result<AnyConnection> {
    let mut connection = url.open()?;
    if let AnyConnection::Postgres(postgres) = &mut connection {
        let lock = "SET statement_timeout = 0; SELECT pg_advisory_lock(5389712664);";
        postgres.batch_execute(lock)?;
    }
    Ok(connection)
}

fn run(connection: &mut AnyConnection) -> Result<()> {
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
    // Asked for what it applied, Diesel makes the table in which it notes that.
    let applied = if has_notes(connection)? {
        match connection {
            AnyConnection::Sqlite(sqlite) => sqlite.applied_migrations(),
            AnyConnection::Postgres(pg) => pg.applied_migrations(),
        }
        .map_err(failed)?
    } else {
        Vec::new()
    };
    let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
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
fn refuse_newer(connection: &mut AnyConnection) -> Result<()> {
    let known = known(connection)?;
    match list(connection)?
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
    Error::Unavailable(format!("migration failed: {error}"))
}
