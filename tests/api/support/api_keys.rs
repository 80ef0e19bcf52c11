//! API keys, as tests need them.

use std::collections::BTreeSet;

use keyward::domain::id::{AccountId, OrganizationId};
use keyward::domain::identifier::Username;
use keyward::domain::organization::Name;
use keyward::domain::rights::api_key::ApiKey;
use keyward::service::accounts::administer as accounts;
use keyward::service::accounts::profile_edit::Edit;
use keyward::service::api_keys::administer;
use keyward::service::api_keys::rules::New;
use keyward::store::api_keys;
use keyward::support::secret::ExposeSecret as _;

use super::TestKeyward;

impl TestKeyward {
    /// A machine's account with these roles of the service.
    pub fn machine(&self, name: &str, roles: &[&str]) -> AccountId {
        let name = Username::parse(name).unwrap();
        let id = accounts::add_machine(&self.kw, name, (Edit::default(), None)).unwrap();
        for role in roles {
            accounts::grant_role(&self.kw, id, role).unwrap();
        }
        id
    }

    /// The text of a new key called `key`, which an operator makes; older ones of the account are
    /// revoked.
    pub fn key(&self, account: AccountId, scope: &[&str]) -> String {
        administer::revoke_all_of(&self.kw, account).unwrap();
        self.key_in(account, scope, None)
    }

    /// The same, good in one organization alone. None is revoked.
    pub fn key_in(
        &self,
        account: AccountId,
        scope: &[&str],
        organization: Option<OrganizationId>,
    ) -> String {
        let new = New {
            name: Name::parse("key").unwrap(),
            scope: scope
                .iter()
                .map(|&word| word.to_owned())
                .collect::<BTreeSet<_>>(),
            organization,
            expires_at: None,
        };
        let made = administer::make(&self.kw, account, new).unwrap();
        made.text.expose_secret().to_owned()
    }

    /// The rows of an account's keys.
    pub fn keys_of(&self, account: AccountId) -> Vec<ApiKey> {
        self.read(|db| api_keys::list_of(db, account))
    }
}
