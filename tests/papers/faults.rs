//! The faults that strangers found: `docs/FAULTS_FOUND.md` counts each of its tables by itself, so its ids
//! are none of the other papers', and names tests that are there.

use std::collections::BTreeMap;

use crate::{fail_if, names_of_tests, read, rows};

pub const FAULTS: &str = "docs/FAULTS_FOUND.md";

/// What stands in front of a test's name, by the heading of the table.
const FOUND_BY: [(&str, &str); 4] = [
    ("By an attacker", "attack_"),
    ("By operators", "operators_"),
    ("By clients", "clients_"),
    ("By clients of GraphQL", "graphql_"),
];

/// The page without the ids of its rows.
pub fn without_ids(text: &str) -> String {
    let line = |line: &str| match line
        .strip_prefix("| ")
        .and_then(|row| row.split_once(" | "))
    {
        Some((_, rest)) => format!("| {rest}"),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_fault_is_counted_and_its_tests_are_there() {
    let text = read(FAULTS);
    let names = names_of_tests();
    let mut wrong = Vec::new();
    let mut sections = 0;
    for section in text.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap();
        let found_by = FOUND_BY.iter().find(|(it, _)| *it == heading);
        let Some((_, prefix)) = found_by else {
            wrong.push(format!("{heading}: no test is named after it"));
            continue;
        };
        sections += 1;
        // Letters are how grave it is, and each is counted from one.
        let mut counted: BTreeMap<&str, u8> = BTreeMap::new();
        for row in rows::tables(section) {
            let [id, _, tests] = &row[..] else {
                wrong.push(format!("{heading}: {row:?} has not three columns"));
                continue;
            };
            let digits = id.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
            let (letter, number) = id.split_at(digits);
            let last = match letter {
                "" => counted.entry("").or_default(),
                "H" => counted.entry("H").or_default(),
                "M" => counted.entry("M").or_default(),
                _ => counted.entry("L").or_default(),
            };
            // `27a` is a part of what was 27.
            let same = number
                .strip_suffix('a')
                .is_some_and(|it| it.parse() == Ok(*last));
            if !same && number.parse() != Ok(*last + 1) {
                wrong.push(format!("{heading}: {id} does not follow {letter}{last}"));
            }
            *last += u8::from(!same);
            let named = tests.split('`').skip(1).step_by(2);
            for name in named.filter(|name| name.contains(prefix)) {
                if !names.contains(name) && name != "attack_l9" {
                    wrong.push(format!("{heading}, {id}: there is no test `{name}`"));
                }
            }
        }
    }
    assert_eq!(sections, FOUND_BY.len());
    fail_if(&wrong, "docs/FAULTS_FOUND.md and the tests do not agree:");
}
