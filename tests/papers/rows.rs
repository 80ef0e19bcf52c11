//! The papers themselves: their rows, what the last column says, and what else can be pointed at.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ids, read};

pub const REQUIREMENTS: &str = "docs/REQUIREMENTS.md";
pub const THREATS: &str = "docs/THREATS.md";
pub const SEMANTICS: &str = "docs/SEMANTICS.md";

/// What a row that is not built may wait for. More words may follow in parentheses.
const TOPICS: [&str; 6] = [
    "accounts and mail",
    "organizations",
    "GraphQL",
    "sidecar",
    "pages",
    "operations",
];

pub const WORDS: &str = "`tests` (they carry the id), `tests: name_of_one, of_another`, \
    `not built yet: TOPIC`, `by design: why`, `no test: why`, `tests; not built yet: TOPIC`; a \
    TOPIC is accounts and mail, organizations, GraphQL, sidecar, pages or operations";

pub struct Row {
    pub paper: &'static str,
    pub last: String,
    pub proof: Proof,
    pub waits_for: Option<String>,
}

pub enum Proof {
    /// By their id, or those that are named.
    Tests(Vec<String>),
    None,
    Unread,
}

/// All rows of both papers, by id. Tables in them have ids in their first column, or numbers.
pub fn rows() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for paper in [REQUIREMENTS, THREATS] {
        for cells in tables(&read(paper)) {
            let [id, .., last] = &cells[..] else { continue };
            if id.parse::<u8>().is_ok() {
                continue;
            }
            let is_id = ids::in_front(id).is_some_and(|(read, end)| read == *id && end == id.len());
            assert!(
                is_id,
                "{paper}: `{id}` is no id: D-11 in {REQUIREMENTS}, R4 in {THREATS}"
            );
            assert_eq!(
                id.contains('-'),
                paper == REQUIREMENTS,
                "{id} belongs into the other paper"
            );
            assert_eq!(
                cells.len(),
                3,
                "{paper}: the row of {id} has not three columns"
            );
            let (proof, waits_for) = proof(last);
            let row = Row {
                paper,
                last: last.clone(),
                proof,
                waits_for,
            };
            let before = rows.insert(id.clone(), row);
            assert!(before.is_none(), "{paper}: two rows are called {id}");
        }
    }
    none_was_lost(&rows);
    rows
}

/// Ids are counted from one without a gap, so that whoever counts what is missing misses nothing.
fn none_was_lost(rows: &BTreeMap<String, Row>) {
    let required = ids::REQUIRED.chars().map(|letter| format!("{letter}-"));
    let threatened = ids::THREATENED.chars().map(String::from);
    for letter in required.chain(threatened) {
        let numbers = rows
            .keys()
            .filter_map(|id| id.strip_prefix(&letter)?.parse().ok());
        let numbers: BTreeSet<u8> = numbers.collect();
        let all: BTreeSet<u8> = (1..=numbers.last().copied().unwrap_or(1)).collect();
        let lost: Vec<_> = all.difference(&numbers).collect();
        assert!(
            lost.is_empty(),
            "the papers have no row {letter}{lost:?}; a row is never taken out"
        );
    }
}

/// The cells of every row of every table, but for heads and what is under them.
pub fn tables(text: &str) -> impl Iterator<Item = Vec<String>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.starts_with("|--") || line.starts_with("| --");
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_head = lines.get(at + 1).is_some_and(|next| is_rule(next));
        if let Some(row) = line
            .strip_prefix("| ")
            .filter(|_| !is_head && !is_rule(line))
        {
            let row = row.trim_end().trim_end_matches('|');
            rows.push(
                row.split(" | ")
                    .map(|cell| cell.trim().to_owned())
                    .collect(),
            );
        }
    }
    rows.into_iter()
}

fn proof(last: &str) -> (Proof, Option<String>) {
    let (first, rest) = last.split_once("; ").unwrap_or((last, ""));
    let waits_for = |text: &str| {
        let text = text.strip_prefix("not built yet: ")?;
        let topic = TOPICS.into_iter().find(|topic| {
            text.strip_prefix(topic)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
        });
        topic.map(str::to_owned)
    };
    if first == "tests" || first.starts_with("tests: ") {
        let names = first.strip_prefix("tests: ").unwrap_or_default();
        let names = names.split(", ").filter(|name| !name.is_empty());
        let names = names
            .map(|name| name.trim_matches('`').to_owned())
            .collect();
        let topic = waits_for(rest);
        if !rest.is_empty() && topic.is_none() {
            return (Proof::Unread, None);
        }
        return (Proof::Tests(names), topic);
    }
    if let Some(topic) = waits_for(last) {
        return (Proof::None, Some(topic));
    }
    let says_why = ["by design: ", "no test: "]
        .iter()
        .any(|word| last.starts_with(word));
    (if says_why { Proof::None } else { Proof::Unread }, None)
}

/// The numbers of the table of decisions.
pub fn decisions() -> BTreeSet<u32> {
    tables(&read(REQUIREMENTS))
        .filter_map(|cells| cells.first()?.parse().ok())
        .collect()
}

/// Each section of the semantics, with how many rules it numbers.
pub fn sections() -> BTreeMap<u32, u32> {
    let mut sections = BTreeMap::new();
    let mut section = 0;
    for line in read(SEMANTICS).lines() {
        let number = |text: &str| {
            text.split_once(". ")
                .and_then(|(number, _)| number.parse::<u32>().ok())
        };
        if let Some(number) = line.strip_prefix("## ").and_then(number) {
            section = number;
            sections.insert(section, 0);
        } else if let Some(rule) = number(line) {
            let rules = sections.entry(section).or_default();
            *rules += 1;
            assert_eq!(
                *rules, rule,
                "{SEMANTICS}, section {section}: rules are numbered one by one"
            );
        }
    }
    sections
}

/// What a comment points at, and its number: `semantics 1`, `rules 2 to 9`, `decision 3`, or the
/// page of `decision 0003`.
pub fn pointers(comment: &str) -> Vec<(&'static str, u32)> {
    let words: Vec<&str> = comment.split_whitespace().collect();
    let digits = |at: usize| {
        let word = words.get(at).copied().unwrap_or_default();
        word.trim_matches(|c: char| !c.is_ascii_digit())
    };
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let what = match &word.to_lowercase()[..] {
            "semantics" => "semantics",
            "decision" if digits(at + 1).len() == 4 => "page",
            "decision" => "decision",
            "rule" | "rules" => "rule",
            _ => continue,
        };
        let Ok(first) = digits(at + 1).parse() else {
            continue;
        };
        found.push((what, first));
        if what == "rule" && matches!(words.get(at + 2), Some(&("to" | "and"))) {
            found.extend(digits(at + 3).parse().map(|last| (what, last)));
        }
    }
    found
}

/// A rule without a section is one of the rotation's.
pub fn section_of_rules(comment: &str) -> u32 {
    let pointers = pointers(comment).into_iter();
    let mut sections = pointers.filter(|(what, _)| *what == "semantics");
    sections.next().map_or(1, |(_, section)| section)
}

#[test]
fn what_can_be_looked_up_is_found_in_a_sentence() {
    let text =
        "Decision 17, decision 0005; (semantics 2, rules 3 to 9) and rule 4's end; a rule of 5";
    let found = [
        ("decision", 17),
        ("page", 5),
        ("semantics", 2),
        ("rule", 3),
        ("rule", 9),
        ("rule", 4),
    ];
    assert_eq!(pointers(text), found);
    assert_eq!(section_of_rules(text), 2);
}

#[test]
fn the_last_column_is_read() {
    let read = |last: &str| match proof(last) {
        (Proof::Tests(names), topic) => format!("tests {names:?} {topic:?}"),
        (Proof::None, topic) => format!("none {topic:?}"),
        (Proof::Unread, _) => "unread".to_owned(),
    };
    for (last, is_read_as) in [
        ("tests", "tests [] None"),
        ("tests: one, another", "tests [\"one\", \"another\"] None"),
        ("tests; not built yet: pages", "tests [] Some(\"pages\")"),
        (
            "not built yet: sidecar (redirects)",
            "none Some(\"sidecar\")",
        ),
        ("by design: so; and so", "none None"),
        ("not built yet: one day", "unread"),
        ("not built yet: pagesque", "unread"),
        ("tests; later", "unread"),
        ("test", "unread"),
        ("", "unread"),
    ] {
        assert_eq!(read(last), is_read_as, "{last}");
    }
}
