//! One connection to an SMTP server. Its commands are sent one by one, so that it is known
//! which of them was refused: a recipient, or all mail of ours.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, response::Response};

use crate::mail::failure::Failure;
use crate::mail::message::Composed;
use crate::mail::smtp_url::{SmtpUrl, Tls};
use crate::support::secret::ExposeSecret as _;

/// How long the server may be silent.
const SILENCE: Duration = Duration::from_secs(10);

pub(in crate::mail) struct Smtp {
    url: SmtpUrl,
    hello: ClientId,
    tls: Option<TlsParameters>,
}

impl Smtp {
    /// # Errors
    /// Where TLS can not be set up at all, in words.
    pub(in crate::mail) fn new(url: SmtpUrl, own_host: &str) -> Result<Self, String> {
        let tls = match url.tls {
            Tls::None => None,
            Tls::AtOnce | Tls::Upgrade => {
                Some(TlsParameters::new(url.host.clone()).map_err(|error| words(&error))?)
            }
        };
        let hello = match own_host.trim_matches(['[', ']']).parse() {
            Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(own_host.to_owned()),
        };
        Ok(Self { url, hello, tls })
    }

    pub(in crate::mail) fn label(&self) -> String {
        self.url.label()
    }

    /// # Errors
    /// [`Failure::Away`]: there is nobody to give mail to.
    pub(in crate::mail) fn connect(&self) -> Result<SmtpConnection, Failure> {
        let away = |error: Error| Failure::Away(words(&error));
        let server = (self.url.host.as_str(), self.url.port);
        let at_once = self.tls.as_ref().filter(|_| self.url.tls == Tls::AtOnce);
        let connected = SmtpConnection::connect(server, Some(SILENCE), &self.hello, at_once, None);
        let mut connection = connected.map_err(away)?;
        if let Some(tls) = self.tls.as_ref().filter(|_| self.url.tls == Tls::Upgrade) {
            connection.starttls(tls, &self.hello).map_err(away)?;
        }
        if let Some((user, password)) = &self.url.credentials {
            let password = password.expose_secret().to_owned();
            let credentials = Credentials::new(user.clone(), password);
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).map_err(away)?;
        }
        Ok(connection)
    }
}

/// Says that a message comes. Until here a connection that was cut can be made anew without
/// that the message could come twice.
///
/// # Errors
/// Whose fault it is, and what the server said.
pub(in crate::mail) fn begin(
    connection: &mut SmtpConnection,
    composed: &Composed,
) -> Result<(), Failure> {
    let envelope = &composed.envelope;
    let mut parameters = Vec::new();
    let mut addresses = envelope.to().iter().chain(envelope.from());
    if !addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        if !connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight)
        {
            let why = "the server takes no address with letters outside of ASCII (SMTPUTF8)";
            return Err(Failure::Refused(why.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    connection
        .command(Mail::new(envelope.from().cloned(), parameters))
        .map(|_| ())
        .map_err(|error| Failure::Away(words(&error)))
}

/// Gives the server the message. What it said.
///
/// # Errors
/// As [`begin`].
pub(in crate::mail) fn finish(
    connection: &mut SmtpConnection,
    composed: &Composed,
) -> Result<String, Failure> {
    for to in composed.envelope.to() {
        let recipient = Rcpt::new(to.clone(), Vec::new());
        connection.command(recipient).map_err(|e| of_this(&e))?;
    }
    connection.command(Data).map_err(|error| of_this(&error))?;
    // In one piece: a body and its end in two would wait for each other for 40 ms (Nagle's
    // algorithm and delayed acknowledgements).
    let said = connection.command(stuffed(&composed.sent.raw));
    said.map(|said| answer(&said))
        .map_err(|error| of_this(&error))
}

/// With its end, and a dot before each line that begins with one (RFC 5321 section 4.5.2).
fn stuffed(message: &str) -> String {
    let message = message.strip_suffix("\r\n").unwrap_or(message);
    let first = if message.starts_with('.') { "." } else { "" };
    format!("{first}{}\r\n.\r\n", message.replace("\r\n.", "\r\n.."))
}

/// A refusal by a code is of this message; where there is none, nobody answered.
fn of_this(error: &Error) -> Failure {
    let why = words(error);
    if error.is_permanent() {
        Failure::Refused(why)
    } else if error.is_transient() {
        Failure::Later(why)
    } else {
        Failure::Away(why)
    }
}

fn answer(said: &Response) -> String {
    one_line(&format!(
        "{} {}",
        said.code(),
        said.message().collect::<Vec<_>>().join(" ")
    ))
}

fn words(error: &Error) -> String {
    if is_silence(error) {
        return format!("the server said nothing for {} seconds", SILENCE.as_secs());
    }
    let said = error.source().map(ToString::to_string);
    let text = match (error.status(), said) {
        (Some(code), said) => format!("the server said {code} {}", said.unwrap_or_default()),
        (None, Some(said)) if error.is_tls() => format!("TLS: {said}"),
        (None, Some(said)) => said,
        (None, None) => error.to_string(),
    };
    one_line(&text)
}

/// Whether it is a wait that was too long; a socket calls it by either of two names.
fn is_silence(error: &Error) -> bool {
    let io = error
        .source()
        .and_then(|it| it.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| matches!(io.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock))
}

/// What a server says goes to logs and terminals.
fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let text: String = shown.take(300).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_beginning_of_a_line_is_doubled() {
        assert_eq!(stuffed("a\r\nb\r\n"), "a\r\nb\r\n.\r\n");
        assert_eq!(stuffed(".a\r\n.\r\n..b"), "..a\r\n..\r\n...b\r\n.\r\n");
    }

    #[test]
    fn what_a_server_says_is_one_short_line() {
        assert_eq!(
            one_line("550 \x1b[31mno\r\n such  user"),
            "550 [31mno such user"
        );
        assert_eq!(one_line(&"x".repeat(1000)).len(), 300);
    }
}
