//! Where a mailed link may lead, and where somebody may be sent on: addresses of the operator's
//! own applications, compared after they were parsed as browsers parse them (WHATWG URL).
//! Whatever a browser would read otherwise than it is written is refused (L9, ASVS 10.4.1).

use url::Url;

/// More bytes has no link that people are sent to.
const LONGEST: usize = 2048;

/// One entry of the list: scheme, host, port and the beginning of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed(Url);

impl Allowed {
    /// `None` where the text is no address of an application.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = exact(text)?;
        (url.query().is_none() && !has_wildcard(&url)).then_some(Self(url))
    }

    fn admits(&self, url: &Url) -> bool {
        let same = self.0.scheme() == url.scheme()
            && self.0.host_str() == url.host_str()
            && self.0.port_or_known_default() == url.port_or_known_default();
        let begin = self.0.path().trim_end_matches('/');
        let below = url
            .path()
            .strip_prefix(begin)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        same && below
    }
}

/// The address, if the list has it.
#[must_use]
pub fn allowed(text: &str, list: &[Allowed]) -> Option<Url> {
    let url = exact(text)?;
    list.iter().any(|entry| entry.admits(&url)).then_some(url)
}

/// The code goes into the query, as clients of the original systems look for it there.
#[must_use]
pub fn with_query(mut url: Url, name: &str, value: &str) -> String {
    url.query_pairs_mut().append_pair(name, value);
    url.into()
}

/// An address that is written as it is read: nothing of it is dropped, moved or encoded by
/// parsing, and nobody's name stands before its host.
fn exact(text: &str) -> Option<Url> {
    if text.len() > LONGEST {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let written = url.as_str();
    let same = written == text || written.strip_suffix('/') == Some(text);
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        // A server behind may decode once more.
        && !url.path().contains('%')
        && !url.path().contains("//")
        && !url.path().split('/').any(goes_up);
    (same && plain).then_some(url)
}

/// Whether a server may take the segment for `.`, `..` or nothing, as in `//`: those of servlets drop
/// what follows `;` first. One that is written plainly is gone by parsing already, and nothing is
/// percent-encoded.
fn goes_up(segment: &str) -> bool {
    let parts = segment.split_once(';');
    parts.is_some_and(|(name, _)| matches!(name, "" | "." | ".."))
}

fn has_wildcard(url: &Url) -> bool {
    url.as_str().contains('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Allowed> {
        ["https://app.example.com/account", "http://localhost:3000"]
            .map(|text| Allowed::parse(text).unwrap())
            .into()
    }

    #[test]
    fn l9_p25_what_the_list_has_is_allowed() {
        for text in [
            "https://app.example.com/account",
            "https://app.example.com/account/reset",
            "https://app.example.com/account?step=2",
            "http://localhost:3000",
            "http://localhost:3000/",
            "http://localhost:3000/any/path?x=1",
        ] {
            assert!(allowed(text, &list()).is_some(), "{text}");
        }
    }

    #[test]
    fn l9_p25_and_nothing_else_is() {
        let long = format!("http://localhost:3000/{}", "a".repeat(9 * 1024));
        for text in [
            "",
            "/account",
            "//evil.com",
            "//app.example.com/account",
            "https:evil.com",
            "https:/app.example.com/account",
            "\\\\evil.com",
            "https://app.example.com\\account",
            "https:\\\\app.example.com/account",
            "https://app.example.com@evil.com/account",
            "https://me:secret@app.example.com/account",
            "https://app.example.com.evil.com/account",
            "https://evil.com/https://app.example.com/account",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.example.com/account/../..//evil",
            "https://app.example.com/account/%2e%2e/other",
            "https://app.example.com/account%2f..%2fother",
            "https://app.example.com/account//evil",
            "https://app.example.com/acc\tount",
            "https://app.example.com/account\n",
            " https://app.example.com/account",
            "https://app.exаmple.com/account",
            "https://app.example.com./account",
            "https://app.example.com:444/account",
            "https://app.example.com:443/account",
            "http://app.example.com/account",
            "https://app.example.com/account#x",
            "https://app.example.com/accounting",
            "https://app.example.com/",
            "https://app.example.com/account?x=\"><img src=//evil>",
            "http://2130706433:3000/",
            "http://127.0.0.1:3000/",
            "http://localhost:3001/",
            "HTTP://LOCALHOST:3000/",
            &long,
        ] {
            assert!(allowed(text, &list()).is_none(), "{text}");
        }
        let decimal = [Allowed::parse("http://127.0.0.1").unwrap()];
        assert!(allowed("http://2130706433", &decimal).is_none());
        assert!(allowed("http://0x7f.1", &decimal).is_none());
        assert!(allowed("http://127.0.0.1/x", &decimal).is_some());
    }

    // Servers of servlets drop what follows `;` before they go up by `..`.
    #[test]
    fn attack_l22_no_segment_goes_up_whatever_follows_it() {
        for tail in [
            "/..;/evil",
            "/..;x=1/evil",
            "/..;",
            "/.;/evil",
            "/.;x/..;y/evil",
            "/%2e%2e;/evil",
            "/.%2e;/evil",
            "/..%3b/evil",
            "/..%3Bx/evil",
            "/x/..;/..;/evil",
            "/;/evil.example",
            "/x/;y",
        ] {
            for entry in ["https://app.example.com/account", "http://localhost:3000"] {
                let text = format!("{entry}{tail}");
                assert!(allowed(&text, &list()).is_none(), "{text}");
                assert!(Allowed::parse(&text).is_none(), "{text}");
            }
        }
        for text in [
            "https://app.example.com/account/a;x=..",
            "https://app.example.com/account/...;x",
            "https://app.example.com/account/..x",
            "https://app.example.com/account?x=/..;/",
        ] {
            assert!(allowed(text, &list()).is_some(), "{text}");
        }
    }

    #[test]
    fn l9_the_list_holds_addresses_only() {
        for text in [
            "*",
            "https://*.example.com",
            "app.example.com",
            "https://a.b/?x",
            "ftp://a.b",
        ] {
            assert!(Allowed::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn l8_a_code_is_put_behind_what_is_there() {
        let url = allowed("http://localhost:3000/r?x=1", &list()).unwrap();
        assert_eq!(
            with_query(url, "token", "kwo1_a"),
            "http://localhost:3000/r?x=1&token=kwo1_a"
        );
    }
}
