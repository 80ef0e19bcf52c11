use strum::VariantArray as _;

use super::*;
use crate::domain::mail_letter::Values;

/// Each purpose in each language.
fn kinds() -> Vec<(LetterPurpose, Language)> {
    let each = LetterPurpose::VARIANTS
        .iter()
        // Its words are its sender's.
        .filter(|it| **it != LetterPurpose::Publication);
    each.flat_map(|purpose| {
        Language::VARIANTS
            .iter()
            .map(|language| (*purpose, *language))
    })
    .collect()
}

const LINK: &str = "https://app.example.com/reset#kwo1_0123456789abcdefghijklmnopqrstuvwxyz";

fn letter(purpose: LetterPurpose, language: Language) -> Letter {
    Letter {
        purpose,
        account: None,
        to: "somebody@example.com".to_owned(),
        language,
        site: None,
        asked_by: None,
        counts_as: None,
        values: Values::from([
            ("link", LINK),
            ("hours", "24"),
            ("emptied", "yes"),
            ("organization", "Acme"),
            ("new_address", "new@example.com"),
            ("removed_address", "gone@example.com"),
            ("when", "2026-01-01 00:00 UTC"),
            (
                "user_agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
            ),
        ]),
    }
}

fn has_link(purpose: LetterPurpose) -> bool {
    matches!(
        purpose,
        LetterPurpose::Verify
            | LetterPurpose::Reset
            | LetterPurpose::Choose
            | LetterPurpose::Invite
            | LetterPurpose::Join
            | LetterPurpose::AddressChanged
            | LetterPurpose::AddressAdded
            | LetterPurpose::AddressRemoved
    )
}

#[test]
fn every_letter_is_there_in_every_language_and_reads_well() {
    let templates = Templates::load(None).unwrap();
    let ways = kinds().into_iter().flat_map(|it| [(it, ""), (it, "yes")]);
    for ((purpose, language), undone) in ways {
        for ending in ["txt", "html"] {
            let name = format!("{}.{}.{ending}", purpose.as_str(), language.as_str());
            assert!(EMBEDDED.iter().any(|(known, _)| *known == name), "{name}");
        }
        let mut letter = letter(purpose, language);
        letter.values.insert("undone".to_owned(), undone.to_owned());
        let words = templates.render(&letter, "auth.example.com").unwrap();
        let place = format!("{purpose:?} {language:?}: {words:?}", words = words.text);
        let links = usize::from(has_link(purpose));
        assert_eq!(words.text.matches("://").count(), links, "{place}");
        assert_eq!(words.html.matches("<a ").count(), links, "{place}");
        assert_eq!(words.html.matches("href=").count(), links, "{place}");
        assert!(!words.html.contains("<img") && !words.html.contains("<script"));
        assert!(
            words
                .html
                .contains(&format!("lang=\"{}\"", language.as_str()))
        );
        for line in words.text.lines().filter(|line| !line.contains("://")) {
            assert!(line.chars().count() < 78, "{line:?} in {place}");
            assert!(!line.starts_with(' ') && !line.contains("{%"), "{place}");
        }
        assert!(!words.text.contains("\n\n\n"), "{place}");
        assert!(words.subject.len() < 78 && words.subject.contains("auth.example.com"));
        assert!(words.text.ends_with("\n-- \nauth.example.com\n"), "{place}");
    }
}

#[test]
fn no_letter_needs_more_than_it_is_promised() {
    let templates = Templates::load(None).unwrap();
    for (purpose, language) in kinds() {
        let mut letter = letter(purpose, language);
        letter
            .values
            .retain(|name, _| purpose.needs().contains(&name.as_str()));
        let words = templates.render(&letter, "auth.example.com").unwrap();
        assert!(!words.text.contains("\n\n\n"), "{}", words.text);
    }
}

#[test]
fn l8_no_value_makes_a_link_a_header_or_html() {
    let templates = Templates::load(None).unwrap();
    for (purpose, language) in kinds() {
        let mut hostile = letter(purpose, language);
        let evil = "x\"><img src=//evil.example>\r\nBcc: evil@evil.example\u{202e}";
        for name in ["name", "new_address", "removed_address", "when", "hours"] {
            hostile.values.insert(name.to_owned(), evil.to_owned());
        }
        let agent = "Mozilla https://evil.example www.evil.example <b>\r\nX: y";
        hostile
            .values
            .insert("user_agent".to_owned(), agent.to_owned());
        hostile
            .values
            .insert("link".to_owned(), format!("{LINK}?x=\"><img src=//evil>\n"));
        hostile.to = format!("\"{evil}\"@example.com");
        let words = templates.render(&hostile, "auth.example.com").unwrap();
        assert!(!words.subject.contains(['\r', '\n', '\u{202e}']));
        assert!(!words.html.contains("<img") && !words.html.contains("<b>"));
        assert_eq!(
            words.html.matches("<a ").count(),
            usize::from(has_link(purpose))
        );
        assert!(!words.text.contains("\nBcc") && !words.text.contains('\u{202e}'));
        assert!(!words.text.contains("www.evil.example"), "{}", words.text);
        if has_link(purpose) {
            let links = words.text.split_whitespace().filter(|w| w.contains("://"));
            let links: Vec<_> = links.collect();
            assert_eq!(links.len(), 1, "{}", words.text);
            assert!(!links[0].contains(['"', '<', '>']), "{}", links[0]);
        }
    }
}

#[test]
fn l8_a_link_is_one_that_can_be_followed() {
    let templates = Templates::load(None).unwrap();
    for link in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc",
        "",
        "/reset",
    ] {
        let mut letter = letter(LetterPurpose::Reset, Language::English);
        letter.values.insert("link".to_owned(), link.to_owned());
        assert!(templates.render(&letter, "x").is_err(), "{link}");
    }
}

#[test]
fn hours_become_words() {
    for (hours, words) in [
        ("1", "1 hour"),
        ("24", "24 hours"),
        ("36", "36 hours"),
        ("48", "2 days"),
        ("168", "7 days"),
    ] {
        assert_eq!(lasting(hours, "hour, hours, day, days"), words);
    }
}

/// A folder of templates, removed at its end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let name = format!("keyward-mail-{}", uuid::Uuid::new_v4());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn load(&self) -> Result<Templates, String> {
        Templates::load(Some(&self.0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn p_35_the_site_chooses_the_template() {
    let folder = Folder::with(&[
        ("reset.en.txt", "Common\n\n{{ link }}\n"),
        (
            "shop/reset.en.txt",
            "Shop {{ site }}\n\n{{ link }} {{ name }}\n",
        ),
        (
            "shop/reset.en.html",
            "<p title=\"{{ name }}\">{{ subject }} <a href=\"{{ link|safe }}\">here</a></p>",
        ),
        ("_foot.txt", "never by itself"),
        (".hidden", "{% broken"),
    ]);
    let templates = folder.load().unwrap();
    let render = |site: Option<&str>, language| {
        let mut letter = letter(LetterPurpose::Reset, language);
        letter.site = site.map(str::to_owned);
        letter
            .values
            .insert("name".to_owned(), "<A> \"B\"".to_owned());
        templates.render(&letter, "x").unwrap()
    };
    assert_eq!(render(None, Language::English).subject, "Common");
    assert_eq!(render(Some("other"), Language::English).subject, "Common");
    let shop = render(Some("shop"), Language::English);
    assert_eq!(shop.subject, "Shop shop");
    assert_eq!(shop.text, format!("{LINK} <A> \"B\"\n"));
    assert_eq!(
        shop.html,
        format!("<p title=\"&lt;A&gt; &quot;B&quot;\">Shop shop <a href=\"{LINK}\">here</a></p>")
    );
    let german = render(Some("shop"), Language::German);
    assert!(german.subject.contains("Passwort"), "{}", german.subject);
}

#[test]
fn p_31_p_35_the_site_chooses_the_frame_of_a_publication() {
    let words = || RenderedLetter {
        subject: "Your <order>".to_owned(),
        text: "5 < 6".to_owned(),
        html: "<p>5 &lt; 6</p>".to_owned(),
    };
    let of = |templates: &Templates, site| {
        let framed = Framed {
            site,
            to: "a@b.co",
            words: words(),
        };
        templates.frame(framed, "x").unwrap()
    };
    let plain = of(&Templates::load(None).unwrap(), Some("200"));
    assert_eq!((plain.subject, plain.html), (words().subject, words().html));
    let folder = Folder::with(&[
        ("publication.en.html", "<b>{{ subject }}</b>{{ content }}"),
        (
            "200/publication.nl.html",
            "<i title=\"{{ site }}\">{{ content }}</i>",
        ),
        (
            "200/publication.nl.txt",
            "Winkel: {{ subject }}\n\n{{ content }}\n-- {{ address }}\n",
        ),
    ]);
    let templates = folder.load().unwrap();
    let common = of(&templates, Some("201"));
    assert_eq!(common.html, "<b>Your &lt;order&gt;</b><p>5 &lt; 6</p>");
    assert_eq!(
        (common.subject, common.text),
        (words().subject, words().text)
    );
    let shop = of(&templates, Some("200"));
    assert_eq!(shop.html, "<i title=\"200\"><p>5 &lt; 6</p></i>");
    assert_eq!(shop.subject, "Winkel: Your <order>");
    assert_eq!(shop.text, "5 < 6\n-- a@b.co\n");
    let broken = Folder::with(&[("200/publication.en.html", "{{ contents }}")]);
    assert!(
        broken
            .load()
            .err()
            .unwrap()
            .contains("200/publication.en.html")
    );
}

#[test]
fn a_template_that_is_broken_is_named() {
    for (name, text) in [
        ("reset.en.txt", "Subject\n\n{{ link }} {{ lnk }}"),
        ("reset.en.txt", "Subject\nno empty line"),
        ("reset.en.txt", "\n\nno subject"),
        ("reset.en.html", "{% if link %}never ended"),
        ("shop/reset.en.html", "{{ link|no_such_filter }}"),
        ("reset.en.html", "{% for x in range(100000) %}x{% endfor %}"),
        ("reset.en.html", "{% include \"../secret\" %}"),
        ("rest.en.txt", "Subject\n\ntext"),
        ("reset.fr.txt", "Subject\n\ntext"),
        ("reset.txt", "Subject\n\ntext"),
        ("README", "text"),
        ("Shop/reset.en.txt", "Subject\n\ntext"),
    ] {
        let Err(why) = Folder::with(&[(name, text)]).load() else {
            panic!("{name}: {text}");
        };
        let named = name.strip_suffix("/reset.en.txt").unwrap_or(name);
        assert!(why.contains(named), "{name}: {why}");
    }
    let nowhere = Templates::load(Some(Path::new("/nowhere/at/all")));
    assert!(nowhere.is_err_and(|why| why.contains("/nowhere/at/all")));
}

// A letter that is for its link and shows none is of no use to whoever gets it.
#[test]
fn clients_59_a_template_shows_the_link_that_its_letter_is_for() {
    for (name, text) in [
        ("reset.en.txt", "Reset\n\nHello\n"),
        ("shop/join.de.txt", "Komm\n\nHallo {{ name }}\n"),
        ("verify.en.html", "<p>Hello</p>"),
        ("address_changed.fi.txt", "Uusi\n\n{{ new_address }}\n"),
    ] {
        let why = Folder::with(&[(name, text)]).load().err();
        let why = why.unwrap_or_else(|| panic!("{name} is taken"));
        assert!(why.contains(name) && why.contains("{{ link }}"), "{why}");
    }
    let why = Folder::with(&[("publication.en.html", "<p>Hello</p>")]).load();
    assert!(why.is_err_and(|why| why.contains("{{ content }}")));
    // A notice has none, and HTML may hide it behind a word.
    for (name, text) in [
        ("password_changed.en.txt", "Changed\n\nHello\n"),
        ("reset.en.html", "<a href=\"{{ link }}\">here</a>"),
    ] {
        let taken = Folder::with(&[(name, text)]).load();
        assert_eq!(taken.err(), None, "{name}");
    }
}

#[test]
fn clients_60_a_value_that_there_is_not_is_named() {
    for (name, text) in [
        ("reset.en.txt", "Reset\n\n{{ link }} {{ lnk }}\n"),
        ("reset.en.html", "{{ link }} {{ lnk }}"),
        ("publication.en.html", "{{ content }}{{ lnk }}"),
    ] {
        let why = Folder::with(&[(name, text)]).load().err().unwrap();
        assert!(why.contains(name) && why.contains("\"lnk\""), "{why}");
        assert!(!why.contains("\"link\""), "{why}");
    }
}
