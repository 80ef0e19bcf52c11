//! Signing in with a password: one act for every dialect.

use crate::crypto::password::hasher::Verdict;
use crate::crypto::refresh_token::Presented;
use crate::domain::access::Access;
use crate::domain::account::Account;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::identifier::Identifier;
use crate::domain::password::Password;
use crate::domain::rotation::Generation;
use crate::domain::session::{Authentication, Class, Client, EndReason, Mode, Session};
use crate::lanes::password_lane::{Caller, Seat};
use crate::service::attempts::budget::{Reservation, Subject, keep_seat, mark_of, reserve};
use crate::service::attempts::prove::{Flaw, Second, form, read_second, use_second, verify};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::tokens::mint::{TokenSet, mint};
use crate::store::factors::Stored as Factor;
use crate::store::login_attempts::Attempt;
use crate::store::{accounts, credentials, factors, login_attempts, roles, sessions};
use crate::support::clock::Timestamp;
use crate::support::secret::{ExposeSecret as _, SecretString};

pub struct Request {
    pub identifier: Identifier,
    pub password: Password,
    /// A code of the second factor, or a recovery code.
    pub otp: Option<SecretString>,
    /// The mark of a browser that signed in before; of several, with spaces between them,
    /// any may be it.
    pub device: Option<String>,
    /// The refresh token of the cookie that came along. A session of the same account that it
    /// belongs to ends: whoever shares that session is out (ASVS 7.2.4).
    pub replaces: Option<SecretString>,
    pub mode: Mode,
    pub class: Class,
    /// The face's name, for the record of attempts.
    pub dialect: &'static str,
    pub client: Client,
}

/// How many living sessions an account may have; the oldest makes room (R25).
const MOST_SESSIONS: i64 = 1000;

struct Found {
    account: Option<Account>,
    record: Option<String>,
    factor: Option<Factor>,
}

/// # Errors
/// `INVALID_CREDENTIALS`, the same for an unknown account, a wrong password and a
/// disabled account; `INVALID_OTP` once the password was right; `ATTEMPTS_EXCEEDED`
/// and `REQUESTS_EXCEEDED` before anything is looked at; `SERVICE_UNAVAILABLE`.
pub fn login(kw: &Keyward, seat: &Seat, request: Request) -> Result<TokenSet> {
    let found = find(kw, &request.identifier)?;
    let shown = request.device.as_deref();
    let subject = match &found.account {
        Some(account) => Subject::of(kw, account, found.factor.as_ref(), shown),
        None => Subject::Nobody {
            identifier: request.identifier.canonical(),
        },
    };
    keep_seat(kw, seat, &subject)?;
    let mut reservation = reserve(kw, &subject, &request.client)?;
    match compare(kw, seat, found, &request, &mut reservation) {
        // Another sign-in made the record anew, or the password is another one now: the
        // record that stands will tell.
        Err(error) if error.is_overtaken() => {
            let found = find(kw, &request.identifier)?;
            compare(kw, seat, found, &request, &mut reservation)
        }
        answer => answer,
    }
}

/// Compares what was typed with what was found, and begins the session.
fn compare(
    kw: &Keyward,
    seat: &Seat,
    found: Found,
    request: &Request,
    reservation: &mut Reservation,
) -> Result<TokenSet> {
    let verdict = verify(
        kw,
        seat,
        &request.password,
        found.record.as_deref(),
        reservation,
    )?;
    let enabled = found
        .account
        .as_ref()
        .is_some_and(|account| account.enabled && !account.anonymous);
    let (account, record) = match (verdict, found.account, found.record) {
        (Verdict::Match, Some(account), Some(record)) if enabled => (account, record),
        (verdict, account, _) => return refuse(kw, verdict, account.as_ref(), request),
    };
    let id = account.id;
    if kw.policy.require_verified_email && !account.verified {
        return say_no(kw, Some(id), "not_verified", request, not_verified());
    }
    let second = match second(kw, &account, found.factor.as_ref(), request, reservation)? {
        Ok(second) => second,
        Err(flaw) => return say_no(kw, Some(id), flaw.outcome(), request, flaw.error()),
    };
    // Only where there is a cookie jar to keep it.
    let device =
        (request.mode == Mode::Cookie).then(|| mark_of(kw, &account, found.factor.as_ref()));
    let reservation = reservation.clone().proved_by(id, record.clone());
    let caller = seat.caller();
    let begun = begin(kw, account, request, second, reservation, caller);
    match begun.map(|tokens| TokenSet { device, ..tokens }) {
        Err(error) if error.code == Code::InvalidOtp => {
            say_no(kw, Some(id), Flaw::Used.outcome(), request, error)
        }
        Ok(tokens) if kw.hasher.is_outdated(&record) => {
            // The session has begun: another sign-in may have better luck with this.
            if let Err(error) = upgrade(kw, seat, id, record, request.password.clone()) {
                log::warn!("a password record was not made anew: {error}");
            }
            Ok(tokens)
        }
        answer => answer,
    }
}

/// What was typed as a second factor, read; or why it is none.
fn second(
    kw: &Keyward,
    account: &Account,
    factor: Option<&Factor>,
    request: &Request,
    reservation: &mut Reservation,
) -> Result<Result<Option<Second>, Flaw>> {
    let Some(factor) = factor else {
        return Ok(Ok(None));
    };
    let Some(otp) = &request.otp else {
        return Ok(Err(Flaw::Missing));
    };
    let Ok(typed) = form(otp) else {
        // The password was right, and nobody guessed at a code.
        reservation.given_back(kw)?;
        return Ok(Err(Flaw::NoCode));
    };
    let client = &request.client;
    let second = read_second(kw, account.id, factor, &typed, client, reservation)?;
    Ok(second.map(Some).ok_or(Flaw::Wrong))
}

fn not_verified() -> Error {
    Error::new(Code::EmailNotVerified, "Invalid user credentials.")
}

fn find(kw: &Keyward, identifier: &Identifier) -> Result<Found> {
    kw.store.read(|db| {
        let account = accounts::find_by_identifier(db, identifier)?;
        // The same look-ups either way, so that an unknown account costs the same.
        let id = account
            .as_ref()
            .map_or(AccountId(uuid::Uuid::nil()), |account| account.id);
        let record = credentials::lookup(db, id)?;
        Ok(Found {
            account,
            record,
            factor: factors::active_of(db, id)?,
        })
    })
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
    say_no(
        kw,
        account.map(|account| account.id),
        outcome,
        request,
        Error::credentials(),
    )
}

fn say_no<T>(
    kw: &Keyward,
    account: Option<AccountId>,
    outcome: &'static str,
    request: &Request,
    error: Error,
) -> Result<T> {
    let attempt = attempt(kw, account, outcome, request, kw.clock.now());
    kw.store
        .write(move |tx| login_attempts::add(tx, &attempt).map_err(Error::from))?;
    Err(error)
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
    kw.store
        .write(move |tx| credentials::upgrade(tx, account, &old, &new).map_err(Error::from))?;
    Ok(())
}

/// Begins the session: the second factor used up, attempt, session, last login and
/// audit in one transaction.
fn begin(
    kw: &Keyward,
    account: Account,
    request: &Request,
    second: Option<Second>,
    reservation: Reservation,
    caller: Caller,
) -> Result<TokenSet> {
    let now = kw.clock.now();
    let (methods, level): (&[&str], u8) = match &second {
        None => (&["pwd"], 1),
        Some(Second::Code { .. }) => (&["pwd", "otp"], 2),
        Some(Second::Recovery { .. }) => (&["pwd", "recovery"], 2),
    };
    let session = Session {
        id: kw.keys.session_ids.mint(&kw.entropy),
        account: account.id,
        organization: None,
        anonymous: false,
        mode: request.mode,
        class: request.class,
        authentication: Authentication {
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            level,
            at: now,
        },
        created_at: now,
        salt: kw.entropy.bytes(),
        generation: Generation::first(now),
        idle_expires_at: now + kw.policy.idle_ttl(request.class),
        absolute_expires_at: now + kw.policy.session_max_ttl,
        account_epoch: account.epoch,
        user_agent: request.client.user_agent.clone(),
        address: request.client.address.clone(),
        ended: None,
    };
    let attempt = attempt(kw, Some(account.id), "ok", request, now);
    let row = session.clone();
    let replaced = request.replaces.as_ref();
    let replaced = replaced.and_then(|token| kw.keys.refresh_tokens.read(token.expose_secret()));
    let begun = kw.change(move |change| {
        // Nobody would ever end a session that nobody was told of (H14).
        if caller.is_gone() {
            return Err(Error::busy("the client went away during its sign-in"));
        }
        let begun = write_session(change, &row, &attempt, second.as_ref(), &reservation)?;
        if let Some(token) = &replaced {
            end_replaced(change, token, &attempt)?;
        }
        Ok(begun)
    })?;
    mint(kw, &session, &begun.account, begun.access, now)
}

struct Begun {
    account: Account,
    access: Access,
}

fn write_session(
    change: &mut Change<'_>,
    session: &Session,
    attempt: &Attempt,
    second: Option<&Second>,
    reservation: &Reservation,
) -> Result<Begun> {
    let now = session.created_at;
    // Since the password was verified the account may have been disabled, or all its
    // sessions ended, which advances its epoch.
    if !accounts::sign_in(change, session.account, session.account_epoch, now)? {
        return Err(Error::credentials());
    }
    let account = accounts::lookup(change, session.account)?.ok_or_else(Error::credentials)?;
    let event = |what| {
        Event::new(what, attempt.client.clone())
            .of(account.id)
            .within(session.id)
    };
    if let Some(second) = second {
        use_second(change, account.id, second)?;
        if matches!(second, Second::Recovery { .. }) {
            let event = event(What::RecoveryCodeUsed);
            change.record(&event)?;
            notice::of_event(change, &event)?;
        }
    } else if factors::active_of(change, account.id)?.is_some() {
        // Switched on since it was looked for.
        return Err(Flaw::Missing.error());
    }
    reservation.succeeded(change)?;
    let access = roles::access_of(change, account.id)?;
    sessions::add(change, session)?;
    login_attempts::add(change, attempt)?;
    change.record(&event(What::LoginSucceeded))?;
    displace(change, account.id)?;
    Ok(Begun { account, access })
}

/// Ends the session that was idle for longest, where there are too many.
fn displace(change: &mut Change<'_>, account: AccountId) -> Result<()> {
    let now = change.now;
    if let Some(oldest) = sessions::beyond(change, account, MOST_SESSIONS, now)? {
        change.end(oldest, EndReason::Displaced)?;
    }
    Ok(())
}

/// Ends the session that this browser had, if it is the same account's. Another's goes on:
/// whoever lends out a browser does not sign its owner out by it.
fn end_replaced(change: &mut Change<'_>, token: &Presented, attempt: &Attempt) -> Result<()> {
    let Some((session, account)) = sessions::lookup(change, token.session)? else {
        return Ok(());
    };
    let is_theirs = change.kw.keys.refresh_tokens.belongs(token, &session.salt);
    if Some(account.id) == attempt.account
        && is_theirs
        && change.end(session.id, EndReason::Revoked)?
    {
        let event = Event::new(What::SessionsRevoked, attempt.client.clone());
        change.record(&event.of(account.id).within(session.id))?;
    }
    Ok(())
}
