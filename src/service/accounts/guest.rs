//! Guests: somebody without an account begins a session, and may make an account of it.

use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::rights::access::Access;
use crate::domain::rights::bearer::Bearer;
use crate::domain::session::{Class, Client, Mode};
use crate::service::actor::Actor;
use crate::service::attempts::guests_per_household::count_guest;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::begin_session::{self, Beginning};
use crate::service::tokens::mint::{TokenSet, mint};
use crate::store::{Taken, accounts, guests, sessions};

/// Begins a guest's session. Account and session tell from where and when, so there is no
/// audit event, which would outlive both (docs/decisions/0070).
///
/// # Errors
/// `FORBIDDEN` where no guests are let in, `REQUESTS_EXCEEDED` where one household began too
/// many; `SERVICE_UNAVAILABLE`.
pub fn begin(kw: &Keyward, mode: Mode, client: Client) -> Result<TokenSet> {
    if !kw.policy.guests {
        return Err(Error::forbidden(
            "No guests are let in here. The operator can switch that on: KEYWARD_GUESTS=on.",
        ));
    }
    let beginning = Beginning {
        mode,
        class: Class::Standard,
        methods: &[],
        client,
        organization: None,
    };
    let (session, account) = kw.change(move |change| {
        count_guest(change, &beginning.client)?;
        let now = change.now;
        let account = Account::guest(AccountId(change.kw.entropy.id(now)), now);
        guests::add(change, &account)?;
        let session = begin_session::session(change.kw, &account, &beginning, now);
        sessions::add(change, &session)?;
        Ok((session, account))
    })?;
    let began = session.created_at;
    let bearer = Bearer {
        session,
        account,
        access: Access::default(),
    };
    mint(kw, bearer, began)
}

/// Makes the actor's guest account a registered one: its id stays, and every session of the
/// guest ends with its tokens, inside the grace too (A1, A6). The caller begins another.
///
/// # Errors
/// `CONFLICT` where the account is a guest's no more: of two upgrades at once one wins (A5).
/// `INVALID_TOKEN` where the guest's session is over.
pub(in crate::service) fn upgrade<'t>(
    change: &mut Change<'t>,
    actor: &Actor,
    new: &accounts::New,
) -> Result<Option<Held<'t, AccountId>>> {
    let id = actor.account();
    // Held before it is read: the other upgrade has ended this session.
    if change.hold_account(id)?.is_none() {
        return Err(Error::token());
    }
    let is_guest = accounts::lookup(change, id)?.is_some_and(|account| account.anonymous);
    if !is_guest {
        return Err(no_guest());
    }
    let caller = change.hold_caller(actor)?;
    match guests::register(change, new)? {
        Err(Taken) => return Ok(None),
        Ok(false) => return Err(no_guest()),
        Ok(true) => {}
    }
    change.end_all_of(caller.account)?;
    Ok(Some(caller.account))
}

fn no_guest() -> Error {
    Error::new(
        Code::Conflict,
        "This guest has an account by now: sign in to it.",
    )
}
