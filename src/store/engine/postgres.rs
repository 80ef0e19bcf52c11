//! How a connection to PostgreSQL is opened, and what a database must be like.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::{Connection as _, RunQueryDsl as _};

use crate::store::engine::any::AnyConnection;
use crate::store::engine::deadline::{self, Watched};
use crate::store::engine::error::{Error, Result, one_line};
use crate::store::engine::socket::{self, Mark};
use crate::store::engine::transaction::transaction;

/// How long the first words on a new connection may take.
const FIRST_WORDS: Duration = Duration::from_secs(2);

/// A role or a database may have defaults of its own. Guards are made for this isolation: with a
/// stricter one the database would break off what they let pass.
const LIMITS: &str = "SET statement_timeout = 2400; SET idle_in_transaction_session_timeout = 5000; \
     SET client_min_messages = warning; SET synchronous_commit = on; SET lock_timeout = 0; \
     SET default_transaction_isolation = 'read committed'; \
     SET default_transaction_deferrable = off;";

/// What many are asked for at once is found by the indexes as one is, and planned once. A plan of
/// a young table would read all of it, and stay when the table has grown.
const PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;";

/// Opens a connection with the limits of each connection set.
pub(super) fn open(url: &str) -> Result<Watched> {
    let mut connection = connect(url)?;
    connection
        .within(FIRST_WORDS, |connection| {
            batch(connection, LIMITS)?;
            batch(connection, PLANS)
        })
        .map_err(|error| Error::Unavailable(told(&error)))?;
    Ok(connection)
}

/// The same without a word said on it.
fn connect(url: &str) -> Result<Watched> {
    let mark = Mark::from(given(url, "tcp_user_timeout").unwrap_or(3000));
    let mut url = url.to_owned();
    // Without these a vanished server would be waited for as long as the kernel likes.
    for (name, value) in [
        ("connect_timeout", "2"),
        ("keepalives_idle", "10"),
        ("target_session_attrs", "read-write"),
    ] {
        if !url.contains(name) {
            add(&mut url, name, value);
        }
    }
    with_authorities(&mut url, bundle());
    // The last one counts.
    add(&mut url, "tcp_user_timeout", &mark.0.to_string());
    let limit = to_open(&url);
    let establish = |search| {
        deadline::opening(search, limit, || PgConnection::establish(&url))
            .map_err(|error| told(&error))
    };
    let connected = socket::of_new(&mark, is_local(&url), establish);
    let (connection, socket) = connected.map_err(Error::Unavailable)?;
    if socket.is_none() {
        log::debug!("the socket of a connection was not found: waits on it have no deadline");
    }
    let connection = AnyConnection::Postgres(connection);
    Ok(Watched::new(
        connection,
        socket.map(|socket| (socket, mark)),
    ))
}

/// libpq keeps to its own time for each host until it is let in; after that Diesel's first words
/// have theirs. Where a host has several addresses, one that takes longer than all of that is
/// given up, and the next one is tried.
fn to_open(url: &str) -> Duration {
    let each = given(url, "connect_timeout").filter(|seconds| *seconds > 0);
    let hosts = url.split(',').count();
    let to_connect = u64::from(each.unwrap_or(10)) * u64::try_from(hosts).unwrap_or(1);
    Duration::from_secs(to_connect) + FIRST_WORDS
}

fn add(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.extend([name, "=", value]);
}

fn given(url: &str, name: &str) -> Option<u32> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(given, _)| *given == name)?;
    value.parse().ok()
}

/// Where systems keep the certificates of the authorities that they trust.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// The system's file of authorities; `None` where OpenSSL finds another by its own variables.
fn bundle() -> Option<&'static str> {
    let is_set = |name| std::env::var_os(name).is_some();
    if is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR") {
        return None;
    }
    BUNDLES
        .into_iter()
        .find(|path| std::path::Path::new(path).is_file())
}

/// `sslrootcert=system` leads OpenSSL to a folder that was written into it when it was built: in
/// this binary one that no system has. The file is named instead, with what libpq makes of
/// `system`: the server's name is checked too.
fn with_authorities(url: &mut String, bundle: Option<&str>) {
    let (Some(bundle), Some((place, query))) = (bundle, url.split_once('?')) else {
        return;
    };
    let pairs: Vec<&str> = query.split('&').collect();
    let mode = pairs.iter().find_map(|pair| pair.strip_prefix("sslmode="));
    // Another mode than this one libpq refuses beside `system`, in words.
    if !pairs.contains(&"sslrootcert=system") || mode.is_some_and(|mode| mode != "verify-full") {
        return;
    }
    let others = pairs
        .into_iter()
        .filter(|pair| *pair != "sslrootcert=system" && !pair.starts_with("sslmode="));
    let mut query: Vec<String> = others.map(ToOwned::to_owned).collect();
    query.push(format!("sslmode=verify-full&sslrootcert={bundle}"));
    *url = format!("{place}?{}", query.join("&"));
}

/// Whether it may lead to a socket of this machine: a host that is a folder, or none.
fn is_local(url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, _) = place.split_once('/').unwrap_or((place, ""));
    let (_, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let query = query.to_ascii_lowercase();
    hosts.is_empty() && !query.contains("hostaddr=")
        || hosts.contains("%2f")
        || hosts.contains("%2F")
        || query.contains("host=/")
        || query.contains("host=%2f")
}

fn batch(connection: &mut AnyConnection, statements: &str) -> diesel::QueryResult<()> {
    match connection {
        AnyConnection::Postgres(postgres) => postgres.batch_execute(statements),
        AnyConnection::Sqlite(sqlite) => sqlite.batch_execute(statements),
    }
}

/// What libpq says, and what to do about it where that is known.
pub(super) fn told(error: &impl ToString) -> String {
    let text = one_line(&error.to_string());
    for (sign, help) in [
        (
            "prepared statement \"__diesel_stmt",
            "a pooler in transaction mode is between: use session mode, or connect directly",
        ),
        (
            "permission denied for schema",
            "its owner says: GRANT USAGE, CREATE ON SCHEMA public TO the role of DATABASE_URL; \
             or runs keyward migrate up",
        ),
        (
            "due to lock timeout",
            "another session holds a lock on Keyward's tables; pg_locks and pg_stat_activity say \
             which",
        ),
    ] {
        if text.contains(sign) {
            return format!("{text}: {help}");
        }
    }
    text
}

/// What Keyward needs of a database, and no statement would say by itself. For a start and
/// `keyward check`: it opens two connections of its own.
///
/// # Errors
/// What it lacks, with what to do about it.
pub(super) fn assert_suitable(url: &str) -> Result<()> {
    let mut connection = connect(url)?;
    assert_session(url, &mut connection)?;
    let encoding = connection.within(FIRST_WORDS, |connection| match connection {
        AnyConnection::Postgres(postgres) => {
            diesel::select(sql::<Text>("current_setting('server_encoding')"))
                .get_result::<String>(postgres)
        }
        AnyConnection::Sqlite(_) => Ok("UTF8".to_owned()),
    });
    let encoding = encoding.map_err(|error| Error::Unavailable(told(&error)))?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Error::Unavailable(format!(
        "the database's encoding is {encoding}, and must be UTF8: names and addresses of people \
         do not fit into another. Make a new one: createdb -E UTF8 -T template0"
    )))
}

/// A pooler in transaction mode hands the session of one connection to the next: what is set
/// there, its prepared statements and its locks with it. Marked, used by a second connection
/// and asked again, a session shows whether it is one.
fn assert_session(url: &str, connection: &mut Watched) -> Result<()> {
    let mark = format!("keyward-{}", uuid::Uuid::new_v4().simple());
    // Statements of the simple protocol: a pooler takes others apart. What is no number is
    // told of by an error with the text in it.
    let carries = "(current_setting('keyward.session', true))";
    let fails_where = |wrong: String| format!("SELECT CASE WHEN {wrong} THEN {carries}::int END");
    let say = |connection: &mut Watched, statement: &str| {
        connection.within(FIRST_WORDS, |connection| batch(connection, statement))
    };
    let away = |error: diesel::result::Error| Error::Unavailable(told(&error));
    say(connection, &format!("SET keyward.session = '{mark}'")).map_err(away)?;
    // Where there is no second one to be had, the pool will say so.
    let Ok(mut other) = connect(url) else {
        return Ok(());
    };
    say(&mut other, "BEGIN").map_err(away)?;
    let seen = say(&mut other, &fails_where(format!("{carries} = '{mark}'")));
    let kept = say(
        connection,
        &format!(
            "SELECT CASE WHEN {carries} IS DISTINCT FROM '{mark}' THEN ('no-session-' || pg_backend_pid())::int END"
        ),
    );
    let _ = say(&mut other, "ROLLBACK");
    let _ = say(&mut other, "RESET keyward.session");
    let _ = say(connection, "RESET keyward.session");
    let shared = |result: &diesel::QueryResult<()>, sign: &str| {
        result
            .as_ref()
            .is_err_and(|error| error.to_string().contains(sign))
    };
    if shared(&seen, &mark) || shared(&kept, "no-session") {
        return Err(Error::Unavailable(
            "a pooler in transaction mode is between Keyward and PostgreSQL (two connections \
             share one session): set it to session mode (pool_mode=session), or connect directly"
                .to_owned(),
        ));
    }
    seen.and(kept).map_err(away)
}

/// Writes what takes some room, and removes it in the same transaction: a small row may find a
/// place where others find none. It is committed, since a commit may hang where nothing else does.
///
/// # Errors
/// Why it takes no writes.
pub(super) fn assert_writes(connection: &mut AnyConnection) -> Result<()> {
    const LETTER: &str = "INSERT INTO outbox (id, purpose, letter_sealed, message_id, created_at, \
         expires_at, attempts, next_at, leased_until) SELECT 'a write that is tried', '', \
         decode(string_agg(md5(random()::text), ''), 'hex'), '', 0, 0, 0, 0, 0 \
         FROM generate_series(1, 8192)";
    const GONE: &str = "DELETE FROM outbox WHERE id = 'a write that is tried'";
    transaction(connection, &mut |connection| {
        batch(connection, LETTER)?;
        Ok(batch(connection, GONE)?)
    })
}

/// Whether waiting may help: the server is not there yet, or is starting.
pub(super) fn comes_later(why: &str) -> bool {
    [
        "Connection refused",
        "No such file or directory",
        "could not translate host name",
        "the database system is starting up",
        "the database system is shutting down",
        "the database system is in recovery mode",
        "too many clients already",
        "too many connections for",
        "remaining connection slots are reserved",
        "timeout expired",
        "Network is unreachable",
        "No route to host",
        "Connection timed out",
        "server closed the connection unexpectedly",
        "Connection reset by peer",
    ]
    .iter()
    .any(|sign| why.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_09_the_systems_authorities_are_a_file_that_is_there() {
        let with = |query: &str| {
            let mut url = format!("postgresql://kw@db.example/kw?{query}");
            with_authorities(&mut url, Some("/etc/authorities"));
            url.split_once('?').unwrap().1.to_owned()
        };
        let full = "sslmode=verify-full&sslrootcert=/etc/authorities";
        for query in [
            "sslrootcert=system",
            "sslmode=verify-full&sslrootcert=system",
            "sslrootcert=system&sslmode=verify-full",
        ] {
            assert_eq!(with(query), full, "{query}");
        }
        let beside = with("application_name=x&sslrootcert=system");
        assert_eq!(beside, format!("application_name=x&{full}"));
        for query in [
            "sslmode=require&sslrootcert=system",
            "sslmode=verify-full&sslrootcert=/my/own",
            "sslmode=require",
        ] {
            assert_eq!(with(query), query, "left as it is");
        }
    }

    #[test]
    fn a_socket_of_this_machine_is_told_from_a_server_elsewhere() {
        for url in [
            "postgresql:///kw",
            "postgresql://kw@/kw?host=/run/postgresql",
            "postgresql://kw@%2Frun%2Fpostgresql/kw",
            "postgresql://kw@/kw?host=%2Frun",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in [
            "postgresql://kw@db.example/kw?sslrootcert=/etc/x",
            "postgresql://kw@127.0.0.1:5432/kw",
            "postgresql://kw@/kw?hostaddr=127.0.0.1",
        ] {
            assert!(!is_local(url), "{url}");
        }
    }

    #[test]
    fn operators_45_a_server_without_a_free_place_is_waited_for() {
        for why in [
            "FATAL: sorry, too many clients already",
            "FATAL: too many connections for role \"kw\"",
            "FATAL: too many connections for database \"kw\"",
            "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "FATAL: remaining connection slots are reserved for non-replication superuser connections",
        ] {
            assert!(comes_later(why), "{why}");
        }
        assert!(!comes_later("FATAL: role \"kw\" does not exist"));
    }

    #[test]
    fn no_two_connections_have_one_mark() {
        let marks: Vec<Mark> = (0..100).map(|_| Mark::from(7_000_000)).collect();
        let numbers: std::collections::BTreeSet<u32> = marks.iter().map(|mark| mark.0).collect();
        assert_eq!(numbers.len(), 100);
        drop(marks);
        assert_eq!(Mark::from(7_000_000).0, 7_000_000, "free again");
    }
}
