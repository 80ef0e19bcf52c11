//! The lane for hashing (semantics 5): threads of their own at the lowest scheduling
//! class, behind a bounded queue, so that a storm of sign-ins slows nothing else.
//!
//! A `Seat` is the right to hash: without one there is no way in, there are only so many,
//! and `seats.rs` says who may have one. One more thread at normal priority takes the jobs that have waited for too
//! long, so that sign-ins go on, slowly, on a machine whose cores are always full.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

use crate::lanes::seats::{Asker, Full, Place, Seats};
use crate::support::waiting::while_waiting;

/// A job that has waited for so long goes to the thread of normal priority.
const PATIENCE: Duration = Duration::from_secs(1);

/// A job that has waited for so long is not worth starting: its caller has given up.
const DEADLINE: Duration = Duration::from_secs(8);

type Work = Box<dyn FnOnce() + Send>;

struct Job {
    work: Work,
    since: Instant,
}

struct Shared {
    jobs: Mutex<VecDeque<Job>>,
    arrived: Condvar,
    closed: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct PasswordLane {
    shared: Arc<Shared>,
    seats: Arc<Seats>,
    threads: usize,
}

/// The right to hash once or more, for one request. Given back when dropped.
pub struct Seat {
    lane: Arc<Shared>,
    gone: Arc<AtomicBool>,
    place: Arc<Place>,
    /// When it was taken: whoever waits for a hash has waited since.
    since: Instant,
}

/// Held by the one who waits for the answer. When it is dropped, hashing that has not
/// begun is left undone (threat H14), and the seat is another's at once: a client that
/// hangs up must not keep it until a thread comes to its job.
pub struct Waiting {
    gone: Arc<AtomicBool>,
    place: Arc<Place>,
}

impl Waiting {
    /// Whether nothing was done because too much was in flight for the account, or for
    /// strangers.
    #[must_use]
    pub fn was_full(&self) -> bool {
        self.place.was_full()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        self.place.give_back();
    }
}

/// The job was not done: its caller is gone, it waited past its deadline, or there is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDone;

impl PasswordLane {
    /// `threads` hash at once, `queue` more may wait.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn start(threads: usize, queue: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            jobs: Mutex::new(VecDeque::new()),
            arrived: Condvar::new(),
            closed: AtomicBool::new(false),
        });
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || {
                    yield_to_everyone();
                    run(&shared, Duration::ZERO);
                })?;
        }
        let guard = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("password-guard".to_owned())
            .spawn(move || run(&guard, PATIENCE))?;
        Ok(Self {
            shared,
            seats: Seats::new(threads + queue),
            threads,
        })
    }

    /// How many hash at once.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// A seat for nobody in particular, or `None` where all of them are taken.
    #[must_use]
    pub fn seat(&self) -> Option<(Seat, Waiting)> {
        self.seat_for(Asker::default()).ok()
    }

    /// A seat.
    ///
    /// # Errors
    /// [`Full`] where none is free for them: the caller says 503 and touches nothing.
    pub fn seat_for(&self, asker: Asker) -> Result<(Seat, Waiting), Full> {
        let place = Arc::new(self.seats.take(asker)?);
        let gone = Arc::new(AtomicBool::new(false));
        let waiting = Waiting {
            gone: Arc::clone(&gone),
            place: Arc::clone(&place),
        };
        let lane = Arc::clone(&self.shared);
        let seat = Seat {
            lane,
            gone,
            place,
            since: Instant::now(),
        };
        Ok((seat, waiting))
    }
}

impl Drop for PasswordLane {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.shared.arrived.notify_all();
    }
}

/// Whether somebody still waits for what a seat was taken for.
#[derive(Clone)]
pub struct Caller(Arc<AtomicBool>);

impl Caller {
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Seat {
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller(Arc::clone(&self.gone))
    }

    /// Says which account's secret it is for, by a name that one account has, and whether
    /// a known browser asks.
    ///
    /// # Errors
    /// [`Full`] where too much is in flight for them: nothing may be counted or hashed.
    pub fn is_for(&self, account: &str, known: bool) -> Result<(), Full> {
        self.place.is_for(account, known)
    }

    /// Runs `work` on the lane and waits for it. No database connection may be held
    /// meanwhile.
    ///
    /// # Errors
    /// [`NotDone`] when the caller is gone or the deadline has passed.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let (done, result) = mpsc::sync_channel(1);
        let gone = Arc::clone(&self.gone);
        let since = self.since;
        let work: Work = Box::new(move || {
            if !gone.load(Ordering::Relaxed) && since.elapsed() < DEADLINE {
                let _ = done.send(work());
            }
        });
        self.lane.lock().push_back(Job { work, since });
        self.lane.arrived.notify_all();
        while_waiting(|| result.recv()).map_err(|_| NotDone)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.place.give_back();
    }
}

/// Takes jobs that have waited for `patience`, one after another, until the lane closes.
fn run(shared: &Shared, patience: Duration) {
    let mut jobs = shared.lock();
    while !shared.closed.load(Ordering::Relaxed) {
        let waited = jobs.front().map(|job| job.since.elapsed());
        jobs = match waited {
            Some(waited) if waited >= patience => {
                let job = jobs.pop_front();
                drop(jobs);
                if let Some(job) = job {
                    // A panic in one job must not take the lane down with it.
                    let _ = catch_unwind(AssertUnwindSafe(job.work));
                }
                shared.lock()
            }
            Some(waited) => {
                let wait = shared
                    .arrived
                    .wait_timeout(jobs, patience.checked_sub(waited).unwrap());
                wait.unwrap_or_else(PoisonError::into_inner).0
            }
            None => shared
                .arrived
                .wait(jobs)
                .unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// `SCHED_IDLE`: this thread runs when nothing else wants the core. Where the system
/// knows no such class the lane works all the same, at normal priority.
fn yield_to_everyone() {
    let lowest = ThreadPriority::Crossplatform(ThreadPriorityValue::default());
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if set_thread_priority_and_policy(thread_native_id(), lowest, idle).is_err()
        && set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_err()
    {
        log::warn!("the password lane runs at normal priority: SCHED_IDLE was refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_seats_and_they_come_back() {
        let lane = PasswordLane::start(1, 1).unwrap();
        let first = lane.seat().unwrap();
        let second = lane.seat().unwrap();
        assert!(lane.seat().is_none());
        assert_eq!(first.0.run(|| 7), Ok(7));
        drop(first);
        assert!(lane.seat().is_some());
        drop(second);
    }

    #[test]
    fn h14_a_job_whose_caller_is_gone_is_not_done() {
        let lane = PasswordLane::start(1, 1).unwrap();
        let (seat, waiting) = lane.seat().unwrap();
        drop(waiting);
        assert_eq!(seat.run(|| panic!("must not run")), Err::<(), _>(NotDone));
    }

    #[test]
    fn attack_m2_a_seat_is_free_as_soon_as_its_caller_is_gone() {
        let lane = PasswordLane::start(1, 0).unwrap();
        let (seat, waiting) = lane.seat().unwrap();
        let (begun, has_begun) = mpsc::sync_channel(0);
        let (open, gate) = mpsc::channel::<()>();
        let hashing = std::thread::spawn(move || {
            seat.run(move || {
                begun.send(()).unwrap();
                let _ = gate.recv();
            })
        });
        has_begun.recv().unwrap();
        assert!(lane.seat().is_none());
        drop(waiting);
        let next = lane.seat();
        assert!(next.is_some(), "though it is still being hashed for");
        drop(open);
        assert_eq!(hashing.join().unwrap(), Ok(()));
        assert!(lane.seat().is_none(), "it was given back once");
    }

    #[test]
    fn a_panicking_job_harms_no_other() {
        let lane = PasswordLane::start(1, 1).unwrap();
        let (seat, _waiting) = lane.seat().unwrap();
        assert_eq!(seat.run(|| panic!("injected")), Err::<(), _>(NotDone));
        assert_eq!(seat.run(|| 1), Ok(1));
    }
}
