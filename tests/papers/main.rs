//! The papers and the code agree. An id that a comment, a test or a page names is a row of
//! `docs/REQUIREMENTS.md` or `docs/THREATS.md`; each row is held by a test that carries its id,
//! or says why not; "semantics 1, rule 7" and "decision 3" can be looked up. Tables that list words
//! of the code (events, codes, commands, keys, modules that log) list all of them, and links lead
//! somewhere.
//!
//! `cargo test --test papers -- --nocapture` prints every id with its tests, and counts what is
//! not built yet. It needs no crate: what it reads is the text that a reader sees.

mod faults;
mod ids;
mod links;
mod rows;
mod text;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ids::Named;
use rows::{Proof, REQUIREMENTS, Row, SEMANTICS, THREATS};

/// One place that names something.
struct Place {
    named: Named,
    /// The test's name, or file and line.
    at: String,
    /// In a test or in the words above one: neither in a helper nor in the program.
    proves: bool,
}

fn root() -> PathBuf {
    // `rustc --test tests/papers/main.rs` knows no package: then it is where it is run.
    option_env!("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file of these folders, by its path from the root.
fn files(folders: &[&str]) -> Vec<String> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.ends_with("node_modules") || path.ends_with("tests/papers") {
            continue;
        }
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            found.push(
                path.strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    found.sort();
    found
}

/// Source that may name ids, by its path: Rust, the clients of others, and scripts, which have
/// no ending.
fn sources() -> Vec<(String, String)> {
    let mut paths = files(&["src", "tests", "deploy"]);
    paths.retain(|path| match Path::new(path).extension() {
        Some(ending) => ["rs", "mjs", "py"].iter().any(|known| ending == *known),
        None => true,
    });
    paths
        .into_iter()
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

/// Where a file's tests begin: at its top, behind `mod tests {`, or nowhere.
fn tests_begin_at(path: &str, text: &str) -> usize {
    let is_helper = path.contains("/support/");
    let is_all = path.starts_with("tests/")
        || path.starts_with("deploy/")
        || path.ends_with("/tests.rs")
        || path.contains("/tests/");
    match text.find("\nmod tests {") {
        _ if is_all && !is_helper => 0,
        Some(at) => at,
        None => usize::MAX,
    }
}

fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for (path, text) in sources() {
        let tests = tests_begin_at(&path, &text);
        let parts = text::parts(&path, &text);
        let mut add = |offset: usize, at: Option<&String>, named: Named| {
            let line = || text[..offset].matches('\n').count() + 1;
            places.push(Place {
                named,
                at: at.map_or_else(|| format!("{path}:{}", line()), Clone::clone),
                proves: offset >= tests,
            });
        };
        for (at, comment) in &parts.comments {
            for id in ids::of_text(comment) {
                add(*at, None, Named::Id(id));
            }
        }
        for (at, literal) in parts.literals.iter().filter(|(at, _)| *at >= tests) {
            for id in ids::of_literal(literal) {
                add(*at, None, Named::Id(id));
            }
        }
        for (at, name) in &parts.names {
            for named in ids::of_name(name) {
                add(*at, Some(name), named);
            }
        }
    }
    assert!(places.len() > 500, "only {} ids were found", places.len());
    places
}

/// Every word behind `fn` or `both!(` in a test.
fn names_of_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (path, text) in sources() {
        let tests = tests_begin_at(&path, &text);
        let parts = text::parts(&path, &text);
        let parts = parts.names.into_iter().filter(|(at, _)| *at >= tests);
        names.extend(parts.map(|(_, name)| name));
    }
    names
}

fn fail_if(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}\n  {}", wrong.join("\n  "));
}

#[test]
fn every_id_that_is_named_is_a_row() {
    let rows = rows::rows();
    let mut wrong = Vec::new();
    for place in places() {
        let known = |id: &String| rows.contains_key(id);
        match &place.named {
            Named::Id(id) if !known(id) => wrong.push(format!("{id} at {}", place.at)),
            Named::Either(one, other) if !known(one) && !known(other) => {
                wrong.push(format!("{one} or {other} at {}", place.at));
            }
            _ => {}
        }
    }
    let pages = files(&["docs"]).into_iter();
    for path in pages.chain(["openapi.yaml".to_owned()]) {
        let mut text = read(&path);
        if path == faults::FAULTS {
            text = faults::without_ids(&text);
        }
        let mut ids = ids::of_text(&text);
        ids.retain(|id| !rows.contains_key(id));
        wrong.extend(ids.iter().map(|id| format!("{id} in {path}")));
    }
    let what = format!(
        "These ids are in neither {REQUIREMENTS} nor {THREATS}. Correct the id, or add its row; \
         write a name that only looks like an id in another way."
    );
    fail_if(&wrong, &what);
}

#[test]
fn every_row_is_held_by_a_test_or_says_why_not() {
    let rows = rows::rows();
    let names = names_of_tests();
    let held = held(&rows);
    let mut wrong = Vec::new();
    for (id, row) in &rows {
        let tests = held.get(id.as_str()).map_or(&[][..], Vec::as_slice);
        println!("{id}: {}", row.last);
        for test in tests {
            println!("    {test}");
        }
        wrong.extend(fault_of(id, row, tests, &names));
    }
    for paper in [REQUIREMENTS, THREATS] {
        count(paper, rows.values().filter(|row| row.paper == paper));
    }
    fail_if(&wrong, "These rows and the tests do not agree:");
}

fn fault_of(id: &str, row: &Row, tests: &[String], names: &BTreeSet<String>) -> Option<String> {
    let last = &row.last;
    match &row.proof {
        Proof::Tests(named) => match named.iter().find(|name| !names.contains(*name)) {
            Some(name) => Some(format!("{id}: there is no test `{name}`")),
            None if named.is_empty() && tests.is_empty() => Some(format!(
                "{id}: no test carries it. Put `{}_` in front of a test's name, or {id} into the \
                 comment above; or name the test (`tests: its_name`); or say why there is none",
                id.to_lowercase().replace('-', "_")
            )),
            None => None,
        },
        Proof::None => tests.first().map(|test| {
            format!(
                "{id}: `{last}`, but {test} carries it: say `tests`, or `tests; not built yet: …` \
                 for the rest"
            )
        }),
        Proof::Unread => Some(format!("{id}: `{last}` is none of {}", rows::WORDS)),
    }
}

fn count<'a>(paper: &str, rows: impl Iterator<Item = &'a Row>) {
    let (mut all, mut tested) = (0, 0);
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        all += 1;
        tested += usize::from(matches!(row.proof, Proof::Tests(_)));
        if let Some(topic) = &row.waits_for {
            *waiting.entry(topic).or_default() += 1;
        }
    }
    println!("{paper}: {all} rows, {tested} with tests; wholly or in part waiting: {waiting:?}");
}

/// Each id with the tests that carry it. A name that may be either of two ids stands for the
/// one whose row says that it has tests; where both do, it is nobody's, and a row names it.
fn held(rows: &BTreeMap<String, Row>) -> BTreeMap<&str, Vec<String>> {
    let mut held: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for place in places().into_iter().filter(|place| place.proves) {
        let tested = |id: &&String| {
            let row = rows.get(*id);
            row.is_some_and(|row| matches!(row.proof, Proof::Tests(_)))
        };
        let id = match &place.named {
            Named::Id(id) => Some(id),
            Named::Either(one, other) => match (tested(&one), tested(&other)) {
                (true, false) => Some(one),
                (false, true) => Some(other),
                _ => None,
            },
        };
        if let Some((id, _)) = id.and_then(|id| rows.get_key_value(id)) {
            held.entry(id).or_default().push(place.at);
        }
    }
    held
}

#[test]
fn sections_rules_and_decisions_can_be_looked_up() {
    let sections = rows::sections();
    let decisions = rows::decisions();
    let pages = files(&["docs/decisions"]);
    let has_page = |number: u32| {
        let page = format!("docs/decisions/{number:04}-");
        pages.iter().any(|path| path.starts_with(&page))
    };
    let has_rule = |section: u32, number: u32| {
        let rules = sections.get(&section).copied().unwrap_or(0);
        (1..=rules).contains(&number)
    };
    let mut wrong = Vec::new();
    let mut found = 0;
    for (path, text) in sources() {
        for (at, comment) in text::parts(&path, &text).comments {
            let at = format!("{path}:{}", text[..at].matches('\n').count() + 1);
            for (what, number) in rows::pointers(&comment) {
                found += 1;
                let (is_there, paper) = match what {
                    "semantics" => (sections.contains_key(&number), SEMANTICS),
                    "decision" => (decisions.contains(&number), REQUIREMENTS),
                    "page" => (has_page(number), "docs/decisions"),
                    _ => (
                        has_rule(rows::section_of_rules(&comment), number),
                        SEMANTICS,
                    ),
                };
                if !is_there {
                    wrong.push(format!("{what} {number} at {at}: not in {paper}"));
                }
            }
        }
    }
    assert!(found > 50, "only {found} pointers were found");
    fail_if(&wrong, "These can not be looked up:");
}

/// What holds of every function of a floor is said once, by the floor.
#[test]
fn no_section_of_errors_says_only_that_the_database_may_be_away() {
    const SAYS_NOTHING: [&str; 4] = [
        "`SERVICE_UNAVAILABLE`.",
        "When the database is away.",
        "When the database is away or a row is damaged.",
        "When the database is away or the row is damaged.",
    ];
    let mut wrong = Vec::new();
    for path in files(&["src"]) {
        let text = read(&path);
        let mut lines = text.lines().map(str::trim).enumerate();
        while let Some((at, line)) = lines.next() {
            if line == "/// # Errors" {
                let doc = lines.by_ref().map(|(_, line)| line);
                let said = doc.map_while(|line| line.strip_prefix("///").map(str::trim));
                let said: Vec<_> = said.filter(|line| !line.is_empty()).collect();
                if SAYS_NOTHING.contains(&said.join(" ").as_str()) {
                    wrong.push(format!("{path}:{}", at + 1));
                }
            }
        }
    }
    fail_if(&wrong, "These sections say nothing");
}
