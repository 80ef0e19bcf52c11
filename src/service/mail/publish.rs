//! A message in an administrator's own words, sent before the answer: an id means that the
//! server took it (rows P-32, P-36). It does not go through the outbox.

use serde_json::Value;

use crate::domain::event::What;
use crate::domain::identifier::Email;
use crate::domain::mail_letter::LetterPurpose;
use crate::domain::rights::access::ADMIN;
use crate::domain::rights::permission::ACCOUNT_MAIL;
use crate::domain::texts::merge_fields::{escaped, filled_in};
use crate::domain::texts::plain_text::plain_text;
use crate::mail::Failure;
use crate::mail::failure::without;
use crate::mail::mailer::Message;
use crate::mail::templates::{Framed, RenderedLetter};
use crate::service::actor::{Actor, require_held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::quota;
use crate::service::mail::write_to_outbox::require_site;
use crate::store::emails;
use crate::support::waiting::while_waiting;

/// With its fields filled in, in bytes.
const LONGEST: usize = 256 * 1024;

pub struct Publication {
    pub to: Email,
    /// With fields that are filled in.
    pub subject: String,
    /// HTML with fields that are filled in, their values escaped.
    pub content: String,
    pub variables: Value,
    /// Whose frame it gets.
    pub site: Option<String>,
}

/// # Errors
/// `FORBIDDEN` without the permission.
pub fn require(actor: &Actor) -> Result<()> {
    actor.require_one(&[ACCOUNT_MAIL, ADMIN])
}

/// # Errors
/// `FORBIDDEN` without the permission; `INVALID_PAYLOAD` where the server refuses it for good, or
/// the site can be none; `REQUESTS_EXCEEDED` where enough went to the address, or by the caller,
/// within an hour; `SERVICE_UNAVAILABLE` where it was not taken, or mail can not leave, and without
/// a time to wait where the server has it and did not say whether it took it.
pub fn publish(kw: &Keyward, actor: &Actor, it: &Publication) -> Result<String> {
    require(actor)?;
    kw.require_mail()?;
    let words = words(kw, it)?;
    let _waits = kw.mailer.waits().ok_or_else(|| {
        // Sign-ins have threads of the same few.
        Error::busy("the mail server is waited for by as many as may")
    })?;
    record(kw, actor, &it.to)?;
    let message = Message {
        purpose: LetterPurpose::Publication,
        to: it.to.written(),
        words,
    };
    let now = kw.clock.now();
    let id = format!("{}@{}", kw.entropy.id(now), kw.mailer.domain());
    let id_of_mail = format!("<{id}>");
    let sent = while_waiting(|| {
        let mut line = kw.mailer.line_of_a_request();
        line.send_message(message, &id_of_mail, now)
    });
    match sent.map_err(|failure| failure.without(it.to.written())) {
        Ok(said) => {
            let said = without(&said, it.to.written());
            log::info!("mail: a publication {id} was sent: {said}");
            Ok(id)
        }
        Err(Failure::Refused(why)) => {
            log::warn!("mail: a publication was refused: {why}");
            Err(Error::payload("The mail server refuses this message"))
        }
        Err(Failure::Later(why) | Failure::Away(why)) => Err(Error::busy(why)),
        Err(Failure::Unknown(why)) => {
            log::warn!("mail: a publication {id} may have been taken: {why}");
            Err(unknown(why))
        }
    }
}

/// No time to wait: whoever sends it again may send it twice, and should look first.
fn unknown(why: String) -> Error {
    let words = "The mail server has the whole message and has not said whether it took it: it \
                 may be on its way. Sent again it can come twice.";
    let mut error = Error::new(Code::ServiceUnavailable, words);
    error.cause = Some(why);
    error
}

/// With its fields filled in, in the frame of its site.
fn words(kw: &Keyward, it: &Publication) -> Result<RenderedLetter> {
    require_site(it.site.as_deref())?;
    let unfilled = |name| {
        Error::payload(format!(
            "\"{name}\" holds a field that is not filled in here: {{{{var:name}}}} and \
             {{{{var:name:default}}}} are"
        ))
    };
    let html = filled_in(&it.content, &it.variables, escaped);
    let html = html.ok_or_else(|| unfilled("content"))?;
    let subject = filled_in(&it.subject, &it.variables, str::to_owned);
    let subject = subject.ok_or_else(|| unfilled("subject"))?;
    if html.len() > LONGEST || subject.len() > LONGEST {
        let words = "the message is longer than 256 KiB once its fields are filled in";
        return Err(Error::payload(words));
    }
    let framed = Framed {
        site: it.site.as_deref(),
        to: it.to.written(),
        words: RenderedLetter {
            subject: in_one_line(subject),
            text: plain_text(&html),
            html,
        },
    };
    kw.mailer.framed(framed).map_err(Error::busy)
}

/// A line break parts words, so a space takes its place: a header is one line.
fn in_one_line(subject: String) -> String {
    if !subject.contains(char::is_control) {
        return subject;
    }
    let parts = subject.split(char::is_control);
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// Counts the mail and writes down who sends it, before it leaves: no mail is sent that the audit
/// log does not know of. Where the address is an account's, the event is about that account.
fn record(kw: &Keyward, actor: &Actor, to: &Email) -> Result<()> {
    let (actor, to) = (actor.clone(), to.clone());
    kw.change(move |change| {
        change.hold_caller(&actor)?;
        require_held(change, &actor, &[ACCOUNT_MAIL, ADMIN])?;
        if !quota::take_publication(change, actor.account(), &to)? {
            let words = "Too many mails to this address, or by this account, within an hour.";
            return Err(Error::quota(words));
        }
        let event = match emails::find(change, &to)? {
            Some(found) => actor.event_about(What::MailPublished, found.account),
            None => actor.event(What::MailPublished).by(actor.account()),
        };
        change.record(&event)
    })
}
