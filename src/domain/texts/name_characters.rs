//! Which characters a name may hold, by Unicode's own tables: letters of every script with
//! their marks, and nothing that nobody sees. Two names that differ in something invisible
//! are one name to a reader (UTS 39).

use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, Script, XidContinue,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Blank by their design, though no property of Unicode says so: braille without dots, the
/// null notehead, the blanks of Egyptian hieroglyphs, the filler of the small Khitan script.
const BLANK: [char; 5] = [
    '\u{2800}',
    '\u{1d159}',
    '\u{13441}',
    '\u{13442}',
    '\u{16fe4}',
];

/// What nobody sees: characters of no width, marks of direction, fillers, blanks.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || category(c) == GeneralCategory::Format
        || BLANK.contains(&c)
}

/// What has no place inside any name: invisible ones, white space, control characters, and
/// code points that are no characters for everybody.
#[must_use]
pub fn is_no_part_of_a_name(c: char) -> bool {
    is_invisible(c)
        || c.is_whitespace()
        || GeneralCategoryGroup::Separator.contains(category(c))
        || GeneralCategoryGroup::Other.contains(category(c))
}

/// Whether a word of any language may hold it: letters, marks such as the virama, numbers,
/// and the signs that belong to one script, such as the tsheg between Tibetan syllables.
#[must_use]
pub fn is_of_a_word(c: char) -> bool {
    let of_one_script = || {
        let script = CodePointMapData::<Script>::new().get(c);
        script != Script::Common && script != Script::Inherited
    };
    let category = category(c);
    !is_no_part_of_a_name(c)
        && (CodePointSetData::new::<XidContinue>().contains(c)
            || GeneralCategoryGroup::Letter.contains(category)
            || is_mark(c)
            || GeneralCategoryGroup::Number.contains(category)
            || of_one_script())
}

/// Whether it is a letter or a number, or a mark on one: without its marks a word of Hindi or Thai is
/// another word, or none.
#[must_use]
pub fn is_alphanumeric(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

/// Whether it is written onto the character before it.
#[must_use]
pub fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

/// Without the white space and invisible characters that keyboards and clipboards put
/// around a name.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// A name as it is shown to an operator: as it is, but that what can not be seen, or would
/// move the cursor, is written as its number.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if c != ' ' && is_no_part_of_a_name(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_l7_what_nobody_sees_is_found() {
        for c in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180b}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2060}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{1bca0}',
            '\u{1d173}',
            '\u{e0061}',
            '\u{e0100}',
            '\u{e0fff}',
            '\u{fff9}',
            '\u{1d159}',
        ] {
            assert!(is_invisible(c) && is_no_part_of_a_name(c), "{c:?}");
        }
        for c in ['a', 'é', 'ñ', '山', '\u{94d}', '\u{301}', '-', '🦀'] {
            assert!(!is_invisible(c) && !is_no_part_of_a_name(c), "{c:?}");
        }
        for c in [
            '\0', '\u{7f}', '\u{85}', ' ', '\u{2028}', '\u{e000}', '\u{ffff}', '\u{378}',
        ] {
            assert!(is_no_part_of_a_name(c), "{c:?}");
        }
    }

    #[test]
    fn clients_06_words_of_every_script_are_words() {
        for word in [
            "संपर्क",
            "ผู้ใช้",
            "সমস্যা",
            "பயன்பாடு",
            "පරිශීලක",
            "အသုံးပြုသူ",
            "អ្នកប្រើ",
            "བོད་ཡིག",
            "i\u{307}",
            "l·l",
            "カ・タ",
            "x̂",
            "½",
        ] {
            assert!(word.chars().all(is_of_a_word), "{word}");
        }
        for c in ['🦀', '\u{2800}', '"', '(', ' ', '\u{2013}', '\u{fe0f}'] {
            assert!(!is_of_a_word(c), "{c:?}");
        }
    }

    #[test]
    fn clients_06_names_are_shown_as_they_are() {
        assert_eq!(shown("संपर्क@डाटामेल.भारत"), "संपर्क@डाटामेल.भारत");
        assert_eq!(shown("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
    }
}
