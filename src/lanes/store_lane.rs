//! The lane for acts that read or write rows: how many may wait, and a few threads (`store_threads.rs`). An
//! act that is written as a future holds none of them while it waits.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::lanes::store_threads::{Crew, Job, LEAST_SLOW, Sort, Turn};

/// Why an act was not carried out, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// All places are taken.
    Full,
    /// It waited for too long, and was not begun.
    Late,
    /// It panicked.
    Broken,
}

/// A handle; clones are the same lane. With the last one its threads end.
#[derive(Clone)]
pub struct StoreLane(Arc<Handle>);

struct Handle {
    crew: Arc<Crew>,
    places: Arc<AtomicUsize>,
}

/// A place on the lane, given back when this is dropped.
pub struct Place(Arc<AtomicUsize>);

impl StoreLane {
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self::with(places, LEAST_SLOW)
    }

    /// The same, where so many acts that wait for seconds go on at once.
    #[must_use]
    pub fn with(places: usize, most_slow: usize) -> Self {
        Self(Arc::new(Handle {
            crew: Crew::new(most_slow),
            places: Arc::new(AtomicUsize::new(places)),
        }))
    }

    /// A place, or `None` where all are taken.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        let places = &self.0.places;
        places
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(1)
            })
            .ok()?;
        Some(Place(Arc::clone(places)))
    }

    /// Runs an act that may wait, on one of the threads.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        self.run_as(Sort::Act, act).await
    }

    /// The same for an act that may wait for seconds, for a hash or a mail server. Those have a
    /// few of the threads, and it is never too late for one.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn run_for_long<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        self.run_as(Sort::Slow, act).await
    }

    async fn run_as<T: Send + 'static>(
        &self,
        sort: Sort,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let place = self.enter().ok_or(Undone::Full)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |turn| {
            let done = match turn {
                Turn::InTime => Ok(act()),
                Turn::Late => Err(Undone::Late),
            };
            drop(place);
            let _ = answer.send(done);
        });
        self.0.crew.add_act(sort, job);
        answered.await.unwrap_or(Err(Undone::Broken))
    }

    /// Runs something beside the acts, whoever waits for it: it takes none of their places.
    pub fn aside(&self, job: impl FnOnce() + Send + 'static) {
        self.push(Box::new(move |_| job()));
    }

    /// The same for an act that holds no thread while it waits.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn go<T: Send + 'static>(
        &self,
        act: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Undone> {
        let place = self.enter().ok_or(Undone::Full)?;
        let (answer, answered) = oneshot::channel();
        let lane = self.clone();
        self.push(Box::new(move |turn| {
            if turn == Turn::Late {
                let _ = answer.send(Err(Undone::Late));
                return;
            }
            let whole = async move {
                let done = act.await;
                drop(place);
                let _ = answer.send(Ok(done));
            };
            Arc::new(Going {
                lane,
                future: Mutex::new(Some(Box::pin(whole))),
                is_awake: AtomicBool::new(true),
            })
            .go_on();
        }));
        answered.await.unwrap_or(Err(Undone::Broken))
    }

    pub(super) fn push(&self, step: Job) {
        self.0.crew.add_step(step);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A future on its way. It is polled on a thread of the lane, and stands in its queue again
/// when it is woken.
struct Going {
    lane: StoreLane,
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// It stands in the queue.
    is_awake: AtomicBool,
}

impl Going {
    fn go_on(self: Arc<Self>) {
        self.is_awake.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self));
        let mut future = self.future.lock();
        let Some(mut running) = future.take() else {
            return;
        };
        // One that panics is dropped, and with it the channel of whoever waits for it.
        if running
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            *future = Some(running);
        }
    }
}

impl Wake for Going {
    fn wake(self: Arc<Self>) {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            let lane = self.lane.clone();
            lane.push(Box::new(move |_| self.go_on()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::JoinHandle;

    use parking_lot::Condvar;

    use super::*;
    use crate::lanes::store_threads::{MOST_ACTS, MOST_THREADS, TOO_LATE};
    use crate::support::waiting::{wait_for, while_waiting};

    fn threads_of(lane: &StoreLane) -> usize {
        lane.0.crew.lock().threads
    }

    /// Acts that wait before a gate, each of them asked for by a thread.
    struct Crowd {
        gate: Arc<(Mutex<bool>, Condvar)>,
        told: mpsc::Receiver<()>,
        asked: Vec<JoinHandle<Result<(), Undone>>>,
    }

    impl Crowd {
        /// So many, of whom the most that may have begun, and the others stand in the queue.
        fn before(lane: &StoreLane, sort: Sort, (many, most): (usize, usize)) -> Self {
            let (tell, told) = mpsc::channel();
            let gate = Arc::new((Mutex::new(false), Condvar::new()));
            let ask = |_| {
                let (tell, gate, lane) = (tell.clone(), Arc::clone(&gate), lane.clone());
                let act = move || {
                    tell.send(()).unwrap();
                    while_waiting(|| {
                        let mut open = gate.0.lock();
                        gate.1.wait_while(&mut open, |open| !*open);
                    });
                };
                std::thread::spawn(move || wait_for(lane.run_as(sort, act)))
            };
            let asked = (0..many).map(ask).collect();
            for _ in 0..most {
                told.recv().unwrap();
            }
            while lane.0.crew.lock().queue(sort).len() < many - most {
                std::thread::yield_now();
            }
            Self { gate, told, asked }
        }

        /// What became of each.
        fn let_go(self) -> Vec<Result<(), Undone>> {
            *self.gate.0.lock() = true;
            self.gate.1.notify_all();
            let each = self.asked.into_iter();
            each.map(|one| one.join().unwrap()).collect()
        }
    }

    #[test]
    fn there_are_only_so_many_places_and_they_come_back() {
        let lane = StoreLane::new(2);
        let places = (lane.enter(), lane.enter());
        assert!(places.0.is_some() && places.1.is_some());
        assert!(lane.enter().is_none());
        assert_eq!(wait_for(lane.run(|| 7)), Err(Undone::Full));
        assert_eq!(wait_for(lane.go(async { 7 })), Err(Undone::Full));
        assert!(
            StoreLane::new(1).enter().is_some(),
            "another Keyward's lane"
        );
        drop(places.0);
        assert_eq!(wait_for(lane.run(|| 7)), Ok(7));
        assert_eq!(wait_for(lane.go(async { 7 })), Ok(7));
        assert!(lane.enter().is_some());
    }

    #[test]
    fn one_that_panics_is_told_of_and_harms_nobody_else() {
        let lane = StoreLane::new(100);
        for _ in 0..2 * MOST_THREADS {
            let ran = wait_for(lane.run(|| panic!("on purpose, in a test")));
            assert_eq!(ran, Err::<(), _>(Undone::Broken));
            let went = wait_for(lane.go(async { panic!("on purpose, in a test") }));
            assert_eq!(went, Err::<(), _>(Undone::Broken));
        }
        assert_eq!(wait_for(lane.run(|| 7)), Ok(7));
        // A place is given back on its thread.
        while lane.0.places.load(Ordering::Relaxed) < 100 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn acts_that_wait_hold_twelve_threads_and_those_behind_them_are_refused() {
        let lane = StoreLane::new(1_000);
        let crowd = Crowd::before(&lane, Sort::Act, (200, MOST_ACTS));
        assert!(crowd.told.try_recv().is_err(), "no further one was begun");
        assert_eq!(wait_for(lane.go(async { 7 })), Ok(7), "what they wait for");
        assert!(threads_of(&lane) <= MOST_THREADS);
        // As if they had waited for so long.
        for (since, _) in lane.0.crew.lock().queue(Sort::Act) {
            *since -= TOO_LATE * 2;
        }
        let done = crowd.let_go();
        let late = done.iter().filter(|done| **done == Err(Undone::Late));
        assert_eq!(late.count(), 200 - MOST_ACTS);
        assert_eq!(wait_for(lane.run(|| 7)), Ok(7), "it goes on");
        assert!(threads_of(&lane) <= MOST_THREADS);
    }

    /// Whoever floods sign-ins holds four threads, and all others go on.
    #[test]
    fn attack_m2_acts_that_wait_for_seconds_hold_four_threads_and_are_never_late() {
        let lane = StoreLane::new(1_000);
        let crowd = Crowd::before(&lane, Sort::Slow, (100, LEAST_SLOW));
        for (since, _) in lane.0.crew.lock().queue(Sort::Slow) {
            *since -= TOO_LATE * 2;
        }
        assert!(crowd.told.try_recv().is_err(), "no further one was begun");
        assert_eq!(wait_for(lane.run(|| 7)), Ok(7), "an act of somebody else");
        assert_eq!(wait_for(lane.go(async { 7 })), Ok(7));
        assert!(threads_of(&lane) <= LEAST_SLOW + lane.0.crew.at_work);
        let done = crowd.let_go();
        assert_eq!(done, [Ok(()); 100], "none was refused");
        assert!(threads_of(&lane) <= MOST_THREADS);
    }

    #[test]
    fn one_act_starts_one_thread() {
        let lane = StoreLane::new(10);
        for _ in 0..3 {
            assert_eq!(wait_for(lane.run(|| 7)), Ok(7));
            assert_eq!(wait_for(lane.go(async { 7 })), Ok(7));
        }
        // The next may come before the ones before it sleep again.
        let most = lane.0.crew.at_work;
        assert!(threads_of(&lane) <= most, "{}", threads_of(&lane));
        let fresh = StoreLane::new(10);
        assert_eq!(wait_for(fresh.run(|| 7)), Ok(7));
        assert_eq!(threads_of(&fresh), 1);
    }

    #[test]
    fn acts_that_wait_for_a_future_of_their_own_lane_come_to_an_end() {
        let lane = StoreLane::new(1_000);
        let asked: Vec<_> = (0..100)
            .map(|number| {
                let (outer, inner) = (lane.clone(), lane.clone());
                let act = move || wait_for(inner.go(async move { number }));
                std::thread::spawn(move || wait_for(outer.run(act)))
            })
            .collect();
        let done: Vec<_> = asked.into_iter().map(|one| one.join().unwrap()).collect();
        for (number, done) in done.iter().enumerate() {
            // A machine that is busy comes too late to some of those that stood behind others.
            let is_late = *done == Err(Undone::Late);
            assert!(is_late || *done == Ok(Ok(number)), "{number}: {done:?}");
        }
        let in_time = done.iter().filter(|done| done.is_ok());
        assert!(in_time.count() >= MOST_ACTS);
    }

    #[test]
    fn a_future_that_waits_holds_no_thread() {
        let lane = StoreLane::new(1_000);
        let mut senders = Vec::new();
        let mut asked = Vec::new();
        for _ in 0..200 {
            let (sender, receiver) = oneshot::channel();
            senders.push(sender);
            let lane = lane.clone();
            asked.push(std::thread::spawn(move || wait_for(lane.go(receiver))));
        }
        assert_eq!(wait_for(lane.run(|| 7)), Ok(7));
        for (number, sender) in senders.into_iter().enumerate() {
            sender.send(number).unwrap();
        }
        for (number, one) in asked.into_iter().enumerate() {
            assert_eq!(one.join().unwrap(), Ok(Ok(number)));
        }
        assert!(threads_of(&lane) <= lane.0.crew.at_work);
    }

    #[test]
    fn its_threads_end_with_it() {
        let lane = StoreLane::new(1);
        wait_for(lane.run(|| ())).unwrap();
        let inner = Arc::downgrade(&lane.0.crew);
        drop(lane);
        while inner.strong_count() > 0 {
            std::thread::yield_now();
        }
    }
}
