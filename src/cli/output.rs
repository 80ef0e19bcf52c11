//! What commands write: results to standard output, the log to standard error. Neither may take
//! the process with it: standard output may be closed or full, and whoever reads the log may
//! have stopped reading.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Lines of log that wait to be written. Beyond it they are dropped, and counted.
const QUEUE: usize = 4096;

/// How long the end of the process waits for the log to be written.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Writes one line to standard output, at once.
///
/// # Errors
/// Where it can not be written, in words. A reader that went away (`| head`) is no error: the
/// process ends there, since nobody wants the rest.
pub(super) fn line(text: Arguments<'_>) -> Result<(), String> {
    match write_line(text) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            finish();
            std::process::exit(0)
        }
        Err(error) => Err(format!("standard output: {error}")),
    }
}

/// What came of a deed: words, or a line of JSON for a script.
///
/// # Errors
/// As [`line()`].
pub(super) fn came(
    as_json: bool,
    words: Arguments<'_>,
    value: &serde_json::Value,
) -> Result<(), String> {
    if as_json {
        line(format_args!("{value}"))
    } else {
        line(words)
    }
}

/// The same for a process that goes on without its reader.
pub(super) fn write_line(text: Arguments<'_>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_fmt(format_args!("{text}\n"))?;
    out.flush()
}

/// Whether standard output is `/dev/null`.
pub(super) fn is_nowhere() -> bool {
    let device = |metadata: rustix::fs::Stat| (metadata.st_dev, metadata.st_ino);
    let out = rustix::fs::fstat(std::io::stdout()).map(device);
    let null = rustix::fs::stat("/dev/null").map(device);
    matches!((out, null), (Ok(out), Ok(null)) if out == null)
}

/// Writes a line to standard output, or ends the function with why not.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::output::line(format_args!($($text)*))?
    };
}
pub(super) use say;

static WAITING: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Standard error, through a queue: nobody who logs ever waits for whoever reads it.
pub(super) struct Log(SyncSender<Vec<u8>>);

static LOG: OnceLock<Mutex<Log>> = OnceLock::new();

impl Log {
    /// For the logger. Where no thread can be started, nothing is logged.
    pub(super) fn start() -> Self {
        let (sender, lines) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let _ = thread.spawn(move || write_all(&lines));
        let _ = LOG.set(Mutex::new(Self(sender.clone())));
        Self(sender)
    }
}

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        WAITING.fetch_add(1, Ordering::AcqRel);
        match self.0.try_send(text.to_vec()) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                WAITING.fetch_sub(1, Ordering::AcqRel);
                DROPPED.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write_all(lines: &Receiver<Vec<u8>>) {
    for line in lines {
        // Where nobody reads, this waits, and only this.
        let mut error = std::io::stderr();
        let _ = error.write_all(&line);
        let dropped = DROPPED.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ = writeln!(
                error,
                "keyward: {dropped} lines of log were dropped: it is not read fast enough"
            );
        }
        WAITING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A line to standard error that is no line of log.
pub(super) fn complain(text: Arguments<'_>) {
    if let Some(log) = LOG.get() {
        let mut log = log.lock();
        let _ = log.write_all(format!("{text}\n").as_bytes());
    } else {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// Lets the last lines out, where somebody reads them.
pub(super) fn finish() {
    let until = Instant::now() + LAST_WORDS;
    while WAITING.load(Ordering::Acquire) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}
