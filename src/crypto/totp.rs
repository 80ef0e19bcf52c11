//! Time-based one-time passwords (RFC 6238: SHA-1, six digits, thirty seconds), and the
//! codes for the day when the telephone is lost. The arithmetic is the library's; that
//! a code is good once is the store's (`store::factors::use_step`).

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Secret, Totp};
use unicode_normalization::UnicodeNormalization as _;

use crate::crypto::master_key::MasterKey;
use crate::domain::id::AccountId;
use crate::support::clock::Timestamp;
use crate::support::entropy::Entropy;

/// 160 bits, as RFC 4226 section 4 recommends.
pub const SECRET_BYTES: usize = 20;

pub const RECOVERY_CODES: usize = 10;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What somebody typed as a second factor.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    Code(String),
    /// In capitals, without what stood between them.
    Recovery(String),
}

/// Six digits, or sixteen letters of base32. People copy them by eye and by clipboard, so
/// whatever is neither a letter nor a digit is passed over: the spaces that authenticators
/// show, dashes of any kind, a line end, marks of direction. Full-width letters and the
/// digits of every script are those of ASCII.
#[must_use]
pub fn typed(text: &str) -> Option<Typed> {
    let code: String = text
        .nfkc()
        .filter(|c| c.is_alphanumeric())
        .map(|c| digit(c).unwrap_or(c).to_ascii_uppercase())
        .collect();
    if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Typed::Code(code));
    }
    let fits = code.len() == 16 && code.bytes().all(|b| LETTERS.contains(&b));
    fits.then_some(Typed::Recovery(code))
}

/// The digit of ASCII for a decimal digit of any script. Unicode keeps the digits of a
/// script together, in order and in tens, so that the place in the run tells the value.
fn digit(c: char) -> Option<char> {
    let category = CodePointMapData::<GeneralCategory>::new();
    let is_digit = |c: u32| category.get32(c) == GeneralCategory::DecimalNumber;
    let point = u32::from(c);
    if c.is_ascii() || !is_digit(point) {
        return None;
    }
    let before = (0..point).rev().take_while(|&c| is_digit(c)).count() % 10;
    char::from_digit(u32::try_from(before).ok()?, 10)
}

/// The step whose code this is: the present one or a neighbour.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let now = u64::try_from(now.seconds()).ok()?;
    let step = totp(secret, "", "").check(code, now)?;
    i64::try_from(step).ok()
}

fn totp(secret: &[u8], issuer: &str, account: &str) -> Totp {
    let builder = Builder::new()
        .with_secret(Secret::from(secret.to_vec()))
        .with_skew(1)
        .with_account_name(account.to_owned())
        .with_issuer(Some(issuer.to_owned()));
    builder.build_noncompliant()
}

/// What an authenticator needs, shown once.
pub struct Enrolment {
    pub secret: String,
    pub url: String,
    pub qr_svg: String,
}

/// `None` where the account's name does not fit into a QR code.
#[must_use]
pub fn enrolment(secret: &[u8], issuer: &str, account: &str) -> Option<Enrolment> {
    // A colon parts issuer and account in the label.
    let account = account.replace(':', " ");
    let totp = totp(secret, issuer, &account);
    let url = totp.to_url().ok()?;
    Some(Enrolment {
        secret: Secret::from(secret.to_vec()).to_base32(),
        qr_svg: svg(&QrCode::encode_text(&url, QrCodeEcc::Medium).ok()?),
        url,
    })
}

fn svg(code: &QrCode) -> String {
    let border = 4;
    let size = code.size() + 2 * border;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|&x| code.get_module(x, y)) {
            let _ = write!(path, "M{},{}h1v1h-1z", x + border, y + border);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0,0h{size}v{size}H0z\"/>\
         <path d=\"{path}\"/></svg>"
    )
}

/// The secret from the text that an authenticator is given.
#[must_use]
pub fn secret_of(text: &str) -> Option<Vec<u8>> {
    Some(Secret::try_from_base32(text).ok()?.as_ref().to_vec())
}

/// Recovery codes and how they are stored.
pub struct RecoveryCodes(hmac::Key);

impl RecoveryCodes {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self(master.hmac_sha256("keyward-recovery-codes"))
    }

    /// Ten new codes of 80 bits, in groups of four.
    #[must_use]
    pub fn make(entropy: &Entropy) -> Vec<String> {
        (0..RECOVERY_CODES)
            .map(|_| {
                let letters: Vec<String> = entropy
                    .bytes::<16>()
                    .chunks(4)
                    .map(|group| {
                        group
                            .iter()
                            .map(|b| char::from(LETTERS[usize::from(b % 32)]))
                            .collect()
                    })
                    .collect();
                letters.join("-")
            })
            .collect()
    }

    /// What is stored of a code.
    #[must_use]
    pub fn mac(&self, account: AccountId, code: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(account.0.as_bytes());
        context.update(code.replace('-', "").as_bytes());
        URL_SAFE_NO_PAD.encode(context.sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m6_only_six_digits_or_a_recovery_code() {
        for text in [
            "123456",
            " 123456",
            "123456\n",
            "123 456",
            "12\u{a0}34\u{2009}56",
            "\u{feff}123\u{200b}456\u{200e}",
            "1\u{fe0f}\u{20e3}23456",
            "123-456",
            "１２３４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
        ] {
            let code = Some(Typed::Code("123456".to_owned()));
            assert_eq!(typed(text), code, "{text:?}");
        }
        for text in [
            "abcd-efgh ijkl-2345",
            "ABCD\u{2013}EFGH\u{2011}IJKL\u{b7}2345\r\n",
            "ａｂｃｄ\u{3000}ｅｆｇｈ　ｉｊｋｌ　２３４５",
        ] {
            let code = Some(Typed::Recovery("ABCDEFGHIJKL2345".to_owned()));
            assert_eq!(typed(text), code, "{text:?}");
        }
        for text in [
            "",
            " - ",
            "12345",
            "1234567",
            "12a456",
            "12345六",
            "abcd-efgh-ijkl-0189",
            "abcd-efgh-ijkl-234ß",
        ] {
            assert_eq!(typed(text), None, "{text:?}");
        }
    }

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn m5_codes_are_those_of_rfc_6238_within_one_step() {
        let secret = b"12345678901234567890";
        let at = |seconds: i64| Timestamp::from_seconds(seconds);
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
        ] {
            assert_eq!(
                step_of(secret, code, at(seconds)),
                Some(seconds / 30),
                "{seconds}"
            );
            assert_eq!(step_of(secret, code, at(seconds + 30)), Some(seconds / 30));
            assert_eq!(step_of(secret, code, at(seconds - 30)), Some(seconds / 30));
            assert_eq!(step_of(secret, code, at(seconds + 60)), None);
            assert_eq!(step_of(secret, code, at(seconds - 60)), None);
        }
    }

    #[test]
    fn an_enrolment_can_be_typed_and_scanned() {
        let enrolment = enrolment(&[7; SECRET_BYTES], "Keyward", "a@example.com").unwrap();
        assert_eq!(secret_of(&enrolment.secret).unwrap(), [7; SECRET_BYTES]);
        assert!(
            enrolment
                .url
                .starts_with("otpauth://totp/Keyward:a%40example.com?secret=")
        );
        assert!(enrolment.qr_svg.starts_with("<svg"));
    }
}
