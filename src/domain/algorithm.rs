//! The algorithms by which access tokens are signed (RFC 7518 section 3.1, RFC 8037).

use std::str::FromStr;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bit: the default, as seed O shows it.
    #[default]
    Rs256,
    /// ECDSA with P-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256: whoever verifies can also sign, so it has no JWKS entry.
    Hs256,
}

impl Algorithm {
    /// The name in a token's header and in the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

impl FromStr for Algorithm {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Rs256, Self::Es256, Self::EdDsa, Self::Hs256]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| "one of RS256, ES256, EdDSA, HS256".to_owned())
    }
}
