//! What is an id, and where one is read.
//!
//! A requirement is `D-11`: a letter, a dash, two digits. A threat is `R4`: no dash, no zero
//! in front. Letters that are in neither paper (`T1`, `V6`), more digits (`P-256`) and longer
//! words (`RS256`, `UTF-8`) are no ids.

/// The letters of the rows in `docs/REQUIREMENTS.md`, and of those in `docs/THREATS.md`.
pub const REQUIRED: &str = "DHOPY";
pub const THREATENED: &str = "ABCDEFGHIJLMOPQRSX";

/// What a test's name can mean: `d05_` is D-05, `h4_` is H4; `h14_` is H-14 or H14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Id(String),
    Either(String, String),
}

fn requirement(letter: char, number: u8) -> Option<String> {
    let is_one = REQUIRED.contains(letter);
    is_one.then(|| format!("{letter}-{number:02}"))
}

fn threat(letter: char, number: u8) -> Option<String> {
    let is_one = THREATENED.contains(letter);
    is_one.then(|| format!("{letter}{number}"))
}

/// The id at the front of a text, and where it ends.
pub fn in_front(text: &str) -> Option<(String, usize)> {
    let letter = text.chars().next().filter(char::is_ascii_uppercase)?;
    let has_dash = text[1..].starts_with('-');
    let digits = &text[1 + usize::from(has_dash)..];
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if digits[length..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let number = digits[..length].parse().ok()?;
    let id = match length {
        2 if has_dash => requirement(letter, number),
        1 | 2 if !has_dash && !digits.starts_with('0') => threat(letter, number),
        _ => None,
    };
    Some((id?, 1 + usize::from(has_dash) + length))
}

fn range(from: &str, until: &str) -> Vec<String> {
    let number = |id: &str| id[1..].trim_start_matches('-').parse::<u8>().unwrap();
    let make = if from.contains('-') {
        requirement
    } else {
        threat
    };
    (number(from)..=number(until))
        .filter_map(|number| make(from.chars().next()?, number))
        .collect()
}

/// Those of a comment or a page: one by one, or as `D-27 to D-38`, `O-13..O-20`, `D-21..23`.
pub fn of_text(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let begins = !before.is_alphanumeric() && !"_-%\\".contains(before);
        let Some((id, end)) = begins.then(|| in_front(rest)).flatten() else {
            before = c;
            rest = &rest[c.len_utf8()..];
            continue;
        };
        before = '0';
        rest = &rest[end..];
        let until = rest
            .strip_prefix(" to ")
            .or_else(|| rest.strip_prefix(".."))
            .and_then(|rest| {
                let in_short = format!("{}{rest}", id.trim_end_matches(char::is_numeric));
                in_front(rest).or_else(|| in_front(&in_short))
            });
        match until {
            Some((until, _)) if until[..1] == id[..1] => ids.extend(range(&id, &until)),
            _ => ids.push(id),
        }
    }
    ids.dedup();
    ids
}

/// Those of a text in quotes, which may be anything: in front of it (`"J1"`, `"D-33: in
/// milliseconds"`), or one alone in parentheses (`"sets no cookie (D-19)"`).
pub fn of_literal(text: &str) -> Vec<String> {
    let is_headed = in_front(text).is_some_and(|(_, end)| {
        text[end..].chars().all(|c| ":,.".contains(c)) || text[end..].starts_with([':', ',', '.'])
    });
    let mut ids = Vec::new();
    if is_headed {
        ids = of_text(text.split(':').next().unwrap_or(text));
    }
    for (at, _) in text.match_indices('(') {
        if let Some((id, end)) = in_front(&text[at + 1..])
            && text[at + 1 + end..].starts_with(')')
        {
            ids.push(id);
        }
    }
    ids
}

/// Those in front of a test's name: `r2_r5_…`, `d_05_…`, `o13_to_o20_…`. A `decision_11` or
/// `rule_5` may stand between.
pub fn of_name(name: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut parts = name.split('_').peekable();
    let mut is_range = false;
    while let Some(part) = parts.next() {
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if ["decision", "rule"].contains(&part) && parts.next_if(is_number).is_some() {
            continue;
        }
        if part == "to" && !found.is_empty() {
            is_range = true;
            continue;
        }
        let Some(id) = of_part(part, || {
            parts.next_if(|next| next.len() == 2 && is_number(next))
        }) else {
            return found;
        };
        if let Some(Named::Id(from) | Named::Either(from, _)) = found.pop_if(|_| is_range) {
            let (Named::Id(until) | Named::Either(until, _)) = &id;
            found.extend(range(&from, until).into_iter().map(Named::Id));
        } else {
            found.push(id);
        }
        is_range = false;
    }
    // Nothing but ids is the name of a variable: `h2`, `p1`.
    Vec::new()
}

/// `h4`, or `d` with the two digits of the next part.
fn of_part<'a>(part: &'a str, next: impl FnOnce() -> Option<&'a str>) -> Option<Named> {
    let letter = part.chars().next().filter(char::is_ascii_lowercase)?;
    let letter = letter.to_ascii_uppercase();
    let in_two = if part.len() == 1 { next() } else { None };
    let digits = in_two.unwrap_or(&part[1..]);
    let number = digits.parse().ok().filter(|_| digits.len() <= 2)?;
    let required = (digits.len() == 2).then(|| requirement(letter, number));
    let threatened = (in_two.is_none() && !digits.starts_with('0')).then(|| threat(letter, number));
    match (required.flatten(), threatened.flatten()) {
        (Some(one), Some(other)) => Some(Named::Either(one, other)),
        (Some(id), None) | (None, Some(id)) => Some(Named::Id(id)),
        (None, None) => None,
    }
}

#[test]
fn ids_are_read_from_comments_and_nothing_else_is() {
    for (text, ids) in [
        ("(rows D-11, D-26; threat R4)", vec!["D-11", "D-26", "R4"]),
        ("E2's; X1.", vec!["E2", "X1"]),
        ("Rows Y-28 to Y-30", vec!["Y-28", "Y-29", "Y-30"]),
        (
            "J1 to J3, and D-21..23",
            vec!["J1", "J2", "J3", "D-21", "D-22", "D-23"],
        ),
        ("O-13..O-14", vec!["O-13", "O-14"]),
        ("H4 to be sure", vec!["H4"]),
        (
            "RS256, P-256, ES256, UTF-8, SHA-1, B64, H-1, D-007",
            vec!["B64"],
        ),
        (
            "T1 K2 V6 N-11 0A1 xB2 B2x a_C3 %C3 %B1 \\D4 CVE-2026-35042 d-11",
            vec![],
        ),
        ("FIPS 186-4 D.1.2.3, 9.9e-5, 1.2.3.4", vec![]),
    ] {
        assert_eq!(of_text(text), ids, "{text}");
    }
}

#[test]
fn ids_are_read_from_texts_in_quotes_that_say_so() {
    for (text, ids) in [
        ("J1", vec!["J1"]),
        ("D-33: milliseconds, as D-22", vec!["D-33"]),
        ("D-40, D-21..22: tokens", vec!["D-40", "D-21", "D-22"]),
        ("sets no cookie (D-19)", vec!["D-19"]),
        ("D4 is a sheet of paper, A5 another", vec![]),
        ("M0,0h5v5", vec![]),
        ("eyJ.E2.x", vec![]),
        ("(B2 or not)", vec![]),
    ] {
        assert_eq!(of_literal(text), ids, "{text}");
    }
}

#[test]
fn ids_are_read_from_the_front_of_names() {
    let id = |id: &str| Named::Id(id.to_owned());
    let either = |one: &str, other: &str| Named::Either(one.to_owned(), other.to_owned());
    for (name, ids) in [
        ("r2_r5_tabs", vec![id("R2"), id("R5")]),
        ("d05_d_06_header", vec![id("D-05"), id("D-06")]),
        ("y28_exchange", vec![id("Y-28")]),
        ("h14_left", vec![either("H-14", "H14")]),
        ("h_14_bearer", vec![id("H-14")]),
        ("h20_tokens", vec![either("H-20", "H20")]),
        ("o13_to_o15_info", vec![id("O-13"), id("O-14"), id("O-15")]),
        ("decision_11_h02_me", vec![id("H-02")]),
        ("r13_rule_6_old", vec![id("R13")]),
        ("of_r4_not_in_front", vec![]),
        ("es256_signs", vec![]),
        ("r_invariants", vec![]),
        ("h2", vec![]),
        ("x509_chain", vec![]),
        ("t1_none", vec![]),
    ] {
        assert_eq!(of_name(name), ids, "{name}");
    }
}
