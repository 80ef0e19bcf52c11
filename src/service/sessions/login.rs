//! Signing in with a password: one act for every dialect.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::Dialect;
use crate::crypto::password::hasher::Verdict;
use crate::domain::account::{Account, Epoch};
use crate::domain::attempt_outcome::AttemptOutcome;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::identifier::Identifier;
use crate::domain::password::{Password, PasswordRecord};
use crate::domain::session::{Class, Client, Mode};
use crate::lanes::password_lane::Seat;
use crate::service::attempts::check_second_factor::{Flaw, NotUsed, SecondFactor, form};
use crate::service::attempts::counter_keys::{Known, Subject};
use crate::service::attempts::guess_budget::{Reservation, keep_seat, reserve};
use crate::service::error::{Code, Error, Result};
use crate::service::keyward::Keyward;
use crate::service::sessions::wanted_organization::{WantedOrganization, Where, theirs};
use crate::service::tokens::authenticate::ExpiredToken;
use crate::service::tokens::mint::TokenSet;
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
    /// The face, for the record of attempts.
    pub dialect: Dialect,
    pub client: Client,
}

/// An address counts as known for so long after a sign-in from it.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 86_400);

/// A sign-in under way: what came, and the attempt that it was counted as.
pub(super) struct SignIn<'a> {
    pub(super) kw: &'a Keyward,
    pub(super) seat: &'a Seat,
    pub(super) request: &'a Request,
    pub(super) reservation: Reservation,
}

/// What is stored under the identifier.
struct Found {
    account: Option<Account>,
    record: Option<PasswordRecord>,
    factor: Option<Factor>,
    /// From where the account signed in of late.
    addresses: Vec<IpAddr>,
    to: Where,
}

/// Whose password it was.
pub(super) struct Verified {
    pub(super) account: Account,
    /// What the password was compared with.
    pub(super) record: PasswordRecord,
    pub(super) factor: Option<Factor>,
    /// The organization that the sign-in leads to.
    pub(super) organization: Option<OrganizationId>,
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
    let mut sign_in = SignIn {
        kw,
        seat,
        request: &request,
        reservation: reserve(kw, &subject, &request.client, request.otp.is_some())?,
    };
    match sign_in.compare(found) {
        // Another sign-in made the record anew, or the password is another one now: the
        // record that stands will tell.
        Err(error) if error.is_overtaken() => sign_in.compare(find(kw, &request)?),
        answer => answer,
    }
}

impl SignIn<'_> {
    /// Compares what was typed with what was found, and begins the session.
    fn compare(&mut self, found: Found) -> Result<TokenSet> {
        let verdict =
            self.reservation
                .compare(self.seat, &self.request.password, found.record.as_ref())?;
        let enabled = found.account.as_ref().is_some_and(Account::may_sign_in);
        let may = enabled && found.to.is_theirs();
        let who = match (verdict, found.account, found.record) {
            (Verdict::Match, Some(account), Some(record)) if may => Verified {
                account,
                record,
                factor: found.factor,
                organization: found.to.organization(),
            },
            (verdict, account, _) => return self.refuse(verdict, account.as_ref()),
        };
        let id = Some(who.account.id);
        if !self.kw.policy.lets_in(&who.account) {
            return self.say_no(id, AttemptOutcome::NotVerified, not_verified());
        }
        let second = self.second(who.factor.as_ref());
        let second = match second.map_err(|error| self.reservation.unjudged(error))? {
            SecondFactor::NotNeeded => None,
            SecondFactor::Given(second) => Some(second),
            SecondFactor::Refused(flaw) => return self.say_no(id, flaw.outcome(), flaw.error()),
        };
        match self.begin(&who, second) {
            Err(NotUsed::Refused(flaw)) => self.say_no(id, flaw.outcome(), flaw.error()),
            Err(NotUsed::Failed(error)) => Err(self.reservation.unjudged(error)),
            Ok(tokens) if self.kw.hasher.is_outdated(&who.record) => {
                // The session has begun: another sign-in may have better luck with this.
                if let Err(error) = self.upgrade(who) {
                    log::warn!("a password record was not made anew: {error}");
                }
                Ok(tokens)
            }
            Ok(tokens) => Ok(tokens),
        }
    }

    /// What was typed as a second factor, read.
    fn second(&mut self, factor: Option<&Factor>) -> Result<SecondFactor> {
        let Some(factor) = factor else {
            return Ok(SecondFactor::NotNeeded);
        };
        let Some(otp) = &self.request.otp else {
            return Ok(SecondFactor::Refused(Flaw::Missing));
        };
        let Ok(typed) = form(otp) else {
            // The password was right, and nobody guessed at a code.
            self.reservation.given_back()?;
            return Ok(SecondFactor::Refused(Flaw::NoCode));
        };
        let second = self.reservation.read_second(factor, &typed)?;
        Ok(second.map_or(SecondFactor::Refused(Flaw::Wrong), SecondFactor::Given))
    }

    /// Notes the attempt and says no, in the same words whatever the reason.
    fn refuse<T>(&self, verdict: Verdict, account: Option<&Account>) -> Result<T> {
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
        let id = account.map(|account| account.id);
        self.say_no(id, outcome, Error::credentials())
    }

    fn say_no<T>(
        &self,
        account: Option<AccountId>,
        outcome: AttemptOutcome,
        error: Error,
    ) -> Result<T> {
        let attempt = self.attempt(account, outcome, self.kw.clock.now());
        let reservation = self.reservation.clone();
        self.kw.change(move |change| {
            login_attempts::add(change, &attempt)?;
            reservation.failed(change)
        })?;
        Err(error)
    }

    /// The attempt, as it is recorded.
    pub(super) fn attempt(
        &self,
        account: Option<AccountId>,
        outcome: AttemptOutcome,
        at: Timestamp,
    ) -> Attempt {
        Attempt {
            id: self.kw.entropy.id(at),
            account,
            outcome,
            dialect: self.request.dialect.as_str(),
            client: self.request.client.clone(),
            at,
        }
    }

    /// A record of an older cost is made anew while the password is at hand.
    fn upgrade(&self, who: Verified) -> Result<()> {
        let (inner, password) = (self.kw.clone(), self.request.password.clone());
        let hashed = self
            .seat
            .run(move || inner.hasher.hash(&password, &inner.entropy));
        let Ok(Ok(new)) = hashed else {
            return Ok(());
        };
        let (id, old) = (who.account.id, who.record);
        self.kw
            .store
            .write(move |tx| credentials::upgrade(tx, id, &old, &new).map_err(Error::from))?;
        Ok(())
    }
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
            .map_or(AccountId::NIL, |account| account.id);
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
