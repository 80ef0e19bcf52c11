//! Entering another of one's organizations: a new session beside the old one, which stays.

use crate::domain::event::What;
use crate::domain::id::OrganizationId;
use crate::service::actor::Actor;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::membership::rights_of_caller::no_organization;
use crate::service::tokens::begin_session::{Renewed, beside, tokens_of};
use crate::service::tokens::rotate_refresh_token::judge;
use crate::store::{memberships, sessions};
use crate::support::secret::{ExposeSecret as _, SecretString};
use crate::support::waiting::wait_for;

/// The refresh token of the caller's own session proves that the caller has more than an access
/// token, which travels to other servers: none of them can make a session of it (docs/decisions/0097).
/// It is not spent. One that was spent long ago ends the session, as at a refresh (R4).
///
/// # Errors
/// `INVALID_CREDENTIALS` where the refresh token is not the session's present one, `NOT_FOUND`
/// where the caller is no active member.
pub fn enter(
    kw: &Keyward,
    actor: &Actor,
    id: OrganizationId,
    token: &SecretString,
) -> Result<Renewed> {
    let presented = kw.keys.refresh_tokens.read(token.expose_secret());
    let presented = presented.filter(|it| it.session == actor.session());
    let presented = presented.ok_or_else(Error::credentials)?;
    let shown = (presented.session, presented.generation);
    let (client, actor) = (actor.client.clone(), actor.clone());
    let written = kw.change(move |change| {
        change.hold_caller(&actor)?;
        let (old, account) = sessions::lookup(change, actor.session())?.ok_or_else(Error::token)?;
        let ours = &change.kw.keys.refresh_tokens;
        if !ours.belongs(&presented, &old.salt) {
            return Err(Error::credentials());
        }
        if presented.generation != old.generation.number {
            return Ok(None);
        }
        let member = memberships::lookup(change, id, actor.account())?;
        if !member.is_some_and(|member| member.is_active()) {
            return Err(no_organization());
        }
        let written = beside(change, (&old, account), id, &actor.client)?;
        let event = actor.event(What::OrganizationEntered);
        let event = event.within(written.bearer.session.id);
        change.record(&event.in_organization(id))?;
        Ok(Some(written))
    })?;
    let Some(written) = written else {
        // A spent one says here what it says where it is refreshed by: somebody else has the next.
        wait_for(judge(kw, shown, &client))?;
        return Err(Error::credentials());
    };
    tokens_of(kw, written)
}
