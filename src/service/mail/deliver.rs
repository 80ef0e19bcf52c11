//! Sending what is due. A row is leased by a guarded update, so that of many processes one
//! sends it, and deleted once the server has taken the mail. Whoever dies between the two
//! leaves a mail that is sent once more, with the same Message-ID. No lock and no connection
//! of the database is held while a server is talked to.

use std::time::{Duration, Instant};

use crate::domain::event::{Event, What};
use crate::domain::letter::pause_after;
use crate::domain::session::Client;
use crate::mail::Failure;
use crate::mail::mailer::Line;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::sealed;
use crate::store::outbox::{self, Waiting};

/// How long a process has what it took in its hand.
const LEASE: Duration = Duration::from_secs(60);

/// What it takes at once.
const BATCH: i64 = 20;

/// Begun later than this, a mail might be with the server when its lease ends.
const LAST_BEGIN: Duration = Duration::from_secs(20);

/// Sends everything that is due now. How many mails were sent.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` where the database is away; a mail that it could not note is sent
/// again.
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
    let batch = take(kw)?;
    let full = i64::try_from(batch.len()).is_ok_and(|len| len >= BATCH);
    let began = Instant::now();
    let (mut sent, mut away) = (0, None::<String>);
    let mut line = kw.mailer.line();
    for mail in batch {
        if began.elapsed() >= LAST_BEGIN {
            // It stays leased, and is due again when that ends.
            return Ok((sent, false));
        }
        // Where nobody answers one, nobody answers the next one either.
        let outcome = match &away {
            Some(why) => Err(Failure::Away(String::clone(why))),
            None => send(kw, &mut line, &mail),
        };
        match outcome {
            Ok(said) => {
                log::info!("mail: {} was sent: {said}", label(&mail));
                let id = mail.id;
                kw.store
                    .write(move |tx| outbox::remove(tx, id).map_err(Error::from))?;
                sent += 1;
            }
            Err(failure) => {
                failed(kw, &mail, &failure)?;
                if let Failure::Away(why) = failure {
                    away = Some(why);
                }
            }
        }
    }
    Ok((sent, full && away.is_none()))
}

fn take(kw: &Keyward) -> Result<Vec<Waiting>> {
    let now = kw.clock.now();
    let until = now + LEASE;
    if !kw.store.read(|db| outbox::is_any_due(db, now, until))? {
        return Ok(Vec::new());
    }
    kw.store
        .write(move |tx| outbox::lease(tx, now, until, BATCH).map_err(Error::from))
}

fn send(kw: &Keyward, line: &mut Line<'_>, mail: &Waiting) -> Result<String, Failure> {
    if kw.clock.now() >= mail.expires_at {
        return Err(Failure::Refused("its time is over".to_owned()));
    }
    let letter = sealed::open(kw, mail).ok_or_else(|| {
        let why = "it can not be opened: it is of a newer Keyward, or of another KEYWARD_SECRET";
        Failure::Later(why.to_owned())
    })?;
    let sent = line.send(&letter, &mail.message_id, kw.clock.now());
    // Servers like to repeat the address: it is not for the log.
    sent.map(|said| said.replace(&letter.to, "the recipient"))
        .map_err(|failure| failure.without(&letter.to))
}

/// Notes the try, or gives the mail up: where it was refused for good, or its time is over
/// before the next one.
fn failed(kw: &Keyward, mail: &Waiting, failure: &Failure) -> Result<()> {
    let (label, why) = (label(mail), failure.words());
    let next_at = kw.clock.now() + pause_after(mail.attempts + 1);
    if !matches!(failure, Failure::Refused(_)) && next_at < mail.expires_at {
        log::warn!("mail: {label} was not sent: {why}; it is tried again at {next_at}");
        let mail = mail.clone();
        // Where another process has it in hand by now, that one's word counts.
        return kw.store.write(move |tx| {
            outbox::try_again(tx, &mail, next_at)
                .map(|_| ())
                .map_err(Error::from)
        });
    }
    log::error!("mail: {label} is given up: {why}");
    let (id, account) = (mail.id, mail.account);
    kw.change(move |change| {
        if outbox::remove(change, id)? {
            let event = Event::new(What::MailGivenUp, Client::default());
            let event = account.map_or(event.clone(), |account| event.of(account));
            change.record(&event)?;
        }
        Ok(())
    })
}

/// For the log: which mail, but not to whom.
fn label(mail: &Waiting) -> String {
    let of = mail.account.map(|id| format!(" of account {id}"));
    format!("{}{}", mail.purpose, of.unwrap_or_default())
}
