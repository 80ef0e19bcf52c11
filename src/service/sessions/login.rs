//! Signing in with a password: one act for every dialect.

use std::net::IpAddr;
use std::time::Duration;

use crate::crypto::password::hasher::Verdict;
use crate::domain::access::Access;
use crate::domain::account::{Account, Epoch};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::{Event, What};
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::identifier::Identifier;
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::session::{Class, Client, Mode, Session};
use crate::lanes::password_lane::{Caller, Seat};
use crate::service::attempts::budget::{Reservation, keep_seat, reserve};
use crate::service::attempts::prove::{
    Flaw, Second, SecondFactor, form, methods_of, read_second, use_second, verify,
};
use crate::service::attempts::subject::{Known, Subject, mark_of};
use crate::service::change::Change;
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::sessions::ended_by_sign_in::Replaced;
use crate::service::sessions::unknown_browser::{self, Came};
use crate::service::sessions::wanted_organization::{WantedOrganization, Where, theirs};
use crate::service::tokens::authenticate::ExpiredToken;
use crate::service::tokens::begin_session::{self, Beginning};
use crate::service::tokens::mint::{TokenSet, mint};
use crate::store::factors::Factor;
use crate::store::login_attempts::Attempt;
use crate::store::{accounts, credentials, factors, login_attempts, sessions};
use crate::support::clock::Timestamp;
use crate::support::secret::SecretString;

pub struct Request {
    pub identifier: Identifier,
    pub password: Password,
    /// The organization to sign in to.
    pub organization: Option<WantedOrganization>,
    /// A code of the second factor, or a recovery code.
    pub otp: Option<SecretString>,
    /// The mark of a browser that signed in before; of several, with spaces between them,
    /// any may be it.
    pub device: Option<String>,
    /// The refresh tokens of the cookies that came along. The sessions of the same account
    /// that they belong to end: whoever shares one is out (ASVS 7.2.4).
    pub replaces: Vec<SecretString>,
    /// The access token that came along. A guest's session that it belongs to ends: nothing
    /// of the guest is merged (A7).
    pub guest: Option<ExpiredToken>,
    pub mode: Mode,
    pub class: Class,
    /// The face's name, for the record of attempts.
    pub dialect: &'static str,
    pub client: Client,
}

/// An address counts as known for so long after a sign-in from it.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 86_400);

struct Found {
    account: Option<Account>,
    record: Option<PasswordRecord>,
    factor: Option<Factor>,
    /// From where the account signed in of late.
    addresses: Vec<IpAddr>,
    to: Where,
}

/// # Errors
/// `INVALID_CREDENTIALS`, the same for an unknown account, a wrong password, a
/// disabled account and an organization that is not theirs; `INVALID_OTP` once the password was right; `ATTEMPTS_EXCEEDED`
/// and `REQUESTS_EXCEEDED` before anything is looked at; `SERVICE_UNAVAILABLE`.
pub fn login(kw: &Keyward, seat: &Seat, request: Request) -> Result<TokenSet> {
    let found = find(kw, &request)?;
    let shown = request.device.as_deref();
    let subject = match &found.account {
        Some(account) => {
            let known = Known {
                factor: found.factor.as_ref(),
                addresses: &found.addresses,
            };
            Subject::of(kw, account, &known, (shown, &request.client))
        }
        None => Subject::Nobody {
            identifier: request.identifier.canonical(),
        },
    };
    keep_seat(kw, seat, &subject)?;
    let mut reservation = reserve(kw, &subject, &request.client, request.otp.is_some())?;
    match compare(kw, seat, found, &request, &mut reservation) {
        // Another sign-in made the record anew, or the password is another one now: the
        // record that stands will tell.
        Err(error) if error.is_overtaken() => {
            let found = find(kw, &request)?;
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
        found.record.as_ref(),
        reservation,
    )?;
    let enabled = found.account.as_ref().is_some_and(Account::may_sign_in);
    let may = enabled && found.to.is_theirs();
    let (account, record) = match (verdict, found.account, found.record) {
        (Verdict::Match, Some(account), Some(record)) if may => (account, record),
        (verdict, account, _) => {
            return refuse(kw, verdict, account.as_ref(), (request, reservation));
        }
    };
    let id = account.id;
    if !kw.policy.lets_in(&account) {
        let about = (request, &*reservation);
        return say_no(
            kw,
            Some(id),
            AttemptOutcome::NotVerified,
            about,
            not_verified(),
        );
    }
    let second = match second(kw, &account, found.factor.as_ref(), request, reservation)? {
        SecondFactor::NotNeeded => None,
        SecondFactor::Given(second) => Some(second),
        SecondFactor::Refused(flaw) => {
            let about = (request, &*reservation);
            return say_no(kw, Some(id), flaw.outcome(), about, flaw.error());
        }
    };
    // Only where there is a cookie jar to keep it.
    let device =
        (request.mode == Mode::Cookie).then(|| mark_of(kw, &account, found.factor.as_ref()));
    let proved = reservation.clone().proved_by(id, record.clone());
    let into = (&account, found.to.organization());
    let begun = begin(kw, into, request, second, proved, seat.caller());
    match begun.map(|tokens| TokenSet { device, ..tokens }) {
        Err(error) if error.code == Code::InvalidOtp => {
            let about = (request, &*reservation);
            say_no(kw, Some(id), Flaw::Used.outcome(), about, error)
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

/// What was typed as a second factor, read.
fn second(
    kw: &Keyward,
    account: &Account,
    factor: Option<&Factor>,
    request: &Request,
    reservation: &mut Reservation,
) -> Result<SecondFactor> {
    let Some(factor) = factor else {
        return Ok(SecondFactor::NotNeeded);
    };
    let Some(otp) = &request.otp else {
        return Ok(SecondFactor::Refused(Flaw::Missing));
    };
    let Ok(typed) = form(otp) else {
        // The password was right, and nobody guessed at a code.
        reservation.given_back(kw)?;
        return Ok(SecondFactor::Refused(Flaw::NoCode));
    };
    let client = &request.client;
    let second = read_second(kw, account.id, factor, &typed, client, reservation)?;
    Ok(second.map_or(SecondFactor::Refused(Flaw::Wrong), SecondFactor::Given))
}

fn not_verified() -> Error {
    Error::new(Code::EmailNotVerified, "Invalid user credentials.")
}

fn find(kw: &Keyward, request: &Request) -> Result<Found> {
    let since = kw.clock.now() - KNOWN_FOR;
    kw.store.read(|db| {
        let account = accounts::find_by_identifier(db, &request.identifier)?;
        // The same look-ups either way, so that an unknown account costs the same.
        let id = account
            .as_ref()
            .map_or(AccountId(uuid::Uuid::nil()), |account| account.id);
        let epoch = account.as_ref().map_or(Epoch(0), |account| account.epoch);
        let record = credentials::lookup(db, id)?;
        Ok(Found {
            account,
            record,
            factor: factors::active_of(db, id)?,
            addresses: sessions::addresses_of(db, id, epoch, since)?,
            to: theirs(db, id, request.organization.as_ref())?,
        })
    })
}

/// Notes the attempt and says no, in the same words whatever the reason.
fn refuse<T>(
    kw: &Keyward,
    verdict: Verdict,
    account: Option<&Account>,
    about: (&Request, &Reservation),
) -> Result<T> {
    let outcome = match (verdict, account) {
        (_, None) => AttemptOutcome::UnknownAccount,
        (Verdict::Damaged, _) => AttemptOutcome::DamagedRecord,
        (Verdict::Match, Some(account)) if account.may_sign_in() => AttemptOutcome::NoMember,
        (Verdict::Match, _) => AttemptOutcome::Disabled,
        _ => AttemptOutcome::WrongPassword,
    };
    if verdict == Verdict::Damaged && account.is_some() {
        log::error!("a password record can not be read; its owner can not sign in");
    }
    say_no(
        kw,
        account.map(|account| account.id),
        outcome,
        about,
        Error::credentials(),
    )
}

fn say_no<T>(
    kw: &Keyward,
    account: Option<AccountId>,
    outcome: AttemptOutcome,
    (request, reservation): (&Request, &Reservation),
    error: Error,
) -> Result<T> {
    let attempt = attempt(kw, account, outcome, request, kw.clock.now());
    let reservation = reservation.clone();
    kw.change(move |change| {
        login_attempts::add(change, &attempt)?;
        reservation.failed(change, &attempt.client)
    })?;
    Err(error)
}

fn attempt(
    kw: &Keyward,
    account: Option<AccountId>,
    outcome: AttemptOutcome,
    request: &Request,
    at: Timestamp,
) -> Attempt {
    Attempt {
        id: kw.entropy.id(at),
        account,
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
    old: PasswordRecord,
    password: Password,
) -> Result<()> {
    let inner = kw.clone();
    let Ok(Ok(new)) = seat.run(move || inner.hasher.hash(&password, &inner.entropy)) else {
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
    (account, organization): (&Account, Option<OrganizationId>),
    request: &Request,
    second: Option<Second>,
    reservation: Reservation,
    caller: Caller,
) -> Result<TokenSet> {
    let now = kw.clock.now();
    let beginning = Beginning {
        mode: request.mode,
        class: request.class,
        methods: methods_of(second.as_ref()),
        organization,
        client: request.client.clone(),
    };
    let session = begin_session::session(kw, account, &beginning, now);
    let attempt = attempt(kw, Some(account.id), AttemptOutcome::Ok, request, now);
    let opening = Opening {
        session: session.clone(),
        attempt,
        second,
        reservation,
        replaced: Replaced::of(kw, &request.replaces, request.guest.as_ref()),
        marks: request.device.clone(),
        is_first: account.last_login_at.is_none(),
    };
    let begun = kw.change(move |change| {
        // Nobody would ever end a session that nobody was told of (H14).
        if caller.is_gone() {
            return Err(Error::busy("the client went away during its sign-in"));
        }
        write_session(change, &opening)
    })?;
    let tokens = mint(kw, &session, &begun.account, begun.access, now)?;
    Ok(TokenSet {
        guest: begun.guest,
        ..tokens
    })
}

struct Begun {
    account: Account,
    access: Access,
    guest: Option<AccountId>,
}

/// What a sign-in writes.
struct Opening {
    session: Session,
    attempt: Attempt,
    second: Option<Second>,
    reservation: Reservation,
    replaced: Replaced,
    marks: Option<String>,
    is_first: bool,
}

fn write_session(change: &mut Change<'_>, opening: &Opening) -> Result<Begun> {
    let Opening {
        session, attempt, ..
    } = opening;
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
    if let Some(second) = &opening.second {
        use_second(change, account.id, second)?;
        if matches!(second, Second::Recovery { .. }) {
            notice::record(change, &event(What::RecoveryCodeUsed))?;
        }
    } else if factors::active_of(change, account.id)?.is_some() {
        // Switched on since it was looked for.
        return Err(Flaw::Missing.error());
    }
    opening.reservation.succeeded(change)?;
    let came = Came {
        marks: opening.marks.as_deref(),
        client: &attempt.client,
        is_first: opening.is_first,
    };
    unknown_browser::tell(change, (&account, session), &came)?;
    let by = (session.account, &attempt.client);
    opening.replaced.end_own(change, by)?;
    login_attempts::add(change, attempt)?;
    let mut succeeded = event(What::LoginSucceeded);
    succeeded.organization = session.organization;
    change.record(&succeeded)?;
    let guest = opening.replaced.end_guests(change, by)?;
    let access = begin_session::write(change, session)?;
    Ok(Begun {
        account,
        access,
        guest,
    })
}
