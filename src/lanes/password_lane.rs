//! The lane for hashing (semantics 5): threads of their own at the lowest scheduling
//! class, behind a bounded queue, so that a storm of sign-ins slows nothing else.
//!
//! A `Seat` is the right to hash: without one there is no way in, and there are only
//! so many. One more thread at normal priority takes the jobs that have waited for too
//! long, so that sign-ins go on, slowly, on a machine whose cores are always full.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

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
    free_seats: AtomicUsize,
    closed: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct PasswordLane(Arc<Shared>);

/// The right to hash once or more, for one request. Given back when dropped.
pub struct Seat {
    lane: Arc<Shared>,
    gone: Arc<AtomicBool>,
}

/// Held by the one who waits for the answer. When it is dropped, hashing that has not
/// begun is left undone (threat H14).
pub struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The job was not done: its caller is gone, or it waited past its deadline.
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
            free_seats: AtomicUsize::new(threads + queue),
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
        Ok(Self(shared))
    }

    /// A seat, or `None` where all are taken: the caller says 503 and touches nothing.
    #[must_use]
    pub fn seat(&self) -> Option<(Seat, Waiting)> {
        self.0
            .free_seats
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(1)
            })
            .ok()?;
        let gone = Arc::new(AtomicBool::new(false));
        let seat = Seat {
            lane: Arc::clone(&self.0),
            gone: Arc::clone(&gone),
        };
        Some((seat, Waiting(gone)))
    }
}

impl Drop for PasswordLane {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Relaxed);
        self.0.arrived.notify_all();
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
        let since = Instant::now();
        let work: Work = Box::new(move || {
            if !gone.load(Ordering::Relaxed) && since.elapsed() < DEADLINE {
                let _ = done.send(work());
            }
        });
        self.lane.lock().push_back(Job { work, since });
        self.lane.arrived.notify_all();
        result.recv().map_err(|_| NotDone)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.lane.free_seats.fetch_add(1, Ordering::Relaxed);
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
    fn a_panicking_job_harms_no_other() {
        let lane = PasswordLane::start(1, 1).unwrap();
        let (seat, _waiting) = lane.seat().unwrap();
        assert_eq!(seat.run(|| panic!("injected")), Err::<(), _>(NotDone));
        assert_eq!(seat.run(|| 1), Ok(1));
    }
}
