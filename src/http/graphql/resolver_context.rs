//! What a resolver may ask of the request. It runs on a thread of the store lane, where the request
//! itself can not go, so what it needs was taken along.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use crate::config::Dialect;
use crate::domain::id::OrganizationId;
use crate::domain::identifier::Identifier;
use crate::domain::session::{Class, Client, Mode};
use crate::http::error_response::log_cause;
use crate::http::request::call::Call;
use crate::http::request::fields::{Fields, otp, password};
use crate::http::request::mail_wishes::Wishes;
use crate::http::request::seat_on_demand::{Keeper, LateSeat};
use crate::http::request::wanted_organization;
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::mail::owner_mail::Wish;
use crate::service::sessions::logout::{self, Shown};
use crate::service::sessions::wanted_organization::WantedOrganization;
use crate::service::sessions::{login, refresh};
use crate::service::tokens::authenticate::{authenticate, read_expired};
use crate::service::tokens::mint::TokenSet;
use crate::service::{Error, Keyward, Result};
use crate::support::secret::SecretString;

pub struct Asked {
    pub kw: Keyward,
    actor: Result<Actor>,
    /// Who shows an API key beside it.
    key: Result<Option<Actor>>,
    /// The access token as it was sent.
    token: Result<Option<SecretString>>,
    client: Client,
    language: Option<String>,
    seat: LateSeat,
    spent: AtomicBool,
    /// Whether fields are counted, and nothing is done.
    rehearsal: AtomicBool,
    /// How many of those that change something were counted.
    changes: AtomicUsize,
    wait: AtomicU32,
    even: Even,
}

/// Whether the answer waits for the next beat, so that its time does not tell what an act found.
#[derive(Clone, Default)]
pub(super) struct Even(Arc<AtomicBool>);

impl Even {
    pub(super) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl juniper::Context for Asked {}

impl Asked {
    /// No cookie is read: none is a credential here.
    pub(super) async fn of(call: &Call, key: Result<Option<Actor>>) -> (Self, Keeper) {
        let (seat, keeper) = LateSeat::of(call.asker());
        let token = call.access_token();
        let Wishes { language, client } = call.wishes();
        let actor = match &token {
            Ok(None) => Err(call.no_token()),
            Ok(Some(_)) => call.actor().await,
            Err(error) => Err(error.clone()),
        };
        let asked = Self {
            kw: call.kw.clone(),
            actor,
            key,
            token,
            client,
            language,
            seat,
            spent: AtomicBool::new(false),
            rehearsal: AtomicBool::new(false),
            changes: AtomicUsize::new(0),
            wait: AtomicU32::new(0),
            even: Even::default(),
        };
        (asked, keeper)
    }

    /// Who acts, by access token or API key.
    ///
    /// # Errors
    /// 401 without a token or with a bad one, 400 with two.
    pub fn caller(&self) -> Result<Actor> {
        self.actor.clone()
    }

    /// Who acts where a key of the system is asked for: by the one beside the token, where one is.
    ///
    /// # Errors
    /// The same.
    pub fn system(&self) -> Result<Actor> {
        self.key.clone()?.map_or_else(|| self.caller(), Ok)
    }

    /// Who acts, by access token.
    ///
    /// # Errors
    /// The same; `FORBIDDEN` for an API key.
    pub fn actor(&self) -> Result<Actor> {
        let actor = self.caller()?;
        actor.require_person()?;
        Ok(actor)
    }

    /// Who acts, with an account.
    ///
    /// # Errors
    /// The same; `FORBIDDEN` for a guest.
    pub fn account(&self) -> Result<Actor> {
        let actor = self.actor()?;
        actor.require_account()?;
        Ok(actor)
    }

    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// How the caller wants a mail; `url` is the name of the link.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where the operator's list has not the address.
    pub fn wish(&self, fields: &Fields, url: &str) -> Result<Wish> {
        let wishes = Wishes {
            language: self.language.clone(),
            client: self.client(),
        };
        wishes.read(&self.kw, fields, url)
    }

    /// Takes the seat before anything is read. Whether one was free.
    pub(super) fn hold_seat(&self) -> bool {
        self.seat.hold(&self.kw)
    }

    /// A seat on the password lane.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where none is free.
    pub fn seat(&self) -> Result<Seat> {
        self.seat.take(&self.kw)
    }

    /// The guest who asks; as on REST, a bad token is refused.
    ///
    /// # Errors
    /// 401 with a bad token, 400 with two.
    pub fn guest(&self) -> Result<Option<Actor>> {
        Ok(self.anybody()?.filter(|actor| actor.claims().anon))
    }

    /// Whoever asks by an access token, where one came.
    ///
    /// # Errors
    /// As [`Asked::guest`].
    pub fn anybody(&self) -> Result<Option<Actor>> {
        if self.token.clone()?.is_none() {
            return Ok(None);
        }
        self.actor().map(Some)
    }

    /// Who holds these tokens.
    ///
    /// # Errors
    /// As [`authenticate`].
    pub fn holder(&self, tokens: &TokenSet) -> Result<Actor> {
        Ok(Actor {
            principal: authenticate(&self.kw, &tokens.access)?,
            client: self.client(),
            at: self.kw.clock.now(),
        })
    }

    /// Signs in, with `password` and `otp` of the fields. A guest's session ends by it.
    ///
    /// # Errors
    /// As [`login::login`].
    pub fn sign_in(&self, who: Identifier, fields: &Fields, face: Dialect) -> Result<TokenSet> {
        self.sign_in_on(&self.seat()?, who, (fields, face))
    }

    /// The same on a seat that was taken before.
    ///
    /// # Errors
    /// As [`login::login`].
    pub fn sign_in_on(
        &self,
        seat: &Seat,
        identifier: Identifier,
        (fields, dialect): (&Fields, Dialect),
    ) -> Result<TokenSet> {
        let beside = self.token.clone().ok().flatten();
        let request = login::Request {
            identifier,
            password: password(fields.required("password")?)?,
            otp: otp(fields)?,
            device: None,
            replaces: Vec::new(),
            guest: beside.and_then(|token| read_expired(&self.kw, &token).ok()),
            mode: Mode::Json,
            class: Class::Standard,
            organization: wanted_organization::by(fields)?,
            dialect,
            client: self.client(),
        };
        login::login(&self.kw, seat, request)
    }

    /// # Errors
    /// As [`refresh::refresh`].
    pub fn refresh(&self, token: &str, organization: Option<OrganizationId>) -> Result<TokenSet> {
        let request = refresh::Request {
            token: token.into(),
            organization: organization.map(WantedOrganization::Id),
            client: self.client(),
        };
        match refresh::refresh(&self.kw, &request) {
            Ok(refreshed) => Ok(refreshed.tokens),
            Err(refused) => Err(refused.error),
        }
    }

    /// Whether an access token came.
    ///
    /// # Errors
    /// 400 where two did.
    pub fn has_token(&self) -> Result<bool> {
        Ok(self.token.clone()?.is_some())
    }

    /// Ends the session of the access token that came.
    ///
    /// # Errors
    /// 401 where it is none, or the session is over.
    pub fn sign_out(&self) -> Result<()> {
        logout::by_shown(&self.kw, &self.shown())
    }

    /// The access token that came, to sign out by.
    pub fn shown(&self) -> Shown {
        Shown {
            actor: self.actor(),
            // Where two came, the actor says so.
            token: self.token.clone().ok().flatten(),
            client: self.client(),
        }
    }

    /// What the resolver does takes another time for a known address than for an unknown one: the
    /// answer waits, so that nobody learns which (E6).
    pub fn answer_evenly(&self) {
        self.even.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn even(&self) -> Even {
        self.even.clone()
    }

    /// How many fields that change something would be carried out by this, which carries out none.
    pub(super) fn rehearse<E>(
        &self,
        carry_out: impl FnOnce() -> std::result::Result<(), E>,
    ) -> std::result::Result<usize, E> {
        self.rehearsal.store(true, Ordering::Relaxed);
        let done = carry_out();
        self.rehearsal.store(false, Ordering::Relaxed);
        done.map(|()| self.changes.load(Ordering::Relaxed))
    }

    /// Whether a field is counted and not carried out.
    pub(super) fn rehearses(&self, changes: bool) -> bool {
        let rehearses = self.rehearsal.load(Ordering::Relaxed);
        if rehearses && changes {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        rehearses
    }

    /// Once for each document. What would be carried out is counted before it is; this is the
    /// second wall.
    pub(super) fn spend(&self) -> Result<()> {
        if self.spent.swap(true, Ordering::Relaxed) {
            return Err(Error::payload(ONE_CHANGE));
        }
        Ok(())
    }

    /// Notes a refusal: its cause goes to the log, and its time to wait to the head of the
    /// answer.
    pub fn note(&self, error: &Error) {
        log_cause(error);
        if let Some(seconds) = error.retry_after {
            self.wait.fetch_max(seconds, Ordering::Relaxed);
        }
    }

    pub(super) fn wait(&self) -> Option<u32> {
        Some(self.wait.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }
}

/// Said of a document that would change several things.
pub(super) const ONE_CHANGE: &str = "A document may hold one field that signs in, registers or \
                                     changes something: send the others in documents of their own";
