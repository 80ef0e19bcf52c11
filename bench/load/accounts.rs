//! Clients that make accounts, and that have mails sent.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::clients::together;
use super::report::Report;
use super::wire::Wire;

/// What is made, without pause.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Kind {
    /// A guest with a session.
    Guest,
    /// An account with a username and a password: no mail goes out.
    Account,
}

impl Kind {
    fn asks(self, name: &str) -> (&'static str, Value) {
        match self {
            Self::Guest => ("/auth/anonymous", json!({})),
            Self::Account => {
                let body = json!({ "username": name, "password": "a quiet harbour at dawn" });
                ("/auth/register", body)
            }
        }
    }
}

pub fn make(
    to: SocketAddr,
    clients: usize,
    time: Duration,
    kind: Kind,
) -> Result<Value, Box<dyn Error>> {
    let began = Instant::now();
    // Each run of it makes names that no other has.
    let run = uuid::Uuid::new_v4().simple().to_string();
    let next = AtomicUsize::new(0);
    let reports = together(clients, |_| -> std::io::Result<Report> {
        let (mut wire, mut report) = (Wire::open(to)?, Report::default());
        while began.elapsed() < time {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (path, body) = kind.asks(&format!("n{number}-{run}"));
            let asked = Instant::now();
            let answer = wire.post(path, &body)?;
            report.note(answer.status, asked.elapsed());
            if answer.status == 503 {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        Ok(report)
    })?;
    Ok(whole(reports, began))
}

/// Asks for another password once for each account: as many mails.
pub fn resets(
    to: SocketAddr,
    clients: usize,
    accounts: &[String],
) -> Result<Value, Box<dyn Error>> {
    let (began, next) = (Instant::now(), AtomicUsize::new(0));
    let reports = together(clients, |_| -> std::io::Result<Report> {
        let (mut wire, mut report) = (Wire::open(to)?, Report::default());
        while let Some(email) = accounts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let asked = Instant::now();
            let answer = wire.post("/auth/password/request", &json!({ "email": email }))?;
            report.note(answer.status, asked.elapsed());
        }
        Ok(report)
    })?;
    Ok(whole(reports, began))
}

/// What all clients together saw.
fn whole(reports: Vec<Report>, began: Instant) -> Value {
    let all = reports.into_iter().reduce(Report::merge);
    all.unwrap_or_default().json(began.elapsed())
}
