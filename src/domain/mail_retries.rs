//! When a letter is tried again, and for how long.

use std::time::Duration;

/// How long a letter is tried.
pub const TRIED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The longest time between two tries.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How long a process has a mail in its hand of which a server may have the last byte: longer
/// than it waits for that server.
pub const LONGEST_HOLD: Duration = Duration::from_secs(660);

/// After a server did not say whether it took a mail: which try that counts as, and for how long
/// it is tried from then on. So it comes three times at the most, and hardly ever twice.
pub const TRIES_AFTER_DOUBT: i64 = 5;
pub const TRIED_AFTER_DOUBT: Duration = Duration::from_secs(2 * 3600);

/// How long to wait after the try of this number, the first being 1.
#[must_use]
pub fn pause_after(tries: i64) -> Duration {
    let seconds = match tries {
        ..=1 => 5,
        2 => 30,
        3 => 120,
        4 => 600,
        5 => 1800,
        _ => return LONGEST_PAUSE,
    };
    Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s24_pauses_grow_to_an_hour() {
        let pauses: Vec<_> = (1..9).map(|tries| pause_after(tries).as_secs()).collect();
        assert_eq!(pauses, [5, 30, 120, 600, 1800, 3600, 3600, 3600]);
    }
}
