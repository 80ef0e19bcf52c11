//! Questions whose time is what is measured.

use std::error::Error;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::clients::together;
use super::report::{Report, millis, percentile};
use super::wire::Wire;

/// Timed from when a check was due, so that a server that stands still is not asked less
/// often and thereby looks better.
pub fn at_a_rate(
    to: SocketAddr,
    clients: usize,
    time: Duration,
    rate: f64,
    tokens: &[String],
) -> Result<Value, Box<dyn Error>> {
    let began = Instant::now();
    let pause = Duration::from_secs_f64(1.0 / rate);
    let each = |client: usize| -> std::io::Result<Report> {
        let (mut wire, mut report) = (Wire::open(to)?, Report::default());
        for number in (client..).step_by(clients) {
            let due = pause.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
            if due >= time {
                break;
            }
            thread::sleep(due.saturating_sub(began.elapsed()));
            let answer = wire.get("/auth/verify", &tokens[number % tokens.len()])?;
            report.note(answer.status, began.elapsed().saturating_sub(due));
        }
        Ok(report)
    };
    let reports = together(clients, each)?;
    let all = reports
        .into_iter()
        .reduce(Report::merge)
        .unwrap_or_default();
    Ok(all.json(began.elapsed()))
}

/// E2, E3: how far an account and nobody's name are apart, in time.
pub fn pairs(
    to: SocketAddr,
    pairs: usize,
    lengths: &[usize],
    accounts: &[String],
) -> Result<Value, Box<dyn Error>> {
    let mut wire = Wire::open(to)?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..pairs {
        let password = "w".repeat(lengths[number % lengths.len()]);
        let account = &accounts[number % accounts.len()];
        let nobody = format!(
            "nobody-{number}@{}",
            account.split_once('@').map_or("", |at| at.1)
        );
        let mut turns = [(account, &mut known), (&nobody, &mut unknown)];
        if number % 2 == 1 {
            turns.reverse();
        }
        for (email, times) in turns {
            let asked = Instant::now();
            let answer = wire.post(
                "/auth/login",
                &json!({"email": email, "password": password}),
            )?;
            times.push(asked.elapsed());
            if answer.status != 401 {
                return Err(format!("{email}: {} instead of 401", answer.status).into());
            }
        }
    }
    Ok(compared(known, unknown))
}

/// E8: how far an address that has an account and one that has none are apart, in time, where
/// somebody registers it or asks for another password. Each is asked for once, since an address
/// is mailed three times an hour and no more.
pub fn strangers(to: SocketAddr, act: &Act, accounts: &[String]) -> Result<Value, Box<dyn Error>> {
    let mut wire = Wire::open(to)?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (number, account) in accounts.iter().enumerate() {
        let domain = account.split_once('@').map_or("", |at| at.1);
        // As long as the other one.
        let length = account.len() - domain.len() - 1;
        let nobody = format!("{number:n<length$}@{domain}");
        let mut turns = [(account, &mut known), (&nobody, &mut unknown)];
        if number % 2 == 1 {
            turns.reverse();
        }
        for (email, times) in turns {
            let (path, body, status) = act.asks(email);
            let asked = Instant::now();
            let answer = wire.post(path, &body)?;
            times.push(asked.elapsed());
            if answer.status != status {
                return Err(format!("{email}: {} instead of {status}", answer.status).into());
            }
        }
    }
    Ok(compared(known, unknown))
}

/// What a stranger does with an address.
#[derive(Clone, clap::ValueEnum)]
pub enum Act {
    Register,
    Request,
}

impl Act {
    fn asks(&self, email: &str) -> (&'static str, Value, u16) {
        match self {
            Self::Register => {
                let body = json!({"email": email, "password": "a quiet harbour at dawn"});
                ("/auth/register", body, 202)
            }
            Self::Request => ("/auth/password/request", json!({"email": email}), 204),
        }
    }
}

fn compared(mut known: Vec<Duration>, mut unknown: Vec<Duration>) -> Value {
    let (pairs, apart) = (known.len(), welch(&known, &unknown));
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        millis(percentile(times, 50))
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    json!({
        "pairs": pairs, "known": known, "unknown": unknown,
        "ratio": known / unknown, "welch_t": apart,
    })
}

/// Welch's t of the two means: below 4.5 the two are not told apart by this many pairs.
#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn welch(a: &[Duration], b: &[Duration]) -> f64 {
    let of = |times: &[Duration]| {
        let count = times.len() as f64;
        let mean = times.iter().map(|time| millis(*time)).sum::<f64>() / count;
        let square = |time: &Duration| (millis(*time) - mean).powi(2);
        (
            mean,
            times.iter().map(square).sum::<f64>() / (count - 1.0) / count,
        )
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (of(a), of(b));
    (mean_a - mean_b) / (error_a + error_b).sqrt()
}
