//! What a sign-in writes once its password was right: the second factor used up, attempt, session,
//! last login and audit, in one transaction.

use crate::domain::attempt_outcome::AttemptOutcome;
use crate::domain::event::{Event, What};
use crate::domain::id::AccountId;
use crate::domain::rights::bearer::Bearer;
use crate::domain::session::{Mode, Session};
use crate::service::attempts::check_second_factor::{
    Flaw, NotUsed, Second, methods_of, use_second,
};
use crate::service::attempts::counter_keys::mark_of;
use crate::service::attempts::guess_budget::Reservation;
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::sessions::ended_by_sign_in::Replaced;
use crate::service::sessions::login::{SignIn, Verified};
use crate::service::sessions::unknown_browser::{self, Came};
use crate::service::tokens::begin_session::{self, Beginning};
use crate::service::tokens::mint::{TokenSet, mint};
use crate::store::login_attempts::Attempt;
use crate::store::{accounts, factors, login_attempts};

impl SignIn<'_> {
    /// Begins the session, and mints its tokens.
    pub(super) fn begin(
        &self,
        who: &Verified,
        second: Option<Second>,
    ) -> Result<TokenSet, NotUsed> {
        let (kw, request) = (self.kw, self.request);
        let (account, caller) = (&who.account, self.seat.caller());
        let now = kw.clock.now();
        let beginning = Beginning {
            mode: request.mode,
            class: request.class,
            methods: methods_of(second.as_ref()),
            organization: who.organization,
            client: request.client.clone(),
        };
        let proved = self.reservation.clone();
        let opening = Opening {
            session: begin_session::session(kw, account, &beginning, now),
            attempt: self.attempt(Some(account.id), AttemptOutcome::Ok, now),
            second,
            reservation: proved.proved_by(account.id, who.record.clone()),
            replaced: Replaced::of(kw, &request.replaces, request.guest.as_ref()),
            marks: request.device.clone(),
            is_first: account.last_login_at.is_none(),
        };
        let begun = kw.change_or(move |change| {
            // Nobody would ever end a session that nobody was told of (H14).
            if caller.is_gone() {
                return Err(Error::busy("the client went away during its sign-in").into());
            }
            write_session(change, &opening)
        })?;
        let tokens = mint(kw, begun.bearer, now)?;
        // Only where there is a cookie jar to keep it.
        let is_kept = request.mode == Mode::Cookie;
        Ok(TokenSet {
            guest: begun.guest,
            device: is_kept.then(|| mark_of(kw, account, who.factor.as_ref())),
            ..tokens
        })
    }
}

struct Begun {
    bearer: Bearer,
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

fn write_session(change: &mut Change<'_>, opening: &Opening) -> Result<Begun, NotUsed> {
    let Opening {
        session, attempt, ..
    } = opening;
    let now = session.created_at;
    // Since the password was verified the account may have been disabled, or all its
    // sessions ended, which advances its epoch.
    if !accounts::sign_in(change, session.account, session.account_epoch, now)? {
        return Err(Error::credentials().into());
    }
    let account = accounts::lookup(change, session.account)?.ok_or_else(Error::credentials)?;
    let event = |what| {
        Event::new(what, attempt.client.clone())
            .of(account.id)
            .within(session.id)
    };
    if let Some(second) = &opening.second {
        use_second(change, second, &event(What::RecoveryCodeUsed))?;
    } else if factors::active_of(change, account.id)?.is_some() {
        // Switched on since it was looked for.
        return Err(NotUsed::Refused(Flaw::Missing));
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
    let bearer = Bearer {
        session: session.clone(),
        account,
        access,
    };
    Ok(Begun { bearer, guest })
}
