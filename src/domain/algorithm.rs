//! The algorithms by which access tokens are signed (RFC 7518 section 3.1, RFC 8037).

use strum::{EnumString, IntoStaticStr};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(parse_err_ty = String, parse_err_fn = unknown)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bit: the default, as seed O shows it.
    #[default]
    #[strum(serialize = "RS256")]
    Rs256,
    /// ECDSA with P-256.
    #[strum(serialize = "ES256")]
    Es256,
    /// Ed25519.
    #[strum(serialize = "EdDSA")]
    EdDsa,
    /// HMAC with SHA-256: whoever verifies can also sign, so it has no JWKS entry.
    #[strum(serialize = "HS256")]
    Hs256,
}

impl Algorithm {
    /// The name in a token's header and in the setting.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(_: &str) -> String {
    "one of RS256, ES256, EdDSA, HS256".to_owned()
}
