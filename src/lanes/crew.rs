//! The threads of the store lane, before their two queues. As many of them are at work as there are
//! cores; one that waits says so (`support/waiting.rs`), and another one goes on in its place.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::support::waiting::{self, Shift};

/// The most threads, those that wait among them.
pub(super) const MOST_THREADS: usize = 16;

/// The most acts that hold a thread. The other threads are for what those may wait for: what is
/// asked for many ([`Handful`](super::handful::Handful)), and futures.
pub(super) const MOST_ACTS: usize = 12;

/// Where all threads wait for the database, what has waited for one of them as long is not
/// begun: its answer would come too late (semantics 10, "Waits").
pub(super) const TOO_LATE: Duration = Duration::from_millis(500);

/// A thread that finds nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(10);

/// Whether it comes to its turn in time, or too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    InTime,
    Late,
}

pub(super) type Job = Box<dyn FnOnce(Turn) + Send>;

pub(super) struct Crew {
    shared: Mutex<Shared>,
    called: Condvar,
    /// How many threads are at work at once, those that wait not counted.
    pub(super) at_work: usize,
}

/// What comes first is done first, but that acts wait while there are [`MOST_ACTS`].
#[derive(Default)]
pub(super) struct Shared {
    pub(super) acts: VecDeque<(Instant, Job)>,
    steps: VecDeque<(Instant, Job)>,
    /// Acts that hold a thread.
    in_acts: usize,
    pub(super) threads: usize,
    /// Threads that sleep; `calls` of them were called and have not come yet.
    idle: usize,
    calls: usize,
    /// Threads that run a job and do not wait, those that were called among them.
    at_work: usize,
    /// An act or a step found no thread, because all of them wait.
    acts_are_clogged: bool,
    steps_are_clogged: bool,
    is_closed: bool,
}

thread_local! {
    /// What a job adds: taken over when the job pauses or ends, all at once.
    static OWN: RefCell<Option<Vec<Job>>> = const { RefCell::new(None) };
}

impl Shared {
    /// How many jobs could be begun.
    fn ready(&self) -> usize {
        let acts = MOST_ACTS.saturating_sub(self.in_acts);
        self.steps.len() + self.acts.len().min(acts)
    }

    /// The job that has waited for longest and may be begun, and whether it is an act.
    fn next(&mut self) -> Option<(Turn, bool, Job)> {
        let act = self.acts.front().filter(|_| self.in_acts < MOST_ACTS);
        let is_act = match (act, self.steps.front()) {
            (Some(act), Some(step)) => act.0 <= step.0,
            (act, _) => act.is_some(),
        };
        let (jobs, are_clogged) = if is_act {
            (&mut self.acts, &mut self.acts_are_clogged)
        } else {
            (&mut self.steps, &mut self.steps_are_clogged)
        };
        let (since, job) = jobs.pop_front()?;
        let is_late = *are_clogged && since.elapsed() > TOO_LATE;
        *are_clogged &= !jobs.is_empty();
        self.in_acts += usize::from(is_act);
        let turn = if is_late { Turn::Late } else { Turn::InTime };
        Some((turn, is_act, job))
    }
}

impl Crew {
    pub(super) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Arc::new(Self {
            shared: Mutex::default(),
            called: Condvar::new(),
            at_work: cores.clamp(2, MOST_THREADS / 2),
        })
    }

    /// What holds its thread until it is done.
    pub(super) fn add_act(self: &Arc<Self>, act: Job) {
        let mut shared = self.lock();
        shared.acts_are_clogged |= shared.in_acts >= MOST_ACTS;
        shared.acts.push_back((Instant::now(), act));
        self.call(&mut shared, 0);
    }

    /// What acts may wait for.
    pub(super) fn add_step(self: &Arc<Self>, step: Job) {
        let step = OWN.with_borrow_mut(|own| match own {
            Some(steps) => {
                steps.push(step);
                None
            }
            None => Some(step),
        });
        if let Some(step) = step {
            let mut shared = self.lock();
            shared.steps.push_back((Instant::now(), step));
            self.call(&mut shared, 0);
        }
    }

    /// Its threads end when nothing is left to do.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.called.notify_all();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        // Jobs run without the lock.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a thread for each job that none of those at work will take at once: `taking` says
    /// how many jobs the caller takes itself.
    fn call(self: &Arc<Self>, shared: &mut Shared, taking: usize) {
        while shared.at_work < self.at_work && shared.ready() > shared.calls + taking {
            if shared.idle > shared.calls {
                shared.calls += 1;
                self.called.notify_one();
            } else if shared.threads < MOST_THREADS && self.start() {
                shared.threads += 1;
            } else {
                shared.steps_are_clogged = true;
                return;
            }
            shared.at_work += 1;
        }
    }

    fn start(self: &Arc<Self>) -> bool {
        let crew = Arc::clone(self);
        let started = std::thread::Builder::new()
            .name("store-lane".to_owned())
            .spawn(move || crew.work());
        if let Err(error) = &started {
            log::warn!("no further thread for the store lane: {error}");
        }
        started.is_ok()
    }

    /// The life of a thread.
    fn work(self: Arc<Self>) {
        waiting::tell(Arc::new(OnLane(Arc::clone(&self))));
        let mut shared = self.lock();
        loop {
            while shared.at_work <= self.at_work
                && let Some((turn, is_act, job)) = shared.next()
            {
                drop(shared);
                OWN.set(Some(Vec::new()));
                // What it panics with was told of by the hook; whoever waits learns by its channel.
                let _ = catch_unwind(AssertUnwindSafe(|| job(turn)));
                let own = OWN.take();
                shared = self.lock();
                shared.in_acts -= usize::from(is_act);
                self.take_over(&mut shared, own, 1);
            }
            match self.sleep(shared) {
                Some(awake) => shared = awake,
                None => return,
            }
        }
    }

    fn take_over(self: &Arc<Self>, shared: &mut Shared, own: Option<Vec<Job>>, taking: usize) {
        let own = own.unwrap_or_default();
        if !own.is_empty() {
            let now = Instant::now();
            shared.steps.extend(own.into_iter().map(|job| (now, job)));
        }
        self.call(shared, taking);
    }

    /// Until it is called. `None` where it is to end.
    fn sleep<'a>(&'a self, mut shared: MutexGuard<'a, Shared>) -> Option<MutexGuard<'a, Shared>> {
        shared.at_work -= 1;
        shared.idle += 1;
        let wait = self
            .called
            .wait_timeout_while(shared, IDLE, |it| it.calls == 0 && !it.is_closed);
        let (mut shared, _) = wait.unwrap_or_else(PoisonError::into_inner);
        shared.idle -= 1;
        if shared.calls > 0 {
            shared.calls -= 1;
            return Some(shared);
        }
        shared.threads -= 1;
        None
    }
}

/// A thread of the lane, which tells when it waits.
struct OnLane(Arc<Crew>);

impl Shift for OnLane {
    fn pauses(&self) {
        let own = OWN.take();
        let mut shared = self.0.lock();
        shared.at_work -= 1;
        self.0.take_over(&mut shared, own, 0);
    }

    fn resumes(&self) {
        self.0.lock().at_work += 1;
        OWN.set(Some(Vec::new()));
    }
}
