//! Who bears the tokens of a session.

use crate::domain::account::Account;
use crate::domain::rights::access::Access;
use crate::domain::session::Session;

/// A session, the account whose it is, and what that may do in it now: what a token says follows
/// from the three, read at one instant.
#[derive(Clone)]
pub struct Bearer {
    pub session: Session,
    pub account: Account,
    pub access: Access,
}
