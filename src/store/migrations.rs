//! Migrations: embedded in the binary, one folder for each backend with the same names.

use diesel::migration::MigrationSource as _;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{AnyConnection, Url};
use super::error::{Error, Result};

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
    refuse_newer(url)?;
    let before = pending(url)?;
    if before.is_empty() {
        return Ok(before);
    }
    let mut connection = url.open()?;
    if let Err(error) = run(&mut connection) {
        // Another process may have migrated at the same time: then all is well.
        drop(connection);
        if pending(url)?.is_empty() {
            return Ok(Vec::new());
        }
        return Err(error);
    }
    Ok(before)
}

/// Undoes the youngest migration. Gives its name; `None` where there is none.
///
/// # Errors
/// Where the database is away, or newer than this binary.
pub fn down(url: &Url) -> Result<Option<String>> {
    refuse_newer(url)?;
    let mut connection = url.open()?;
    if !status(url)?.iter().any(|status| status.applied) {
        return Ok(None);
    }
    let undone = match &mut connection {
        AnyConnection::Sqlite(sqlite) => sqlite.revert_last_migration(SQLITE),
        AnyConnection::Postgres(postgres) => postgres.revert_last_migration(POSTGRES),
    };
    undone
        .map(|version| Some(version.to_string()))
        .map_err(failed)
}

/// Every migration that the binary or the database knows.
///
/// # Errors
/// Where the database is away.
pub fn status(url: &Url) -> Result<Vec<Status>> {
    let mut connection = url.open()?;
    let (known, applied) = match &mut connection {
        AnyConnection::Sqlite(sqlite) => (
            known_sqlite()?,
            sqlite.applied_migrations().map_err(failed)?,
        ),
        AnyConnection::Postgres(postgres) => (
            known_postgres()?,
            postgres.applied_migrations().map_err(failed)?,
        ),
    };
    let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
    let mut names = known;
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

fn pending(url: &Url) -> Result<Vec<String>> {
    Ok(status(url)?
        .into_iter()
        .filter(|status| !status.applied)
        .map(|status| status.name)
        .collect())
}

/// Threat S13: an older binary must not write into a newer schema.
fn refuse_newer(url: &Url) -> Result<()> {
    let known = if url.is_sqlite() {
        known_sqlite()?
    } else {
        known_postgres()?
    };
    for status in status(url)? {
        if !known.contains(&status.name) {
            return Err(Error::Unavailable(format!(
                "it has migration {}, which this Keyward does not know: it belongs to a newer one",
                status.name
            )));
        }
    }
    Ok(())
}

fn run(connection: &mut AnyConnection) -> Result<()> {
    match connection {
        AnyConnection::Sqlite(sqlite) => sqlite.run_pending_migrations(SQLITE).map(|_| ()),
        AnyConnection::Postgres(postgres) => {
            use diesel::RunQueryDsl as _;
            // Held until this connection closes: replicas that start together wait
            // here, then find nothing left to do.
            diesel::sql_query("SELECT pg_advisory_lock(5389712664)").execute(postgres)?;
            postgres.run_pending_migrations(POSTGRES).map(|_| ())
        }
    }
    .map_err(failed)
}

fn known_sqlite() -> Result<Vec<String>> {
    let migrations: Vec<Box<dyn diesel::migration::Migration<Sqlite>>> =
        SQLITE.migrations().map_err(failed)?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

fn known_postgres() -> Result<Vec<String>> {
    let migrations: Vec<Box<dyn diesel::migration::Migration<Pg>>> =
        POSTGRES.migrations().map_err(failed)?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Unavailable(format!("migration failed: {error}"))
}
