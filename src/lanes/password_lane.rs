//! The lane for hashing (semantics 5): threads of their own at the lowest scheduling
//! class, behind a bounded queue, so that a storm of sign-ins slows nothing else.
//!
//! A `Seat` is the right to hash: without one there is no way in, there are only so many,
//! and `fair_queue.rs` says who may have one. One more thread at normal priority, the guard, takes the
//! jobs that have waited for too long, and does anew what another thread has begun and does not
//! come to the end of: so sign-ins go on, slowly, on a machine whose cores other programs keep full
//! ([decision 155](../../docs/decisions/0155-a-hash-that-is-starved-is-done-again.md)).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

use crate::lanes::fair_queue::{Asker, Full, Place, Seats};
use crate::lanes::password_jobs::{Job, Jobs, Limits, Next};
use crate::support::waiting::while_waiting;

struct Shared {
    jobs: Mutex<Jobs>,
    arrived: Condvar,
    closed: AtomicBool,
    limits: Limits,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock()
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
    /// `threads` hash at once, `queue` more may wait, where one hash takes `one_hash`.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn start(threads: usize, queue: usize, one_hash: Duration) -> std::io::Result<Self> {
        Self::limited(threads, queue, Limits::of(one_hash))
    }

    fn limited(threads: usize, queue: usize, limits: Limits) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            jobs: Mutex::new(Jobs::default()),
            arrived: Condvar::new(),
            closed: AtomicBool::new(false),
            limits,
        });
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || {
                    yield_to_everyone();
                    run(&shared);
                })?;
        }
        let guard = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("password-guard".to_owned())
            .spawn(move || stand_guard(&guard))?;
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

    /// How many jobs no thread has begun, for tests that wait for one of theirs.
    #[doc(hidden)]
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared.lock().waiting.len()
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
    /// meanwhile. Where it is starved it is done once more at the same time, so it changes
    /// nothing but what it answers.
    ///
    /// # Errors
    /// [`NotDone`] when the caller is gone or the deadline has passed.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<T, NotDone> {
        let (done, result) = mpsc::sync_channel(1);
        let job = Arc::new(Job {
            work: Box::new(move || {
                let _ = done.try_send(work());
            }),
            gone: Arc::clone(&self.gone),
            since: self.since,
        });
        self.lane.lock().waiting.push_back(job);
        self.lane.arrived.notify_all();
        let latest = self.lane.limits.answer();
        let left = latest.saturating_sub(self.since.elapsed());
        while_waiting(|| result.recv_timeout(left)).map_err(|_| NotDone)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.place.give_back();
    }
}

/// Takes jobs one after another, until the lane closes.
fn run(shared: &Shared) {
    let mut jobs = shared.lock();
    while !shared.closed.load(Ordering::Relaxed) {
        match jobs.begin() {
            Some(job) => {
                MutexGuard::unlocked(&mut jobs, || job.begin(shared.limits));
                jobs.end(&job);
                // What it held may end here, and is not waited for under the lock.
                MutexGuard::unlocked(&mut jobs, move || drop(job));
            }
            None => shared.arrived.wait(&mut jobs),
        }
    }
}

/// Takes the jobs that have waited for too long, and those that were begun too long ago.
fn stand_guard(shared: &Shared) {
    let mut jobs = shared.lock();
    while !shared.closed.load(Ordering::Relaxed) {
        match jobs.next_for_the_guard(shared.limits) {
            Next::Begin(job) => {
                MutexGuard::unlocked(&mut jobs, move || job.begin(shared.limits));
            }
            Next::Again(job) => MutexGuard::unlocked(&mut jobs, move || job.work()),
            Next::Wait(left) => {
                shared.arrived.wait_for(&mut jobs, left);
            }
            Next::Nothing => shared.arrived.wait(&mut jobs),
        }
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
    use std::sync::atomic::AtomicUsize;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn lane(threads: usize, queue: usize) -> PasswordLane {
        PasswordLane::start(threads, queue, Duration::ZERO).unwrap()
    }

    #[test]
    fn there_are_only_so_many_seats_and_they_come_back() {
        let lane = lane(1, 1);
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
        let lane = lane(1, 1);
        let (seat, waiting) = lane.seat().unwrap();
        drop(waiting);
        assert_eq!(seat.run(|| panic!("must not run")), Err::<(), _>(NotDone));
    }

    #[test]
    fn attack_m2_a_seat_is_free_as_soon_as_its_caller_is_gone() {
        let lane = lane(1, 0);
        let (seat, waiting) = lane.seat().unwrap();
        let (begun, has_begun) = mpsc::sync_channel(1);
        let (open, gate) = gate();
        let hashing = std::thread::spawn(move || {
            seat.run(move || {
                // By the guard as well, where this is starved.
                let _ = begun.try_send(());
                wait_at(&gate);
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
        let lane = lane(1, 1);
        let (seat, _waiting) = lane.seat().unwrap();
        assert_eq!(seat.run(|| panic!("injected")), Err::<(), _>(NotDone));
        assert_eq!(seat.run(|| 1), Ok(1));
    }

    #[test]
    fn h14_nobody_waits_for_ever_for_a_hash() {
        let limits = Limits {
            waiting: LONG,
            begun: Duration::from_millis(1),
            deadline: Duration::from_millis(200),
        };
        let lane = PasswordLane::limited(1, 0, limits).unwrap();
        let (seat, _waiting) = lane.seat().unwrap();
        let (open, gate) = gate();
        assert_eq!(seat.run(move || wait_at(&gate)), Err(NotDone));
        drop(open);
    }

    #[test]
    fn what_ends_in_time_is_done_once() {
        let lane = PasswordLane::start(1, 1, LONG).unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        for number in 1..=5 {
            let (seat, _waiting) = lane.seat().unwrap();
            let counted = Arc::clone(&runs);
            let answer = seat.run(move || counted.fetch_add(1, Ordering::SeqCst) + 1);
            assert_eq!(answer, Ok(number));
        }
    }

    fn gate() -> (mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>) {
        let (open, gate) = mpsc::channel();
        (open, Mutex::new(gate))
    }

    /// Until the other end of it is dropped.
    fn wait_at(gate: &Mutex<mpsc::Receiver<()>>) {
        let _ = gate.lock().recv();
    }
}
