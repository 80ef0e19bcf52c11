//! Questions of one kind that wait are taken together and answered together: one that comes
//! alone is asked at once, and under load each handful is what came while the one before it, or
//! whatever stood before it in the lane's queue, was served. Nobody waits for others to come.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use crate::lanes::store_lane::{StoreLane, Undone};
use crate::lanes::store_threads::{TOO_LATE, Turn};

/// The most questions of one handful: bounds how long the first of them waits.
const MOST: usize = 64;

pub struct Handful<Q, A>(Arc<Kind<Q, A>>);

struct Kind<Q, A> {
    lane: StoreLane,
    /// Gives an answer for each question, in their order.
    serve: Box<dyn Fn(Vec<Q>) -> Vec<A> + Send + Sync>,
    /// How many handfuls are served at once.
    at_once: usize,
    waiting: Mutex<Waiting<Q, A>>,
}

struct Waiting<Q, A> {
    questions: VecDeque<(Instant, Q, Answer<A>)>,
    /// Handfuls that are served, or stand in the lane's queue.
    serving: usize,
    /// How long the last one took.
    last: Duration,
}

type Answer<A> = oneshot::Sender<Result<A, Undone>>;

impl<Q: Send + 'static, A: Send + 'static> Handful<Q, A> {
    pub fn new(
        lane: &StoreLane,
        at_once: usize,
        serve: impl Fn(Vec<Q>) -> Vec<A> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Kind {
            lane: lane.clone(),
            serve: Box::new(serve),
            at_once,
            waiting: Mutex::new(Waiting {
                questions: VecDeque::new(),
                serving: 0,
                last: Duration::ZERO,
            }),
        }))
    }

    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, question: Q) -> Result<A, Undone> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut waiting = self.0.lock();
            let now = Instant::now();
            waiting.questions.push_back((now, question, answer));
            let begins = waiting.serving < self.0.at_once;
            waiting.serving += usize::from(begins);
            begins
        };
        if begins {
            Kind::stand_in_the_queue(&self.0);
        }
        answered.await.unwrap_or(Err(Undone::Broken))
    }
}

impl<Q: Send + 'static, A: Send + 'static> Kind<Q, A> {
    fn lock(&self) -> MutexGuard<'_, Waiting<Q, A>> {
        // Questions are served without the lock.
        self.waiting.lock()
    }

    fn stand_in_the_queue(self: &Arc<Self>) {
        let kind = Arc::clone(self);
        self.lane.push(Box::new(move |turn| {
            let next = Next(kind);
            next.0.serve(turn);
        }));
    }

    fn serve(&self, turn: Turn) {
        let began = Instant::now();
        let (questions, answers) = self.take(turn, began);
        if questions.is_empty() {
            return;
        }
        let told = (self.serve)(questions);
        self.lock().last = began.elapsed();
        for (answer, told) in answers.into_iter().zip(told) {
            // Whoever asked may be gone.
            let _ = answer.send(Ok(told));
        }
    }

    /// Those that wait. Where the handful before them met a silent database, or no thread was
    /// free, whoever has waited as long would get an answer too late, and gets a refusal.
    fn take(&self, turn: Turn, now: Instant) -> (Vec<Q>, Vec<Answer<A>>) {
        let mut waiting = self.lock();
        if turn == Turn::Late || waiting.last > TOO_LATE {
            while let Some((since, ..)) = waiting.questions.front()
                && now.saturating_duration_since(*since) > TOO_LATE
                && let Some((.., answer)) = waiting.questions.pop_front()
            {
                let _ = answer.send(Err(Undone::Late));
            }
        }
        let count = waiting.questions.len().min(MOST);
        let taken = waiting.questions.drain(..count);
        taken
            .map(|(_, question, answer)| (question, answer))
            .unzip()
    }
}

/// What comes after a handful, also one that panicked: the next one, where somebody waits.
struct Next<Q: Send + 'static, A: Send + 'static>(Arc<Kind<Q, A>>);

impl<Q: Send + 'static, A: Send + 'static> Drop for Next<Q, A> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        if waiting.questions.is_empty() {
            waiting.serving -= 1;
            return;
        }
        drop(waiting);
        self.0.stand_in_the_queue();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::mpsc;

    use super::*;
    use crate::support::waiting::{wait_for, while_waiting};

    #[test]
    fn a_lone_one_goes_at_once_and_those_that_come_meanwhile_go_together() {
        let lane = StoreLane::new(1);
        let (began, begins) = mpsc::channel();
        let gate = Arc::new(Barrier::new(2));
        let inside = Arc::clone(&gate);
        let handful = Arc::new(Handful::new(&lane, 1, move |all: Vec<usize>| {
            began.send(all.clone()).unwrap();
            while_waiting(|| inside.wait());
            all.into_iter().map(|one| one * 10).collect()
        }));
        let ask = |question| {
            let handful = Arc::clone(&handful);
            std::thread::spawn(move || wait_for(handful.ask(question)))
        };
        let first = ask(0);
        assert_eq!(begins.recv().unwrap(), [0], "it waits for nobody");
        let others: Vec<_> = (1..=MOST + 1).map(ask).collect();
        while handful.0.lock().questions.len() < others.len() {
            std::thread::yield_now();
        }
        gate.wait();
        assert_eq!(begins.recv().unwrap().len(), MOST);
        gate.wait();
        assert_eq!(begins.recv().unwrap().len(), 1);
        gate.wait();
        assert_eq!(first.join().unwrap(), Ok(0));
        for (number, other) in others.into_iter().enumerate() {
            assert_eq!(other.join().unwrap(), Ok((number + 1) * 10));
        }
        let ends = || handful.0.lock().serving == 0;
        while !ends() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn one_that_panics_refuses_its_own_and_no_later_one() {
        let handful = Handful::new(&StoreLane::new(1), 1, |all: Vec<u8>| {
            assert!(!all.contains(&13), "on purpose, in a test");
            all
        });
        for _ in 0..3 {
            assert_eq!(wait_for(handful.ask(13)), Err(Undone::Broken));
            assert_eq!(wait_for(handful.ask(7)), Ok(7));
        }
    }

    #[test]
    fn after_a_silence_those_that_waited_through_it_are_refused() {
        let lane = StoreLane::new(1);
        let handful = Handful::new(&lane, 1, |all: Vec<u8>| all);
        let now = Instant::now();
        let ask = |question, since: Duration| {
            let (answer, answered) = oneshot::channel();
            let mut waiting = handful.0.lock();
            let since = now.checked_sub(since).unwrap();
            waiting.questions.push_back((since, question, answer));
            answered
        };
        for (turn, last) in [
            (Turn::InTime, TOO_LATE * 2),
            (Turn::Late, Duration::ZERO),
            (Turn::InTime, Duration::ZERO),
        ] {
            let [long, young] = [ask(1, TOO_LATE * 2), ask(2, TOO_LATE / 2)];
            handful.0.lock().last = last;
            let (questions, answers) = handful.0.take(turn, now);
            drop(answers);
            if (turn, last) == (Turn::InTime, Duration::ZERO) {
                assert_eq!(questions, [1, 2], "only busy");
                continue;
            }
            assert_eq!(questions, [2], "{turn:?} {last:?}");
            assert_eq!(wait_for(long), Ok(Err(Undone::Late)));
            assert!(wait_for(young).is_err(), "taken");
        }
    }
}
