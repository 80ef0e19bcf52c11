//! What many requests ask the database for at once, taken together (`lanes/batcher.rs`): an act
//! asks for one, and how many are read or written by one statement is decided here.

use std::sync::Arc;

use crate::domain::id::{AccountId, SessionId};
use crate::domain::rights::bearer::Bearer;
use crate::lanes::batcher::Handful;
use crate::lanes::store_lane::{StoreLane, Undone};
use crate::store::accounts::people::{self, Person};
use crate::store::refresh_rotation::Rotation;
use crate::store::session_access;
use crate::store::{self, Guarded as _, Store};

/// How many handfuls of one kind the database has in hand: while one answer is read, the
/// next one is made.
const AT_ONCE: usize = 2;

/// Why there is no answer.
pub(in crate::service) enum Unanswered {
    Store(store::Error),
    Lane(Undone),
}

impl From<store::Error> for Unanswered {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Undone> for Unanswered {
    fn from(why: Undone) -> Self {
        Self::Lane(why)
    }
}

type Result<T> = std::result::Result<T, Unanswered>;

type Read<T> = store::Result<Option<T>>;

pub(in crate::service) struct Questions {
    store: Arc<Store>,
    sessions: Handful<SessionId, Read<Bearer>>,
    people: Handful<AccountId, Read<Person>>,
    rotations: Handful<Rotation, Option<store::Result<bool>>>,
}

impl Questions {
    pub(in crate::service) fn new(store: &Arc<Store>, lane: &StoreLane) -> Self {
        let [of_sessions, of_people, of_rotations] = [(); 3].map(|()| Arc::clone(store));
        // One writer writes one handful after another.
        let writing = if store.url().is_sqlite() { 1 } else { AT_ONCE };
        Self {
            store: Arc::clone(store),
            sessions: Handful::new(lane, AT_ONCE, move |ids: Vec<SessionId>| {
                let read = of_sessions.read(|db| session_access::each_with_access(db, &ids));
                read.unwrap_or_else(|error| vec![Err(error); ids.len()])
            }),
            people: Handful::new(lane, AT_ONCE, move |ids: Vec<AccountId>| {
                let read = of_people.read(|db| people::each(db, &ids));
                read.unwrap_or_else(|error| vec![Err(error); ids.len()])
            }),
            rotations: Handful::new(lane, writing, move |all: Vec<Rotation>| {
                of_rotations.write_each(&all)
            }),
        }
    }

    /// The session, its account and what that may do now, as
    /// [`session_access::lookup_with_access`] gives them.
    pub(in crate::service) async fn session(&self, id: SessionId) -> Result<Option<Bearer>> {
        Ok(self.sessions.ask(id).await??)
    }

    /// What an account says of its owner.
    pub(in crate::service) async fn person(&self, id: AccountId) -> Result<Option<Person>> {
        Ok(self.people.ask(id).await??)
    }

    /// Whether the session stood as it was judged and was moved on, as
    /// [`refresh_rotation::rotate`](crate::store::refresh_rotation::rotate) says.
    pub(in crate::service) async fn rotate(&self, rotation: Rotation) -> Result<bool> {
        match self.rotations.ask(rotation).await? {
            Some(rotated) => Ok(rotated?),
            None => Ok(self.store.write_guarded(move |db| rotation.alone(db))?),
        }
    }
}
