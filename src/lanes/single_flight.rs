//! A question that many ask at once and one of them answers: whoever comes while it is being
//! asked, or soon after, has the same answer.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::support::clock::Timestamp;

/// For how many milliseconds an answer is good.
const YOUNG: u64 = 1_000;

pub struct Question<T> {
    state: Mutex<State<T>>,
    told: Notify,
}

struct State<T> {
    last: Option<(Timestamp, T)>,
    is_being_asked: bool,
}

impl<T> Default for Question<T> {
    fn default() -> Self {
        let state = State {
            last: None,
            is_being_asked: false,
        };
        Self {
            state: Mutex::new(state),
            told: Notify::new(),
        }
    }
}

/// The right to ask, which one has at a time. Where it is dropped without an answer, the next
/// one who waits asks again.
pub struct Asking<T>(Arc<Question<T>>);

impl<T: Clone> Question<T> {
    /// The last answer, where it is young enough. A clock that was set back makes none young.
    pub fn young(&self, now: Timestamp) -> Option<T> {
        let state = self.lock();
        let (at, answer) = state.last.as_ref()?;
        (now.millis_since(*at).unsigned_abs() < YOUNG).then(|| answer.clone())
    }
}

impl<T> Question<T> {
    /// Wakes whoever waits for an answer. To be had before one looks for it.
    pub fn told(&self) -> Notified<'_> {
        self.told.notified()
    }

    /// `None` while another one asks.
    pub fn begin(self: &Arc<Self>) -> Option<Asking<T>> {
        let mut state = self.lock();
        if std::mem::replace(&mut state.is_being_asked, true) {
            return None;
        }
        Some(Asking(Arc::clone(self)))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock()
    }
}

impl<T> Asking<T> {
    pub fn answer(self, answer: T, now: Timestamp) {
        self.0.lock().last = Some((now, answer));
    }
}

impl<T> Drop for Asking<T> {
    fn drop(&mut self) {
        self.0.lock().is_being_asked = false;
        self.0.told.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn one_asks_at_a_time_and_its_answer_is_for_all() {
        let question = Arc::new(Question::default());
        assert_eq!(question.young(at(0)), None);
        let asking = question.begin().unwrap();
        assert!(question.begin().is_none());
        asking.answer(7, at(0));
        assert_eq!(question.young(at(999)), Some(7));
        assert_eq!(question.young(at(1_000)), None);
        assert_eq!(question.young(at(-1_000)), None, "the clock was set back");
        assert!(question.begin().is_some());
    }

    #[test]
    fn one_that_comes_to_nothing_may_be_asked_again() {
        let question = Arc::new(Question::<u8>::default());
        drop(question.begin());
        assert_eq!(question.young(at(0)), None);
        assert!(question.begin().is_some());
    }
}
