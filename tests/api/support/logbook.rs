//! What Keyward and everything below it would log, at every level, while somebody
//! reads along. Tests that need it take turns; other tests that run meanwhile write
//! into it too, so ask for what must not be there by a text of one's own.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};

static TURN: Mutex<()> = Mutex::new(());
static BOOK: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Open until it is dropped.
pub struct Logbook {
    lines: &'static Mutex<Vec<String>>,
    #[expect(dead_code, reason = "held until the drop")]
    turn: MutexGuard<'static, ()>,
}

impl Logbook {
    pub fn open() -> Self {
        static SET: Once = Once::new();
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        SET.call_once(|| log::set_logger(&Writer).unwrap());
        read(&BOOK).clear();
        log::set_max_level(LevelFilter::Trace);
        Self { lines: &BOOK, turn }
    }

    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let lines = read(self.lines);
        let with = lines.iter().filter(|line| line.contains(text));
        with.cloned().collect()
    }

    /// Asserts that the book was kept at all, and that none of these texts is in it.
    #[track_caller]
    pub fn holds_none_of(&self, secrets: &[String]) {
        let control = format!("control {}", secrets.join(" ").len());
        log::trace!(target: "test", "{control}");
        assert!(!self.lines_with(&control).is_empty());
        for secret in secrets {
            assert!(secret.len() >= 8, "{secret:?} may be there by chance");
            assert_eq!(self.lines_with(secret), Vec::<String>::new());
        }
    }
}

impl Drop for Logbook {
    fn drop(&mut self) {
        log::set_max_level(LevelFilter::Off);
        read(self.lines).clear();
    }
}

fn read(lines: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer;

struct Pairs<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        write!(self.0, " {key}={value:?}").map_err(Error::from)
    }
}

impl Log for Writer {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut line = format!("{} {}: {}", record.level(), record.target(), record.args());
        record.key_values().visit(&mut Pairs(&mut line)).unwrap();
        read(&BOOK).push(line);
    }

    fn flush(&self) {}
}
