//! Sending what is due. A row is leased by a guarded update, so that of many processes one
//! sends it; held for as long as a server may think about it before that server gets its last
//! byte; and deleted once the server has taken the mail. Whoever dies between the two leaves a mail
//! that is sent once more, with the same Message-ID; who lives, and can not delete it, remembers it
//! (`delivery_outcome.rs`). No lock and no connection of the database is held while a server is talked to.

use std::time::{Duration, Instant};

use crate::domain::mail_retries::{
    LONGEST_HOLD, TRIED_AFTER_DOUBT, TRIES_AFTER_DOUBT, pause_after,
};
use crate::mail::Failure;
use crate::mail::failure::without;
use crate::mail::mailer::{Line, Prepared};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::delivery_outcome::{
    label, let_go, let_go_later, let_go_of_held_later, note, settle,
};
use crate::service::mail::sealed_letter;
use crate::service::memory::unnoted_mails::Fate;
use crate::store::outbox::{self, Next, WaitingMail};

/// How long a process has what it took in its hand.
const LEASE: Duration = Duration::from_secs(60);

/// What it takes at once.
const BATCH: i64 = 20;

/// Begun later than this, a mail might not be ready to be sent when its lease ends.
const LAST_BEGIN: Duration = Duration::from_secs(20);

/// Sends everything that is due now. How many mails were sent.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` where the database is away. What became of a mail is remembered then, and
/// noted before another one is sent; what was not sent is let go of, and due.
pub fn deliver_due(kw: &Keyward) -> Result<usize> {
    let mut sent = 0;
    loop {
        let (some, more) = deliver_some(kw)?;
        sent += some;
        if !more {
            return Ok(sent);
        }
    }
}

/// Sends everything that is due, and tells whether none is in hand now.
///
/// # Errors
/// As [`deliver_due`].
pub fn is_settled(kw: &Keyward) -> Result<bool> {
    deliver_due(kw)?;
    let now = kw.clock.now();
    Ok(!kw.store.read(|db| outbox::is_any_leased(db, now))?)
}

/// Sends as many as one lease takes. How many were sent, and whether there may be more to
/// send at once.
///
/// # Errors
/// As [`deliver_due`].
pub fn deliver_some(kw: &Keyward) -> Result<(usize, bool)> {
    settle(kw)?;
    let mut batch = take(kw)?.into_iter();
    let full = i64::try_from(batch.len()).is_ok_and(|len| len >= BATCH);
    let sent = send_all(kw, &mut batch);
    let left: Vec<_> = batch.collect();
    match sent {
        Ok((sent, answered)) if left.is_empty() => Ok((sent, full && answered)),
        Ok((sent, _)) => let_go(kw, left).map(|()| (sent, true)),
        Err(error) => {
            let_go_later(kw, left);
            Err(error)
        }
    }
}

/// As many as can be begun in time. How many were sent, and whether there was a server.
fn send_all(kw: &Keyward, batch: &mut impl Iterator<Item = WaitingMail>) -> Result<(usize, bool)> {
    let began = Instant::now();
    let (mut sent, mut away) = (0, None::<String>);
    let mut line = kw.mailer.line();
    while began.elapsed() < LAST_BEGIN {
        let Some(mut mail) = batch.next() else { break };
        // Where nobody answers one, nobody answers the next one either.
        let outcome = match &away {
            Some(why) => Sent::Failed(Failure::Away(String::clone(why))),
            None => send(kw, &mut line, &mut mail)?,
        };
        match outcome {
            Sent::Taken(said) => {
                log::info!("mail: {} was sent: {said}", label(&mail));
                note(kw, mail, Fate::Taken)?;
                sent += 1;
            }
            Sent::InOtherHands => {}
            Sent::Failed(failure) => {
                failed(kw, mail, &failure)?;
                if let Failure::Away(why) = failure {
                    away = Some(why);
                }
            }
        }
    }
    Ok((sent, away.is_none()))
}

fn take(kw: &Keyward) -> Result<Vec<WaitingMail>> {
    let now = kw.clock.now();
    let mut due = kw.store.read(|db| outbox::list_due(db, now, BATCH))?;
    // A server has it, however long ago it was in hand.
    due.retain(|mail| !kw.memory.mails.has(mail.id));
    if due.is_empty() {
        return Ok(due);
    }
    for mail in &mut due {
        mail.leased_until = now + LEASE;
    }
    let mails = due.clone();
    kw.store
        .write(move |tx| outbox::lease(tx, now, &mails).map_err(Error::from))
        // They may be leased all the same.
        .inspect_err(|_| let_go_later(kw, due))
}

/// What became of one mail.
enum Sent {
    /// With what the server said.
    Taken(String),
    /// Another process had it before it was sent.
    InOtherHands,
    Failed(Failure),
}

fn send(kw: &Keyward, line: &mut Line<'_>, mail: &mut WaitingMail) -> Result<Sent> {
    let (prepared, to) = match prepare(kw, line, mail) {
        Ok(ready) => ready,
        Err(failure) => return Ok(Sent::Failed(failure)),
    };
    let (held, until) = (mail.clone(), kw.clock.now() + LONGEST_HOLD);
    let is_ours = kw
        .store
        .write(move |tx| outbox::hold(tx, &held, until).map_err(Error::from))
        .inspect_err(|_| let_go_of_held_later(kw, mail.clone(), until))?;
    if !is_ours {
        return Ok(Sent::InOtherHands);
    }
    mail.leased_until = until;
    // Servers like to repeat the address: it is not for the log.
    Ok(match line.finish(prepared) {
        Ok(said) => Sent::Taken(without(&said, &to)),
        Err(failure) => Sent::Failed(failure.without(&to)),
    })
}

/// Ready to be sent, and to whom.
fn prepare(
    kw: &Keyward,
    line: &mut Line<'_>,
    mail: &WaitingMail,
) -> Result<(Prepared, String), Failure> {
    if kw.clock.now() >= mail.expires_at {
        return Err(Failure::Refused("its time is over".to_owned()));
    }
    let letter = sealed_letter::open(kw, mail).ok_or_else(|| {
        let why = "it can not be opened: it is of a newer Keyward, or of another KEYWARD_SECRET";
        Failure::Later(why.to_owned())
    })?;
    match line.prepare(&letter, &mail.message_id, kw.clock.now()) {
        Ok(prepared) => Ok((prepared, letter.to)),
        Err(failure) => Err(failure.without(&letter.to)),
    }
}

/// Whether it is tried again, and when.
fn next(kw: &Keyward, mail: &WaitingMail, failure: &Failure) -> Option<Next> {
    let (now, tries) = (kw.clock.now(), mail.attempts + 1);
    let next = match failure {
        Failure::Refused(_) => return None,
        Failure::Later(_) | Failure::Away(_) => Next {
            at: now + pause_after(tries),
            tries,
            no_later_than: mail.expires_at,
        },
        // Each further one may be one too many, and none may be one too few.
        Failure::Unknown(_) => Next {
            at: now + pause_after(tries.max(TRIES_AFTER_DOUBT)),
            tries: tries.max(TRIES_AFTER_DOUBT),
            no_later_than: mail.expires_at.min(now + TRIED_AFTER_DOUBT),
        },
    };
    (next.at < next.no_later_than).then_some(next)
}

/// Notes the try, or gives the mail up: where it was refused for good, or its time is over
/// before the next one.
fn failed(kw: &Keyward, mail: WaitingMail, failure: &Failure) -> Result<()> {
    let (label, why) = (label(&mail), failure.words());
    let (what, though) = match failure {
        Failure::Unknown(_) => ("may have been taken", ", though it may have been taken"),
        _ => ("was not sent", ""),
    };
    let Some(next) = next(kw, &mail, failure) else {
        log::error!("mail: {label} is given up{though}: {why}");
        return note(kw, mail, Fate::GivenUp);
    };
    log::warn!(
        "mail: {label} {what}: {why}; it is tried again at {}",
        next.at
    );
    note(kw, mail, Fate::TriedAgain(next))
}
