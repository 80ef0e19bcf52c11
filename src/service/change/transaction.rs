//! The transaction of an act: it is begun here, events are recorded in it, and what every process must
//! learn of it is written last and learnt after the commit, whatever the act does in between.

use std::ops::{Deref, DerefMut};

use crate::domain::event::Event;
use crate::service::audit_row::counted_row;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store::audit::audit_events;
use crate::store::revocations::Revocation;
use crate::store::{self, AnyConnection, revocations};
use crate::support::clock::Timestamp;

/// Derefs to the connection of its transaction, for the tables.
pub(in crate::service) struct Change<'a> {
    pub(in crate::service) kw: &'a Keyward,
    pub(in crate::service) now: Timestamp,
    db: &'a mut AnyConnection,
    /// What every process must learn.
    pub(super) told: Vec<Revocation>,
    /// Lines of the log.
    alarms: Vec<String>,
    mailed: bool,
}

impl Keyward {
    /// Runs an act in one transaction. The store may run it again from the start, so the
    /// act changes nothing outside the [`Change`].
    ///
    /// Revocations take a lock for all of PostgreSQL. They are written after everything
    /// else, so that the lock is held for one insert and two transactions never wait for
    /// each other.
    pub(in crate::service) fn change<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Change<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.change_or(act)
    }

    /// The same for an act whose refusals are no error of the service yet.
    pub(in crate::service) fn change_or<T: Send + 'static, E>(
        &self,
        mut act: impl FnMut(&mut Change<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        E: From<store::Error> + store::Transient + Send + 'static,
    {
        let (kw, now) = (self.clone(), self.clock.now());
        let (value, told, alarms, mailed) = self.store.write(move |db| {
            let mut change = Change {
                kw: &kw,
                now,
                db,
                told: Vec::new(),
                alarms: Vec::new(),
                mailed: false,
            };
            let value = act(&mut change)?;
            let Change {
                db,
                told,
                alarms,
                mailed,
                ..
            } = change;
            revocations::add_all(db, &told)?;
            Ok::<_, E>((value, told, alarms, mailed))
        })?;
        self.memory.revoked.learn(&told);
        for alarm in alarms {
            log::warn!("{alarm}");
        }
        if mailed {
            self.postman.wake();
        }
        Ok(value)
    }
}

impl Change<'_> {
    /// Writes the event into the audit log; an alarm is logged as well, after the commit.
    pub(in crate::service) fn record(&mut self, event: &Event) -> Result<()> {
        if event.what.is_alarm() {
            let what = event.what.as_str();
            self.alarms.push(match (event.session, event.account) {
                (Some(session), Some(account)) => {
                    format!("{what}: session {session} of account {account}")
                }
                (Some(session), None) => format!("{what}: session {session}"),
                (None, Some(account)) => format!("{what}: account {account}"),
                (None, None) => what.to_owned(),
            });
        }
        let (kw, now) = (self.kw, self.now);
        kw.memory.unsealed.note(now.millis());
        match event.session {
            Some(session) if event.what.is_counted() => {
                audit_events::count(self, counted_row(kw, session, event, now), event, now)?;
            }
            _ => audit_events::add(self, kw.entropy.id(now), event, now)?,
        }
        Ok(())
    }

    /// The outbox holds a mail of this transaction: it is sent as soon as that has committed.
    pub(in crate::service) const fn has_mailed(&mut self) {
        self.mailed = true;
    }
}

impl Deref for Change<'_> {
    type Target = AnyConnection;
    fn deref(&self) -> &AnyConnection {
        self.db
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.db
    }
}
