//! How long a mail server is waited for. RFC 5321 section 4.5.3.2 gives each command minutes. Up
//! to the message itself these are shorter: what breaks off there is done again, and nothing comes
//! twice.

use std::time::Duration;

#[derive(Clone, Copy)]
pub struct Patience {
    /// For one answer, from its first byte to its last.
    pub answer: Duration,
    /// For all that comes before the message: from the name of the server to its leave to send.
    pub before: Duration,
    /// For the message, and the answer to it. A server that is done with it later has it twice.
    pub message: Duration,
}

impl Patience {
    /// [`Self::before`] is within the lease of what is sent (`service/mail/deliver.rs`), and the
    /// last is what RFC 5321 asks for.
    pub const USUAL: Self = Self {
        answer: Duration::from_secs(20),
        before: Duration::from_secs(35),
        message: Duration::from_secs(600),
    };

    /// The same where somebody waits for the answer, who waits no longer than this.
    #[must_use]
    pub fn of_a_request(self, longest: Duration) -> Self {
        Self {
            message: self.message.min(longest),
            ..self
        }
    }
}
