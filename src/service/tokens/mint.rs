//! The one mint: tokens for a session that a committed transaction saw alive.

use crate::crypto::access_token;
use crate::domain::account::Account;
use crate::domain::claims::{Acting, Claims};
use crate::domain::id::{AccountId, OrganizationId, SessionId};
use crate::domain::rights::acting::ACTING;
use crate::domain::rights::bearer::Bearer;
use crate::domain::rights::permission::{self, is_own};
use crate::domain::session::{Class, Session};
use crate::service::change::Change;
use crate::service::error::{Error, Result};
use crate::service::keyward::Keyward;
use crate::store::access;
use crate::support::clock::Timestamp;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// What a sign-in or a refresh gives. Instants only: milliseconds, seconds and ISO
/// texts are rendering (decision 2).
pub struct TokenSet {
    pub access: SecretString,
    pub issued_at: Timestamp,
    pub access_expires_at: Timestamp,
    pub refresh: SecretString,
    pub refresh_expires_at: Timestamp,
    pub session: SessionId,
    pub account: AccountId,
    pub organization: Option<OrganizationId>,
    pub anonymous: bool,
    /// From when on the session lacks a second factor that is asked for.
    pub factor_from: Option<Timestamp>,
    /// The guest whose session ended by it.
    pub guest: Option<AccountId>,
    /// The mark for the browser, after a full sign-in.
    pub device: Option<String>,
}

/// Who bears a token of the session, with the access that there is by now.
///
/// # Errors
/// `INVALID_TOKEN` where the account is no member of the session's organization any more.
pub(in crate::service) fn bearer_of(
    change: &mut Change<'_>,
    session: Session,
    account: Account,
) -> Result<Bearer> {
    let access = access::of_session(change, &session)?.ok_or_else(Error::token)?;
    Ok(Bearer {
        session,
        account,
        access,
    })
}

/// # Errors
/// Where there is no signing key: the start makes one, so that is a defect.
pub(in crate::service) fn mint(kw: &Keyward, bearer: Bearer, now: Timestamp) -> Result<TokenSet> {
    let factor_from = bearer.access.factor_from;
    let session = &bearer.session;
    let mut claims = claims(kw, &bearer, now);
    let mut access = sign(kw, &claims, now)?;
    if access.expose_secret().len() > kw.policy.max_token_bytes {
        shorten(&mut claims);
        access = sign_short(kw, &mut claims, now)?;
    }
    Ok(TokenSet {
        access,
        issued_at: Timestamp::from_seconds(claims.iat),
        access_expires_at: claims.expires_at(),
        refresh: refresh_token(kw, session),
        refresh_expires_at: session.idle_expires_at.min(session.absolute_expires_at),
        session: session.id,
        account: session.account,
        organization: session.organization,
        anonymous: session.anonymous,
        factor_from,
        guest: None,
        device: None,
    })
}

/// Leaves out what only applications ask for: Keyward's own permissions are few.
fn shorten(claims: &mut Claims) {
    claims.perm_ref = Some(permission::digest(&claims.permissions));
    claims.permissions.retain(|word| is_own(word));
    claims.accounts.clear();
}

pub(in crate::service) fn refresh_token(kw: &Keyward, session: &Session) -> SecretString {
    kw.keys
        .refresh_tokens
        .issue(session.id, session.generation.number, &session.salt)
}

/// Leaves the name out where the token is too long with it: it may have grown since the last one.
pub(in crate::service) fn sign_short(
    kw: &Keyward,
    claims: &mut Claims,
    now: Timestamp,
) -> Result<SecretString> {
    let token = sign(kw, claims, now)?;
    if token.expose_secret().len() <= kw.policy.max_token_bytes || claims.name.is_none() {
        return Ok(token);
    }
    claims.name = None;
    sign(kw, claims, now)
}

fn sign(kw: &Keyward, claims: &Claims, now: Timestamp) -> Result<SecretString> {
    let ring = kw.ring.load();
    let key = ring
        .signer(now)
        .ok_or_else(|| Error::defect("no signing key"))?;
    Ok(access_token::sign(key, claims).into())
}

/// When an access token ends that is issued at `from`: its class's life, but never
/// past the session's absolute end, nor past the instant from which a second factor that is
/// lacking is asked for: whoever reads the token without Keyward must not go by it any longer.
pub(in crate::service) fn access_end(
    kw: &Keyward,
    session: &Session,
    factor_from: Option<Timestamp>,
    from: Timestamp,
) -> i64 {
    let life = match session.acted_by {
        // All of its one token's life.
        Some(_) => ACTING,
        None => kw.policy.access_ttl(session.class),
    };
    let end = Timestamp::from_seconds(from.seconds()) + life;
    let due = factor_from.filter(|due| due.seconds() > from.seconds());
    let end = due.map_or(end, |due| end.min(due));
    // At least a second, so that a token issued at the very end is still well formed.
    end.min(session.absolute_expires_at)
        .seconds()
        .max(from.seconds() + 1)
}

/// How a token calls its owner: the username, the address and the name.
pub(in crate::service) fn names_of(account: &Account) -> [Option<String>; 3] {
    [
        account.username.clone(),
        // An application takes it for who asks: whoever may have made it up is not told of.
        account.email.clone().filter(|_| account.verified),
        Some(account.full_name()).filter(|name| !name.is_empty()),
    ]
}

fn claims(kw: &Keyward, bearer: &Bearer, now: Timestamp) -> Claims {
    let (session, account) = (&bearer.session, &bearer.account);
    let access = bearer.access.clone().at(now);
    let directus = session.class == Class::Standard;
    let is_admin = access.is_admin();
    let [preferred_username, email, name] = names_of(account);
    Claims {
        iss: kw.policy.issuer.clone(),
        aud: kw.policy.audience.clone(),
        sub: session.account,
        sid: session.id,
        jti: kw.entropy.random_id(),
        iat: now.seconds(),
        exp: access_end(kw, session, access.factor_from, now),
        nbf: None,
        generation: session.generation.number,
        epoch: session.account_epoch,
        acv: account.access_version,
        cls: session.class,
        role: access.first_role(),
        roles: access.roles.into_iter().collect(),
        permissions: access.permissions.into_iter().collect(),
        perm_ref: None,
        amr: session.authentication.methods.clone(),
        aal: session.authentication.level,
        auth_time: session.authentication.at.seconds(),
        mfa_from: access.factor_from.map(Timestamp::seconds),
        org: session.organization,
        accounts: access.accounts,
        anon: session.anonymous,
        act: session.acted_by.map(|(sub, _)| Acting { sub }),
        preferred_username,
        email,
        name,
        id: directus.then_some(session.account),
        app_access: directus.then_some(is_admin),
        admin_access: directus.then_some(is_admin),
    }
}
