//! What becomes of the session that switches a second factor on or off.

use crate::domain::session::{Authentication, Method};
use crate::service::actor::Actor;
use crate::service::change::{Caller, Change};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::begin_session::{self, Renewed, Written};
use crate::store::{factors, sessions};

/// The other sessions end either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnSession {
    /// It ends with them, and the caller gets another.
    Renewed,
    /// It goes on: Directus's routes answer nothing that could hold tokens.
    GoesOn,
}

pub(in crate::service::second_factor) fn follow<'t>(
    change: &mut Change<'t>,
    caller: Caller<'t, '_>,
    own: OwnSession,
    methods: &'static [Method],
) -> Result<Option<Written>> {
    let actor = caller.actor;
    match own {
        OwnSession::Renewed => begin_session::renew(change, caller, methods).map(Some),
        OwnSession::GoesOn => {
            change.end_others(caller.account, actor.session())?;
            goes_on(change, actor, methods)?;
            Ok(None)
        }
    }
}

/// Where a second factor is asked of the session, it has shown one now: the next token says so, and
/// the one that opens nothing is outdated.
fn goes_on(change: &mut Change<'_>, actor: &Actor, methods: &'static [Method]) -> Result<()> {
    if actor.claims().mfa_from.is_none() || factors::active_of(change, actor.account())?.is_none() {
        return Ok(());
    }
    let (session, _) = sessions::lookup(change, actor.session())?.ok_or_else(Error::token)?;
    let authentication = Authentication {
        methods: methods.to_vec(),
        level: 2,
        at: session.authentication.at,
    };
    if !sessions::authenticate(change, session.id, &authentication)? {
        return Err(Error::token());
    }
    change.outdate_access(actor.account())
}

pub(in crate::service::second_factor) fn tokens_of(
    kw: &Keyward,
    written: Option<Written>,
) -> Result<Option<Renewed>> {
    written
        .map(|written| begin_session::tokens_of(kw, written))
        .transpose()
}
