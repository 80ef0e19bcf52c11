//! What an account may do: the roles it holds and the permissions they add up to.

use std::collections::BTreeSet;

/// The role that the bootstrap administrator and `user add --admin` receive.
pub const ADMINISTRATOR: &str = "administrator";

/// The permission of the administrator: everything.
pub const ADMIN: &str = "admin";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub roles: BTreeSet<String>,
    pub permissions: BTreeSet<String>,
}

impl Access {
    /// Whether everything in `other` is also here. The exchange asks this: what a
    /// token once held must still be held, all of it (decision 6 of the requirements).
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.roles.is_subset(&self.roles) && other.permissions.is_subset(&self.permissions)
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.permissions.contains(ADMIN)
    }
}
