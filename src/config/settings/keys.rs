//! Keys that sign access tokens.

use std::time::Duration;

use crate::config::settings::declare::section;
use crate::config::values::parse::duration;
use crate::domain::algorithm::Algorithm;

section! {
    /// By what tokens are signed, and for how long by the same key.
    Keys, "Signing keys" {
        /// RS256, ES256, EdDSA or HS256. A change makes a new key at the next start; old
        /// tokens stay good.
        algorithm: Algorithm = KEYWARD_JWT_ALGORITHM, "RS256", str::parse;
        /// How long a signing key signs before the next one takes over, 1d or more. 0: only
        /// by keyward key rotate.
        rotation: Duration = KEYWARD_KEY_ROTATION, "90d", rotation;
    }
}

fn rotation(text: &str) -> Result<Duration, String> {
    duration(text)
        .ok()
        .filter(|life| life.is_zero() || life.as_secs() >= 86_400)
        .ok_or_else(|| "0, or a duration of 1d or more".to_owned())
}
