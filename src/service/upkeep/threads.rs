//! What runs beside the requests: the tail of the revocations, the clock that follows
//! the database's, the flush of what was seen, the purge of what is over, and mail.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::service::audit;
use crate::service::error::{Error, Result};
use crate::service::keys;
use crate::service::keyward::{Inner, Keyward};
use crate::service::mail::deliver;
use crate::service::upkeep::purge::purge;
use crate::service::upkeep::revocation_tail::tail;
use crate::service::upkeep::{api_key_last_used, spray_alarm};
use crate::store::{revocations, seen_generations};
use crate::support::steady_clock::Steady;

/// Five readings within the promised second.
const TAIL_EVERY: Duration = Duration::from_millis(200);

/// How long reading what is new may take, and at the start all of it. A connection that takes
/// longer is given up, and another one opened.
const ONE_READING: Duration = Duration::from_secs(2);
const FIRST_READING: Duration = Duration::from_secs(20);

const FLUSH_EVERY: Duration = Duration::from_secs(5);
const PURGE_EVERY: Duration = Duration::from_secs(60);

/// How long an event waits for its seal.
const SEAL_EVERY: Duration = Duration::from_secs(15);

/// How long a mail waits that another process wrote, or that is tried again. One's own is
/// sent as soon as it was committed.
const MAIL_EVERY: Duration = Duration::from_secs(1);

/// How long a stop waits for a mail server. The mail that it has in hand is sent again by
/// whoever comes next.
const LAST_MAIL: Duration = Duration::from_secs(3);

/// A piece of work that comes again and again.
struct Rhythm {
    /// The thread's, and the log's.
    name: &'static str,
    pause: Duration,
}

const TAIL: Rhythm = Rhythm {
    name: "revocations",
    pause: TAIL_EVERY,
};
const SLOW: Rhythm = Rhythm {
    name: "housekeeping",
    pause: FLUSH_EVERY,
};
const MAIL: Rhythm = Rhythm {
    name: "mail",
    pause: MAIL_EVERY,
};
const SEALS: Rhythm = Rhythm {
    name: "audit chain",
    pause: SEAL_EVERY,
};

/// The threads. They stop when this is dropped.
pub struct Housekeeping {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    mail: JoinHandle<()>,
}

/// Reads all revocations, then begins to follow them.
pub fn start(kw: &Keyward) -> Result<Housekeeping> {
    kw.store.write(revocations::move_sequence_on)?;
    let mut reader = kw.store.own_reader()?;
    follow_clock(kw)?;
    reader.within(FIRST_READING, |reader| tail(kw, reader))?;
    kw.memory.revoked.set_tailed(true);
    let stop = Arc::new(AtomicBool::new(false));
    let mut reader = Some(reader);
    let tail_thread = every(TAIL, kw, &stop, move |kw| {
        let connection = match &mut reader {
            Some(connection) => connection,
            None => reader.insert(kw.store.own_reader()?),
        };
        let read = connection.within(ONE_READING, |reader| tail(kw, reader));
        if read.is_err() {
            reader = None;
        }
        read
    })?;
    let mut purged_at = Instant::now();
    let mut steady = Steady::new(kw.clock.now(), purged_at);
    let slow_thread = every(SLOW, kw, &stop, move |kw| {
        follow_clock(kw)?;
        flush_seen(kw)?;
        api_key_last_used::flush(kw)?;
        if purged_at.elapsed() >= PURGE_EVERY {
            purged_at = Instant::now();
            let over = steady.tell(kw.clock.now(), purged_at);
            // What can not be purged silences no alarm, and holds no key up.
            let purged = purge(kw, over);
            spray_alarm::failed_sign_ins(kw)?;
            if !steady.has_leapt() {
                keys::rotate_when_due(kw)?;
            }
            purged?;
        }
        Ok(())
    })?;
    let mail = every(MAIL, kw, &stop, |kw| {
        if deliver::deliver_some(kw)?.1 {
            // There is more: no sleep in between, but a look at whether to stop.
            std::thread::current().unpark();
        }
        Ok(())
    })?;
    kw.postman.wakes(mail.thread());
    let audit_thread = every(SEALS, kw, &stop, |kw| audit::seal::seal(kw).map(|_| ()))?;
    Ok(Housekeeping {
        stop,
        threads: vec![tail_thread, slow_thread, audit_thread],
        mail,
    })
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.mail.thread().unpark();
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
        let until = Instant::now() + LAST_MAIL;
        while !self.mail.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn every(
    Rhythm { name, pause }: Rhythm,
    kw: &Keyward,
    stop: &Arc<AtomicBool>,
    mut work: impl FnMut(&Keyward) -> Result<()> + Send + 'static,
) -> Result<JoinHandle<()>> {
    let (kw, stop): (Weak<Inner>, _) = (Arc::downgrade(&kw.0), Arc::clone(stop));
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let (mut failing, mut worked) = (false, Duration::ZERO);
            while !stop.load(Ordering::Relaxed) {
                // From one beginning to the next: far from the database the work is part of it.
                std::thread::park_timeout(pause.saturating_sub(worked).max(pause / 4));
                let Some(kw) = kw.upgrade().map(Keyward) else {
                    return;
                };
                let began = Instant::now();
                let done = work(&kw);
                worked = began.elapsed();
                // Once for each trouble, not five times a second while it lasts.
                match done {
                    Err(error) if !failing => {
                        log::error!("{name}: {error}");
                        failing = true;
                    }
                    Ok(()) if failing => {
                        log::info!("{name}: works again");
                        failing = false;
                    }
                    _ => {}
                }
            }
        })
        .map_err(|error| Error::defect(error.to_string()))
}

/// On PostgreSQL all replicas tell the time by the database's clock (R18).
fn follow_clock(kw: &Keyward) -> Result<()> {
    if let Some((now, asked)) = kw.store.clock()? {
        kw.clock.follow(now, asked);
    }
    Ok(())
}

/// Writes down which generations were seen.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`; what was not written is kept for the next time.
pub fn flush_seen(kw: &Keyward) -> Result<()> {
    let seen: Vec<_> = kw.memory.seen.take().into_iter().collect();
    let mut parts = seen.chunks(200);
    while let Some(part) = parts.next() {
        let tokens = part.to_vec();
        // The count is ignored: sessions that rotated, ended or are locked are skipped on purpose.
        let written = kw
            .store
            .write(move |tx| seen_generations::mark(tx, &tokens).map_err(Error::from));
        if let Err(error) = written {
            for (session, generation) in part.iter().chain(parts.flatten()) {
                kw.memory.seen.note(*session, *generation);
            }
            return Err(error);
        }
    }
    Ok(())
}
