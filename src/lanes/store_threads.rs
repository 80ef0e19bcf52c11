//! The threads of the store lane, before their three queues. As many of them are at work as there
//! are cores; one that waits says so (`support/waiting.rs`), and another one goes on in its place.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::support::waiting::{self, Shift};

/// The most acts that hold a thread, where as many as [`LEAST_SLOW`] of them may be slow.
#[cfg(test)]
pub(super) const MOST_ACTS: usize = ACTS + LEAST_SLOW;

/// The most threads there, those that wait among them.
#[cfg(test)]
pub(super) const MOST_THREADS: usize = MOST_ACTS + FOR_STEPS;

/// As many acts that are not slow may hold a thread, whatever the slow ones do.
const ACTS: usize = 8;

/// As many acts that wait for seconds, for a hash or a mail server, may hold a thread at least.
pub(super) const LEAST_SLOW: usize = 4;

/// The other threads are for what acts may wait for: what is asked for many
/// ([`Handful`](super::batcher::Handful)), and futures.
const FOR_STEPS: usize = 4;

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

/// How many of a job's kind may hold a thread, and when it is too late for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It holds its thread until it is done.
    Act,
    /// The same, and it waits for seconds: it is never too late for it, for whoever waits for a
    /// hash has a seat.
    Slow,
    /// What acts may wait for.
    Step,
}

const SORTS: [Sort; 3] = [Sort::Act, Sort::Slow, Sort::Step];

pub(super) struct Crew {
    shared: Mutex<Shared>,
    called: Condvar,
    /// How many threads are at work at once, those that wait not counted.
    pub(super) at_work: usize,
}

/// What comes first is done first, but that acts wait while there are as many as may be.
pub(super) struct Shared {
    queues: [VecDeque<(Instant, Job)>; 3],
    /// How many of each sort hold a thread.
    held: [usize; 3],
    /// One found no thread, because all of them wait.
    are_clogged: [bool; 3],
    most_slow: usize,
    pub(super) threads: usize,
    /// Threads that were started and have not come yet.
    starting: usize,
    /// Threads that sleep; `calls` of them were called and have not come yet.
    idle: usize,
    calls: usize,
    /// Threads that run a job and do not wait, those that were called or started among them.
    at_work: usize,
    is_closed: bool,
}

thread_local! {
    /// What a job adds: taken over when the job pauses or ends, all at once.
    static OWN: RefCell<Option<Vec<Job>>> = const { RefCell::new(None) };
}

impl Shared {
    fn new(most_slow: usize) -> Self {
        Self {
            queues: Default::default(),
            held: [0; 3],
            are_clogged: [false; 3],
            most_slow,
            threads: 0,
            starting: 0,
            idle: 0,
            calls: 0,
            at_work: 0,
            is_closed: false,
        }
    }

    pub(super) fn queue(&mut self, sort: Sort) -> &mut VecDeque<(Instant, Job)> {
        &mut self.queues[sort as usize]
    }

    fn most_threads(&self) -> usize {
        ACTS + self.most_slow + FOR_STEPS
    }

    /// How many further ones of this sort may hold a thread, were the others not there.
    fn room(&self, sort: Sort) -> usize {
        let acts = self.held[Sort::Act as usize] + self.held[Sort::Slow as usize];
        let acts = (ACTS + self.most_slow).saturating_sub(acts);
        match sort {
            Sort::Act => acts,
            Sort::Slow => acts.min(
                self.most_slow
                    .saturating_sub(self.held[Sort::Slow as usize]),
            ),
            Sort::Step => usize::MAX,
        }
    }

    /// How many jobs could be begun.
    fn ready(&self) -> usize {
        let [acts, slow, steps] = SORTS.map(|sort| {
            let queued = self.queues[sort as usize].len();
            queued.min(self.room(sort))
        });
        steps + (acts + slow).min(self.room(Sort::Act))
    }

    /// The job that has waited for longest and may be begun.
    fn next(&mut self) -> Option<(Turn, Sort, Job)> {
        let may = SORTS.into_iter().filter(|sort| self.room(*sort) > 0);
        let first = may.filter_map(|sort| {
            let (since, _) = self.queues[sort as usize].front()?;
            Some((*since, sort))
        });
        let (_, sort) = first.min_by_key(|(since, _)| *since)?;
        let (since, job) = self.queue(sort).pop_front()?;
        let is_clogged = self.are_clogged[sort as usize];
        self.are_clogged[sort as usize] &= !self.queues[sort as usize].is_empty();
        self.held[sort as usize] += 1;
        self.fills();
        let is_late = is_clogged && sort != Sort::Slow && since.elapsed() > TOO_LATE;
        let turn = if is_late { Turn::Late } else { Turn::InTime };
        Some((turn, sort, job))
    }

    /// What waits behind as many as may hold a thread may have come before they did.
    fn fills(&mut self) {
        for sort in SORTS {
            let waits = !self.queues[sort as usize].is_empty() && self.room(sort) == 0;
            self.are_clogged[sort as usize] |= waits;
        }
    }

    /// No thread comes for what waits and could be begun, because all of them wait.
    fn clogs(&mut self) {
        for sort in SORTS {
            let waits = !self.queues[sort as usize].is_empty() && self.room(sort) > 0;
            self.are_clogged[sort as usize] |= waits;
        }
    }
}

impl Crew {
    pub(super) fn new(most_slow: usize) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let shared = Shared::new(most_slow.max(LEAST_SLOW));
        let crew = Arc::new(Self {
            at_work: cores.clamp(2, shared.most_threads() / 2),
            shared: Mutex::new(shared),
            called: Condvar::new(),
        });
        // One is always there: where the system gives no further thread, what is asked for is done
        // more slowly, and none of it waits for ever.
        crew.add_thread(&mut crew.lock());
        crew
    }

    /// What holds its thread until it is done.
    pub(super) fn add_act(self: &Arc<Self>, sort: Sort, act: Job) {
        let mut shared = self.lock();
        shared.are_clogged[sort as usize] |= shared.room(sort) == 0;
        shared.queue(sort).push_back((Instant::now(), act));
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
            shared.queue(Sort::Step).push_back((Instant::now(), step));
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
        self.shared.lock()
    }

    /// Calls a thread for each job that none of those at work will take at once: `taking` says
    /// how many jobs the caller takes itself.
    fn call(self: &Arc<Self>, shared: &mut Shared, taking: usize) {
        while shared.at_work < self.at_work
            && shared.ready() > shared.calls + shared.starting + taking
        {
            if shared.idle > shared.calls {
                shared.calls += 1;
                self.called.notify_one();
                shared.at_work += 1;
            } else if !self.add_thread(shared) {
                shared.clogs();
                return;
            }
        }
    }

    /// Whether there may be a further thread, and is one.
    fn add_thread(self: &Arc<Self>, shared: &mut Shared) -> bool {
        if shared.threads >= shared.most_threads() || !self.start() {
            return false;
        }
        shared.threads += 1;
        shared.starting += 1;
        shared.at_work += 1;
        true
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
        shared.starting -= 1;
        loop {
            while shared.at_work <= self.at_work
                && let Some((turn, sort, job)) = shared.next()
            {
                drop(shared);
                OWN.set(Some(Vec::new()));
                // What it panics with was told of by the hook; whoever waits learns by its channel.
                let _ = catch_unwind(AssertUnwindSafe(|| job(turn)));
                let own = OWN.take();
                shared = self.lock();
                shared.held[sort as usize] -= 1;
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
            shared
                .queue(Sort::Step)
                .extend(own.into_iter().map(|job| (now, job)));
        }
        self.call(shared, taking);
    }

    /// Until it is called. `None` where it is to end.
    fn sleep<'a>(&'a self, mut shared: MutexGuard<'a, Shared>) -> Option<MutexGuard<'a, Shared>> {
        shared.at_work -= 1;
        shared.idle += 1;
        loop {
            let quiet = |it: &mut Shared| it.calls == 0 && !it.is_closed;
            self.called.wait_while_for(&mut shared, quiet, IDLE);
            // The last one stays.
            if shared.calls > 0 || shared.is_closed || shared.threads > 1 {
                break;
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole burst is queued before the first thread takes any of it: when each of them was
    /// added, there was room for it.
    #[test]
    fn a_burst_that_came_before_any_act_was_begun_is_late_as_one_that_came_after() {
        let mut shared = Shared::new(LEAST_SLOW);
        let since = Instant::now().checked_sub(TOO_LATE * 2).unwrap();
        for _ in 0..=MOST_ACTS {
            shared.queue(Sort::Act).push_back((since, Box::new(|_| ())));
        }
        for number in 0..MOST_ACTS {
            let (turn, ..) = shared.next().unwrap();
            assert_eq!(turn, Turn::InTime, "there was a thread for number {number}");
        }
        assert!(shared.next().is_none(), "all hold a thread");
        shared.held[Sort::Act as usize] -= 1;
        let (turn, ..) = shared.next().unwrap();
        assert_eq!(turn, Turn::Late, "it waited for one of those to end");
        // With the last one the queue is empty, and whoever comes then is in time.
        shared.held[Sort::Act as usize] -= 1;
        shared.queue(Sort::Act).push_back((since, Box::new(|_| ())));
        assert_eq!(shared.next().unwrap().0, Turn::InTime);
    }
}
