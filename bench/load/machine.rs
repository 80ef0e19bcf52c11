//! What this machine does without Keyward.

use std::error::Error;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, RunQueryDsl as _};
use keyward::crypto::signing_key::SigningKey;
use keyward::domain::algorithm::Algorithm;
use keyward::support::entropy::Entropy;
use serde_json::{Value, json};

use super::report::rate;

/// One route that answers a little JSON, with as many workers as Keyward has.
#[actix_web::main]
pub async fn serve_bare(listen: SocketAddr) -> std::io::Result<()> {
    let answer = || async { HttpResponse::Ok().json(json!({ "status": "ok" })) };
    HttpServer::new(move || App::new().route("/bare", web::get().to(answer)))
        .bind(listen)?
        .run()
        .await
}

/// How often all cores together do it.
fn on_all_cores(seconds: f64, work: impl Fn() + Sync) -> Value {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (began, time) = (Instant::now(), Duration::from_secs_f64(seconds));
    let done = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    while began.elapsed() < time {
                        work();
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(0))
            .sum()
    });
    json!({ "rate": rate(done, began.elapsed()) })
}

pub fn bcrypt(cost: u32, seconds: f64) -> Value {
    on_all_cores(seconds, || {
        let _ = std::hint::black_box(bcrypt::hash_with_salt("x".repeat(64), cost, [7; 16]));
    })
}

pub fn sign(algorithm: &str, seconds: f64) -> Result<Value, Box<dyn Error>> {
    let algorithm: Algorithm = algorithm.parse().map_err(|_| "no such algorithm")?;
    let bytes = SigningKey::generate(algorithm, &Entropy::system())?;
    let key = SigningKey::read(algorithm, &bytes)?;
    // As long as header and claims of a token.
    let message = [b'x'; 600];
    Ok(on_all_cores(seconds, || {
        std::hint::black_box(key.sign(&message));
    }))
}

pub fn commits(seconds: f64) -> Result<Value, Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("keyward-commits-{}.db", std::process::id()));
    let mut db = SqliteConnection::establish(&path.to_string_lossy())?;
    db.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE one (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO one VALUES (1, 0);",
    )?;
    let (began, time) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut done = 0;
    while began.elapsed() < time {
        diesel::sql_query("UPDATE one SET n = n + 1 WHERE id = 1").execute(&mut db)?;
        done += 1;
    }
    let elapsed = began.elapsed();
    drop(db);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    Ok(json!({ "rate": rate(done, elapsed) }))
}

/// PostgreSQL: what a refresh changes, as a statement that commits itself.
pub fn updates(
    database: &str,
    connections: u32,
    seconds: f64,
    sessions: &[String],
) -> Result<Value, Box<dyn Error>> {
    let pool = Pool::builder()
        .max_size(connections)
        .test_on_check_out(false)
        .build(ConnectionManager::<PgConnection>::new(database))?;
    let (began, time) = (Instant::now(), Duration::from_secs_f64(seconds));
    let share = sessions.len() / 64;
    let done = super::clients::together(64, |client| {
        let mut done = 0;
        for session in sessions[client * share..(client + 1) * share]
            .iter()
            .cycle()
        {
            if began.elapsed() >= time {
                break;
            }
            let mut connection = pool.get().map_err(std::io::Error::other)?;
            let rows = diesel::sql_query(
                "UPDATE sessions SET gen = gen + 1, rotated_at = $2, replays = 0, \
                 gen_seen = FALSE, idle_expires_at = $3 \
                 WHERE id = $1 AND revoked_at IS NULL",
            )
            .bind::<Text, _>(session)
            .bind::<BigInt, _>(1_800_000_000_000_i64)
            .bind::<BigInt, _>(4_000_000_000_000_i64)
            .execute(&mut *connection)
            .map_err(std::io::Error::other)?;
            if rows != 1 {
                return Err(std::io::Error::other(format!("{session} is not there")));
            }
            done += 1;
        }
        Ok(done)
    })?;
    Ok(json!({ "rate": rate(done.into_iter().sum(), began.elapsed()) }))
}
