//! Beginning a session: at a sign-in, and where a change of credentials ends every session
//! of its account and gives its owner another (renewal, ASVS 7.2.4).

use std::time::Duration;

use crate::domain::account::Account;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::refresh_rotation::Generation;
use crate::domain::rights::access::Access;
use crate::domain::rights::bearer::Bearer;
use crate::domain::session::{Authentication, Class, Client, EndReason, Method, Mode, Session};
use crate::service::change::{Caller, Change};
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::mint::{TokenSet, mint};
use crate::store::{access, accounts, factors, sessions};
use crate::support::clock::Timestamp;

/// How many living sessions an account may have; the one that was idle for the longest makes room (R25).
const MOST_SESSIONS: i64 = 1000;

/// How long a guest's session may live at the most: as long as any setting lets a session.
/// What ends a guest is that they were not there (docs/decisions/0070).
const GUEST_MAX_TTL: Duration = Duration::from_secs(3650 * 86_400);

/// What a session begins with, beside its account.
pub(in crate::service) struct Beginning {
    pub(in crate::service) mode: Mode,
    pub(in crate::service) class: Class,
    /// The methods that were shown now: a guest's are none, and the level is 0.
    pub(in crate::service) methods: &'static [Method],
    pub(in crate::service) client: Client,
    /// The organization that the session is in, to its end.
    pub(in crate::service) organization: Option<OrganizationId>,
}

/// A session that begins `now`; nothing is written.
pub(in crate::service) fn session(
    kw: &Keyward,
    account: &Account,
    beginning: &Beginning,
    now: Timestamp,
) -> Session {
    let Beginning { mode, class, .. } = *beginning;
    let max_ttl = if account.anonymous {
        GUEST_MAX_TTL
    } else {
        kw.policy.session_max_ttl
    };
    let mut session = Session {
        id: kw.keys.session_ids.mint(now, &kw.entropy),
        account: account.id,
        organization: beginning.organization,
        anonymous: account.anonymous,
        mode,
        class,
        authentication: Authentication {
            methods: beginning.methods.to_vec(),
            level: match beginning.methods {
                [] => 0,
                [_] => 1,
                _ => 2,
            },
            at: now,
        },
        created_at: now,
        salt: kw.entropy.bytes(),
        generation: Generation::first(now),
        idle_expires_at: now,
        absolute_expires_at: now + max_ttl,
        account_epoch: account.epoch,
        user_agent: beginning.client.user_agent.clone(),
        address: beginning.client.address,
        acted_by: None,
        entered_from: None,
        ended: None,
    };
    session.idle_expires_at = now + kw.policy.idle_ttl_of(&session);
    session
}

/// Writes the session. Where there are too many, the one that was idle for longest ends.
///
/// # Errors
/// `INVALID_CREDENTIALS` where the account is no member of the session's organization any more.
pub(in crate::service) fn write(change: &mut Change<'_>, session: &Session) -> Result<Access> {
    let access = access::of_session(change, session)?.ok_or_else(Error::credentials)?;
    sessions::add(change, session)?;
    displace(change, session.account)?;
    Ok(access)
}

fn displace(change: &mut Change<'_>, account: AccountId) -> Result<()> {
    let now = change.now;
    if let Some(oldest) = sessions::beyond(change, account, MOST_SESSIONS, now)? {
        change.end(oldest, EndReason::Displaced)?;
    }
    Ok(())
}

/// A session in the place of the caller's own, in the same mode and of the same class.
pub struct Renewed {
    pub tokens: TokenSet,
    pub mode: Mode,
}

/// A renewed session that is written, and not yet committed.
pub(in crate::service) struct Written {
    pub(in crate::service) bearer: Bearer,
    device: Option<String>,
}

/// Ends every session of the caller's account, the caller's own included: whoever shares it
/// is out. Begins another for the caller, who has shown `methods` now.
pub(in crate::service) fn renew<'t>(
    change: &mut Change<'t>,
    caller: Caller<'t, '_>,
    methods: &'static [Method],
) -> Result<Written> {
    let actor = caller.actor;
    let (old, _) = sessions::lookup(change, actor.session())?.ok_or_else(Error::token)?;
    change.end_all_of(caller.account)?;
    // Of the epoch that has begun with it.
    let account = accounts::lookup(change, actor.account())?.ok_or_else(Error::token)?;
    let beginning = Beginning {
        mode: old.mode,
        class: old.class,
        methods,
        client: actor.client.clone(),
        organization: old.organization,
    };
    let session = session(change.kw, &account, &beginning, change.now);
    let access = write(change, &session)?;
    let device = match old.mode {
        Mode::Cookie => {
            let factor = factors::active_of(change, account.id)?;
            let factor = factor.map(|factor| factor.id);
            let devices = &change.kw.keys.devices;
            Some(devices.mark(account.id, account.epoch, factor))
        }
        Mode::Json => None,
    };
    Ok(Written {
        bearer: Bearer {
            session,
            account,
            access,
        },
        device,
    })
}

/// Begins a session of the same caller beside the old one, in another organization. It tells how
/// and when its caller signed in, as the old one does, and ends no later: nothing was shown anew.
pub(in crate::service) fn beside(
    change: &mut Change<'_>,
    (old, account): (&Session, Account),
    organization: OrganizationId,
    client: &Client,
) -> Result<Written> {
    let beginning = Beginning {
        mode: old.mode,
        class: old.class,
        methods: &[],
        client: client.clone(),
        organization: Some(organization),
    };
    let mut session = session(change.kw, &account, &beginning, change.now);
    session.authentication = old.authentication.clone();
    session.absolute_expires_at = old.absolute_expires_at;
    session.entered_from = Some(old.signed_in());
    let access = write(change, &session)?;
    Ok(Written {
        bearer: Bearer {
            session,
            account,
            access,
        },
        device: None,
    })
}

/// The tokens of a renewed session, once it is committed.
pub(in crate::service) fn tokens_of(kw: &Keyward, written: Written) -> Result<Renewed> {
    let Written { bearer, device } = written;
    let Session {
        mode, created_at, ..
    } = bearer.session;
    let tokens = mint(kw, bearer, created_at)?;
    Ok(Renewed {
        tokens: TokenSet { device, ..tokens },
        mode,
    })
}
