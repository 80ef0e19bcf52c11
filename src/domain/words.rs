//! What somebody looks for, word by word.

use crate::domain::identifier::in_lower_case;

/// So many words are looked for.
pub const MOST_WORDS: usize = 4;

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
        // As names are stored: what LIKE takes for a sign may come of it.
        let text = in_lower_case(text);
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if words.len() > MOST_WORDS {
            return Err(UnfitSearch::TooMany);
        }
        Ok(Self(words))
    }

    /// For LIKE, with `\` for an escape: a word is a word, and what LIKE takes for a sign
    /// stands for itself. A number past the last word finds everything.
    #[must_use]
    pub fn pattern(&self, number: usize) -> String {
        let mut pattern = String::from("%");
        let Some(word) = self.0.get(number) else {
            return pattern;
        };
        for letter in word.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('%');
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_word_and_four_are_enough() {
        let words = SearchWords::parse(" 50%_Off\\ \u{c4}b ").unwrap();
        assert_eq!(words.pattern(0), "%50\\%\\_off\\\\%");
        assert_eq!(words.pattern(1), "%\u{e4}b%");
        // Composed, as names are, and a wide sign is the sign.
        let words = SearchWords::parse("A\u{308}b \u{ff05}").unwrap();
        assert_eq!(words.pattern(0), "%\u{e4}b%");
        assert_eq!(words.pattern(1), "%\\%%");
        let words = SearchWords::parse("a b").unwrap();
        assert_eq!(words.pattern(2), "%");
        assert_eq!(SearchWords::parse("a b c d e"), Err(UnfitSearch::TooMany));
        assert_eq!(SearchWords::parse("a\0"), Err(UnfitSearch::Nul));
        assert_eq!(SearchWords::parse(""), Ok(SearchWords::default()));
    }
}
