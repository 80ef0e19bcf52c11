//! A message in an administrator's own words, sent before the answer: an id means that the
//! server took it (rows P-32, P-36). It does not go through the outbox.

use serde_json::Value;

use crate::domain::access::ADMIN;
use crate::domain::identifier::Email;
use crate::domain::letter::Purpose;
use crate::domain::merge_fields::{escaped, filled_in, without_tags};
use crate::domain::permission::ACCOUNT_MAIL;
use crate::mail::Failure;
use crate::mail::mailer::Message;
use crate::mail::templates::Words;
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;

/// With its fields filled in, in bytes.
const LONGEST: usize = 256 * 1024;

pub struct Publication {
    pub to: Email,
    /// With fields that are filled in.
    pub subject: String,
    /// HTML with fields that are filled in, their values escaped.
    pub content: String,
    pub variables: Value,
}

/// # Errors
/// `FORBIDDEN` without the permission; `INVALID_PAYLOAD` where the server refuses it for good;
/// `SERVICE_UNAVAILABLE` where it was not taken, or mail can not leave.
pub fn publish(kw: &Keyward, actor: &Actor, it: &Publication) -> Result<String> {
    actor.require_one(&[ACCOUNT_MAIL, ADMIN])?;
    kw.require_mail()?;
    let html = filled_in(&it.content, &it.variables, escaped);
    let subject = filled_in(&it.subject, &it.variables, str::to_owned);
    if html.len() > LONGEST || subject.len() > LONGEST {
        let words = "the message is longer than 256 KiB once its fields are filled in";
        return Err(Error::payload(words));
    }
    let message = Message {
        purpose: Purpose::Publication,
        to: it.to.written(),
        words: Words {
            subject: subject.chars().filter(|c| !c.is_control()).collect(),
            text: without_tags(&html),
            html,
        },
    };
    let now = kw.clock.now();
    let id = format!("{}@{}", kw.entropy.id(now), kw.mailer.domain());
    let sent = kw
        .mailer
        .line()
        .send_message(message, &format!("<{id}>"), now);
    match sent.map_err(|failure| failure.without(it.to.written())) {
        Ok(said) => {
            let said = said.replace(it.to.written(), "the recipient");
            log::info!("mail: a publication {id} was sent: {said}");
            Ok(id)
        }
        Err(Failure::Refused(why)) => {
            log::warn!("mail: a publication was refused: {why}");
            Err(Error::payload("the mail server refuses this message"))
        }
        Err(Failure::Later(why) | Failure::Away(why)) => Err(Error::busy(why)),
    }
}
