//! What somebody looks for, word by word.

use crate::domain::identifier::in_lower_case;

/// So many words are looked for.
pub const MOST_WORDS: usize = 4;

/// Databases find what is called so by its parts, which are so many characters long.
pub const PART: usize = 3;

/// So many parts of a word tell it from nearly all others.
const MOST_PARTS: usize = 16;

/// At most [`MOST_WORDS`]; none of them finds everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchWords(Vec<String>);

/// Why a text is not looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnfitSearch {
    /// PostgreSQL takes no text with it, so nothing is called so.
    Nul,
    TooMany,
}

impl SearchWords {
    /// # Errors
    /// [`UnfitSearch`].
    pub fn parse(text: &str) -> Result<Self, UnfitSearch> {
        if text.contains('\0') {
            return Err(UnfitSearch::Nul);
        }
        // As names are stored.
        let text = in_lower_case(text);
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if words.len() > MOST_WORDS {
            return Err(UnfitSearch::TooMany);
        }
        Ok(Self(words))
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Each [`PART`] characters of a word that follow each other, once; a shorter word is its only part.
/// Of a long word the first ones: whoever has found these looks whether it is the word.
#[must_use]
pub fn parts(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    if characters.len() <= PART {
        return vec![word.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    for part in characters.windows(PART).take(MOST_PARTS) {
        let part = part.iter().collect();
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_word_and_four_are_enough() {
        let words = |text: &str| -> Vec<String> {
            let words = SearchWords::parse(text).unwrap();
            words.iter().map(str::to_owned).collect()
        };
        assert_eq!(words(" 50%_Off\\ \u{c4}b "), ["50%_off\\", "\u{e4}b"]);
        // Composed, as names are, and a wide sign is the sign.
        assert_eq!(words("A\u{308}b \u{ff05}"), ["\u{e4}b", "%"]);
        assert_eq!(SearchWords::parse("a b c d e"), Err(UnfitSearch::TooMany));
        assert_eq!(SearchWords::parse("a\0"), Err(UnfitSearch::Nul));
        assert!(SearchWords::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn a_word_has_parts_of_three_characters() {
        assert_eq!(parts("\u{e4}\u{1f600}"), ["\u{e4}\u{1f600}"]);
        assert_eq!(parts("bob"), ["bob"]);
        assert_eq!(parts("anana\u{e4}"), ["ana", "nan", "na\u{e4}"]);
        assert_eq!(parts("zzzzzzzz"), ["zzz"]);
        let long: String = ('a'..='z').collect();
        assert_eq!(parts(&long).len(), 16);
        assert!(parts("").concat().is_empty());
    }
}
