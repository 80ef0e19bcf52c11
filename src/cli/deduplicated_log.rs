//! The log of a process: `env_logger`, but that a line which comes again and again is
//! written once a second, with a count. Anybody can make a server say the same thing
//! thousands of times a second (`attack_l1`, `attack_l16`), and a disk that is full ends sign-ins.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use log::{Level, Log, Metadata, Record};
use parking_lot::Mutex;

const EVERY: Duration = Duration::from_secs(1);

/// Texts that are told apart within that time; others are written as they come.
const TOLD_APART: usize = 200;

/// Puts it before this logger.
pub(super) fn start(logger: env_logger::Logger) {
    log::set_max_level(logger.filter());
    // Only where there is one already, which is as good.
    let _ = log::set_boxed_logger(Box::new(Sparing {
        inner: logger,
        window: Mutex::default(),
    }));
}

struct Sparing<L> {
    inner: L,
    window: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    began: Option<Instant>,
    /// Text of a line to its level and how often it came since it was written.
    again: HashMap<String, (Level, u32)>,
}

impl Window {
    /// Whether it may be written, and what is to be told of the time before.
    fn admit(&mut self, level: Level, text: &str, now: Instant) -> (bool, Vec<(Level, String)>) {
        let mut told = Vec::new();
        if self
            .began
            .is_none_or(|began| now.duration_since(began) >= EVERY)
        {
            self.began = Some(now);
            for (text, (level, again)) in self.again.drain() {
                if again > 0 {
                    told.push((
                        level,
                        format!("{text} ({again} times more within a second)"),
                    ));
                }
            }
        }
        if let Some((_, again)) = self.again.get_mut(text) {
            *again += 1;
            return (false, told);
        }
        if self.again.len() < TOLD_APART {
            self.again.insert(text.to_owned(), (level, 0));
        }
        (true, told)
    }
}

impl<L: Log> Log for Sparing<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if record.level() > Level::Warn || !self.inner.enabled(record.metadata()) {
            self.inner.log(record);
            return;
        }
        let text = record.args().to_string();
        let (may, told) = {
            let mut window = self.window.lock();
            window.admit(record.level(), &text, Instant::now())
        };
        for (level, text) in told {
            let metadata = Metadata::builder()
                .level(level)
                .target(record.target())
                .build();
            let mut line = Record::builder();
            self.inner
                .log(&line.metadata(metadata).args(format_args!("{text}")).build());
        }
        if may {
            self.inner.log(record);
        }
    }

    fn flush(&self) {
        self.inner.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_l1_l16_a_line_that_comes_again_is_written_once_a_second() {
        let mut window = Window::default();
        let now = Instant::now();
        let mut written = 0;
        for _ in 0..1000 {
            let (may, told) = window.admit(Level::Error, "the lane is full", now);
            written += u32::from(may);
            assert!(told.is_empty());
        }
        assert_eq!(written, 1);
        assert!(window.admit(Level::Warn, "another", now).0);
        let (may, told) = window.admit(Level::Error, "the lane is full", now + EVERY);
        assert!(may);
        let line = "the lane is full (999 times more within a second)".to_owned();
        assert_eq!(told, [(Level::Error, line)]);
        let (_, told) = window.admit(Level::Error, "a third", now + 2 * EVERY);
        assert!(told.is_empty(), "nothing came again");
    }
}
