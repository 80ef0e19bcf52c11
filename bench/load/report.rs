//! What was measured, as one line of JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// How often each status was answered, and how long those answers took.
#[derive(Default)]
pub struct Report(BTreeMap<u16, Vec<Duration>>);

impl Report {
    pub fn note(&mut self, status: u16, took: Duration) {
        self.0.entry(status).or_default().push(took);
    }

    pub fn merge(mut self, other: Self) -> Self {
        for (status, times) in other.0 {
            self.0.entry(status).or_default().extend(times);
        }
        self
    }

    pub fn json(mut self, elapsed: Duration) -> Value {
        let mut all = serde_json::Map::new();
        for (status, times) in &mut self.0 {
            times.sort_unstable();
            let one = json!({
                "count": times.len(),
                "rate": rate(times.len(), elapsed),
                "p50": millis(percentile(times, 50)),
                "p99": millis(percentile(times, 99)),
                "max": millis(times[times.len() - 1]),
            });
            all.insert(status.to_string(), one);
        }
        Value::Object(all)
    }
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub fn rate(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// Of sorted times.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
