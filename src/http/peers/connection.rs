//! One client's connection, below HTTP: how long a request may take to come. actix waits
//! for the head of the first request of a connection and for an idle one; it has no limit
//! for the head of a later request (threat H2), nor for a client that does not take its
//! answer.

use std::future::Future as _;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// From the first byte of a request to its last. Whoever is still sending then is read no
/// further, which ends the connection; an answer that is being made still goes out.
const REQUEST: Duration = Duration::from_secs(10);

/// How long a connection is kept for a next request.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// From the last byte of an answer that was taken to the next one, or to a request. actix
/// ends an idle connection before that, and tells of it.
const ANSWER: Duration = Duration::from_secs(70);

/// A client that is behind takes at least so many bytes in so long.
const AT_LEAST: usize = 64 * 1024;
const SLOW: Duration = Duration::from_secs(60);

pub struct Connection<T, Place> {
    stream: T,
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
        Self {
            stream,
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
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && this.slow_since.is_none() {
            this.behind_since = None;
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
