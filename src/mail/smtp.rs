//! One conversation with an SMTP server. Its commands are sent one by one, so that it is known
//! which of them was refused, a recipient or all mail of ours; and whether a failure came before
//! the server had the whole message or after it.

#[cfg(test)]
mod tests;
mod tls;
mod wire;

use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::ClientConfig;

use crate::mail::deadlines::Patience;
use crate::mail::failure::Failure;
use crate::mail::message::Composed;
use crate::mail::smtp::wire::{Answer, Wire};
use crate::mail::smtp_url::{SmtpUrl, Tls};
use crate::support::secret::{ExposeSecret as _, SecretString};

/// How long a server may take to say goodbye. What it was sent it has by then.
const GOODBYE: Duration = Duration::from_millis(500);

pub(in crate::mail) struct Smtp {
    url: SmtpUrl,
    /// How it is greeted.
    hello: String,
    tls: Option<Arc<ClientConfig>>,
}

/// A server that was greeted.
pub(in crate::mail) struct Conversation {
    wire: Wire,
    patience: Patience,
    /// When what comes before the message must be done.
    until: Instant,
    name: String,
    /// What it can do, in capitals.
    can: Vec<String>,
}

impl Smtp {
    /// # Errors
    /// Where TLS can not be set up at all, in words.
    pub(in crate::mail) fn new(url: SmtpUrl, own_host: &str) -> Result<Self, String> {
        let tls = match url.tls {
            Tls::None => None,
            Tls::AtOnce | Tls::Upgrade => Some(tls::config()?),
        };
        let hello = match own_host.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => format!("[{address}]"),
            Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
            Err(_) => own_host.to_owned(),
        };
        Ok(Self { url, hello, tls })
    }

    pub(in crate::mail) fn label(&self) -> String {
        self.url.label()
    }

    /// # Errors
    /// [`Failure::Away`]: there is nobody to give mail to.
    pub(in crate::mail) fn connect(
        &self,
        patience: Patience,
        until: Instant,
    ) -> Result<Conversation, Failure> {
        let host = &self.url.host;
        let soon = until.min(Instant::now() + patience.answer);
        let wire = Wire::connect(host, self.url.port, soon);
        let mut conversation = Conversation {
            wire: wire.map_err(|error| Failure::Away(words(&error, patience.answer)))?,
            patience,
            until,
            name: String::new(),
            can: Vec::new(),
        };
        let greeted = self.greet(&mut conversation);
        greeted.map_err(|trouble| Failure::Away(trouble.words()))?;
        Ok(conversation)
    }

    fn greet(&self, to: &mut Conversation) -> Result<(), Trouble> {
        if let Some(tls) = self.tls.as_ref().filter(|_| self.url.tls == Tls::AtOnce) {
            to.encrypt(tls, &self.url.host)?;
        }
        to.wait()?;
        to.hello(&self.hello)?;
        if let Some(tls) = self.tls.as_ref().filter(|_| self.url.tls == Tls::Upgrade) {
            if !to.has("STARTTLS") {
                return Err(Trouble::Lacks("STARTTLS is not supported on this server"));
            }
            to.command("STARTTLS")?;
            to.encrypt(tls, &self.url.host)?;
            // What was said before may have been anybody's.
            to.hello(&self.hello)?;
        }
        match &self.url.credentials {
            Some((user, password)) => to.sign_in(user, password),
            None => Ok(()),
        }
    }
}

impl Conversation {
    pub(in crate::mail) fn name(&self) -> &str {
        &self.name
    }

    /// Says that a message comes. Until here a connection that was cut can be made anew without
    /// that the message could come twice.
    ///
    /// # Errors
    /// Whose fault it is, and what the server said.
    pub(in crate::mail) fn begin(
        &mut self,
        composed: &Composed,
        until: Instant,
    ) -> Result<(), Failure> {
        self.until = until;
        let envelope = &composed.envelope;
        let mut addresses = envelope.to().iter().chain(envelope.from());
        let is_ascii = addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii());
        if !is_ascii && !self.has("SMTPUTF8") {
            let why = "the server takes no address with letters outside of ASCII (SMTPUTF8)";
            return Err(Failure::Refused(why.to_owned()));
        }
        let from = envelope.from().map(ToString::to_string).unwrap_or_default();
        let parameter = if is_ascii { "" } else { " SMTPUTF8" };
        let begun = self.command(&format!("MAIL FROM:<{from}>{parameter}"));
        begun.map_err(|trouble| Failure::Away(trouble.words()))?;
        Ok(())
    }

    /// Names the recipient, and asks for leave to send the message itself.
    ///
    /// # Errors
    /// As [`Conversation::begin`].
    pub(in crate::mail) fn name_recipient(&mut self, composed: &Composed) -> Result<(), Failure> {
        for to in composed.envelope.to() {
            self.command(&format!("RCPT TO:<{to}>"))
                .map_err(Trouble::of_this)?;
        }
        match self.command("DATA").map_err(Trouble::of_this)?.code {
            300.. => Ok(()),
            _ => Err(Trouble::Lacks("the server gave no leave to send a message").of_this()),
        }
    }

    /// Gives the server the message. What it said.
    ///
    /// # Errors
    /// As [`Conversation::begin`], and [`Failure::Unknown`] where it has the message and did not
    /// say whether it took it.
    pub(in crate::mail) fn finish(&mut self, composed: &Composed) -> Result<String, Failure> {
        let whole = self.patience.message;
        self.wire.within(whole, Instant::now() + whole);
        // In one piece: a body and its end in two would wait for each other for 40 ms (Nagle's
        // algorithm and delayed acknowledgements). A message that was not sent to its last byte
        // has no end, so no server takes it.
        let sent = self.wire.send(stuffed(&composed.sent.raw).as_bytes());
        sent.map_err(|error| Failure::Away(words(&error, whole)))?;
        match self.answer() {
            Ok(said) if said.code < 300 => Ok(one_line(&said.text())),
            Ok(said) => Err(Failure::Unknown(Trouble::Said(said).words())),
            Err(Trouble::Broken(error, given)) => Err(Failure::Unknown(words(&error, given))),
            Err(trouble) => Err(trouble.of_this()),
        }
    }

    /// A server that has the message need not be waited for.
    pub(in crate::mail) fn quit(mut self) {
        self.wire.within(GOODBYE, Instant::now() + GOODBYE);
        if self.wire.send(b"QUIT\r\n").is_ok() {
            let _ = self.wire.answer();
        }
    }

    fn has(&self, what: &str) -> bool {
        self.can.iter().any(|it| it == what)
    }

    fn hello(&mut self, own: &str) -> Result<(), Trouble> {
        let said = self.command(&format!("EHLO {own}"))?;
        let mut lines = said.lines.into_iter();
        let name = lines.next().unwrap_or_default();
        self.name = one_line(name.split(' ').next().unwrap_or_default());
        self.can = lines.map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    fn sign_in(&mut self, user: &str, password: &SecretString) -> Result<(), Trouble> {
        let password = password.expose_secret();
        let offered = self.can.iter().find(|line| line.starts_with("AUTH"));
        let offered = offered.cloned().unwrap_or_default();
        let offers = |what: &str| offered.split([' ', '=']).any(|word| word == what);
        if offers("PLAIN") {
            let both = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
            self.command(&format!("AUTH PLAIN {both}"))?;
        } else if offers("LOGIN") {
            self.command("AUTH LOGIN")?;
            self.command(&BASE64_STANDARD.encode(user))?;
            self.command(&BASE64_STANDARD.encode(password))?;
        } else {
            let why = "the server offers neither AUTH PLAIN nor AUTH LOGIN";
            return Err(Trouble::Lacks(why));
        }
        Ok(())
    }

    fn encrypt(&mut self, tls: &Arc<ClientConfig>, host: &str) -> Result<(), Trouble> {
        self.wire.within(self.patience.answer, self.until);
        let encrypted = self.wire.encrypt(tls, host);
        encrypted.map_err(|error| Trouble::Broken(error, self.wire.given()))
    }

    fn command(&mut self, line: &str) -> Result<Answer, Trouble> {
        self.wire.within(self.patience.answer, self.until);
        let sent = self.wire.send(format!("{line}\r\n").as_bytes());
        sent.map_err(|error| Trouble::Broken(error, self.wire.given()))?;
        self.answer()
    }

    fn wait(&mut self) -> Result<Answer, Trouble> {
        self.wire.within(self.patience.answer, self.until);
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer, Trouble> {
        match self.wire.answer() {
            Ok(answer) if answer.is_good() => Ok(answer),
            Ok(answer) => Err(Trouble::Said(answer)),
            Err(error) => Err(Trouble::Broken(error, self.wire.given())),
        }
    }
}

impl Answer {
    fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }
}

enum Trouble {
    /// A refusal.
    Said(Answer),
    /// There was no answer, in so long.
    Broken(Error, Duration),
    /// The server can not do what is needed.
    Lacks(&'static str),
}

impl Trouble {
    fn words(&self) -> String {
        match self {
            Self::Said(answer) => one_line(&format!("the server said {}", answer.text())),
            Self::Broken(error, given) => words(error, *given),
            Self::Lacks(what) => (*what).to_owned(),
        }
    }

    /// A refusal by a code is of this message, but for one of policy; where there is none, nobody
    /// answered.
    fn of_this(self) -> Failure {
        let why = self.words();
        match self {
            Self::Said(answer) if answer.code >= 500 && !answer.is_of_policy() => {
                Failure::Refused(why)
            }
            Self::Said(_) => Failure::Later(why),
            Self::Broken(..) | Self::Lacks(_) => Failure::Away(why),
        }
    }
}

fn words(error: &Error, given: Duration) -> String {
    if error.kind() == ErrorKind::TimedOut {
        let seconds = given.as_secs_f64().ceil();
        return format!("the server gave no whole answer within {seconds} s");
    }
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match (tls, error.kind()) {
        (Some(tls), _) => one_line(&tls::words(tls)),
        (None, ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
            one_line(&format!("the server: {error}"))
        }
        (None, _) => one_line(&error.to_string()),
    }
}

/// With its end, and a dot before each line that begins with one (RFC 5321 section 4.5.2).
fn stuffed(message: &str) -> String {
    let message = message.strip_suffix("\r\n").unwrap_or(message);
    let first = if message.starts_with('.') { "." } else { "" };
    format!("{first}{}\r\n.\r\n", message.replace("\r\n.", "\r\n.."))
}

/// What a server says goes to logs and terminals.
fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let text: String = shown.take(300).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
