//! Web origins: scheme, host and port, and nothing else (threat G8). Those of the settings
//! and those that browsers send are written the same way here, and compared as texts.

use url::Url;

/// Schemes that are the browser's own or another protocol's. No page has an origin of them
/// that a browser would send: its origin is `null`.
const NOBODYS: &[&str] = &[
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "ws",
    "wss",
];

/// One of a web page: `http` or `https`.
pub(in crate::config) fn web(text: &str) -> Result<Url, String> {
    bare(text).ok_or_else(|| {
        let text = without_person(text);
        format!("an origin such as https://app.example.com, not {text:?}")
    })
}

/// One whose pages may be trusted, as [`canonical`] writes it.
pub(in crate::config) fn listed(text: &str) -> Result<String, String> {
    let text = text.trim();
    canonical(text.strip_suffix('/').unwrap_or(text)).ok_or_else(|| {
        let text = without_person(text);
        format!("origins such as https://app.example.com or capacitor://localhost, not {text:?}")
    })
}

/// Without what stands before an `@`: it may be a password, which is no origin's and nobody's to
/// read in a log. A password may hold any sign, so the last `@` counts.
pub(in crate::config) fn without_person(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

/// The one way to write an origin: in lower case, without the port that its scheme has
/// anyway. Apps and extensions have schemes of their own (`capacitor:`, `tauri:`,
/// `moz-extension:`): by RFC 6454 their origins are opaque, but browsers send them as texts.
/// `None` for what is no origin, and for those that anybody has (`null`, `file:`).
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, host) = text.split_once("://")?;
    if matches!(scheme, "http" | "https") {
        return Some(bare(&text)?.origin().ascii_serialization());
    }
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !NOBODYS.contains(&scheme);
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_host = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok();
    (is_scheme && is_host).then_some(text)
}

fn bare(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.contains('*'))
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    bare.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g8_only_exact_origins() {
        for text in ["https://app.example.com", "http://localhost:3000"] {
            assert!(web(text).is_ok() && listed(text).is_ok(), "{text}");
        }
        for text in [
            "*",
            "https://*",
            "https://*.com",
            "app.example.com",
            "https://a.b/path",
            "https://a@b.c",
            "ftp://a.b",
            "null",
            "",
            "https://",
            "https:///",
            "https://a.b?c",
            "https://a.b#c",
        ] {
            assert!(web(text).is_err() && listed(text).is_err(), "{text}");
        }
        assert!(web("capacitor://localhost").is_err(), "no public URL");
    }

    #[test]
    fn clients_12_apps_and_extensions_have_schemes_of_their_own() {
        for (text, expected) in [
            ("capacitor://localhost", "capacitor://localhost"),
            ("Ionic://LOCALHOST", "ionic://localhost"),
            ("tauri://localhost/", "tauri://localhost"),
            ("app://.", "app://."),
            ("app://localhost:3000", "app://localhost:3000"),
            ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", ""),
            ("moz-extension://3c4bd2a0-5f3e-4a2b-9d3e-1f2a3b4c5d6e", ""),
            ("vscode-webview://1a2b3c", ""),
            ("https://APP.example.com:443/", "https://app.example.com"),
            ("http://tauri.localhost", "http://tauri.localhost"),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(listed(text).as_deref(), Ok(expected));
        }
        for text in [
            "null",
            "*",
            "file://",
            "file:///",
            "file://localhost",
            "FILE://localhost",
            "capacitor://*",
            "capacitor://",
            "capacitor:",
            "capacitor:localhost",
            "*://localhost",
            "capacitor://localhost/path",
            "capacitor://localhost//",
            "capacitor://a@localhost",
            "capacitor://localhost:",
            "capacitor://localhost:99999",
            "capacitor://localhost:1:2",
            "capacitor://local host",
            "capacitor://localhost?x",
            "1app://localhost",
            "://localhost",
            "data://x",
            "blob://x",
            "javascript://x",
            "about://blank",
            "ws://a.b",
        ] {
            assert!(listed(text).is_err(), "{text}");
        }
    }
}
