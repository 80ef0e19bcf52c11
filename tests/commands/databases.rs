//! What a start asks of a database, and how it waits for one.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType};
use serde_json::json;

use crate::home::Home;
use crate::owners::{SERVICE, home_of_service, run_as_service};
use crate::postgres;
use crate::proxy::Proxy;
use crate::server::Server;
use crate::silence::{connect, count, execute};

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";

fn home(url: &str) -> Home {
    let home = Home::new().and("DATABASE_URL", url);
    let home = home.and("KEYWARD_LISTEN", "127.0.0.1:0");
    home.and("KEYWARD_SECRET", SECRET)
        .and("KEYWARD_ADMIN_PASSWORD", "correct horse battery")
}

/// Runs `serve` and gives its process: for a start that is not to come to its end.
fn start(home: &Home) -> Child {
    home.command(&["serve"])
        .env("KEYWARD_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        // Nobody reads /dev/null: no administrator is made whose password goes there.
        .stdout(fs::File::create(home.join("start.out")).unwrap())
        .stderr(fs::File::create(home.join("start.log")).unwrap())
        .spawn()
        .unwrap()
}

fn log(home: &Home) -> String {
    fs::read_to_string(home.join("start.log")).unwrap()
}

fn wait_for(mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end(mut child: Child, signal: &str) -> Option<i32> {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap()
            .success()
    );
    let told = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if told.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            panic!("{signal} is not obeyed");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

const LOCK: &str = "SELECT pg_advisory_lock(5389712664)";

#[test]
fn operators_03_who_waits_for_migrations_says_so_and_obeys_signals() {
    let Some(url) = postgres::database() else {
        return;
    };
    let home = home(&url);
    let lock = |url: &str| {
        let mut by = connect(url);
        execute(&mut by, LOCK);
        by
    };
    // Who migrates other databases of the server is in nobody's way.
    let elsewhere = (0..7).filter_map(|_| postgres::database());
    let elsewhere: Vec<_> = elsewhere.map(|url| lock(&url)).collect();
    let mut other = lock(&url);
    let pid = diesel::dsl::sql::<diesel::sql_types::Integer>("pg_backend_pid()");
    let pid: i32 = diesel::RunQueryDsl::get_result(diesel::select(pid), &mut other).unwrap();
    for signal in ["-TERM", "-INT"] {
        let child = start(&home);
        wait_for(|| log(&home).contains("waits for another Keyward that migrates: process "));
        let log = log(&home);
        let (_, told) = log.split_once("migrates: process ").unwrap();
        let told = told.split(|c: char| !c.is_ascii_digit()).next();
        assert_eq!(told, Some(&*pid.to_string()), "{log}");
        assert_eq!(end(child, signal), Some(0), "{signal}");
    }
    drop(elsewhere);
    // It looks, and waits for nobody.
    let check = home.run(&["check"]);
    assert_eq!(check.status, Some(1), "{check:?}");
    assert!(check.out.contains("migrations to run"), "{check:?}");
    let mut started = start(&home);
    wait_for(|| log(&home).contains("waits for another Keyward"));
    drop(other);
    wait_for(|| home.run(&["check"]).status != Some(1) || log(&home).contains("ERROR"));
    // Nothing is left behind.
    assert_eq!(end_of(&mut started), Some(0));
    execute(
        &mut connect(&url),
        "SELECT 1/(pg_try_advisory_lock(5389712664)::int)",
    );
}

fn end_of(child: &mut Child) -> Option<i32> {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    child.wait().unwrap().code()
}

#[test]
fn operators_03_a_lock_on_the_table_of_migrations_is_told_of_and_not_waited_for() {
    let Some(url) = postgres::database() else {
        return;
    };
    let home = home(&url);
    home.run(&["migrate", "up"]).done();
    let mut other = connect(&url);
    execute(
        &mut other,
        "BEGIN; LOCK TABLE __diesel_schema_migrations IN ACCESS EXCLUSIVE MODE",
    );
    for command in [&["serve"][..], &["check"], &["user", "list"]] {
        let began = Instant::now();
        let run = home.run(command);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{command:?}");
        assert!(
            (run.err + &run.out).contains("statement timeout"),
            "{command:?}"
        );
    }
}

/// Nobody is there who would be told of its end: the statement ends as well, and the next start need not
/// wait for it.
#[test]
fn operators_77_a_migration_that_is_killed_leaves_no_statement_behind() {
    let Some(url) = postgres::database() else {
        return;
    };
    let home = home(&url);
    home.run(&["migrate", "up"]).done();
    home.run(&["migrate", "down", "--yes"]).done();
    let mut other = connect(&url);
    execute(
        &mut other,
        "BEGIN; LOCK TABLE invitations IN ACCESS EXCLUSIVE MODE",
    );
    let mut watch = connect(&url);
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted \
                 AND relation = 'invitations'::regclass";
    let mut child = start(&home);
    wait_for(|| count(&mut watch, waits) > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    let began = Instant::now();
    wait_for(|| count(&mut watch, waits) == 0);
    // By itself it waits ten seconds for the lock.
    assert!(
        began.elapsed() < Duration::from_secs(7),
        "{:?}",
        began.elapsed()
    );
    execute(&mut other, "ROLLBACK");
    home.run(&["migrate", "up"]).done();
}

/// A pooler that hands the session of one connection to the next.
#[test]
fn operators_03_a_pooler_in_transaction_mode_is_refused_in_words() {
    let Some(own) = postgres::own() else { return };
    let Some(pooler) = Pooler::start(&own) else {
        return;
    };
    let home = home(&pooler.url);
    for command in [&["serve"][..], &["check"], &["user", "list"], &["serve"]] {
        let run = home.run(command);
        assert_eq!(run.status, Some(1), "{run:?}");
        let said = run.err + &run.out;
        assert!(said.contains("session mode"), "{command:?}: {said}");
    }
    let locks = own.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
    assert_eq!(locks.trim(), "0", "no lock is left");
    let direct = self::home(&own.url);
    let server = Server::start(&direct, &[]);
    assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 200);
}

/// A pooler (`pgbouncer`) in transaction mode before a server of the test's own.
struct Pooler {
    child: Child,
    url: String,
    folder: std::path::PathBuf,
}

impl Pooler {
    fn start(own: &postgres::Own) -> Option<Self> {
        let binary = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];
        let Some(binary) = binary.iter().find(|path| Path::new(path).exists()) else {
            let required = std::env::var("KEYWARD_TEST_REQUIRE_PGBOUNCER");
            assert_ne!(required.as_deref(), Ok("1"), "no pgbouncer");
            eprintln!("skipped: no pgbouncer");
            return None;
        };
        let name = own.url.split(['/', '?']).nth(3).unwrap();
        let folder = std::env::temp_dir().join(format!("keyward-pgb-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        // A socket in a folder of one's own: it takes no port that the system chooses.
        let settings = format!(
            "[databases]\n{name} = host={} port=5432 dbname={name} user=keyward\n[pgbouncer]\n\
             unix_socket_dir = {}\nauth_type = any\npool_mode = transaction\n",
            own.folder().display(),
            folder.display()
        );
        fs::write(folder.join("ini"), settings).unwrap();
        let mut command = Command::new(binary);
        // It refuses to run as root.
        if chown(&folder, Some(SERVICE), Some(SERVICE)).is_ok() {
            std::os::unix::process::CommandExt::uid(&mut command, SERVICE);
            fs::set_permissions(own.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let child = command
            .args(["-q", "ini"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(|| UnixStream::connect(folder.join(".s.PGSQL.6432")).is_ok());
        let host = folder.display();
        let url = format!("postgresql://keyward@/{name}?host={host}&port=6432");
        Some(Self { child, url, folder })
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn operators_05_an_sqlite_file_that_can_not_be_written_is_refused_and_told() {
    let Some(home) = home_of_service() else {
        return;
    };
    let home = home.and("KEYWARD_LISTEN", "127.0.0.1:0");
    run_as_service(&home, &["key", "list"]).done();
    let file = home.join("keyward.db");
    chown(&file, Some(0), Some(0)).unwrap();
    for mode in [0o644, 0o444, 0o600] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        for command in ["serve", "check"] {
            let run = run_as_service(&home, &[command]);
            assert_eq!(run.status, Some(1), "{mode:o} {run:?}");
            let said = run.err + &run.out;
            assert!(said.contains("can not be written by user 65534"), "{said}");
            assert!(said.contains("chown 65534 keyward.db"), "{said}");
        }
    }
}

#[test]
fn operators_05_a_folder_that_can_not_be_written_or_is_none_is_told() {
    let Some(mut home) = home_of_service() else {
        return;
    };
    fs::create_dir(home.join("closed")).unwrap();
    for (url, words) in [
        ("sqlite://closed/keyward.db", "chown 65534 closed"),
        ("sqlite://deep/er/keyward.db", "there is no folder deep/er"),
        ("sqlite://closed", "closed is a folder"),
    ] {
        home = home.and("DATABASE_URL", url);
        let run = run_as_service(&home, &["check"]);
        assert_eq!(run.status, Some(1), "{run:?}");
        let told = format!("{}{}", run.out, run.err);
        assert!(told.contains(words), "{run:?}");
    }
}

#[test]
fn operators_26_a_file_that_was_moved_away_is_not_ready() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    // An answer is good for a second.
    let becomes = |status: u16| {
        let began = Instant::now();
        while server.ask("GET", "/health/ready", &[], "").status != status {
            assert!(began.elapsed() < Duration::from_secs(20), "not {status}");
        }
    };
    becomes(200);
    fs::rename(home.join("keyward.db"), home.join("elsewhere")).unwrap();
    becomes(503);
    fs::rename(home.join("elsewhere"), home.join("keyward.db")).unwrap();
    becomes(200);
}

#[test]
fn operators_12_a_role_without_the_right_to_make_tables_serves() {
    let Some(own) = postgres::own() else { return };
    let owner = home(&own.url);
    owner.run(&["migrate", "up"]).done();
    own.run("CREATE ROLE service LOGIN");
    execute(
        &mut connect(&own.url),
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO service; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO service",
    );
    let home = home(&own.url.replace("keyward@", "service@"));
    let server = Server::start(&home, &[]);
    let body = json!({ "email": "admin@localhost", "password": "correct horse battery" });
    assert_eq!(server.post("/auth/login", &body).status, 200);
    home.run(&["check"]);
    home.run(&["user", "list"]).done();
    // It is told what it lacks where it lacks something.
    owner.run(&["migrate", "down", "--yes"]).done();
    let refused = home.run(&["user", "list"]);
    assert!(
        refused.refused().contains("keyward migrate up"),
        "{refused:?}"
    );
}

/// What was granted once does not reach tables that an upgrade made.
#[test]
fn operators_46_a_role_that_lacks_a_table_is_told_of_at_the_start() {
    let Some(own) = postgres::own() else { return };
    home(&own.url).run(&["migrate", "up"]).done();
    own.run("CREATE ROLE service LOGIN");
    let grant = "GRANT USAGE ON SCHEMA public TO service; \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service; \
                 GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO service";
    execute(&mut connect(&own.url), grant);
    let home = home(&own.url.replace("keyward@", "service@"));
    home.run(&["migrate", "up"]).done();
    for (right, table, from) in [
        ("ALL", "outbox", "service"),
        ("INSERT", "audit_chain", "service"),
        ("DELETE", "sessions", "service"),
        ("EXECUTE", "keyward_parts(text)", "PUBLIC, service"),
    ] {
        let function = if right == "EXECUTE" { "FUNCTION " } else { "" };
        let revoke = format!("REVOKE {right} ON {function}{table} FROM {from}");
        execute(&mut connect(&own.url), &revoke);
        for command in [&["check"][..], &["serve"], &["user", "list"]] {
            let run = home.run(command);
            assert_eq!(run.status, Some(1), "{revoke}: {run:?}");
            let said = format!("{}{}", run.out, run.err);
            let told = format!("may not do all that it must in {table}. Their owner says: GRANT");
            assert!(said.contains(&told), "{revoke}: {run:?}");
        }
        execute(&mut connect(&own.url), grant);
    }
    home.run(&["user", "list"]).done();
    // Taken away while it runs, it is found by the first write that needs it.
    let server = Server::start(&home, &[]);
    let body = json!({ "email": "admin@localhost", "password": "correct horse battery" });
    assert_eq!(server.post("/auth/login", &body).status, 200);
    execute(
        &mut connect(&own.url),
        "REVOKE INSERT ON sessions FROM service",
    );
    assert_eq!(server.post("/auth/login", &body).status, 503);
    wait_for(|| !is_ready(&server));
    server.logs("may not do all that it must in sessions");
    execute(&mut connect(&own.url), grant);
    wait_for(|| is_ready(&server));
    assert_eq!(server.post("/auth/login", &body).status, 200);
}

fn is_ready(server: &Server<'_>) -> bool {
    server.ask("GET", "/health/ready", &[], "").status == 200
}

/// A full disk of PostgreSQL's still reads.
#[test]
fn operators_47_where_no_write_is_taken_it_is_not_ready() {
    let Some(url) = postgres::database() else {
        return;
    };
    let home = home(&url);
    let server = Server::start(&home, &[]);
    let body = json!({ "email": "admin@localhost", "password": "correct horse battery" });
    assert_eq!(server.post("/auth/login", &body).status, 200);
    assert!(is_ready(&server));
    let mut database = connect(&url);
    execute(
        &mut database,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device'; END $$",
    );
    for table in ["sessions", "outbox"] {
        let fill = format!(
            "CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()"
        );
        execute(&mut database, &fill);
    }
    assert_eq!(server.post("/auth/login", &body).status, 503);
    // What it says of readiness may be a second old.
    wait_for(|| !is_ready(&server));
    // What a sign-in writes before it fails says nothing.
    for _ in 0..3 {
        assert_eq!(server.post("/auth/login", &body).status, 503);
        assert!(!is_ready(&server));
    }
    execute(&mut database, "DROP FUNCTION full_disk CASCADE");
    wait_for(|| is_ready(&server));
    assert_eq!(server.post("/auth/login", &body).status, 200);
}

#[test]
fn operators_48_a_server_whose_migration_was_undone_is_not_ready() {
    let urls = [Some("sqlite://keyward.db".to_owned()), postgres::database()];
    for url in urls.iter().flatten() {
        let home = home(url);
        let server = Server::start(&home, &[]);
        assert!(is_ready(&server));
        let refused = home.run(&["migrate", "down"]);
        assert!(
            refused
                .refused()
                .contains("stop it, take a backup, and say --yes")
        );
        home.run(&["migrate", "down", "--yes"]).done();
        wait_for(|| !is_ready(&server));
        server.logs("was undone: keyward migrate up");
        home.run(&["migrate", "up"]).done();
        wait_for(|| is_ready(&server));
    }
}

#[test]
fn operators_13_an_encoding_that_is_not_utf8_is_refused() {
    let Some(own) = postgres::own() else { return };
    for encoding in ["LATIN1", "SQL_ASCII", "EUC_JP"] {
        let name = format!("of_{}", encoding.to_lowercase());
        own.run(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LOCALE 'C'"
        ));
        let here = own.url.split(['/', '?']).nth(3).unwrap();
        let home = home(&own.url.replace(here, &name));
        for command in ["serve", "check"] {
            let run = home.run(&[command]);
            assert_eq!(run.status, Some(1), "{run:?}");
            let said = run.err + &run.out;
            assert!(said.contains(&format!("encoding is {encoding}")), "{said}");
            assert!(said.contains("createdb -E UTF8 -T template0"), "{said}");
        }
    }
}

#[test]
fn operators_16_a_database_that_comes_later_is_waited_for() {
    let Some(own) = postgres::own() else { return };
    let proxy = Proxy::start(own.folder());
    // Nobody listens there, and nobody else takes it.
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let bound = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&bound, &address).unwrap();
    let bound = TcpListener::from(bound);
    let port = bound.local_addr().unwrap().port();
    let url = proxy.url(&own.url);
    let there = url.split(['@', '/']).nth(3).unwrap().to_owned();
    let home = home(&url.replace(&there, &format!("127.0.0.1:{port}")));
    let child = start(&home);
    wait_for(|| log(&home).contains("waiting for it"));
    assert_eq!(log(&home).matches("waiting for it").count(), 1);
    rustix::net::listen(&bound, 64).unwrap();
    let _later = Proxy::start_with(own.folder(), bound);
    let direct = self::home(&own.url);
    wait_for(|| direct.run(&["check"]).status == Some(0) || log(&home).contains("ERROR"));
    assert_eq!(end(child, "-TERM"), Some(0));
    // What no waiting mends is told at once.
    let began = Instant::now();
    let wrong = self::home(&own.url.replace("keyward@", "nobody_of_that_name@"));
    assert!(
        wrong
            .run(&["serve"])
            .refused()
            .contains("nobody_of_that_name")
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// Whether a handler is there: the fifteenth bit of the mask that the kernel shows.
fn catches_sigterm(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught >> 14 & 1 == 1
}

/// As process 1 of a container a signal without a handler would be lost.
#[test]
fn operators_08_signals_are_obeyed_from_the_first_instant() {
    for delay in [0, 30, 60, 100, 200] {
        let home = Home::new();
        let child = start(&home);
        // Where the machine is busy a process takes long to come to its first instant.
        wait_for(|| catches_sigterm(&child));
        std::thread::sleep(Duration::from_millis(delay));
        let status = end(child, "-TERM");
        assert_eq!(status, Some(0), "{delay} ms: {}", log(&home));
    }
}
