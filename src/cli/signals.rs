//! What signals mean, from the first instant of a process to its last. SIGTERM, by which
//! supervisors stop: during a start an end at once; while it serves not ready, then the pause
//! that a balancer needs, then no new connections, and an end when the last answer is out.
//! SIGINT and SIGQUIT, from a person at a terminal, and SIGHUP where that terminal is closed: an
//! end at once. Any other SIGHUP asks a daemon to read its settings again. They are read at the
//! start only; that must not be the end of it without a word.
//!
//! A thread of its own catches them: whatever the others wait for, they are obeyed. As process
//! 1 of a container nobody else would end it: the kernel passes over signals without a handler.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use actix_server::ServerHandle;
use actix_web::rt;
use futures_util::future::{FutureExt as _, select_all};
use parking_lot::Mutex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::cli::output;
use crate::http::Web;
use crate::store::Url;

/// How long a graceful stop may take, and an end at once.
const GRACEFUL: Duration = Duration::from_secs(29);
const AT_ONCE: Duration = Duration::from_secs(5);

/// Signals that are caught from now on.
pub(super) struct Signals(Arc<Mutex<Phase>>);

struct Phase {
    /// A command has no graceful end: a signal is why it ended.
    is_server: bool,
    /// Who is told while it serves; until then a signal ends the process.
    serves: Option<Serving>,
    /// A throw-away database, which must not outlive the process.
    database: Option<Url>,
}

struct Serving {
    told: UnboundedSender<SignalKind>,
    delay: Duration,
}

impl Signals {
    /// # Errors
    /// Where the system takes no handler.
    pub(super) fn catch(is_server: bool) -> std::io::Result<Self> {
        let phase = Arc::new(Mutex::new(Phase {
            is_server,
            serves: None,
            database: None,
        }));
        let (ready, is_ready) = sync_channel(1);
        let signals = Self(Arc::clone(&phase));
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(async {
                        match catch_all() {
                            Ok(caught) => {
                                let _ = ready.send(Ok(()));
                                obey(caught, &phase).await;
                            }
                            Err(error) => drop(ready.send(Err(error))),
                        }
                    }),
                    Err(error) => drop(ready.send(Err(error))),
                }
            })?;
        is_ready
            .recv()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(signals)
    }

    /// What must be removed where a signal ends the process.
    pub(super) fn discard_at_end(&self, database: &Url) {
        self.phase().database = Some(database.clone());
    }

    /// From here on signals are told to whoever reads them here, and the process is ended
    /// only where it does not end by itself.
    pub(super) fn serve(&self, delay: Duration) -> UnboundedReceiver<SignalKind> {
        let (told, signals) = unbounded_channel();
        self.phase().serves = Some(Serving { told, delay });
        signals
    }

    fn phase(&self) -> parking_lot::MutexGuard<'_, Phase> {
        self.0.lock()
    }
}

type Caught = Vec<(SignalKind, Signal)>;

fn catch_all() -> std::io::Result<Caught> {
    [
        SignalKind::interrupt(),
        SignalKind::quit(),
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
        beyond_file_size(),
    ]
    .into_iter()
    .map(|kind| signal(kind).map(|caught| (kind, caught)))
    .collect()
}

/// Without a handler it ends the process. With one the write fails, as on a disk that is full.
fn beyond_file_size() -> SignalKind {
    SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())
}

/// Scripts that rotate logs send them, and without a handler they end the process.
fn asked_of_others(signal: SignalKind) -> Option<&'static str> {
    match signal {
        it if it == SignalKind::user_defined1() => Some("SIGUSR1"),
        it if it == SignalKind::user_defined2() => Some("SIGUSR2"),
        _ => None,
    }
}

async fn obey(mut caught: Caught, phase: &Arc<Mutex<Phase>>) {
    // Asked at the start: once it is closed it is no terminal any more.
    let at_terminal = std::io::stdin().is_terminal();
    loop {
        let signal = next(&mut caught).await;
        if signal == beyond_file_size() {
            log::warn!("a file may not grow any more: see the limit of file sizes (LimitFSIZE=)");
            continue;
        }
        if let Some(name) = asked_of_others(signal) {
            log::warn!(
                "{name}: it asks other programs to open their logs again; it goes on as before"
            );
            continue;
        }
        let locked = phase.lock();
        if signal == SignalKind::hangup() && !at_terminal && locked.is_server {
            log::warn!("SIGHUP: settings are read at the start only; it goes on as before");
            continue;
        }
        let limit = match &locked.serves {
            Some(serving) => {
                let _ = serving.told.send(signal);
                if signal == SignalKind::terminate() {
                    serving.delay + GRACEFUL
                } else {
                    AT_ONCE
                }
            }
            None => end(&locked, signal),
        };
        drop(locked);
        let phase = Arc::clone(phase);
        // Not a task: the handlers go on, and this must not wait for them.
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            log::warn!(
                "it does not end by itself: ended after {} s",
                limit.as_secs()
            );
            end(&phase.lock(), signal)
        });
    }
}

fn end(phase: &Phase, signal: SignalKind) -> ! {
    if let Some(database) = &phase.database {
        database.discard();
    }
    output::finish();
    let status = if phase.is_server {
        0
    } else {
        128 + signal.as_raw_value()
    };
    std::process::exit(status)
}

async fn next(caught: &mut Caught) -> SignalKind {
    let each = caught.iter_mut().map(|(kind, caught)| {
        let kind = *kind;
        caught.recv().map(move |_| kind).boxed_local()
    });
    select_all(each).await.0
}

/// From the last connection that is taken to the stop. A worker that finishes a connection before actix
/// counts it believes that it is idle: told to stop at that instant it would drop a request in progress.
const SETTLES: Duration = Duration::from_millis(100);

/// Ready where a serving process must end at once, with the signal that says so.
pub(super) async fn serve_until_told(
    mut signals: UnboundedReceiver<SignalKind>,
    server: ServerHandle,
    (web, delay): (&Arc<Web>, Duration),
) -> &'static str {
    while let Some(signal) = signals.recv().await {
        if signal != SignalKind::terminate() {
            return name(signal);
        }
        if !web.is_stopping() {
            web.begin_to_stop();
            let server = server.clone();
            rt::spawn(async move {
                tokio::time::sleep(delay).await;
                // First nobody is let in any more (docs/decisions/0143).
                server.pause().await;
                tokio::time::sleep(SETTLES).await;
                server.stop(true).await;
            });
        }
    }
    "no thread for signals"
}

/// As people and supervisors call it.
pub(super) fn name(signal: SignalKind) -> &'static str {
    [
        (SignalKind::interrupt(), "SIGINT"),
        (SignalKind::quit(), "SIGQUIT"),
        (SignalKind::hangup(), "SIGHUP"),
    ]
    .into_iter()
    .find_map(|(kind, name)| (kind == signal).then_some(name))
    .unwrap_or("SIGTERM")
}
