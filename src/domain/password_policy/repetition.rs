//! What a text says once, where it says it several times.

use std::collections::HashMap;

/// The length of the shortest piece that the text is a repetition of, its last part cut
/// or not; the text's own where it repeats nothing (Knuth, Morris and Pratt's table).
pub fn period(text: &[char]) -> usize {
    let mut borders = vec![0; text.len()];
    for i in 1..text.len() {
        let mut border = borders[i - 1];
        while border > 0 && text[i] != text[border] {
            border = borders[border - 1];
        }
        borders[i] = border + usize::from(text[i] == text[border]);
    }
    let shortest = text.len() - borders.last().copied().unwrap_or(0);
    if shortest * 2 <= text.len() {
        shortest
    } else {
        text.len()
    }
}

/// So many letters that stood there before are a repetition.
const REPEATED: usize = 3;

/// A longer one is found in pieces.
const LONGEST: usize = 24;

/// Of the places where the same began before, so many are looked at: the search must not grow
/// with the square of a text of a thousand digits.
const PLACES: usize = 32;

/// The text without what stood there before, letter case aside. A number may be another one
/// beside the same word, for people count so: `summer1summer2`.
pub fn novel(text: &[char]) -> Vec<char> {
    let folded: Vec<char> = text.iter().map(|c| fold(*c)).collect();
    let shape = |at: usize| -> Option<Vec<char>> {
        let next = folded.get(at..at + REPEATED)?;
        Some(next.iter().map(|c| digits_as_one(*c)).collect())
    };
    let mut places: HashMap<Vec<char>, Vec<usize>> = HashMap::new();
    let (mut left, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let known = shape(at).and_then(|shape| places.get(&shape));
        let known = known.into_iter().flatten().take(PLACES);
        let longest = known.map(|from| repeated(&folded, *from, at)).max();
        let step = longest.unwrap_or(0).max(1);
        if longest.unwrap_or(0) == 0 {
            left.push(text[at]);
        }
        for passed in at..at + step {
            if let Some(shape) = shape(passed) {
                places.entry(shape).or_default().push(passed);
            }
        }
        at += step;
    }
    left
}

fn fold(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

const fn digits_as_one(c: char) -> char {
    if c.is_ascii_digit() { '0' } else { c }
}

/// How much of what stands at `at` repeats what stands at `from`; 0 where it is too little.
fn repeated(text: &[char], from: usize, at: usize) -> usize {
    let pairs = || text[from..].iter().zip(&text[at..]).take(LONGEST);
    let alike = |(one, other): &(&char, &char)| digits_as_one(**one) == digits_as_one(**other);
    let (mut length, mut letters) = (0, 0);
    for (_, other) in pairs().take_while(alike) {
        length += 1;
        letters += usize::from(other.is_alphabetic());
    }
    if letters < REPEATED {
        // Without a word to them numbers are themselves.
        length = pairs().take_while(|(one, other)| one == other).count();
    }
    if length < REPEATED { 0 } else { length }
}
