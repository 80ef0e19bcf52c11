//! The text of an access token: a JWS in compact form (RFC 7515 section 7.1) with a
//! header of exactly `alg`, `kid` and `typ`. Whatever else a header holds (`crit`,
//! `jwk`, `jku`, `x5c`, another `alg`) makes it no token of ours (RFC 8725).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::crypto::key_ring::KeyRing;
use crate::crypto::signing_key::SigningKey;
use crate::domain::claims::Claims;
use crate::support::clock::Timestamp;

/// The longest token that is looked at, in bytes (threat J19).
pub const LONGEST: usize = 8192;

/// How deep claims may nest, those that this binary does not know among them (threat J20).
const DEEPEST: usize = 32;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// Signs claims. The same claims and key give the same text for RS256, `EdDSA` and
/// HS256; ES256 signatures are randomized.
///
/// # Panics
/// Never: claims are plain data.
#[must_use]
pub fn sign(key: &SigningKey, claims: &Claims) -> String {
    let header = Header {
        typ: "JWT",
        alg: key.algorithm().as_str(),
        kid: key.id(),
    };
    let header = serde_json::to_vec(&header).expect("a header is plain data");
    let claims = serde_json::to_vec(claims).expect("claims are plain data");
    let mut text = URL_SAFE_NO_PAD.encode(header);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut text);
    let signature = key.sign(text.as_bytes());
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    text
}

/// The claims of a rightly signed token, and the key that signed it. Whether they are good
/// here and now is asked of the claims themselves. `None` says nothing of why.
#[must_use]
pub fn verify<'a>(
    ring: &'a KeyRing,
    text: &str,
    now: Timestamp,
) -> Option<(Claims, &'a SigningKey)> {
    if text.len() > LONGEST {
        return None;
    }
    let (message, signature) = text.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    if header.len() > 512 || claims.contains('.') {
        return None;
    }
    let header = object(header)?;
    // Borrowed strings: an escape sequence in a header is refused with the rest.
    let header: Header<'_> = serde_json::from_slice(&header).ok()?;
    let key = ring.verifier(header.kid, now)?;
    if header.typ != "JWT" || header.alg != key.algorithm().as_str() {
        return None;
    }
    if !key.verifies(signature, message.as_bytes()) {
        return None;
    }
    let claims = object(claims)?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    ring.could_sign(header.kid, Timestamp::from_seconds(claims.iat))
        .then_some((claims, key))
}

/// The JSON object that a part of a token is, not yet read. Serde would take an array for a
/// struct, with its members in the order of ours, and passes over what it does not know
/// however deep that is.
fn object(part: &str) -> Option<Vec<u8>> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in &json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return None;
        }
    }
    (json.first() == Some(&b'{')).then_some(json)
}
