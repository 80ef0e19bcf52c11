//! The mark of a browser that has signed in before. It proves nothing but that, and lets
//! its holder guess by a budget that strangers can not use up (threat B14). All browsers of
//! an account share one mark and one budget, or signing in often would buy guesses.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::master_key::MasterKey;
use crate::domain::account::Epoch;
use crate::domain::id::{AccountId, FactorId};

pub struct Devices(hmac::Key);

impl Devices {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self(master.hmac_sha256("keyward-devices"))
    }

    /// What a browser is given that signs in to this account now. It is another one once
    /// an operator ended all sessions, which advances the epoch, or the second factor is
    /// another one: whoever had the password alone is not known any more.
    #[must_use]
    pub fn mark(&self, account: AccountId, epoch: Epoch, factor: Option<FactorId>) -> String {
        let factor = factor.map(|id| id.to_string());
        let mut context = hmac::Context::with_key(&self.0);
        context.update(account.0.as_bytes());
        context.update(&epoch.0.to_be_bytes());
        context.update(factor.unwrap_or_default().as_bytes());
        URL_SAFE_NO_PAD.encode(context.sign())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn b14_a_mark_is_good_for_what_it_was_given_for() {
        let devices =
            Devices::new(&MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap());
        let (a, b) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let marks = [
            devices.mark(a, Epoch(0), None),
            devices.mark(b, Epoch(0), None),
            devices.mark(a, Epoch(1), None),
            devices.mark(a, Epoch(0), Some(FactorId(Uuid::from_u128(3)))),
            devices.mark(a, Epoch(0), Some(FactorId(Uuid::from_u128(4)))),
        ];
        assert_eq!(marks.iter().collect::<HashSet<_>>().len(), marks.len());
        assert_eq!(marks[0], devices.mark(a, Epoch(0), None));
    }
}
