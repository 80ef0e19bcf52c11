//! What becomes of the session that switches a second factor on or off.

use crate::service::actor::Actor;
use crate::service::change::Change;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::tokens::begin::{self, Renewed, Written};

/// The other sessions end either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnSession {
    /// It ends with them, and the caller gets another.
    Renewed,
    /// It goes on: Directus's routes answer nothing that could hold tokens.
    GoesOn,
}

pub(in crate::service::second_factor) fn follow(
    change: &mut Change<'_>,
    actor: &Actor,
    own: OwnSession,
    methods: &'static [&'static str],
) -> Result<Option<Written>> {
    match own {
        OwnSession::Renewed => begin::renew(change, actor, methods).map(Some),
        OwnSession::GoesOn => {
            change.end_others(actor.account(), actor.session())?;
            Ok(None)
        }
    }
}

pub(in crate::service::second_factor) fn tokens_of(
    kw: &Keyward,
    written: Option<Written>,
) -> Result<Option<Renewed>> {
    written
        .map(|written| begin::tokens_of(kw, written))
        .transpose()
}
