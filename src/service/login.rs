//! Signing in with a password: one act for every dialect.

use std::sync::Arc;

use super::audit::record;
use super::context::Keyward;
use super::error::{Error, Result};
use super::issue::{TokenSet, mint};
use crate::crypto::password_hasher::Verdict;
use crate::crypto::password_lane::Seat;
use crate::domain::access::Access;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Identifier;
use crate::domain::password::Password;
use crate::domain::rotation::Generation;
use crate::domain::session::{Authentication, Class, Client, Mode, Session};
use crate::store::login_attempts::Attempt;
use crate::store::{AnyConnection, accounts, credentials, login_attempts, roles, sessions};
use crate::support::clock::Timestamp;

pub struct Request {
    pub identifier: Identifier,
    pub password: Password,
    pub mode: Mode,
    pub class: Class,
    /// The face's name, for the record of attempts.
    pub dialect: &'static str,
    pub client: Client,
}

/// # Errors
/// `INVALID_CREDENTIALS`, the same for an unknown account, a wrong password and a
/// disabled account; `SERVICE_UNAVAILABLE`.
pub fn login(kw: &Keyward, seat: &Seat, request: Request) -> Result<TokenSet> {
    let (account, stored) = find(kw, &request.identifier)?;
    let verdict = verify(kw, seat, &request.password, stored.as_deref())?;
    let enabled = account
        .as_ref()
        .is_some_and(|account| account.enabled && !account.anonymous);
    let account = match (verdict, account) {
        (Verdict::Match, Some(account)) if enabled => account,
        (verdict, account) => return refuse(kw, verdict, account.as_ref(), &request),
    };
    if let Some(stored) = stored.filter(|stored| kw.hasher.is_outdated(stored)) {
        upgrade(kw, seat, account.id, stored, request.password.clone())?;
    }
    begin(kw, account, request)
}

fn find(kw: &Keyward, identifier: &Identifier) -> Result<(Option<Account>, Option<String>)> {
    kw.store.read(|db| {
        let account = accounts::find_by_identifier(db, identifier)?;
        // Two look-ups either way, so that an unknown account costs the same.
        let id = account
            .as_ref()
            .map_or(AccountId(uuid::Uuid::nil()), |account| account.id);
        Ok((account, credentials::lookup(db, id)?))
    })
}

fn verify(kw: &Keyward, seat: &Seat, password: &Password, stored: Option<&str>) -> Result<Verdict> {
    let (hasher, password) = (Arc::clone(&kw.hasher), password.clone());
    let stored = stored.map(str::to_owned);
    let verdict = seat
        .run(move || hasher.verify(&password, stored.as_deref()))
        .map_err(|_| Error::busy("the password lane gave up on a job"))?;
    if verdict == Verdict::PepperMissing {
        // Nobody can say whether it is right: never "wrong password", never unpeppered.
        log::error!("a password record was made with a pepper that is not here");
        return Err(Error::busy("pepper missing"));
    }
    Ok(verdict)
}

/// Notes the attempt and says no, in the same words whatever the reason.
fn refuse<T>(
    kw: &Keyward,
    verdict: Verdict,
    account: Option<&Account>,
    request: &Request,
) -> Result<T> {
    let outcome = match (verdict, account) {
        (_, None) => "unknown_account",
        (Verdict::Damaged, _) => "damaged_record",
        (Verdict::Match, _) => "disabled",
        _ => "wrong_password",
    };
    if verdict == Verdict::Damaged && account.is_some() {
        log::error!("a password record can not be read; its owner can not sign in");
    }
    let account = account.map(|account| account.id);
    let attempt = attempt(kw, account, outcome, request, kw.clock.now());
    kw.store
        .write(move |tx| login_attempts::add(tx, &attempt).map_err(Error::from))?;
    Err(Error::credentials())
}

fn attempt(
    kw: &Keyward,
    account: Option<AccountId>,
    outcome: &'static str,
    request: &Request,
    at: Timestamp,
) -> Attempt {
    Attempt {
        id: kw.entropy.id(at),
        account,
        succeeded: outcome == "ok",
        outcome,
        dialect: request.dialect,
        client: request.client.clone(),
        at,
    }
}

/// A record of an older cost is made anew while the password is at hand.
fn upgrade(
    kw: &Keyward,
    seat: &Seat,
    account: AccountId,
    old: String,
    password: Password,
) -> Result<()> {
    let inner = kw.clone();
    let Ok(new) = seat.run(move || inner.hasher.hash(&password, &inner.entropy)) else {
        return Ok(());
    };
    let now = kw.clock.now();
    kw.store
        .write(move |tx| credentials::upgrade(tx, account, &old, &new, now).map_err(Error::from))?;
    Ok(())
}

/// Begins the session: attempt, session, last login and audit in one transaction.
fn begin(kw: &Keyward, account: Account, request: Request) -> Result<TokenSet> {
    let now = kw.clock.now();
    let session = Session {
        id: kw.session_ids.mint(&kw.entropy),
        account: account.id,
        organization: None,
        anonymous: false,
        mode: request.mode,
        class: request.class,
        authentication: Authentication {
            methods: vec!["pwd".to_owned()],
            level: 1,
            at: now,
        },
        created_at: now,
        salt: kw.entropy.bytes(),
        generation: Generation {
            number: 0,
            rotated_at: now,
            replays: 0,
            seen: false,
        },
        idle_expires_at: now + kw.policy.idle_ttl(request.class),
        absolute_expires_at: now + kw.policy.session_max_ttl,
        account_epoch: account.epoch,
        user_agent: request.client.user_agent.clone(),
        address: request.client.address.clone(),
        ended: None,
    };
    let attempt = attempt(kw, Some(account.id), "ok", &request, now);
    let (inner, row) = (kw.clone(), session.clone());
    let (account, access) = kw
        .store
        .write(move |tx| write_session(&inner, tx, &row, &attempt, now))?;
    mint(kw, &session, &account, access, now)
}

fn write_session(
    kw: &Keyward,
    tx: &mut AnyConnection,
    session: &Session,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<(Account, Access)> {
    // Since the password was verified the account may have been disabled, or its
    // password changed, which advances its epoch.
    let account = accounts::lookup(tx, session.account)?
        .filter(|account| account.enabled && account.epoch == session.account_epoch)
        .ok_or_else(Error::credentials)?;
    let access = roles::access_of(tx, account.id)?;
    sessions::add(tx, session)?;
    accounts::set_last_login(tx, account.id, now)?;
    login_attempts::add(tx, attempt)?;
    let event = Event::new(What::LoginSucceeded, attempt.client.clone());
    record(kw, tx, &event.of(account.id).within(session.id), now)?;
    Ok((account, access))
}
