//! A database that is alive and silent is one that is away: every wait for it ends on our side.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::home::Home;
use crate::postgres::{self, Own};
use crate::proxy::Proxy;
use crate::server::Server;

const EMAIL: &str = "alice@example.com";
const PASSWORD: &str = "correct horse battery";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";

/// Three seconds are promised, and machines that run tests are busy.
const SOON: Duration = Duration::from_secs(5);

/// How long anything may take to be as before.
const RECOVERY: Duration = Duration::from_secs(20);

fn home(url: &str) -> Home {
    Home::new()
        .and("DATABASE_URL", url)
        .and("KEYWARD_SECRET", SECRET)
        .and("KEYWARD_ADMIN_EMAIL", EMAIL)
        .and("KEYWARD_ADMIN_PASSWORD", PASSWORD)
}

/// Every route that asks the database, several at once: refused, and soon.
fn is_away(server: &Server<'_>, access: &str) {
    // What readiness said last is good for a second.
    let began = Instant::now();
    while server.ask("GET", "/health/ready", &[], "").status == 200 {
        assert!(began.elapsed() < SOON, "still ready");
    }
    std::thread::scope(|scope| {
        for number in 0..16 {
            scope.spawn(move || {
                let began = Instant::now();
                let reply = match number % 3 {
                    0 => server.ask("GET", "/health/ready", &[], ""),
                    1 => {
                        let body = json!({ "email": EMAIL, "password": PASSWORD });
                        server.post("/auth/login", &body)
                    }
                    _ => server.with_token("GET", "/auth/sessions", access),
                };
                assert_eq!(reply.status, 503, "{number}: {reply:?}");
                assert!(began.elapsed() < SOON, "{number}: {:?}", began.elapsed());
            });
        }
    });
    let began = Instant::now();
    assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 503);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(server.ask("GET", "/health/live", &[], "").status, 200);
}

/// As before, without a restart.
fn recovers(server: &Server<'_>, access: &str) {
    let began = Instant::now();
    let sign_in = || {
        server.post(
            "/auth/login",
            &json!({ "email": EMAIL, "password": PASSWORD }),
        )
    };
    let works = || {
        server.with_token("GET", "/auth/verify", access).status == 200
            && server.ask("GET", "/health/ready", &[], "").status == 200
            && sign_in().status == 200
    };
    while !works() {
        assert!(began.elapsed() < RECOVERY, "{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    for _ in 0..20 {
        assert!(works(), "it comes and goes: {}", server.log());
    }
}

fn ends(server: Server<'_>) {
    let told = Instant::now();
    assert_eq!(server.end("-TERM").0, Some(0));
    assert!(
        told.elapsed() < Duration::from_secs(31),
        "{:?}",
        told.elapsed()
    );
}

fn own() -> Option<Own> {
    let own = postgres::own();
    if own.is_none() {
        eprintln!("skipped: no PostgreSQL of one's own");
    }
    own
}

#[test]
fn operators_02_a_stopped_postgresql_is_one_that_is_away() {
    let Some(own) = own() else { return };
    let home = home(&own.url);
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    own.stop();
    is_away(&server, &access);
    let verify = server.with_token("GET", "/auth/verify", &access);
    assert_eq!(verify.status, 503, "nobody knows what was revoked");
    for command in [&["check"][..], &["user", "list"], &["migrate", "status"]] {
        let began = Instant::now();
        assert_eq!(home.run(command).status, Some(1), "{command:?}");
        assert!(began.elapsed() < Duration::from_secs(15), "{command:?}");
    }
    own.go_on();
    recovers(&server, &access);
    own.stop();
    ends(server);
}

/// As many as may come from one address, and more than there are threads: those that are behind
/// the ones that wait are refused as soon as those.
#[test]
fn operators_02_few_threads_wait_for_a_silent_database() {
    const REQUESTS: usize = 200;
    let Some(own) = own() else { return };
    let home = home(&own.url);
    let server = Server::start(&home, &[]);
    let (access, refresh) = server.sign_in(EMAIL, PASSWORD);
    let threads = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
        let names = tasks.filter_map(|task| {
            let name = task.ok()?.path().join("comm");
            std::fs::read_to_string(name).ok()
        });
        let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
        let lane = names.iter().filter(|name| *name == "store-lane").count();
        (names.len(), lane)
    };
    let (before, _) = threads();
    own.stop();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..REQUESTS)
            .map(|number| {
                let (server, access, refresh) = (&server, &access, &refresh);
                scope.spawn(move || {
                    let began = Instant::now();
                    let reply = match number % 4 {
                        0 => server.post("/auth/refresh", &json!({ "refresh_token": refresh })),
                        1 => server.with_token("GET", "/auth/me", access),
                        _ => server.with_token("GET", "/auth/sessions", access),
                    };
                    assert_eq!(reply.status, 503, "{number}: {reply:?}");
                    assert!(began.elapsed() < SOON, "{number}: {:?}", began.elapsed());
                })
            })
            .collect();
        let mut most = (0, 0);
        while !asked.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let (all, lane) = threads();
            most = (most.0.max(all), most.1.max(lane));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!((1..=16).contains(&most.1), "{most:?}");
        // One more may ask for readiness.
        assert!(most.0 <= before + 17, "{most:?}, {before} before");
    });
    own.go_on();
    recovers(&server, &access);
}

/// The connections that are there are dead, and new ones are good: each would fail one request
/// after another, and the tail of revocations would wait for ever.
#[test]
fn operators_02_connections_that_a_proxy_swallows_are_given_up() {
    let Some(own) = own() else { return };
    let proxy = Proxy::start(own.folder());
    let home = home(&proxy.url(&own.url));
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    // So that the pool is full of them.
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| server.with_token("GET", "/auth/sessions", &access));
        }
    });
    proxy.swallow_present();
    // Nobody asks anything: the tail must find out by itself.
    let began = Instant::now();
    let verify = || server.with_token("GET", "/auth/verify", &access).status;
    while verify() == 200 {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "it believes a silent tail"
        );
    }
    recovers(&server, &access);
    proxy.swallow_all();
    is_away(&server, &access);
    ends(server);
}

/// A connection is let in and then not answered: whoever opens it must not wait for ever for the
/// first words that the library says on it, or nobody opens another one.
#[test]
fn operators_02_a_connection_that_falls_silent_while_it_is_opened_is_given_up() {
    let Some(own) = own() else { return };
    let proxy = Proxy::start(own.folder());
    let home = home(&proxy.url(&own.url));
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    proxy.swallow_statements(true);
    proxy.swallow_present();
    is_away(&server, &access);
    proxy.swallow_statements(false);
    recovers(&server, &access);
    ends(server);
}

#[test]
fn operators_54_a_lost_answer_to_a_commit_is_told_as_that() {
    let Some(own) = own() else { return };
    let home = home(&own.url);
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    own.run("ALTER SYSTEM SET synchronous_standby_names = 'gone'");
    own.run("SELECT pg_reload_conf()");
    let began = Instant::now();
    let sign_in = || {
        let asked = Instant::now();
        let reply = server.post(
            "/auth/login",
            &json!({ "email": EMAIL, "password": PASSWORD }),
        );
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
        reply
    };
    let mut first = sign_in();
    while first.status == 200 {
        assert!(began.elapsed() < RECOVERY, "the setting does not hold");
        first = sign_in();
    }
    assert_eq!(sign_in().status, 503);
    // Nobody is told that nothing was done.
    let words = "It may have been done all the same";
    assert!(
        first.status == 503 && first.body.contains(words),
        "{first:?}"
    );
    server.logs("a commit had no answer, and nobody knows whether it took place");
    let rotated = home.run(&["key", "rotate"]);
    assert!(
        rotated
            .refused()
            .contains("the database did not say whether it was done"),
        "{rotated:?}"
    );
    own.run("ALTER SYSTEM RESET synchronous_standby_names");
    own.run("SELECT pg_reload_conf()");
    recovers(&server, &access);
    ends(server);
}

#[test]
fn operators_02_a_lock_that_others_hold_is_an_answer() {
    let Some(own) = own() else { return };
    let home = home(&own.url);
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    let mut other = connect(&own.url);
    execute(
        &mut other,
        "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE",
    );
    let began = Instant::now();
    let reply = server.post(
        "/auth/login",
        &json!({ "email": EMAIL, "password": PASSWORD }),
    );
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    // Tokens can be checked: that needs no account.
    assert_eq!(
        server.with_token("GET", "/auth/verify", &access).status,
        200
    );
    execute(&mut other, "ROLLBACK");
    recovers(&server, &access);
}

/// What a sign-in opens can not be written, and neither can that nobody judged it: it waits for one of
/// them. It is no guess all the same, once the database answers.
#[test]
fn operators_76_a_sign_in_waits_for_a_silent_database_once() {
    let Some(own) = own() else { return };
    let home = home(&own.url);
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    let mut other = connect(&own.url);
    let mut another = connect(&own.url);
    execute(&mut other, "BEGIN; LOCK TABLE sessions IN SHARE MODE");
    let (reply, took) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let began = Instant::now();
            let body = json!({ "email": EMAIL, "password": PASSWORD });
            (server.post("/auth/login", &body), began.elapsed())
        });
        let mut watch = connect(&own.url);
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted \
                     AND relation = 'sessions'::regclass";
        while count(&mut watch, waits) == 0 {
            assert!(!asked.is_finished(), "it did not wait for its session");
        }
        // Given once that wait is over: the sign-in holds rows of it.
        execute(&mut another, "BEGIN; LOCK TABLE limits IN SHARE MODE");
        asked.join().unwrap()
    });
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(took < Duration::from_millis(4500), "{took:?}");
    execute(&mut other, "ROLLBACK");
    execute(&mut another, "ROLLBACK");
    let began = Instant::now();
    while count(&mut other, "SELECT count(*) FROM limits WHERE failures > 0") > 0 {
        assert!(began.elapsed() < RECOVERY, "{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    recovers(&server, &access);
}

pub fn count(connection: &mut diesel::PgConnection, sql: &str) -> i64 {
    use diesel::RunQueryDsl as _;
    let counted = diesel::sql_query(format!("SELECT ({sql}) AS rows"));
    counted.get_result::<Counted>(connection).unwrap().rows
}

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

pub fn connect(url: &str) -> diesel::PgConnection {
    diesel::Connection::establish(url).unwrap()
}

pub fn execute(connection: &mut diesel::PgConnection, sql: &str) {
    diesel::connection::SimpleConnection::batch_execute(connection, sql).unwrap();
}
