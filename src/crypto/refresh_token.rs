//! The refresh token's text (semantics 1):
//! `kwr1_` + base64url( kid 1 | sid 16 | gen 4 | tag 8 | mac 32 ).
//!
//! The tag is keyed by the server alone, so junk and crafted tokens are refused
//! before the database is asked. The mac is keyed also by the session's salt, so a
//! leaked key forges nothing without the database, and a leaked database nothing
//! without the key. A successor is *computed*: "answer the same again" needs no
//! stored plaintext and survives a crash.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::crypto::master_key::{KEY_ID, MasterKey};
use crate::domain::id::SessionId;
use crate::support::secret::{SecretString, same};

const PREFIX: &str = "kwr1_";
const HEAD: usize = 1 + 16 + 4;
const TAG: usize = 8;
const MAC: usize = 32;
const LENGTH: usize = HEAD + TAG + MAC;

pub struct RefreshTokens {
    key: hmac::Key,
}

/// A token whose tag is right: its session and generation are known, but whether it
/// is the session's own is known only once the salt has been read.
pub struct Presented {
    pub session: SessionId,
    pub generation: u32,
    mac: [u8; MAC],
}

impl RefreshTokens {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            key: master.hmac_sha256("keyward-refresh"),
        }
    }

    /// The refresh token of a session's generation: always the same text.
    #[must_use]
    pub fn issue(&self, session: SessionId, generation: u32, salt: &[u8; 32]) -> SecretString {
        let head = head(session, generation);
        let mut raw = [0; LENGTH];
        raw[..HEAD].copy_from_slice(&head);
        raw[HEAD..HEAD + TAG].copy_from_slice(&self.tag(&head));
        raw[HEAD + TAG..].copy_from_slice(&self.mac(&head, salt));
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(raw)).into()
    }

    /// Rule 1: syntax and tag, without the database. `None` says no more than that.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Presented> {
        let encoded = text.strip_prefix(PREFIX)?;
        let mut raw = [0; LENGTH + 2];
        if encoded.len() != (LENGTH * 4).div_ceil(3) {
            return None;
        }
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut raw).ok()?;
        if length != LENGTH || raw[0] != KEY_ID {
            return None;
        }
        let head: [u8; HEAD] = raw[..HEAD].try_into().ok()?;
        if !same(&self.tag(&head), &raw[HEAD..HEAD + TAG]) {
            return None;
        }
        Some(Presented {
            session: SessionId(Uuid::from_bytes(head[1..17].try_into().ok()?)),
            generation: u32::from_be_bytes(head[17..].try_into().ok()?),
            mac: raw[HEAD + TAG..LENGTH].try_into().ok()?,
        })
    }

    /// Whether a text is a refresh token by its form, of whatever Keyward.
    #[must_use]
    pub fn has_form(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|encoded| {
            encoded.len() == (LENGTH * 4).div_ceil(3) && URL_SAFE_NO_PAD.decode(encoded).is_ok()
        })
    }

    /// Whether the token is the session's own. Constant time.
    #[must_use]
    pub fn belongs(&self, token: &Presented, salt: &[u8; 32]) -> bool {
        same(
            &self.mac(&head(token.session, token.generation), salt),
            &token.mac,
        )
    }

    fn tag(&self, head: &[u8; HEAD]) -> [u8; TAG] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"keyward-rt-tag");
        context.update(head);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&context.sign().as_ref()[..TAG]);
        tag
    }

    fn mac(&self, head: &[u8; HEAD], salt: &[u8; 32]) -> [u8; MAC] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"keyward-rt-mac");
        context.update(head);
        context.update(salt);
        let mut mac = [0; MAC];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

fn head(session: SessionId, generation: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0] = KEY_ID;
    head[1..17].copy_from_slice(session.0.as_bytes());
    head[17..].copy_from_slice(&generation.to_be_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::secret::ExposeSecret;

    fn tokens() -> RefreshTokens {
        RefreshTokens::new(&MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap())
    }

    #[test]
    fn the_same_generation_gives_the_same_text_and_it_reads_back() {
        let (tokens, sid, salt) = (tokens(), SessionId(Uuid::from_u128(7)), [9; 32]);
        let text = tokens.issue(sid, 3, &salt);
        assert_eq!(
            text.expose_secret(),
            tokens.issue(sid, 3, &salt).expose_secret()
        );
        let read = tokens.read(text.expose_secret()).unwrap();
        assert_eq!((read.session, read.generation), (sid, 3));
        assert!(tokens.belongs(&read, &salt));
        assert!(!tokens.belongs(&read, &[8; 32]));
    }

    #[test]
    fn r12_every_flipped_bit_of_the_head_or_tag_is_refused_before_the_database() {
        let (tokens, sid, salt) = (tokens(), SessionId(Uuid::from_u128(7)), [9; 32]);
        let text = tokens.issue(sid, 3, &salt).expose_secret().to_owned();
        let raw = URL_SAFE_NO_PAD.decode(&text[5..]).unwrap();
        for bit in 0..raw.len() * 8 {
            let mut forged = raw.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = format!("kwr1_{}", URL_SAFE_NO_PAD.encode(&forged));
            match tokens.read(&forged) {
                None => assert!(bit / 8 < HEAD + TAG, "bit {bit}"),
                Some(read) => {
                    assert!(bit / 8 >= HEAD + TAG, "bit {bit}");
                    assert!(!tokens.belongs(&read, &salt), "bit {bit}");
                }
            }
        }
        for forged in [
            text.to_uppercase(),
            text.to_lowercase(),
            format!("{text}="),
            format!("{text} "),
            text[..text.len() - 1].to_owned(),
            text[5..].to_owned(),
            String::new(),
            "kwr1_".to_owned(),
            "gmPd...8wuB".to_owned(),
        ] {
            assert!(tokens.read(&forged).is_none(), "{forged}");
        }
    }
}
