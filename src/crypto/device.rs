//! The mark of a browser that has signed in before: base64url( account 16 | device 16 |
//! mac 32 ). It proves nothing but that, and gives its holder a budget of attempts that
//! strangers can not use up (threat B14).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::master_key::MasterKey;
use crate::domain::id::AccountId;
use crate::support::entropy::Entropy;
use crate::support::secret::same;

pub struct Devices(hmac::Key);

impl Devices {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self(master.hmac_sha256("keyward-devices"))
    }

    /// A new mark for this account.
    #[must_use]
    pub fn issue(&self, account: AccountId, entropy: &Entropy) -> String {
        let mut raw = [0; 64];
        raw[..16].copy_from_slice(account.0.as_bytes());
        raw[16..32].copy_from_slice(&entropy.bytes::<16>());
        let mac = hmac::sign(&self.0, &raw[..32]);
        raw[32..].copy_from_slice(mac.as_ref());
        URL_SAFE_NO_PAD.encode(raw)
    }

    /// The device, where the mark is ours and this account's.
    #[must_use]
    pub fn read(&self, account: AccountId, mark: &str) -> Option<Uuid> {
        let raw: [u8; 64] = URL_SAFE_NO_PAD.decode(mark).ok()?.try_into().ok()?;
        let mac = hmac::sign(&self.0, &raw[..32]);
        let ours = same(mac.as_ref(), &raw[32..]) && same(&raw[..16], account.0.as_bytes());
        ours.then(|| Uuid::from_slice(&raw[16..32]).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_good_for_its_account_alone() {
        let devices =
            Devices::new(&MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap());
        let entropy = Entropy::seeded(1);
        let (a, b) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let mark = devices.issue(a, &entropy);
        assert!(devices.read(a, &mark).is_some());
        assert!(devices.read(b, &mark).is_none());
        assert!(devices.read(a, &mark.replace('A', "B")).is_none());
        assert!(devices.read(a, "").is_none());
    }
}
