//! Where mail goes: to an SMTP server, to the log, or nowhere.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::domain::mail_letter::{Letter, LetterPurpose};
use crate::mail::deadlines::Patience;
use crate::mail::failure::Failure;
use crate::mail::message::{Composed, Outside, Sender, Sent, compose};
use crate::mail::smtp::{Conversation, Smtp};
use crate::mail::smtp_url::SmtpUrl;
use crate::mail::templates::{Framed, RenderedLetter, Templates};
use crate::support::clock::Timestamp;

/// What the composition root says of it.
pub struct Setup {
    pub smtp: Option<SmtpUrl>,
    pub sender: Sender,
    pub templates: Arc<Templates>,
    /// How this deployment calls itself in mails.
    pub service: String,
    /// The host that it is reached at: servers are greeted with it.
    pub host: String,
    /// Whether mail goes to the log where there is no server.
    pub to_log: bool,
    /// Whether what was sent is kept, to be looked at: test mode and tests.
    pub keep: bool,
    /// How long the answer to a request may take.
    pub longest_answer: Duration,
}

/// A letter that is ready, and to whom it goes.
pub struct Message<'a> {
    pub purpose: LetterPurpose,
    pub to: &'a str,
    pub words: RenderedLetter,
}

pub struct Mailer {
    way: Way,
    sender: Sender,
    templates: Arc<Templates>,
    service: String,
    /// Memory: what was sent, oldest first.
    kept: Option<Mutex<Vec<Sent>>>,
    /// How many requests wait for the server.
    waiting: AtomicUsize,
    longest_answer: Duration,
}

/// The right to wait for the server in a request. Given back when it is dropped.
pub struct Waits<'m>(&'m AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// So many requests may wait for the server at once.
const MOST_WAITING: usize = 2;

enum Way {
    Smtp(Box<Smtp>),
    Log,
    Nowhere,
}

/// So many are kept.
const KEPT: usize = 1000;

impl Mailer {
    /// # Errors
    /// Where TLS can not be set up, in words.
    pub fn new(setup: Setup) -> Result<Self, String> {
        let way = match setup.smtp {
            Some(url) => Way::Smtp(Box::new(Smtp::new(url, &setup.host)?)),
            None if setup.to_log => Way::Log,
            None => Way::Nowhere,
        };
        Ok(Self {
            way,
            sender: setup.sender,
            templates: setup.templates,
            service: setup.service,
            kept: setup.keep.then(Mutex::default),
            waiting: AtomicUsize::new(0),
            longest_answer: setup.longest_answer,
        })
    }

    /// `None` where as many wait as may.
    #[must_use]
    pub fn waits(&self) -> Option<Waits<'_>> {
        let more = |waiting| (waiting < MOST_WAITING).then_some(waiting + 1);
        let waiting = &self.waiting;
        waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()?;
        Some(Waits(waiting))
    }

    #[must_use]
    pub const fn can_send(&self) -> bool {
        !matches!(self.way, Way::Nowhere)
    }

    /// Where mail goes, for people.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.way {
            Way::Smtp(smtp) => format!("{}, from {}", smtp.label(), self.sender),
            Way::Log => "to the log, links included (KEYWARD_SMTP_URL is not set)".to_owned(),
            Way::Nowhere => "nowhere: set KEYWARD_SMTP_URL and KEYWARD_MAIL_FROM".to_owned(),
        }
    }

    /// What ids of messages end with.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.sender.domain()
    }

    /// Asks the server whether it takes mail, and sends none. What there is to say of it.
    ///
    /// # Errors
    /// What the server said instead, or that mail goes nowhere.
    pub fn probe(&self) -> Result<String, Failure> {
        match &self.way {
            Way::Smtp(smtp) => {
                let patience = Patience::USUAL;
                let until = Instant::now() + patience.before;
                let server = caught(|| smtp.connect(patience, until))?;
                let name = server.name().to_owned();
                server.quit();
                Ok(format!("{}: {name} is ready", self.label()))
            }
            Way::Log => Ok(self.label()),
            Way::Nowhere => Err(Failure::Away(self.label())),
        }
    }

    /// A way to send several messages by. The connection is made by the first one.
    #[must_use]
    pub const fn line(&self) -> Line<'_> {
        Line {
            mailer: self,
            patience: Patience::USUAL,
            connection: None,
        }
    }

    /// The same in a request: its answer waits for the server's.
    #[must_use]
    pub fn line_of_a_request(&self) -> Line<'_> {
        Line {
            mailer: self,
            patience: Patience::USUAL.of_a_request(self.longest_answer),
            connection: None,
        }
    }

    /// What was sent, oldest first; nothing where nothing is kept.
    #[must_use]
    pub fn kept(&self) -> Vec<Sent> {
        let kept = self.kept.as_ref().map(|kept| {
            let kept = kept.lock();
            kept.clone()
        });
        kept.unwrap_or_default()
    }

    /// A publication in the operator's frame.
    ///
    /// # Errors
    /// The frame that is broken, in words.
    pub fn framed(&self, it: Framed<'_>) -> Result<RenderedLetter, String> {
        self.templates.frame(it, &self.service)
    }

    fn compose(&self, letter: &Letter, id: &str, at: Timestamp) -> Result<Composed, Failure> {
        let words = self.templates.render(letter, &self.service);
        let message = Message {
            purpose: letter.purpose,
            to: &letter.to,
            words: words.map_err(Failure::Later)?,
        };
        self.compose_message(message, id, at)
    }

    fn compose_message(
        &self,
        message: Message<'_>,
        id: &str,
        at: Timestamp,
    ) -> Result<Composed, Failure> {
        let outside = Outside {
            from: &self.sender,
            to: message.to,
            message_id: id,
            at,
        };
        compose(message.purpose, &outside, message.words).map_err(Failure::Refused)
    }

    fn keep(&self, sent: Sent) {
        if let Some(kept) = &self.kept {
            let mut kept = kept.lock();
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push(sent);
        }
    }
}

/// Sends one message after the other.
pub struct Line<'a> {
    mailer: &'a Mailer,
    patience: Patience,
    connection: Option<Conversation>,
}

/// A message of which the server waits for the words. Dropped, it was never sent.
pub struct Prepared {
    composed: Composed,
    connection: Option<Conversation>,
}

impl Line<'_> {
    /// What the server said.
    ///
    /// # Errors
    /// Why it was not sent, and whose fault that is; or that it may have been.
    pub fn send(&mut self, letter: &Letter, id: &str, at: Timestamp) -> Result<String, Failure> {
        let prepared = self.prepare(letter, id, at)?;
        self.finish(prepared)
    }

    /// The same for what is no letter of a template.
    ///
    /// # Errors
    /// As [`Line::send`].
    pub fn send_message(
        &mut self,
        message: Message<'_>,
        id: &str,
        at: Timestamp,
    ) -> Result<String, Failure> {
        let mailer = self.mailer;
        let composed = caught(|| mailer.compose_message(message, id, at))?;
        let prepared = self.prepare_composed(composed)?;
        self.finish(prepared)
    }

    /// Goes as far as nothing can have been sent.
    ///
    /// # Errors
    /// Why it can not be sent, and whose fault that is.
    pub fn prepare(
        &mut self,
        letter: &Letter,
        id: &str,
        at: Timestamp,
    ) -> Result<Prepared, Failure> {
        let mailer = self.mailer;
        let composed = caught(|| mailer.compose(letter, id, at))?;
        self.prepare_composed(composed)
    }

    /// What the server said.
    ///
    /// # Errors
    /// As [`Line::send`].
    pub fn finish(&mut self, prepared: Prepared) -> Result<String, Failure> {
        let composed = prepared.composed;
        let said = if let Some(mut connection) = prepared.connection {
            // After a failure it is in the middle of something: the next message gets another.
            let said = caught(|| connection.finish(&composed))?;
            self.connection = Some(connection);
            said
        } else {
            write_down(&composed.sent);
            "it was written to the log".to_owned()
        };
        self.mailer.keep(composed.sent);
        Ok(said)
    }

    fn prepare_composed(&mut self, composed: Composed) -> Result<Prepared, Failure> {
        let connection = match &self.mailer.way {
            Way::Smtp(smtp) => Some(self.lead_up(smtp, &composed)?),
            Way::Log => None,
            Way::Nowhere => return Err(Failure::Away(self.mailer.label())),
        };
        Ok(Prepared {
            composed,
            connection,
        })
    }

    /// Over the connection of the message before, or over another one.
    fn lead_up(&mut self, smtp: &Smtp, composed: &Composed) -> Result<Conversation, Failure> {
        let until = Instant::now() + self.patience.before;
        // A server may end a connection after so many messages or so long a time.
        let used = self.connection.take();
        let used = used.and_then(|mut connection| {
            let begun = caught(|| connection.begin(composed, until));
            begun.ok().map(|()| connection)
        });
        let mut connection = match used {
            Some(connection) => connection,
            None => caught(|| {
                let mut connection = smtp.connect(self.patience, until)?;
                connection.begin(composed, until)?;
                Ok(connection)
            })?,
        };
        caught(|| connection.name_recipient(composed))?;
        Ok(connection)
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = caught(|| {
                connection.quit();
                Ok(())
            });
        }
    }
}

/// A library that panics over one mail must not end the thread that sends all of them.
fn caught<T>(run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Failure::Later("a defect: it panicked".to_owned())))
}

/// For developers, who have no mail server: as it would be read.
fn write_down(sent: &Sent) {
    let text = sent.text.trim_end().replace('\n', "\n    ");
    log::info!("mail to {}: {}\n    {text}", sent.to, sent.subject);
}
