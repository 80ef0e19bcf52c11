//! A row that is held, as a value. Whoever must be called with the row held asks for it, and the
//! compiler sees to it: nobody has one who did not hold the row in this very transaction
//! (docs/decisions/0127).

use std::marker::PhantomData;

use crate::domain::id::AccountId;
use crate::service::actor::Actor;

/// The row with this id is held until the transaction `'t` ends. The lifetime stands for one
/// transaction and for no other: it is neither longer nor shorter than that of its `Change`.
#[derive(Clone, Copy)]
pub(in crate::service) struct Held<'t, Id> {
    id: Id,
    transaction: PhantomData<fn(&'t ()) -> &'t ()>,
}

impl<Id: Copy> Held<'_, Id> {
    pub(in crate::service::change) const fn new(id: Id) -> Self {
        Self {
            id,
            transaction: PhantomData,
        }
    }

    pub(in crate::service) const fn id(self) -> Id {
        self.id
    }
}

/// Who acts, with their account and their session or API key held.
#[derive(Clone, Copy)]
pub(in crate::service) struct Caller<'t, 'a> {
    pub(in crate::service) actor: &'a Actor,
    pub(in crate::service) account: Held<'t, AccountId>,
}
