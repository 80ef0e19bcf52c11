//! One client's connection, below HTTP: how long a request may take to come. actix waits
//! for the head of the first request of a connection and for an idle one; it has no limit
//! for the head of a later request (threat H2), nor for a client that does not take its
//! answer.

use std::cell::{Cell, RefCell};
use std::future::{Future as _, poll_fn};
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// From the first byte of a request to its last. Whoever is still sending then is read no
/// further, which ends the connection; an answer that is being made still goes out.
const REQUEST: Duration = Duration::from_secs(10);

/// How long a connection is kept for a next request.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The longest pause between two writes that the client accepts. It is longer than `KEEP_ALIVE`, so that
/// actix closes idle connections first, and tells of it.
const ANSWER: Duration = Duration::from_secs(70);

/// A client that is behind takes at least so many bytes in so long.
const AT_LEAST: usize = 64 * 1024;
const SLOW: Duration = Duration::from_secs(60);

/// How many requests of a connection are in the hands of a handler. What its client is to send
/// then has come, or has a time of its own, and the answer may take what it takes: read no further,
/// actix would take the client for gone and drop it.
#[derive(Clone)]
pub struct InHand(Rc<Cell<usize>>, Coming);

/// One of them, until it is dropped.
pub struct Held(InHand);

impl InHand {
    #[must_use]
    pub fn hold(&self) -> Held {
        self.0.set(self.0.get() + 1);
        self.1.set(false);
        Held(self.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let count = &self.0.0;
        count.set(count.get() - 1);
    }
}

/// Whether a part of a request has come, and no handler has it yet. A stop waits for the rest:
/// actix would close such a connection without a word.
#[derive(Clone, Default)]
pub struct Coming(Rc<(Cell<bool>, RefCell<Option<Waker>>)>);

impl Coming {
    fn set(&self, is: bool) {
        self.0.0.set(is);
        if !is && let Some(waiting) = self.0.1.take() {
            waiting.wake();
        }
    }

    /// Ends when nothing has come in part. What came since the connection's task ran last is read
    /// first.
    pub async fn end(self) {
        tokio::task::yield_now().await;
        poll_fn(|cx| {
            if self.0.0.get() {
                self.0.1.replace(Some(cx.waker().clone()));
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }
}

pub struct Connection<T, Place> {
    stream: T,
    in_hand: InHand,
    coming: Coming,
    /// Whether an answer has begun since anything was read.
    answered: bool,
    deadline: Instant,
    /// Set to the deadline or to an earlier instant: it is put off when it fires.
    timer: Pin<Box<Sleep>>,
    /// Since when the client has been behind, and what it took meanwhile.
    slow_since: Option<Instant>,
    taken: usize,
    /// Since when something that it was answered waits for it, and how long that may last.
    behind_since: Option<Instant>,
    longest: Duration,
    _place: Place,
}

impl<T, Place> Connection<T, Place> {
    /// Holds `place` until it is closed. `longest`: a client may take so long over its answers.
    pub fn new(stream: T, place: Place, longest: Duration) -> Self {
        let deadline = Instant::now() + REQUEST;
        let coming = Coming::default();
        Self {
            stream,
            in_hand: InHand(Rc::default(), coming.clone()),
            coming,
            answered: false,
            deadline,
            timer: Box::pin(sleep_until(deadline)),
            slow_since: None,
            taken: 0,
            behind_since: None,
            longest,
            _place: place,
        }
    }

    #[must_use]
    pub fn in_hand(&self) -> InHand {
        self.in_hand.clone()
    }

    #[must_use]
    pub fn coming(&self) -> Coming {
        self.coming.clone()
    }

    fn begin(&mut self, time: Duration) {
        self.deadline = Instant::now() + time;
        if self.deadline < self.timer.deadline() {
            self.timer.as_mut().reset(self.deadline);
        }
    }

    /// Progress alone is no bound: who takes a byte a minute would keep a buffer for ever.
    fn took(&mut self, bytes: usize, of: usize) {
        self.taken += bytes;
        if bytes >= of || self.taken >= AT_LEAST {
            self.slow_since = None;
            self.taken = 0;
        }
    }

    /// Whoever takes a little again and again, and asks for nothing more, ends here: neither
    /// progress nor a rate bounds how long that goes on.
    fn is_too_long(&self) -> bool {
        let since = self.behind_since.map(|since| since.elapsed());
        since.is_some_and(|since| since >= self.longest)
    }

    /// Asked whenever the client takes nothing for the moment.
    fn is_too_slow(&mut self) -> bool {
        let since = *self.slow_since.get_or_insert_with(Instant::now);
        since.elapsed() >= SLOW
    }

    /// Where it is not, the task is woken when it will be.
    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.in_hand.0.get() > 0 {
                self.begin(REQUEST);
            }
            if self.timer.deadline() >= self.deadline {
                return true;
            }
            self.timer.as_mut().reset(self.deadline);
        }
        false
    }
}

impl<T: AsyncRead + Unpin, Place: Unpin> AsyncRead for Connection<T, Place> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        // Nothing read is the end of what the client sends.
        if this.is_overdue(cx) {
            this.coming.set(false);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && this.slow_since.is_none() {
            this.behind_since = None;
        }
        if buffer.filled().len() > before {
            // What comes while another is in hand belongs to that one, or waits behind it.
            this.coming.set(this.in_hand.0.get() == 0);
        } else if read.is_ready() {
            this.coming.set(false);
        }
        if this.answered && buffer.filled().len() > before {
            this.answered = false;
            this.begin(REQUEST);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin, Place: Unpin> AsyncWrite for Connection<T, Place> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        if this.is_too_long() {
            return Poll::Ready(Err(Error::from(ErrorKind::TimedOut)));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if written.is_pending() {
            this.behind_since.get_or_insert_with(Instant::now);
        }
        match written {
            Poll::Ready(ref taken) => {
                this.answered = true;
                this.coming.set(false);
                this.begin(ANSWER);
                this.took(taken.as_ref().map_or(0, |taken| *taken), bytes.len());
                written
            }
            Poll::Pending if this.is_too_slow() || this.is_overdue(cx) => {
                Poll::Ready(Err(Error::from(ErrorKind::TimedOut)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// A client that is there and sends nothing.
    struct Silent;

    impl AsyncRead for Silent {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            Poll::Pending
        }
    }

    impl<Place> Connection<Silent, Place> {
        /// As if its time were over.
        fn is_due(&mut self) {
            self.deadline = Instant::now().checked_sub(REQUEST).unwrap();
            self.timer.as_mut().reset(self.deadline);
        }
    }

    /// Whether it reads on.
    fn reads(connection: &mut Connection<Silent, ()>) -> bool {
        let mut space = [0; 8];
        let mut buffer = ReadBuf::new(&mut space);
        let mut cx = Context::from_waker(Waker::noop());
        let read = Pin::new(connection).poll_read(&mut cx, &mut buffer);
        read.is_pending()
    }

    #[actix_web::test]
    async fn h2_an_answer_that_is_long_in_coming_is_not_cut_off() {
        let mut connection = Connection::new(Silent, (), Duration::from_secs(600));
        let held = connection.in_hand().hold();
        for _ in 0..3 {
            connection.is_due();
            assert!(reads(&mut connection), "it is being answered");
        }
        drop(held);
        assert!(reads(&mut connection), "the answer goes out now");
        connection.is_due();
        assert!(
            !reads(&mut connection),
            "nobody answers it, and nothing comes"
        );
    }
}
