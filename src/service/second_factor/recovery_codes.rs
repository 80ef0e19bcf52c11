//! New recovery codes in the place of the old ones.

use crate::crypto::totp::RecoveryCodes;
use crate::domain::event::What;
use crate::domain::id::AccountId;
use crate::lanes::password_lane::Seat;
use crate::service::actor::Actor;
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::service::mail::notice;
use crate::service::second_factor::reauthenticate::{Proof, prove};
use crate::store::recovery_codes;

/// # Errors
/// `WRONG_PASSWORD`, `INVALID_OTP`, `ATTEMPTS_EXCEEDED`; `INVALID_PAYLOAD` where there is no
/// second factor.
pub fn renew(kw: &Keyward, seat: &Seat, actor: &Actor, proof: &Proof) -> Result<Vec<String>> {
    let proven = prove(kw, seat, actor, proof)?;
    let codes = RecoveryCodes::make(&kw.entropy);
    let macs = macs(kw, actor.account(), &codes);
    proven.open(actor, move |change, caller, _| {
        notice::record(change, &caller.actor.event(What::RecoveryCodesRenewed))?;
        let now = change.now;
        recovery_codes::replace(change, caller.account.id(), &macs, now)?;
        Ok(())
    })?;
    Ok(codes)
}

pub(in crate::service::second_factor) fn macs(
    kw: &Keyward,
    account: AccountId,
    codes: &[String],
) -> Vec<String> {
    codes
        .iter()
        .map(|code| kw.keys.recovery_codes.mac(account, code))
        .collect()
}
