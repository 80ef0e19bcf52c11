//! A link to a new password is the word of whoever made it: it is good as long as they may still
//! make it for this account (docs/decisions/0122).

use serde::{Deserialize, Serialize};

use crate::domain::id::{AccountId, ApiKeyId};
use crate::domain::rights::access::{ADMIN, Access};
use crate::domain::rights::api_key::ApiKey;
use crate::domain::rights::permission::{ACCOUNT_RESET_LINK, is_of_service};
use crate::service::actor::Actor;
use crate::service::change::{Change, Held};
use crate::service::error::{Code, Error, Result};
use crate::store::{AnyConnection, accounts, api_keys, roles};
use crate::support::clock::Timestamp;

/// What is sealed beside the code of a link that was handed on.
#[derive(Serialize, Deserialize)]
pub(super) struct Handed {
    /// Where whoever uses the code goes on to afterwards (row P-24): anybody can write a link's
    /// query.
    #[serde(default)]
    pub(super) next: Option<String>,
    /// Whether an administrator vouched that the link goes to the owner of the address.
    proves: bool,
    /// Codes of the version before this one name nobody, so nobody's right stands behind them.
    #[serde(default)]
    maker: Option<Maker>,
}

/// Who made a link.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Maker {
    pub(super) account: AccountId,
    key: Option<ApiKeyId>,
}

impl From<&Actor> for Maker {
    fn from(actor: &Actor) -> Self {
        Self {
            account: actor.account(),
            key: actor.api_key().map(|key| key.id),
        }
    }
}

impl Maker {
    /// Whether an administrator in person makes the link. Whom a program hands it to nobody knows.
    fn vouches(self, access: &Access) -> bool {
        access.is_admin() && self.key.is_none()
    }
}

impl Handed {
    /// What the maker, who may make links, seals beside the code of one for this account.
    ///
    /// # Errors
    /// `CONFLICT` for one's own account, `FORBIDDEN` for who is powerful in the whole service.
    pub(super) fn by(
        db: &mut AnyConnection,
        (maker, access): (Maker, &Access),
        target: AccountId,
        next: Option<String>,
    ) -> Result<Self> {
        if maker.account == target {
            // In the place of the password that a change asks.
            let words =
                "Your own password you change by POST /auth/password/change, with the present one.";
            return Err(Error::new(Code::Conflict, words));
        }
        let proves = maker.vouches(access);
        if !proves && !is_ordinary(db, target)? {
            return Err(Error::forbidden(
                "That account administers, or holds a permission of the whole service: an \
                 administrator who is signed in makes its link.",
            ));
        }
        Ok(Self {
            next,
            proves,
            maker: Some(maker),
        })
    }

    /// Who made it is held beside the account that it is for: what is being taken from either counts.
    pub(super) fn hold<'t>(
        &self,
        change: &mut Change<'t>,
        target: AccountId,
    ) -> Result<Option<Held<'t, AccountId>>> {
        let maker = self.maker.map(|maker| maker.account);
        let held = change.hold_accounts([target].into_iter().chain(maker))?;
        if let Some(key) = self.maker.and_then(|maker| maker.key) {
            api_keys::hold(change, key)?;
        }
        Ok(held.into_iter().find(|one| one.id() == target))
    }

    /// Whether the link proves the address of the account that it is for; none where the maker could
    /// not make it any more.
    pub(super) fn proves(
        &self,
        db: &mut AnyConnection,
        target: AccountId,
        now: Timestamp,
    ) -> Result<Option<bool>> {
        let Some(maker) = self.maker else {
            return Ok(None);
        };
        let account = accounts::lookup(db, maker.account)?;
        let key = match maker.key {
            None => None,
            Some(id) => Some(api_keys::lookup(db, id)?),
        };
        let lives = |key: &ApiKey| key.account == maker.account && !key.is_over(now);
        let is_there = account.is_some_and(|account| account.enabled)
            && key
                .as_ref()
                .is_none_or(|key| key.as_ref().is_some_and(lives));
        if !is_there {
            return Ok(None);
        }
        let access = roles::access_of(db, maker.account)?;
        let key = key.flatten();
        // As the act that makes one asks of whoever acts.
        let may = access.lets(&[ACCOUNT_RESET_LINK, ADMIN], key.as_ref());
        let vouches = maker.vouches(&access);
        if !may || !(vouches || is_ordinary(db, target)?) {
            return Ok(None);
        }
        Ok(Some(self.proves && vouches))
    }
}

/// A link opens its account. Only a signed-in administrator makes one for an account with permissions of
/// the whole service.
fn is_ordinary(db: &mut AnyConnection, target: AccountId) -> Result<bool> {
    let access = roles::access_of(db, target)?;
    Ok(!access.permissions.iter().any(|word| is_of_service(word)))
}
