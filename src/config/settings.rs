//! The table of settings. The help text prints it, `.env.example` is checked against
//! it, and an environment with a `KEYWARD_` name that is not in it is refused.

pub struct Setting {
    pub name: &'static str,
    /// The text that stands for an absent value; empty where absence has a meaning of
    /// its own, told in `doc`.
    pub default: &'static str,
    pub secret: bool,
    pub doc: &'static str,
}

const fn setting(name: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting {
        name,
        default,
        secret: false,
        doc,
    }
}

const fn secret(name: &'static str, doc: &'static str) -> Setting {
    Setting {
        name,
        default: "",
        secret: true,
        doc,
    }
}

pub const SETTINGS: &[Setting] = &[
    Setting {
        secret: true,
        ..setting(
            "DATABASE_URL",
            "sqlite://keyward.db",
            "sqlite://PATH (made if absent) or postgresql://USER:PASSWORD@HOST/DATABASE.",
        )
    },
    setting(
        "KEYWARD_LISTEN",
        "127.0.0.1:8080",
        "Address and port to listen on.",
    ),
    setting(
        "KEYWARD_PUBLIC_URL",
        "",
        "Where clients reach Keyward, without a path. Default: http://localhost and the port of KEYWARD_LISTEN.",
    ),
    secret(
        "KEYWARD_SECRET",
        "At least 32 random bytes as text, from which every key is derived (openssl rand -base64 32). The same for all replicas; whoever loses it loses all sessions and passwords.",
    ),
    setting(
        "KEYWARD_SECRET_FILE",
        "",
        "A file that holds the secret. Default with SQLite: keyward.secret beside the database, made at the first start. With PostgreSQL one of the two must be given.",
    ),
    setting(
        "KEYWARD_ADMIN_EMAIL",
        "admin@localhost",
        "E-mail address of the first administrator. Read at the first start only.",
    ),
    secret(
        "KEYWARD_ADMIN_PASSWORD",
        "Password of the first administrator, as it is, spaces included. Absent: a random one, printed once.",
    ),
    setting(
        "KEYWARD_ISSUER",
        "",
        "The iss of tokens. Default: KEYWARD_PUBLIC_URL.",
    ),
    setting("KEYWARD_AUDIENCE", "keyward", "The aud of tokens."),
    setting(
        "KEYWARD_JWT_ALGORITHM",
        "RS256",
        "RS256, ES256, EdDSA or HS256. A change makes a new key at the next start; old tokens stay good.",
    ),
    setting(
        "KEYWARD_ACCESS_TOKEN_TTL",
        "15m",
        "Life of an access token, 1s to 1d.",
    ),
    setting(
        "KEYWARD_REFRESH_TOKEN_TTL",
        "12h",
        "How long a session lives without a refresh, 1s to 365d; one of OISP's, after its token has ended.",
    ),
    setting(
        "KEYWARD_SESSION_MAX_TTL",
        "30d",
        "How long a session lives at the most, however often it is refreshed, 1s to 3650d.",
    ),
    setting(
        "KEYWARD_OISP_TOKEN_TTL",
        "24h",
        "Life of a token of POST /v1/api/auth/token, 1s to 7d.",
    ),
    setting(
        "KEYWARD_EXCHANGE_WINDOW",
        "1h",
        "How long after its end an access token can be exchanged at /auth/token. 0 switches the route off. OISP's: KEYWARD_REFRESH_TOKEN_TTL.",
    ),
    setting(
        "KEYWARD_REFRESH_GRACE",
        "30s",
        "How long a refresh token that was just used is answered with the same successor, 0s to 60s. 0 ends the session at any reuse.",
    ),
    setting(
        "KEYWARD_QUERY_TOKENS",
        "on",
        "Whether ?access_token= is read: on or off.",
    ),
    setting(
        "KEYWARD_DIRECTUS_ENVELOPE",
        "false",
        "Whether bodies of the Directus face stand inside {\"data\": ...}.",
    ),
    setting(
        "KEYWARD_COOKIE_DOMAIN",
        "",
        "Domain of the refresh cookie: the public URL's host or a domain above it. Absent: this host only.",
    ),
    setting(
        "KEYWARD_COOKIE_SAMESITE",
        "strict",
        "strict, lax or none. none needs KEYWARD_ALLOWED_ORIGINS.",
    ),
    setting(
        "KEYWARD_ALLOWED_ORIGINS",
        "",
        "Origins, comma separated, whose pages may use the refresh cookie and read answers, besides KEYWARD_PUBLIC_URL.",
    ),
    setting(
        "KEYWARD_TRUSTED_PROXIES",
        "127.0.0.0/8,::1",
        "Networks, comma separated, whose X-Forwarded-For is believed. None wider than /8 (IPv6: /16, private ones /7).",
    ),
    setting(
        "KEYWARD_SHUTDOWN_DELAY",
        "0s",
        "How long after SIGTERM it goes on serving, while /health/ready says 503, 0s to 5m. With a balancer: twice the time between its questions.",
    ),
    setting(
        "KEYWARD_CONNECTIONS",
        "10000",
        "How many connections may be open at once, 16 to 1000000. Beyond it new ones are closed.",
    ),
    setting(
        "KEYWARD_CONNECTIONS_PER_ADDRESS",
        "256",
        "How many of them one address may have, 1 to 1000000. Not for KEYWARD_TRUSTED_PROXIES.",
    ),
    setting(
        "KEYWARD_BCRYPT_COST",
        "12",
        "Cost of new password records, 10 to 15.",
    ),
    setting(
        "KEYWARD_PASSWORD_THREADS",
        "0",
        "How many passwords are hashed at once, 1 to 256. 0: one for each core.",
    ),
    setting(
        "KEYWARD_PASSWORD_QUEUE",
        "0",
        "How many sign-ins wait for a free thread before others get 503, 1 to 4096. 0: two seconds' worth.",
    ),
    setting(
        "KEYWARD_PASSWORD_MIN_LENGTH",
        "8",
        "The fewest characters of a password that its owner chooses, 8 to 128.",
    ),
    setting(
        "KEYWARD_REQUIRE_VERIFIED_EMAIL",
        "off",
        "Whether an account signs in only once its e-mail address was proven. Those of the command line count as proven.",
    ),
    setting(
        "KEYWARD_FAILURE_ALARM",
        "300",
        "So many failed sign-ins of all accounts within a minute are logged and audited as sign_ins_failing. 0: never.",
    ),
    setting(
        "KEYWARD_KEY_ROTATION",
        "90d",
        "How long a signing key signs before the next one takes over, 1d or more. 0: only by keyward key rotate.",
    ),
    setting(
        "KEYWARD_DATABASE_POOL",
        "8",
        "Connections to the database, 1 to 200.",
    ),
    setting(
        "KEYWARD_DIALECTS",
        "directus,oisp,hypi",
        "Which faces are served besides Keyward's own, comma separated.",
    ),
    setting(
        "RUST_LOG",
        "info,actix_server=warn",
        "What is logged to standard error: error, warn, info, debug, or per module.",
    ),
];

/// Whether a name of the environment is for Keyward.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.starts_with("KEYWARD_") || SETTINGS.iter().any(|setting| setting.name == name)
}

/// The table as lines of help.
#[must_use]
pub fn help() -> String {
    let mut text = String::from("Settings (environment, or a .env file here):\n");
    for setting in SETTINGS {
        text.push_str("\n  ");
        text.push_str(setting.name);
        if !setting.default.is_empty() {
            text.push_str(" = ");
            text.push_str(setting.default);
        }
        text.push_str("\n      ");
        text.push_str(setting.doc);
        text.push('\n');
    }
    text
}
