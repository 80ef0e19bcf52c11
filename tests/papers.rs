//! Comments and tests name rows of the papers: `D-11` of `docs/REQUIREMENTS.md`, `R4` of
//! `docs/THREATS.md`. Whoever reads an id can look it up, and whoever reads a row knows
//! whether a test holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const PAPERS: [&str; 2] = ["docs/REQUIREMENTS.md", "docs/THREATS.md"];

/// What the last column may begin with, where no test carries the row's id.
const REASONS: [&str; 6] = [
    "not built: ",
    "covered: ",
    "measured: ",
    "by design: ",
    "no test: ",
    "a fact, ",
];

/// Each row's id and its last column.
fn rows() -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for paper in PAPERS {
        for line in read(&root().join(paper)).lines() {
            let Some((id, rest)) = line
                .strip_prefix("| ")
                .and_then(|line| line.split_once(" | "))
            else {
                continue;
            };
            if ids_of_comment(id) == [id] {
                let proof = rest.trim_end_matches(" |").rsplit(" | ").next().unwrap();
                let before = rows.insert(id.to_owned(), proof.to_owned());
                assert_eq!(before, None, "{paper}: two rows are called {id}");
            }
        }
    }
    assert!(rows.len() > 450, "only {} rows were found", rows.len());
    rows
}

/// A word's ids as comments write them: a letter, perhaps a dash, one or two digits.
fn ids_of_comment(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| {
            let Some(rest) = word.strip_prefix(|c: char| c.is_ascii_uppercase()) else {
                return false;
            };
            let digits = rest.strip_prefix('-').unwrap_or(rest);
            let right_length = if rest == digits {
                (1..=2).contains(&digits.len())
            } else {
                digits.len() == 2
            };
            right_length && digits.chars().all(|c| c.is_ascii_digit())
        })
        .collect()
}

/// The ids in front of a test's name: `r2_r5_tabs_never_end_it` has two. Of `d10_` a reader
/// can not tell whether it means the requirement D-10 or the threat D10: it may be either.
fn ids_of_name(name: &str) -> Vec<[String; 2]> {
    let mut ids = Vec::new();
    for part in name.split('_') {
        let mut letters = part.chars();
        let letter = letters.next().filter(char::is_ascii_lowercase);
        let digits = letters.as_str();
        match (letter, digits.parse::<u8>()) {
            (Some(letter), Ok(number)) if digits.len() <= 2 => {
                let letter = letter.to_ascii_uppercase();
                ids.push([format!("{letter}-{number:02}"), format!("{letter}{number}")]);
            }
            _ => break,
        }
    }
    ids
}

/// Every identifier of a text that begins with an id and goes on.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| {
            let ids = ids_of_name(word).len();
            ids > 0 && word.split('_').count() > ids
        })
        .collect()
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.starts_with("//")
            .then_some(line)
            .or_else(|| line.split_once(" // ").map(|(_, comment)| comment))
    })
}

/// `D-27 to D-38` names all of them.
fn ranges(comment: &str) -> Vec<String> {
    let words: Vec<&str> = comment
        .split(|c: char| c.is_whitespace() || ".,;:()".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut all = Vec::new();
    for window in words.windows(3) {
        let [from, "to", until] = window else {
            continue;
        };
        if let (Some((letter, from)), Some((other, until))) =
            (from.split_once('-'), until.split_once('-'))
            && letter == other
            && let (Ok(from), Ok(until)) = (from.parse::<u8>(), until.parse::<u8>())
        {
            all.extend((from..=until).map(|number| format!("{letter}-{number:02}")));
        }
    }
    all
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests/papers.rs")
            {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn every_id_that_is_named_stands_in_a_paper() {
    let rows = rows();
    let letters: BTreeSet<char> = rows.keys().filter_map(|id| id.chars().next()).collect();
    let mut unknown = BTreeSet::new();
    for path in files("src").into_iter().chain(files("tests")) {
        let text = read(&path);
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        for id in comments(&text).flat_map(ids_of_comment) {
            if letters.contains(&id.chars().next().unwrap()) && !rows.contains_key(id) {
                unknown.insert(format!("{id} in a comment of {place}"));
            }
        }
        for name in names(&text) {
            for either in ids_of_name(name) {
                let is_one_of_ours = either[0].starts_with(|c| letters.contains(&c));
                if is_one_of_ours && !either.iter().any(|id| rows.contains_key(id)) {
                    unknown.insert(format!("{name} in {place}"));
                }
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "these name no row of {PAPERS:?}: add the row, or correct the id\n{unknown:#?}"
    );
}

#[test]
fn every_row_is_held_by_a_test_or_says_why_not() {
    let rows = rows();
    let mut held = BTreeSet::new();
    for path in files("tests").into_iter().chain(files("src")) {
        let text = read(&path);
        let is_test = path.starts_with(root().join("tests"));
        // Within the program only what stands in a file's own tests is a test.
        let text = match text.split_once("\nmod tests {") {
            _ if is_test => &text[..],
            Some((_, tests)) => tests,
            None => continue,
        };
        held.extend(names(text).into_iter().flat_map(ids_of_name).flatten());
        for comment in comments(text) {
            held.extend(ids_of_comment(comment).into_iter().map(str::to_owned));
            held.extend(ranges(comment));
        }
    }
    let mut wrong = Vec::new();
    for (id, proof) in &rows {
        let says_why = REASONS.iter().any(|reason| proof.starts_with(reason));
        if proof == "tests" {
            if !held.contains(id) {
                wrong.push(format!(
                    "{id}: no test carries it; write one, or the reason"
                ));
            }
        } else if !says_why {
            wrong.push(format!(
                "{id}: {proof:?} is neither `tests` nor one of {REASONS:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ids_are_found_and_nothing_else_is_taken_for_one() {
    let comment = "// Rows D-11, d-12 and (threat R4); RS256, P-256, H-1, E2's, 0A1, Y-28 to Y-30";
    assert_eq!(
        ids_of_comment(comment),
        ["D-11", "R4", "E2", "Y-28", "Y-30"]
    );
    assert_eq!(ranges(comment), ["Y-28", "Y-29", "Y-30"]);
    let pair = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
    assert_eq!(
        ids_of_name("r2_h14_x_y"),
        [pair("R-02", "R2"), pair("H-14", "H14")]
    );
    assert_eq!(
        names("fn i1_what_is_no(i1: u8) { es256_x(i2) }"),
        ["i1_what_is_no"].into()
    );
}
