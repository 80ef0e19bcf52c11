//! One-time codes: 160 random bits behind `kwo1_`, so that no other kind of token passes for
//! one. Stored is an HMAC under a key that is not in the database; what the use of a code will
//! change is sealed and bound to that HMAC.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::crypto::master_key::MasterKey;
use crate::crypto::sealed::Sealer;
use crate::support::entropy::Entropy;
use crate::support::secret::SecretString;

const PREFIX: &str = "kwo1_";
const BYTES: usize = 20;

pub struct OneTimeCodes {
    key: hmac::Key,
    sealer: Sealer,
}

/// A code that was made: its text for the mail, and what is stored of it.
pub struct Made {
    pub text: SecretString,
    pub mac: String,
}

impl OneTimeCodes {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            key: master.hmac_sha256("keyward-one-time-codes"),
            sealer: Sealer::new(master, "keyward-one-time-changes"),
        }
    }

    #[must_use]
    pub fn make(&self, entropy: &Entropy) -> Made {
        let bytes: [u8; BYTES] = entropy.bytes();
        Made {
            text: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into(),
            mac: self.mac_of(&bytes),
        }
    }

    /// What is stored of this code; `None` where the text is no code by its form. Mail readers
    /// break lines and people copy with what stands around.
    #[must_use]
    pub fn mac(&self, text: &str) -> Option<String> {
        let text = text.trim().strip_prefix(PREFIX)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == BYTES).then(|| self.mac_of(&bytes))
    }

    fn mac_of(&self, bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, bytes))
    }

    #[must_use]
    pub fn seal(&self, mac: &str, change: &[u8]) -> Vec<u8> {
        self.sealer.seal(mac, change)
    }

    /// `None` where it was moved to another code, or the secret is another.
    #[must_use]
    pub fn open(&self, mac: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.sealer.open(mac, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::secret::ExposeSecret as _;

    #[test]
    fn l4_l11_l17_only_the_text_of_a_code_is_one() {
        let master = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
        let codes = OneTimeCodes::new(&master);
        let made = codes.make(&Entropy::seeded(1));
        let text = made.text.expose_secret();
        assert_eq!(text.len(), PREFIX.len() + 27);
        assert_eq!(codes.mac(text).as_ref(), Some(&made.mac));
        assert_eq!(codes.mac(&format!(" {text}\n")).as_ref(), Some(&made.mac));
        assert!(!made.mac.contains(&text[PREFIX.len()..]));
        for text in [
            "",
            "0",
            "kwo1_",
            &text[..text.len() - 1],
            &text[PREFIX.len()..],
            &text.replace("kwo1_", "kwr1_"),
            &format!("{text}AA"),
        ] {
            assert_eq!(codes.mac(text), None, "{text}");
        }
        let sealed = codes.seal(&made.mac, b"change");
        assert!(codes.open("another", &sealed).is_none());
        assert_eq!(
            codes.open(&made.mac, &sealed).unwrap().as_slice(),
            b"change"
        );
    }
}
