//! What became of mails, and could not be written down: the database was away just then. It stays
//! here until it is.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::store::outbox::{Next, WaitingMail};
use crate::support::clock::Timestamp;

/// A mail, as it was in hand, and what became of it.
#[derive(Clone)]
pub(in crate::service) struct Unnoted {
    pub(in crate::service) mail: WaitingMail,
    pub(in crate::service) fate: Fate,
}

#[derive(Clone, Copy)]
pub(in crate::service) enum Fate {
    /// The server has it.
    Taken,
    TriedAgain(Next),
    GivenUp,
    /// It was not sent, and is due. Where it was to be held, nobody knows whether it is: then it may
    /// be in hand until this instant in place of its own.
    LetGo(Option<Timestamp>),
}

/// Bounded by what a process takes in its hand at once: while something is here, nothing is
/// sent.
#[derive(Default)]
pub(in crate::service) struct UnnotedMails(Mutex<BTreeMap<Uuid, Unnoted>>);

impl UnnotedMails {
    pub(in crate::service) fn add(&self, notes: impl IntoIterator<Item = Unnoted>) {
        let mut mails = self.0.lock();
        mails.extend(notes.into_iter().map(|note| (note.mail.id, note)));
    }

    pub(in crate::service) fn has(&self, mail: Uuid) -> bool {
        self.0.lock().contains_key(&mail)
    }

    pub(in crate::service) fn all(&self) -> Vec<Unnoted> {
        self.0.lock().values().cloned().collect()
    }

    /// They were written down. What became of one in another hand of this process since stays.
    pub(in crate::service) fn forget(&self, notes: &[Unnoted]) {
        let mut mails = self.0.lock();
        for note in notes {
            let lease = note.mail.leased_until;
            if mails
                .get(&note.mail.id)
                .is_some_and(|it| it.mail.leased_until == lease)
            {
                mails.remove(&note.mail.id);
            }
        }
    }
}
