//! One request, as a handler sees it: what it may ask of the request, and the one hop
//! off the event loop, to a named lane.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN, USER_AGENT};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use crate::domain::id::AccountId;
use crate::domain::mail_letter::Language;
use crate::domain::principal::Principal;
use crate::domain::session::Client;
use crate::http::peers::client_address;
use crate::http::request::fields::Fields;
use crate::http::request::mail_wishes::Wishes;
use crate::http::request::web_policy::Web;
use crate::http::request::{accepted, bearer, cookie_headers, origin};
use crate::lanes::fair_queue::{Asker, Trust};
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::mail::owner_mail::Wish;
use crate::service::sessions::which_refresh_token;
use crate::service::tokens::authenticate::{ExpiredToken, authenticate, read_expired};
use crate::service::tokens::authenticate_api_key;
use crate::service::{Error, Keyward, Result};
use crate::support::secret::SecretString;

/// Answers that must not differ in time are given at beats of this length.
const EVENLY: Duration = Duration::from_millis(25);

/// The request is of somebody who acts for another: for its line of log.
pub struct Acted {
    pub by: AccountId,
    pub account: AccountId,
}

pub struct Call {
    pub kw: Keyward,
    pub web: Arc<Web>,
    pub(super) request: HttpRequest,
    pub(super) payload: Payload,
    /// Whether the Authorization header may be an access token and nothing else.
    takes_bare_tokens: bool,
}

impl FromRequest for Call {
    type Error = actix_web::Error;
    type Future = Ready<std::result::Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let data = |missing| actix_web::error::ErrorInternalServerError::<&str>(missing);
        let kw = request
            .app_data::<web::Data<Keyward>>()
            .ok_or_else(|| data("no Keyward"));
        let web = request
            .app_data::<web::Data<Web>>()
            .ok_or_else(|| data("no Web"));
        ready(kw.and_then(|kw| {
            Ok(Self {
                kw: kw.get_ref().clone(),
                web: Arc::clone(&web?.clone().into_inner()),
                request: request.clone(),
                payload: payload.take(),
                takes_bare_tokens: false,
            })
        }))
    }
}

impl Call {
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    pub fn is_post(&self) -> bool {
        self.request.method() == Method::POST
    }

    /// Whether the caller would rather have this media type than `application/json`.
    pub fn prefers_to_json(&self, media_type: &str) -> bool {
        accepted::is_preferred_to_json(&self.request, media_type)
    }

    /// Who acts, by access token or API key: checked in place, on the event loop, without the
    /// database, but for a key that was not seen of late. The mount hands it to the handlers of
    /// the signed-in (`http/routes.rs`).
    ///
    /// # Errors
    /// 401 without a token or with a bad one, 400 with two.
    pub async fn actor(&self) -> Result<Actor> {
        self.holder(self.shown()?).await
    }

    /// Who acts by the API key in the header of that name, which may stand beside a token.
    ///
    /// # Errors
    /// 401 with what is no key that lives, 400 with two.
    pub async fn by_key_in(&self, header: &'static str) -> Result<Option<Actor>> {
        match bearer::key_in(&self.request, header)? {
            None => Ok(None),
            Some(key) if authenticate_api_key::is_one(&key) => self.holder(key).await.map(Some),
            Some(_) => Err(Error::token()),
        }
    }

    async fn holder(&self, token: SecretString) -> Result<Actor> {
        let principal = if authenticate_api_key::is_one(&token) {
            match authenticate_api_key::remembered(&self.kw, &token)? {
                Some(principal) => principal,
                None => {
                    self.on_store(move |kw| authenticate_api_key::look_up(kw, &token))
                        .await?
                }
            }
        } else {
            self.principal(&token)?
        };
        Ok(self.acting(principal))
    }

    /// Who acts, by access token alone.
    ///
    /// # Errors
    /// As [`Call::actor`]; `FORBIDDEN` for an API key.
    pub fn person(&self) -> Result<Actor> {
        Ok(self.acting(self.principal(&self.shown()?)?))
    }

    fn acting(&self, principal: Arc<Principal>) -> Actor {
        Actor {
            principal,
            client: self.client(),
            at: self.kw.clock.now(),
        }
    }

    fn principal(&self, token: &SecretString) -> Result<Arc<Principal>> {
        let principal = authenticate(&self.kw, token)?;
        if let Some(act) = &principal.claims.act {
            let acted = Acted {
                by: act.sub,
                account: principal.account(),
            };
            self.request.extensions_mut().insert(acted);
        }
        Ok(principal)
    }

    fn shown(&self) -> Result<SecretString> {
        self.access_token()?
            .ok_or_else(|| bearer::missing(&self.request))
    }

    /// The part of the path that the row calls `{name}`.
    pub fn path_part(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// The access token as it was sent, where one was.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where there is more than one.
    pub fn access_token(&self) -> Result<Option<SecretString>> {
        bearer::access_token(&self.request, self.web.query_tokens, self.takes_bare_tokens)
    }

    /// From now on an access token alone in the Authorization header is one.
    pub const fn take_bare_tokens(&mut self) {
        self.takes_bare_tokens = true;
    }

    /// The access token beside a sign-in, of whatever age. One that can not be read is none: a
    /// sign-in is never refused for it.
    pub fn token_beside(&self) -> Option<ExpiredToken> {
        let token = self.access_token().ok()??;
        read_expired(&self.kw, &token).ok()
    }

    /// The guest who asks. Somebody with an account is none, and neither is who brings no token;
    /// a bad or expired one is refused, for a guest would register as another without a word.
    ///
    /// # Errors
    /// 401 with a bad token, 400 with two.
    pub fn guest(&self) -> Result<Option<Actor>> {
        Ok(self.anybody()?.filter(|actor| actor.claims().anon))
    }

    /// Whoever asks by an access token, where one came.
    ///
    /// # Errors
    /// As [`Call::guest`].
    pub fn anybody(&self) -> Result<Option<Actor>> {
        let token = self.access_token()?;
        let principal = token.map(|token| self.principal(&token)).transpose()?;
        Ok(principal.map(|principal| self.acting(principal)))
    }

    /// # Errors
    /// `INVALID_PAYLOAD` where there is more than one.
    pub fn exchange_token(&self) -> Result<Option<SecretString>> {
        bearer::exchange_token(&self.request)
    }

    /// The refresh token of the cookie: of several cookies the one that is ours and lives.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where two live; `SERVICE_UNAVAILABLE`.
    pub async fn refresh_cookie(&self) -> Result<Option<SecretString>> {
        let mut tokens = self.refresh_cookies();
        if tokens.len() < 2 {
            return Ok(tokens.pop());
        }
        self.on_store(move |kw| which_refresh_token::choose(kw, tokens))
            .await
    }

    /// Every value that came as the refresh cookie.
    pub fn refresh_cookies(&self) -> Vec<SecretString> {
        cookie_headers::read(&self.request, &self.web)
    }

    /// What is said where a token is missing.
    pub fn no_token(&self) -> Error {
        bearer::missing(&self.request)
    }

    /// The mark of a browser that signed in before.
    pub fn device(&self) -> Option<String> {
        cookie_headers::device(&self.request, &self.web)
    }

    /// # Errors
    /// `FORBIDDEN` for a page of another site.
    pub fn require_our_origin(&self) -> Result<()> {
        self.require_our_origin_or("This origin may not use the refresh cookie.")
    }

    /// The same where no cookie counts, in other words for a page that is not on the list.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require_our_origin_or(&self, unlisted: &'static str) -> Result<()> {
        origin::require_ours(&self.request, &self.web, unlisted)
    }

    /// Whether a page asks whose origin is ours or on the operator's list.
    pub fn is_of_a_listed_origin(&self) -> bool {
        let origin = self.request.headers().get(ORIGIN);
        origin.is_some_and(|origin| origin::allowed(origin, &self.web).is_some())
    }

    pub fn is_browser(&self) -> bool {
        origin::is_browser(self.request.headers())
    }

    pub fn query(&self) -> &str {
        self.request.query_string()
    }

    pub fn client(&self) -> Client {
        let user_agent = self.request.headers().get(USER_AGENT);
        let user_agent = user_agent.and_then(|value: &HeaderValue| value.to_str().ok());
        let address = client_address::of(&self.request, &self.web.trusted_proxies);
        Client {
            address: address.map(|(address, _)| address),
            internal: address.is_some_and(|(_, internal)| internal),
            // It is ASCII, so each byte is a letter.
            user_agent: user_agent.map(|text| text.get(..256).unwrap_or(text).to_owned()),
        }
    }

    /// How the caller wants a mail: a link to an address of the operator's list, in a language.
    ///
    /// # Errors
    /// `INVALID_PAYLOAD` where the list has not the address.
    pub fn wish(&self, fields: &Fields, url: &str) -> Result<Wish> {
        self.wishes().read(&self.kw, fields, url)
    }

    /// What every mail is asked for with.
    pub fn wishes(&self) -> Wishes {
        Wishes {
            language: self.accepted_language(),
            client: self.client(),
        }
    }

    /// The first of the languages that the browser would rather read and mails are written in.
    fn accepted_language(&self) -> Option<String> {
        let mut tags = accepted::languages(&self.request).into_iter();
        tags.find(|tag| Language::parse(tag).is_some())
    }

    /// Waits for the next beat since the request came: what an act does for one account and not
    /// for another takes less than a beat, so both are answered at the same one (E6).
    pub async fn answer_evenly(&self, came: Instant) {
        let beat = EVENLY.as_nanos();
        let left = beat - came.elapsed().as_nanos() % beat;
        tokio::time::sleep(Duration::from_nanos(u64::try_from(left).unwrap_or(0))).await;
    }

    /// Runs an act that reads or writes rows, off the event loop.
    ///
    /// # Errors
    /// What the act says; `SERVICE_UNAVAILABLE` where too many wait.
    pub async fn on_store<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        act: impl FnOnce(&Keyward) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.kw.on_store(act).await
    }

    /// Carries out an act that does nothing but ask: its answer is waited for here.
    ///
    /// # Errors
    /// As [`Call::on_store`].
    pub async fn asks<T>(&self, act: impl Future<Output = Result<T>>) -> Result<T> {
        let _place = self.kw.place()?;
        act.await
    }

    /// Runs an act that hashes. Without a free seat on the password lane nothing is
    /// begun and nothing is counted (semantics 5).
    ///
    /// # Errors
    /// What the act says; `SERVICE_UNAVAILABLE` where the lane is full.
    pub async fn on_password<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Keyward, &Seat) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let asker = self.asker();
        let Ok((seat, waiting)) = self.kw.lane.seat_for(asker) else {
            self.web.refusals.pace(asker.household).await;
            return Err(Error::busy("the password lane is full"));
        };
        let hashing = move |kw: &Keyward| {
            if seat.caller().is_gone() {
                return Err(Error::busy("the client went away before its turn came"));
            }
            act(kw, &seat)
        };
        let answer = self.kw.for_long(hashing).await;
        let was_full = waiting.was_full();
        // Dropped early when the client goes away: hashing not begun is left undone.
        drop(waiting);
        if was_full {
            self.web.refusals.pace(asker.household).await;
        }
        answer
    }

    /// Waits as long as whoever finds the password lane full must wait for the refusal.
    pub async fn pace_refusal(&self) {
        self.web.refusals.pace(self.asker().household).await;
    }

    /// What speaks for the caller, as far as it costs nothing to know.
    pub fn asker(&self) -> Asker {
        let address = client_address::of(&self.request, &self.web.trusted_proxies);
        let household = match address {
            Some((address, false)) => Some(address.into()),
            _ => None,
        };
        // Anybody can be a guest.
        let caller = self.shown().and_then(|token| self.principal(&token));
        let lives = caller.is_ok_and(|caller| !caller.claims.anon);
        let trust = if lives {
            Trust::Known
        } else if self.device().is_some() {
            Trust::Claims
        } else {
            Trust::Stranger
        };
        Asker { household, trust }
    }
}
