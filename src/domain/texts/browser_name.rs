//! What a browser is called in a mail. Whoever sends a request writes its `User-Agent`, and must not
//! write a sentence into a mail of the service by it: names that are known are written, and of
//! another program its own, which is one word.

/// The first that stands in it is the browser: most of them name others behind themselves.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// The longest name of a program that is written.
const LONGEST: usize = 20;

/// Such as `Firefox, Windows`, or `curl`; `None` where nothing is recognised.
#[must_use]
pub fn browser_name(user_agent: &str) -> Option<String> {
    let known = |all: &[(&str, &'static str)]| {
        let found = all.iter().find(|(sign, _)| user_agent.contains(sign));
        found.map(|(_, name)| *name)
    };
    match (known(BROWSERS), known(SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser}, {system}")),
        (Some(browser), None) => Some(browser.to_owned()),
        (None, _) => program(user_agent).map(str::to_owned),
    }
}

/// The name before the first version (RFC 9110, 10.1.5), where it is a word.
fn program(user_agent: &str) -> Option<&str> {
    let (name, _) = user_agent.split_once('/')?;
    // No digit: a telephone number fits into a word.
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    (is_word && name.len() <= LONGEST && name != "Mozilla").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_programs_are_called_by_their_names() {
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox, Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            ("curl/8.14.1", "curl"),
            ("python-requests/2.32.5", "python-requests"),
        ];
        for (agent, name) in cases {
            assert_eq!(browser_name(agent).as_deref(), Some(name), "{agent}");
        }
    }

    #[test]
    fn attack_l25_no_sentence_is_a_name() {
        for agent in [
            "",
            "Mozilla/5.0",
            "Your account is locked: call +1 900 555 0100",
            "call the bank/1",
            "Call-1-900-555-0100/1",
            "www.evil.example/1",
            "x\r\nBcc: y/1",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/1",
            "/1",
        ] {
            assert_eq!(browser_name(agent), None, "{agent}");
        }
        let hostile = "Firefox/1. Your account is locked, unlock it at https://evil.example";
        assert_eq!(browser_name(hostile).as_deref(), Some("Firefox"));
    }
}
