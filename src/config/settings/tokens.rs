//! Tokens and sessions.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::config::settings::declare::section;
use crate::config::values::parse::{boolean, duration, lasting, list, optional, whole};
use crate::domain::rights::permission::{OWN, SERVICE, may_be_held};

section! {
    /// What tokens say, and how long tokens and sessions live.
    Tokens, "Tokens and sessions" {
        /// The iss of tokens. Default: KEYWARD_PUBLIC_URL.
        issuer: Option<String> = KEYWARD_ISSUER, "", optional(named);
        /// The aud of tokens.
        audience: String = KEYWARD_AUDIENCE, "keyward", named;
        /// Life of an access token, 1s to 1d.
        access_ttl: Duration = KEYWARD_ACCESS_TOKEN_TTL, "15m", lasting("1s", "1d");
        /// How long a session lives without a refresh, 1s to 365d; one of OISP's, after its
        /// token has ended.
        refresh_ttl: Duration = KEYWARD_REFRESH_TOKEN_TTL, "12h", lasting("1s", "365d");
        /// How long a session lives at the most, however often it is refreshed, 1s to 3650d.
        session_max_ttl: Duration = KEYWARD_SESSION_MAX_TTL, "30d", lasting("1s", "3650d");
        /// Life of a token of POST /v1/api/auth/token, 1s to 7d.
        oisp_ttl: Duration = KEYWARD_OISP_TOKEN_TTL, "24h", lasting("1s", "7d");
        /// How long after its end an access token can be exchanged at /auth/token. 0 switches
        /// the route off. OISP's: KEYWARD_REFRESH_TOKEN_TTL.
        exchange_window: Duration = KEYWARD_EXCHANGE_WINDOW, "1h", duration;
        /// How long a refresh token that was just used is answered with the same successor,
        /// 0s to 60s. 0 ends the session at any reuse.
        refresh_grace: Duration = KEYWARD_REFRESH_GRACE, "30s", lasting("0s", "60s");
        /// Permissions of applications, OISP's accounts and the holder's full name are dropped from
        /// an access token that would have more bytes than this, 1500 to 8000: first permissions
        /// and accounts (it says perm_ref then), then the name. What stays (issuer, audience,
        /// username, address, roles) may be longer: 5200 bytes at the most.
        max_bytes: usize = KEYWARD_MAX_TOKEN_BYTES, "3000", whole(1500, 8000);
        /// The permissions of the applications, thing:deed, comma separated. Every other word is
        /// refused where a role or an API key is made, but for Keyward's own. Default: every word
        /// is one. none: Keyward's own alone.
        permissions: Option<BTreeSet<String>> = KEYWARD_PERMISSIONS, "", optional(words);
        /// Maximum age of a sign-in for dangerous acts of administrators (keyward routes says
        /// which). POST /auth/step-up makes it young again. 0 asks for nothing.
        step_up_max_age: Duration = KEYWARD_STEP_UP_MAX_AGE, "0", duration;
        /// Whether ?access_token= is read: on or off.
        in_queries: bool = KEYWARD_QUERY_TOKENS, "on", boolean;
        /// Whether POST /auth/anonymous lets anybody in as a guest: on or off. Default: off, and
        /// on in test mode.
        guests: Option<bool> = KEYWARD_GUESTS, "", optional(boolean);
        /// A guest who was not there for so long is deleted, 2d to 365d. A guest's session lives
        /// as long.
        guest_ttl: Duration = KEYWARD_GUEST_TTL, "30d", lasting("2d", "365d");
    }
}

/// They stand in every token, which must fit into the head of a request.
const LONGEST_NAME: usize = 255;

fn named(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_NAME {
        return Err(format!("at most {LONGEST_NAME} bytes"));
    }
    Ok(text.to_owned())
}

/// Words of applications. One of Keyward's own things is none.
fn words(text: &str) -> Result<BTreeSet<String>, String> {
    let words = list(|word| {
        if may_be_held(word) && !OWN.contains(&word) && !SERVICE.contains(&word) {
            Ok(word.to_owned())
        } else {
            Err(format!(
                "of the form thing:deed, and of no thing of Keyward's, not {word:?}"
            ))
        }
    })(text)?;
    Ok(words.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claims::LONGEST_LIFE;

    /// Other rules stand on the longest life that any setting gives a token.
    #[test]
    fn no_token_lives_longer_than_the_longest_life() {
        assert_eq!(lasting("1s", "7d")("7d"), Ok(LONGEST_LIFE));
    }

    /// No process is told when a guest is deleted: no access token of theirs may live then.
    #[test]
    fn a4_a_guest_outlasts_every_access_token_of_theirs() {
        let of = |name| {
            let all = Tokens::SECTION.settings.iter();
            let doc = all.filter(|it| it.name == name).map(|it| it.doc).next();
            doc.unwrap_or_default()
        };
        assert!(of("KEYWARD_ACCESS_TOKEN_TTL").contains("1s to 1d"));
        assert!(of("KEYWARD_GUEST_TTL").contains("2d to 365d"));
    }
}
