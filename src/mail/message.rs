//! A letter as a message of RFC 5322: headers, a plain part and an HTML part.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use crate::domain::mail_letter::LetterPurpose;
use crate::mail::templates::RenderedLetter;
use crate::support::clock::Timestamp;

/// Whom mail is from: `KEYWARD_MAIL_FROM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    address: Address,
}

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || "an e-mail address, or a name and an address as in App <app@example.com>";
        let (name, address) = match text.trim().strip_suffix('>') {
            Some(text) => text.rsplit_once('<').ok_or_else(wanted)?,
            None => ("", text.trim()),
        };
        let name = name.trim().trim_matches('"').trim();
        if name.chars().any(|c| c.is_control() || "<>\"@".contains(c)) {
            return Err(wanted().to_owned());
        }
        Ok(Self {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address: address.trim().parse().map_err(|_| wanted())?,
        })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

impl Sender {
    /// What follows the `@`: of it are the ids of messages.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.domain()
    }
}

/// A message that is ready to be sent.
pub struct Composed {
    pub(in crate::mail) sent: Sent,
    pub(in crate::mail) envelope: Envelope,
}

/// A message as it left, kept in test mode.
#[derive(Clone)]
pub struct Sent {
    pub to: String,
    pub purpose: LetterPurpose,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub message_id: String,
    pub sent_at: Timestamp,
    /// With its headers, as it went over the wire.
    pub raw: String,
}

/// Links hold codes.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("to", &self.to)
            .field("purpose", &self.purpose)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// What stands on the outside of a message.
pub(in crate::mail) struct Outside<'a> {
    pub from: &'a Sender,
    pub to: &'a str,
    pub message_id: &'a str,
    pub at: Timestamp,
}

/// Every line end as mail has it (RFC 5321 section 2.3.8): a server that took one carriage return for
/// the end of a line could be made to read commands. Other control characters say nothing.
fn lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                letters.next_if_eq(&'\n');
                lines.push_str("\r\n");
            }
            '\n' => lines.push_str("\r\n"),
            '\t' => lines.push('\t'),
            other if other.is_control() => {}
            other => lines.push(other),
        }
    }
    lines
}

/// # Errors
/// Where the address is none to which mail can be sent, in words.
pub(in crate::mail) fn compose(
    purpose: LetterPurpose,
    outside: &Outside<'_>,
    words: RenderedLetter,
) -> Result<Composed, String> {
    // Never a Mailbox: a list in it would be two recipients, and a name is a user's text.
    let to: Address = outside
        .to
        .parse()
        .map_err(|_| "this is no address to which mail can be sent".to_owned())?;
    let from = Mailbox::new(outside.from.name.clone(), outside.from.address.clone());
    let millis = u64::try_from(outside.at.millis()).unwrap_or(0);
    let parts = MultiPart::alternative_plain_html(lines(&words.text), lines(&words.html));
    let message = Message::builder()
        .from(from)
        .to(Mailbox::new(None, to.clone()))
        .subject(words.subject.clone())
        .message_id(Some(outside.message_id.to_owned()))
        .date(UNIX_EPOCH + Duration::from_millis(millis))
        // No answer by a machine to a machine (RFC 3834 section 5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(parts)
        .map_err(|error| error.to_string())?;
    let envelope = Envelope::new(Some(outside.from.address.clone()), vec![to])
        .map_err(|error| error.to_string())?;
    let raw = String::from_utf8(message.formatted()).map_err(|error| error.to_string())?;
    Ok(Composed {
        envelope,
        sent: Sent {
            to: outside.to.to_owned(),
            purpose,
            subject: words.subject,
            text: words.text,
            html: words.html,
            message_id: outside.message_id.to_owned(),
            sent_at: outside.at,
            raw,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_those_of_mail_and_other_controls_say_nothing() {
        for (text, lined) in [
            ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd"),
            ("a\r.\nMAIL", "a\r\n.\r\nMAIL"),
            ("a\r\r\n\tb\0\u{85}", "a\r\n\r\n\tb"),
        ] {
            assert_eq!(lines(text), lined, "{text:?}");
        }
    }

    fn composed(to: &str, subject: &str, text: &str) -> Result<Composed, String> {
        let from: Sender = "Ex Ample <no-reply@example.com>".parse().unwrap();
        let outside = Outside {
            from: &from,
            to,
            message_id: "<1@example.com>",
            at: Timestamp::from_millis(1_767_225_600_000),
        };
        let words = RenderedLetter {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: "<p>x</p>".to_owned(),
        };
        compose(LetterPurpose::Test, &outside, words)
    }

    fn headers(raw: &str) -> Vec<&str> {
        let head = raw.split_once("\r\n\r\n").unwrap().0;
        let lines = head.lines().filter(|line| !line.starts_with(' '));
        lines.map(|line| line.split_once(':').unwrap().0).collect()
    }

    const HEADERS: [&str; 8] = [
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Date",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];

    #[test]
    fn a_message_has_two_parts_and_says_that_a_machine_wrote_it() {
        let Composed { sent, envelope } = composed("a@example.com", "Hello", "Text\n.\n").unwrap();
        assert_eq!(headers(&sent.raw), HEADERS);
        for line in [
            "From: \"Ex Ample\" <no-reply@example.com>",
            "To: a@example.com",
            "Message-ID: <1@example.com>",
            "Date: Thu, 01 Jan 2026 00:00:00 +0000",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(sent.raw.contains(line), "{line} in {}", sent.raw);
        }
        assert_eq!(envelope.to().len(), 1);
        assert_eq!(envelope.from().unwrap().to_string(), "no-reply@example.com");
    }

    #[test]
    fn l8_no_address_and_no_subject_makes_a_header_or_another_recipient() {
        for to in [
            "a@example.com\r\nBcc: evil@example.com",
            "a@example.com\nX: y",
            "a@example.com, evil@example.com",
            "evil@example.com <a@example.com>",
            "a\0@example.com",
            "a@example.com\0",
            "<a@example.com>",
            "a@example.com> <b@example.com",
            "",
            "a",
        ] {
            assert!(composed(to, "Hello", "Text").is_err(), "{to:?}");
        }
        for subject in [
            "a\r\nBcc: evil@example.com",
            "a\n\nbody",
            "ä\r\nX: y",
            "a\0b",
        ] {
            if let Ok(Composed { sent, .. }) = composed("a@example.com", subject, "Text") {
                assert_eq!(headers(&sent.raw), HEADERS, "{subject:?}");
            }
        }
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, shown) in [
            ("a@example.com", "a@example.com"),
            (" <a@example.com> ", "a@example.com"),
            ("App <a@example.com>", "App <a@example.com>"),
            ("\"My App\"  <a@example.com>", "My App <a@example.com>"),
        ] {
            assert_eq!(text.parse::<Sender>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "App",
            "App <>",
            "App a@example.com",
            "a@example.com <b@example.com>",
            "a@example.com, b@example.com",
            "A\r\nBcc: x <a@example.com>",
        ] {
            assert!(text.parse::<Sender>().is_err(), "{text}");
        }
    }
}
