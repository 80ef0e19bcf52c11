//! Threads that serve many tell when they wait, so that another one goes on in their place.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// Whoever must learn that one of its threads waits.
pub trait Shift {
    /// The calling thread waits from now on.
    fn pauses(&self);
    /// It goes on.
    fn resumes(&self);
}

thread_local! {
    static SHIFT: RefCell<Option<Arc<dyn Shift>>> = const { RefCell::new(None) };
}

/// From now on the waits of this thread are told of.
pub fn tell(shift: Arc<dyn Shift>) {
    SHIFT.with(|own| *own.borrow_mut() = Some(shift));
}

/// Waits for what is not this process's own work: a database, or another thread. A wait inside
/// of another one is a part of it.
pub fn while_waiting<T>(wait: impl FnOnce() -> T) -> T {
    let shift = SHIFT.with(|own| own.borrow_mut().take());
    if let Some(shift) = &shift {
        shift.pauses();
    }
    let _back = Back(shift);
    wait()
}

struct Back(Option<Arc<dyn Shift>>);

impl Drop for Back {
    fn drop(&mut self) {
        if let Some(shift) = self.0.take() {
            shift.resumes();
            tell(shift);
        }
    }
}

/// Runs a future to its end on this thread, which waits for it.
pub fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Parked(std::thread::current())));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        // Woken before it parks, it does not sleep; woken for nothing, it asks again.
        while_waiting(std::thread::park);
    }
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize, AtomicUsize);

    impl Shift for Counted {
        fn pauses(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn resumes(&self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_wait_is_told_of_once_and_ends_also_by_a_panic() {
        let counted = Arc::new(Counted::default());
        let told = || {
            let count = |it: &AtomicUsize| it.load(Ordering::Relaxed);
            (count(&counted.0), count(&counted.1))
        };
        while_waiting(|| ());
        assert_eq!(told(), (0, 0), "nobody asked");
        tell(counted.clone());
        while_waiting(|| while_waiting(|| assert_eq!(told(), (1, 0))));
        assert_eq!(told(), (1, 1));
        let panicked = std::panic::catch_unwind(|| while_waiting(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(told(), (2, 2));
    }

    #[test]
    fn a_future_that_another_thread_ends_is_waited_for() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let other = std::thread::spawn(move || sender.send(7).unwrap());
        assert_eq!(wait_for(receiver), Ok(7));
        other.join().unwrap();
    }
}
