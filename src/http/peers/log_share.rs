//! How much of the log answers that refuse may take: anybody can provoke them, and a disk
//! that is full ends sign-ins. What is not written is counted, and the count is told of.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::domain::quota::Household;

const EVERY: Duration = Duration::from_secs(1);

/// Lines of one status to one household within that time; of the server's own failures one.
const REFUSED: u32 = 5;
const FAILED: u32 = 1;

/// Lines to everybody together.
const ALL: u32 = 50;

/// Households that are told apart; what comes after them is counted together.
const TOLD_APART: usize = 1000;

type Whose = (Option<Household>, u16);

#[derive(Default)]
pub struct LogShare(Mutex<Option<Window>>);

struct Window {
    began: Instant,
    written: u32,
    of: HashMap<Whose, Count>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    written: u32,
    held_back: u32,
}

impl LogShare {
    /// Whether the line of an answer may be written now.
    pub(in crate::http) fn admit(&self, address: Option<IpAddr>, status: u16) -> bool {
        let (may, over) = self.count(address.map(Household::from), status, Instant::now());
        if let Some(over) = over {
            over.tell();
        }
        may
    }

    /// Tells of what had no line, before another line is written.
    pub(in crate::http) fn tell_of_before(&self) {
        let over = self.over(Instant::now());
        if let Some(over) = over {
            over.tell();
        }
    }

    fn over(&self, now: Instant) -> Option<Window> {
        let mut window = self.0.lock();
        window.take_if(|window| window.is_over(now))
    }

    fn count(&self, whose: Option<Household>, status: u16, now: Instant) -> (bool, Option<Window>) {
        let mut window = self.0.lock();
        let over = window.take_if(|window| window.is_over(now));
        let window = window.get_or_insert_with(|| Window {
            began: now,
            written: 0,
            of: HashMap::new(),
        });
        let mut key = (whose, status);
        if window.of.len() >= TOLD_APART && !window.of.contains_key(&key) {
            key = (None, status);
        }
        let count = window.of.entry(key).or_default();
        let most = if status >= 500 { FAILED } else { REFUSED };
        let may = count.written < most && window.written < ALL;
        if may {
            count.written += 1;
            window.written += 1;
        } else {
            count.held_back += 1;
        }
        (may, over)
    }
}

/// What is left at the end is told of.
impl Drop for LogShare {
    fn drop(&mut self) {
        if let Some(window) = self.0.get_mut().take() {
            window.tell();
        }
    }
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.began) >= EVERY
    }

    /// One line for each status: how many more, and to whom the most.
    fn tell(self) {
        let mut by_status: HashMap<u16, (u32, Count, Option<Household>)> = HashMap::new();
        for ((whose, status), count) in self.of {
            let (all, most, who) = by_status.entry(status).or_default();
            *all += count.held_back;
            if count.held_back > most.held_back {
                (*most, *who) = (count, whose);
            }
        }
        for (status, (all, most, who)) in by_status {
            if all > 0 {
                let who = who.map_or_else(|| "-".to_owned(), |household| household.to_string());
                log::warn!(
                    "{all} more answers {status} within a second have no line, {} of them to {who}",
                    most.held_back
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_l1_l16_refusals_have_few_lines_and_are_counted() {
        let share = LogShare::default();
        let now = Instant::now();
        let address = |n: u32| Some(IpAddr::V4(n.into()).into());
        let mut lines = 0;
        for _ in 0..1000 {
            lines += u32::from(share.count(address(1), 404, now).0);
        }
        assert_eq!(lines, REFUSED);
        assert!(
            share.count(address(2), 404, now).0,
            "nobody else is touched"
        );
        let failed = (0..1000).filter(|_| share.count(address(1), 503, now).0);
        assert_eq!(failed.count(), 1);
        let many = (10..9000).filter(|n| share.count(address(*n), 404, now).0);
        assert!(u32::try_from(many.count()).unwrap() <= ALL);
        let (may, over) = share.count(address(1), 404, now + EVERY);
        let over = over.unwrap();
        assert!(may);
        assert!(over.of.len() <= TOLD_APART + 2, "{}", over.of.len());
        assert_eq!(over.of[&(address(1), 404)].held_back, 1000 - REFUSED);
        assert!(
            share.count(address(1), 404, now + EVERY).1.is_none(),
            "told of once"
        );
        // A line that refuses nobody comes after the count as well.
        assert!(share.over(now + EVERY).is_none(), "its second is not over");
        let over = share.over(now + 2 * EVERY).unwrap();
        assert_eq!(over.of[&(address(1), 404)].written, 2);
        assert!(share.over(now + 3 * EVERY).is_none());
    }
}
