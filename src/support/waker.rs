//! Wakes a thread that sleeps until there is something to do, by a handle that is there
//! before the thread is.

use std::thread::Thread;

use parking_lot::Mutex;

#[derive(Default)]
pub struct Waker(Mutex<Option<Thread>>);

impl Waker {
    /// From now on this one is woken.
    pub fn wakes(&self, thread: &Thread) {
        let mut sleeper = self.0.lock();
        *sleeper = Some(thread.clone());
    }

    /// Nothing where nobody sleeps.
    pub fn wake(&self) {
        let sleeper = self.0.lock();
        if let Some(thread) = &*sleeper {
            thread.unpark();
        }
    }
}
