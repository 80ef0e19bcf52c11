//! Clients that sign in and refresh, each on a thread and a connection of its own.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keyward::crypto::master_key::MasterKey;
use keyward::crypto::refresh_token::RefreshTokens;
use keyward::domain::id::SessionId;
use keyward::support::secret::ExposeSecret as _;
use serde_json::{Value, json};

use super::report::Report;
use super::wire::Wire;

type Told<T> = Result<T, Box<dyn Error>>;

pub fn lines(path: &Path) -> std::io::Result<Vec<String>> {
    Ok(fs::read_to_string(path)?
        .lines()
        .map(str::to_owned)
        .collect())
}

const GRAPHQL: &str = "mutation($email: String!, $password: String!) {
  login(input: { email: $email, password: $password }) { session { accessToken refreshToken } }
}";

pub fn login(
    to: SocketAddr,
    clients: usize,
    (time, count, pause): (Duration, usize, Duration),
    (password, graphql): (&str, bool),
    accounts: &[String],
    write: Option<&Path>,
) -> Told<Value> {
    let (began, next) = (Instant::now(), AtomicUsize::new(0));
    let each = |_| -> std::io::Result<(Report, Vec<String>)> {
        let (mut wire, mut report, mut tokens) = (Wire::open(to)?, Report::default(), Vec::new());
        while began.elapsed() < time {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            let email = &accounts[number % accounts.len()];
            let asked = Instant::now();
            let credentials = json!({"email": email, "password": password});
            let (answer, names) = if graphql {
                let body = json!({"query": GRAPHQL, "variables": credentials});
                (
                    wire.post("/graphql", &body)?,
                    ["accessToken", "refreshToken"],
                )
            } else {
                let answer = wire.post("/auth/login", &credentials)?;
                (answer, ["access_token", "refresh_token"])
            };
            let given = answer.member(names[0]).zip(answer.member(names[1]));
            // GraphQL says no with 200.
            let full = graphql && answer.status == 200 && given.is_none();
            let status = if full { 503 } else { answer.status };
            report.note(status, asked.elapsed());
            if let Some((access, refresh)) = given {
                tokens.push(format!("{access} {refresh}"));
            }
            if status == 503 {
                if !answer.retry_after {
                    return Err(std::io::Error::other("503 without Retry-After"));
                }
                thread::sleep(pause);
            }
        }
        Ok((report, tokens))
    };
    let done = together(clients, each)?;
    let elapsed = began.elapsed();
    let mut report = Report::default();
    let mut tokens = Vec::new();
    for (one, given) in done {
        report = report.merge(one);
        tokens.extend(given);
    }
    if let Some(path) = write {
        fs::write(path, tokens.join("\n"))?;
    }
    Ok(report.json(elapsed))
}

/// Each client goes round its own share of the sessions.
pub fn refresh(to: SocketAddr, clients: usize, time: Duration, path: &Path) -> Told<Value> {
    let tokens = lines(path)?;
    let began = Instant::now();
    let share = tokens.len() / clients;
    let each = |client: usize| -> std::io::Result<(Report, Vec<String>)> {
        let mut mine = tokens[client * share..(client + 1) * share].to_vec();
        let (mut wire, mut report) = (Wire::open(to)?, Report::default());
        for at in (0..mine.len()).cycle() {
            if began.elapsed() >= time {
                break;
            }
            let body = json!({"refresh_token": mine[at], "mode": "json"});
            let asked = Instant::now();
            let answer = wire.post("/auth/refresh", &body)?;
            report.note(answer.status, asked.elapsed());
            if let Some(token) = answer.member("refresh_token") {
                if token == mine[at] {
                    return Err(std::io::Error::other("the same refresh token came back"));
                }
                mine[at] = token;
            }
        }
        Ok((report, mine))
    };
    let done = together(clients, each)?;
    let elapsed = began.elapsed();
    let mut report = Report::default();
    let mut newest = Vec::new();
    for (one, mine) in done {
        report = report.merge(one);
        newest.extend(mine);
    }
    fs::write(path, newest.join("\n"))?;
    Ok(report.json(elapsed))
}

/// As many threads as clients, and what they gave.
pub fn together<T: Send>(
    clients: usize,
    each: impl Fn(usize) -> std::io::Result<T> + Sync,
) -> std::io::Result<Vec<T>> {
    thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = (0..clients)
            .map(|client| scope.spawn(move || each(client)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                let ended = thread.join();
                ended.unwrap_or_else(|_| Err(std::io::Error::other("a client panicked")))
            })
            .collect()
    })
}

pub fn print_tokens(secret: &Path, salt: &str) -> Told<()> {
    let secret = fs::read_to_string(secret)?;
    let master = MasterKey::new(secret.trim().as_bytes()).ok_or("the secret is too short")?;
    let tokens = RefreshTokens::new(&master);
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(salt.get(at * 2..at * 2 + 2).ok_or("a short salt")?, 16)?;
    }
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let id = SessionId(line?.parse()?);
        writeln!(out, "{}", tokens.issue(id, 0, &bytes).expose_secret())?;
    }
    Ok(())
}
