//! An administrator acts for an account, for an hour at the most: to see what its owner sees
//! (docs/decisions/0106).

use crate::domain::account::Account;
use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::domain::rights::acting::{ActingLife, ActingReason};
use crate::domain::rights::permission::ACT_AS;
use crate::domain::session::{Class, Client, Mode, Session};
use crate::service::actor::Actor;
use crate::service::administrator::Administrator;
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::begin_session::{self, Beginning};
use crate::service::tokens::mint::{TokenSet, bearer_of, mint};
use crate::store::{accounts, roles, sessions};

#[derive(Clone)]
pub struct Request {
    pub account: AccountId,
    pub reason: ActingReason,
    pub life: ActingLife,
}

/// One access token, and no way to another one. The session ends with the administrator's own,
/// and when they lose what let them begin it.
///
/// # Errors
/// `FORBIDDEN` without the permission, and for the accounts that nobody acts for; `NOT_FOUND`;
/// `CONFLICT` where the account is disabled; `INVALID_TOKEN`.
pub fn act_as(kw: &Keyward, actor: &Actor, request: Request) -> Result<TokenSet> {
    actor.require_person()?;
    if request.account == actor.account() {
        return Err(Error::forbidden("Nobody acts for themselves."));
    }
    let (by, actor) = (Administrator::from((kw, actor)), actor.clone());
    let (bearer, now) = kw.change(move |change| {
        by.hold(change, request.account)?;
        require_may(change, &actor)?;
        let account = accounts::lookup(change, request.account)?;
        let account = account.ok_or_else(Error::no_such_account)?;
        require_ordinary(change, &account)?;
        let session = session(change, &actor, &account, request.life)?;
        // Beside those of the owner: none of them makes room for it.
        sessions::add(change, &session)?;
        let event = by.event(What::ActedAs).of(account.id).within(session.id);
        change.record(&event.noting(request.reason.clone().into_inner()))?;
        Ok((bearer_of(change, session, account)?, change.now))
    })?;
    mint(kw, bearer, now)
}

/// By the database, and by roles of the service: what a role of an organization says is not
/// asked.
fn require_may(change: &mut Change<'_>, actor: &Actor) -> Result<()> {
    let access = roles::access_of(change, actor.account())?;
    if access.is_admin() && access.permissions.contains(ACT_AS) {
        return Ok(());
    }
    Err(Error::forbidden(
        "This needs the permission \"account:act_as\": a role of the service that holds it.",
    ))
}

fn require_ordinary(change: &mut Change<'_>, account: &Account) -> Result<()> {
    if account.anonymous {
        return Err(Error::forbidden("Nobody acts for a guest."));
    }
    if !account.enabled {
        let words = "That account is disabled: nobody acts for it.";
        return Err(Error::new(Code::Conflict, words));
    }
    let access = roles::access_of(change, account.id)?;
    if access.is_admin() || access.permissions.contains(ACT_AS) {
        return Err(Error::forbidden(
            "Nobody acts for an administrator, or for who may act for others.",
        ));
    }
    Ok(())
}

/// It tells how and when the administrator signed in: nobody else did.
fn session(
    change: &mut Change<'_>,
    actor: &Actor,
    account: &Account,
    life: ActingLife,
) -> Result<Session> {
    let (own, _) = sessions::lookup(change, actor.session())?.ok_or_else(Error::token)?;
    let beginning = Beginning {
        mode: Mode::Json,
        class: Class::Standard,
        methods: &[],
        // From where an administrator acts is theirs; the audit log has it.
        client: Client::default(),
        organization: None,
    };
    let mut session = begin_session::session(change.kw, account, &beginning, change.now);
    session.authentication = own.authentication;
    session.absolute_expires_at = (change.now + life.duration()).min(own.absolute_expires_at);
    session.idle_expires_at = session.absolute_expires_at;
    session.acted_by = Some((actor.account(), actor.session()));
    Ok(session)
}
