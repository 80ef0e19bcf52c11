//! API keys: 160 random bits behind `kwk_`, in base 62, and a checksum, so that whoever searches
//! texts for secrets finds one and knows it for one without asking anybody. Stored is the SHA-256
//! of the text: nobody guesses at 160 random bits, however fast the hash (docs/decisions/0100).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::entropy::Entropy;
use crate::support::secret::SecretString;

pub const PREFIX: &str = "kwk_";

const BYTES: usize = 20;

/// 62 to the power of 27 is more than 2 to the power of 160.
const RANDOM: usize = 27;

/// 62 to the power of 6 is more than 2 to the power of 32.
const SUM: usize = 6;

const LENGTH: usize = PREFIX.len() + RANDOM + SUM;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How much of its end a list shows.
const HINT: usize = 4;

/// The SHA-256 of a key's text.
pub type Hash = [u8; 32];

/// A key that was made: its text for its owner, and what is stored of it.
pub struct Made {
    pub text: SecretString,
    pub hash: Hash,
    /// Its last letters. They are of the checksum, and tell less than 24 bits.
    pub hint: String,
}

#[must_use]
pub fn make(entropy: &Entropy) -> Made {
    let random: [u8; BYTES] = entropy.bytes();
    let mut text = format!("{PREFIX}{}", in_base_62(&random, RANDOM));
    let sum = checksum(text.as_bytes()).to_be_bytes();
    text.push_str(&in_base_62(&sum, SUM));
    Made {
        hash: hash(&text),
        hint: text[LENGTH - HINT..].to_owned(),
        text: text.into(),
    }
}

/// Whether the text is an API key by its form, the checksum included. No access token is.
#[must_use]
pub fn is_one(text: &str) -> bool {
    if text.len() != LENGTH || !text.starts_with(PREFIX) || !text.is_ascii() {
        return false;
    }
    let (key, sum) = text.split_at(LENGTH - SUM);
    in_base_62(&checksum(key.as_bytes()).to_be_bytes(), SUM) == sum
}

#[must_use]
pub fn hash(text: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}

/// As it is stored.
#[must_use]
pub fn stored(hash: &Hash) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}

/// A number, its first byte the greatest, in so many digits.
fn in_base_62(number: &[u8], length: usize) -> String {
    let mut number = number.to_vec();
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0;
        for byte in &mut number {
            let part = (rest << 8) | usize::from(*byte);
            *byte = u8::try_from(part / DIGITS.len()).unwrap_or(u8::MAX);
            rest = part % DIGITS.len();
        }
        *digit = DIGITS[rest];
    }
    digits.into_iter().map(char::from).collect()
}

/// CRC-32 (ISO 3309, as zlib computes it).
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = sum & 1;
            sum >>= 1;
            if odd == 1 {
                sum ^= 0xEDB8_8320;
            }
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::secret::ExposeSecret as _;

    #[test]
    fn only_the_text_of_a_key_is_one() {
        let entropy = Entropy::seeded(1);
        let made = make(&entropy);
        let text = made.text.expose_secret();
        assert_eq!(text.len(), 37);
        assert!(is_one(text));
        assert_eq!(hash(text), made.hash);
        assert!(text.ends_with(&made.hint));
        let other = make(&entropy);
        assert_ne!(other.text.expose_secret(), text);
        let mut changed = text.to_owned();
        changed.replace_range(10..11, if &text[10..11] == "A" { "B" } else { "A" });
        for text in [
            "",
            "kwk_",
            &text[..36],
            &text[4..],
            &text.replace("kwk_", "kwr_"),
            &text.to_ascii_lowercase(),
            &format!("{text}A"),
            &format!(" {text}"),
            &format!("{}\u{e9}{}", &text[..4], &text[6..]),
            &changed,
        ] {
            assert!(!is_one(text), "{text}");
        }
    }

    /// The check value of the catalogue of CRCs, and numbers that fill their digits.
    #[test]
    fn the_checksum_and_the_digits_are_those_that_others_compute() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
        assert_eq!(in_base_62(&[0, 0, 0, 61], 6), "00000z");
        assert_eq!(in_base_62(&[0, 0, 0, 62], 6), "000010");
        assert_eq!(in_base_62(&[255; 4], 6), "4gfFC3");
        assert_eq!(in_base_62(&[0; 20], 27), "0".repeat(27));
        assert_eq!(in_base_62(&[255; 20], 27).len(), 27);
    }
}
