//! What waits for the password lane's threads, what they have begun, and what of it is the guard's.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long is too long.
#[derive(Clone, Copy, Debug)]
pub(in crate::lanes) struct Limits {
    /// A job that has waited for so long goes to the guard.
    pub(in crate::lanes) waiting: Duration,
    /// A job that was begun so long ago is starved: the guard does it again.
    pub(in crate::lanes) begun: Duration,
    /// A job that has waited for so long is not worth starting: its caller has given up.
    pub(in crate::lanes) deadline: Duration,
}

impl Limits {
    /// Where one hash takes `one_hash` on a core of its own.
    pub(in crate::lanes) fn of(one_hash: Duration) -> Self {
        let waiting = Duration::from_secs(1);
        Self {
            waiting,
            begun: waiting.max(4 * one_hash),
            deadline: Duration::from_secs(8),
        }
    }

    /// The longest wait for an answer: begun at the last moment, starved, and done again.
    pub(in crate::lanes) fn answer(self) -> Duration {
        self.deadline + 2 * self.begun
    }
}

pub(in crate::lanes) struct Job {
    /// The guard may call it while another thread does: the first answer counts.
    pub(in crate::lanes) work: Box<dyn Fn() + Send + Sync>,
    pub(in crate::lanes) gone: Arc<AtomicBool>,
    pub(in crate::lanes) since: Instant,
}

impl Job {
    /// Does it, unless it is too late to begin.
    pub(in crate::lanes) fn begin(&self, limits: Limits) {
        if self.since.elapsed() < limits.deadline {
            self.work();
        }
    }

    /// Does it, unless nobody waits for it.
    pub(in crate::lanes) fn work(&self) {
        if !self.gone.load(Ordering::Relaxed) {
            // A panic in one job must not take the lane down with it.
            let _ = catch_unwind(AssertUnwindSafe(|| (self.work)()));
        }
    }
}

#[derive(Default)]
pub(in crate::lanes) struct Jobs {
    pub(in crate::lanes) waiting: VecDeque<Arc<Job>>,
    /// With the instant at which each was begun, the oldest first; without what the guard does.
    pub(in crate::lanes) begun: Vec<(Instant, Arc<Job>)>,
}

/// What the guard is to do next.
pub(in crate::lanes) enum Next {
    Begin(Arc<Job>),
    Again(Arc<Job>),
    Wait(Duration),
    Nothing,
}

impl Jobs {
    pub(in crate::lanes) fn begin(&mut self) -> Option<Arc<Job>> {
        let job = self.waiting.pop_front()?;
        self.begun.push((Instant::now(), Arc::clone(&job)));
        Some(job)
    }

    pub(in crate::lanes) fn end(&mut self, job: &Arc<Job>) {
        self.begun.retain(|(_, other)| !Arc::ptr_eq(other, job));
    }

    /// The job whose patience ends first, once it has ended.
    pub(in crate::lanes) fn next_for_the_guard(&mut self, limits: Limits) -> Next {
        let waiting = self.waiting.front().map(|job| job.since + limits.waiting);
        let begun = self.begun.first().map(|(at, _)| *at + limits.begun);
        let starved = begun.is_some_and(|begun| waiting.is_none_or(|waiting| begun < waiting));
        let Some(due) = (if starved { begun } else { waiting }) else {
            return Next::Nothing;
        };
        let left = due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            return Next::Wait(left);
        }
        if starved {
            return Next::Again(self.begun.remove(0).1);
        }
        self.waiting.pop_front().map_or(Next::Nothing, Next::Begin)
    }
}

// Without threads: whether one of the lowest class runs at all is the machine's affair.
#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn jobs(names: &[&'static str], done: &Arc<parking_lot::Mutex<Vec<&'static str>>>) -> Jobs {
        let job = |&name: &&'static str| {
            let done = Arc::clone(done);
            Arc::new(Job {
                work: Box::new(move || done.lock().push(name)),
                gone: Arc::default(),
                since: Instant::now(),
            })
        };
        Jobs {
            waiting: names.iter().map(job).collect(),
            begun: Vec::new(),
        }
    }

    fn limits(waiting: Duration, begun: Duration) -> Limits {
        Limits {
            waiting,
            begun,
            deadline: LONG,
        }
    }

    #[test]
    fn h14_what_was_begun_and_is_starved_is_done_by_the_guard() {
        let done = Arc::default();
        let mut jobs = jobs(&["starved", "waiting"], &done);
        let starved = jobs.begin().unwrap();
        let Next::Again(again) = jobs.next_for_the_guard(limits(LONG, Duration::ZERO)) else {
            panic!("it was begun too long ago");
        };
        again.work();
        assert_eq!(*done.lock(), ["starved"]);
        // Once: from here on it is in the guard's hands.
        let next = jobs.next_for_the_guard(limits(LONG, Duration::ZERO));
        assert!(matches!(next, Next::Wait(_)), "for the other one");
        jobs.end(&starved);
        assert!(jobs.begun.is_empty());
    }

    #[test]
    fn the_guard_takes_what_has_waited_and_leaves_what_is_being_done() {
        let done = Arc::default();
        let mut jobs = jobs(&["begun", "waiting"], &done);
        let begun = jobs.begin().unwrap();
        let Next::Begin(waiting) = jobs.next_for_the_guard(limits(Duration::ZERO, LONG)) else {
            panic!("it has waited for too long");
        };
        waiting.begin(limits(Duration::ZERO, LONG));
        assert_eq!(*done.lock(), ["waiting"]);
        let next = jobs.next_for_the_guard(limits(Duration::ZERO, LONG));
        assert!(matches!(next, Next::Wait(_)), "until it is starved");
        jobs.end(&begun);
        let next = jobs.next_for_the_guard(limits(Duration::ZERO, Duration::ZERO));
        assert!(matches!(next, Next::Nothing));
        // Neither too late nor for nobody is anything begun.
        begun.begin(Limits {
            deadline: Duration::ZERO,
            ..limits(LONG, LONG)
        });
        begun.gone.store(true, Ordering::Relaxed);
        begun.work();
        assert_eq!(*done.lock(), ["waiting"]);
    }
}
