//! Exchanging an access token, also an expired one, for a new one with exactly the
//! same permissions (semantics 2, seed Y). A refresh in disguise: it moves the same
//! counter, so a copied token can not be renewed for long beside its owner.

use aws_lc_rs::hmac;
use uuid::Builder;

use crate::domain::claims::Claims;
use crate::domain::event::What;
use crate::domain::rights::bearer::Bearer;
use crate::domain::rights::permission;
use crate::domain::session::Client;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::service::tokens::authenticate::ExpiredToken;
use crate::service::tokens::mint::{access_end, names_of, sign_short};
use crate::service::tokens::rotate_refresh_token::{Outcome, Rotated, ToRotate, rotate};
use crate::store::factors;
use crate::support::clock::Timestamp;
use crate::support::secret::SecretString;
use crate::support::waiting::wait_for;

pub struct Exchanged {
    pub token: SecretString,
    pub outcome: Outcome,
}

/// # Errors
/// `TOKEN_EXPIRED` past the window, `INVALID_TOKEN` for everything else that is wrong
/// with the token, its session or its account.
pub fn exchange(kw: &Keyward, old: &ExpiredToken, client: &Client) -> Result<Exchanged> {
    let old = old.claims.clone();
    let window = kw.policy.exchange_window(old.cls);
    if kw.clock.now() >= old.expires_at() + window {
        return Err(Error::expired());
    }
    let held = old.access();
    let presented = ToRotate {
        session: old.sid,
        generation: old.generation,
        client,
        fresh: Some(What::TokenExchanged),
    };
    let rotated = rotate(kw, &presented, |on| {
        // What a second factor is overdue for gives a smaller token, at the sign-in.
        if on.access.clone().at(kw.clock.now()) != on.access {
            return Ok(false);
        }
        let same = on.session.account == old.sub
            && on.session.class == old.cls
            && on.account.epoch == old.epoch;
        // Not a smaller token, not a larger one: the same, or none (decision 6).
        let listed = old.perm_ref.as_ref();
        let listed = listed.is_none_or(|it| *it == permission::digest(&on.access.permissions));
        let may = same && listed && on.access.includes(&held);
        // A second factor since: this token's holder has not shown it (X12).
        let has_factor = || kw.store.read(|db| factors::active_of(db, on.account.id));
        Ok(may && (old.aal >= 2 || has_factor()?.is_none()))
    });
    match wait_for(rotated)? {
        Rotated::On(on) => {
            let now = kw.clock.now();
            // When the generation began, or was given again after it had been lost.
            let from = on.bearer.session.generation.rotated_at;
            let mut claims = successor(kw, old, &on.bearer, from);
            let token = sign_short(kw, &mut claims, now)?;
            Ok(Exchanged {
                token,
                outcome: on.outcome,
            })
        }
        Rotated::Refused(refused) => Err(refused.error(Error::token)),
    }
}

/// The new token's claims follow from the old token, the rows of session and account and the
/// instant `from` alone, so that exchanges of one token that run at the same time give the same
/// text (Y-39). The names are those of now: what the old token says may be somebody else's.
fn successor(kw: &Keyward, old: Claims, bearer: &Bearer, from: Timestamp) -> Claims {
    let Bearer {
        session,
        account,
        access,
    } = bearer;
    let mut context = hmac::Context::with_key(&kw.keys.exchange_ids);
    context.update(session.id.0.as_bytes());
    context.update(&session.generation.number.to_be_bytes());
    context.update(&from.millis().to_be_bytes());
    context.update(old.jti.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&context.sign().as_ref()[..16]);
    let [preferred_username, email, name] = names_of(account);
    Claims {
        jti: Builder::from_custom_bytes(id).into_uuid(),
        iat: from.seconds(),
        exp: access_end(kw, session, access.factor_from, from),
        mfa_from: access.factor_from.map(Timestamp::seconds),
        generation: session.generation.number,
        acv: account.access_version,
        preferred_username,
        email,
        name,
        ..old
    }
}
