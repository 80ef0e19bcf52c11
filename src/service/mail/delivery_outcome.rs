//! Noting what became of a mail: at once, or where the database is away as soon as it is back. What
//! a server said is known here and nowhere else, so it is not forgotten.

use crate::domain::event::{Event, What};
use crate::domain::session::Client;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::memory::unnoted_mails::{Fate, Unnoted};
use crate::store::outbox::{self, WaitingMail};
use crate::support::clock::Timestamp;

/// Notes it.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` where the database is away: it is remembered, for [`settle`].
pub(super) fn note(kw: &Keyward, mail: WaitingMail, fate: Fate) -> Result<()> {
    let taken = matches!(fate, Fate::Taken).then(|| label(&mail));
    note_all(kw, vec![Unnoted { mail, fate }]).inspect_err(|error| {
        if let Some(label) = taken {
            log::warn!(
                "mail: {label} was sent, and could not be noted; it comes twice if this process \
                 ends before it is: {error}"
            );
        }
    })
}

/// Whoever comes next need not wait for the end of a lease.
///
/// # Errors
/// As [`note`].
pub(super) fn let_go(kw: &Keyward, mails: Vec<WaitingMail>) -> Result<()> {
    note_all(kw, unsent(mails))
}

/// The same where the database was away just now.
pub(super) fn let_go_later(kw: &Keyward, mails: Vec<WaitingMail>) {
    kw.memory.mails.add(unsent(mails));
}

/// The same of one that may be held until then.
pub(super) fn let_go_of_held_later(kw: &Keyward, mail: WaitingMail, until: Timestamp) {
    let fate = Fate::LetGo(Some(until));
    kw.memory.mails.add([Unnoted { mail, fate }]);
}

fn unsent(mails: Vec<WaitingMail>) -> Vec<Unnoted> {
    let fate = Fate::LetGo(None);
    let mails = mails.into_iter();
    mails.map(|mail| Unnoted { mail, fate }).collect()
}

fn note_all(kw: &Keyward, notes: Vec<Unnoted>) -> Result<()> {
    write_down(kw, notes.clone()).inspect_err(|_| kw.memory.mails.add(notes))
}

/// Notes what could not be noted before. Until that is done no mail should be sent: what became of
/// it could not be noted either.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` where the database is away still.
pub(super) fn settle(kw: &Keyward) -> Result<()> {
    let notes = kw.memory.mails.all();
    if notes.is_empty() {
        return Ok(());
    }
    write_down(kw, notes.clone())?;
    kw.memory.mails.forget(&notes);
    Ok(())
}

/// Where a commit was not answered, nobody knows whether it took place. So whatever is done here
/// does nothing the second time.
fn write_down(kw: &Keyward, notes: Vec<Unnoted>) -> Result<()> {
    kw.change(move |change| {
        let mut notes = notes.iter();
        notes.try_for_each(|note| write_one(change, note))
    })
}

fn write_one(change: &mut Change<'_>, Unnoted { mail, fate }: &Unnoted) -> Result<()> {
    match fate {
        Fate::Taken => {
            outbox::remove(change, mail.id)?;
        }
        // Where another process has it in hand by now, that one's word counts.
        Fate::TriedAgain(next) => {
            outbox::try_again(change, mail, *next)?;
        }
        Fate::LetGo(or) => {
            outbox::let_go(change, mail, *or)?;
        }
        Fate::GivenUp => {
            if outbox::remove(change, mail.id)? {
                let event = Event::new(What::MailGivenUp, Client::default());
                let event = mail.account.map_or(event.clone(), |id| event.of(id));
                change.record(&event)?;
            }
        }
    }
    Ok(())
}

/// For the log: which mail, but not to whom.
pub(super) fn label(mail: &WaitingMail) -> String {
    let of = mail.account.map(|id| format!(" of account {id}"));
    format!("{}{}", mail.purpose, of.unwrap_or_default())
}
