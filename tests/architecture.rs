//! The house keeps its floors: reads every path that begins with `crate::`, `super::` or
//! `self::` in `src/` and fails on an arrow that runs up, on a circle of files that is not
//! told of here, and on a file that has grown past reading in one sitting. It needs no
//! compiler and no crate: what it reads is the text that a reader sees.

#[path = "support/rust_text.rs"]
mod rust_text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rust_text::{tokens, tree};

/// Lower floors have lower numbers; two rooms of one floor share a number.
const FLOORS: &[(&str, u8)] = &[
    ("main", 7),
    ("cli", 6),
    ("app", 5),
    ("http", 5),
    ("service", 4),
    ("store", 3),
    ("crypto", 3),
    ("lanes", 3),
    ("config", 3),
    ("domain", 2),
    ("support", 1),
];

/// Doors between rooms of one floor. The composition root knows the faces; settings are
/// values of the store and of cryptography.
const DOORS: &[(&str, &str)] = &[("app", "http"), ("config", "store"), ("config", "crypto")];

const LONGEST_FILE: usize = 400;

/// Files that know each other, each with the reason why they may. The list must be
/// exact: a new circle fails the test, and so does one that has been undone.
const CIRCLES: &[&[&str]] = &[
    // The command line picks a command; commands say their outcome in its words.
    &[
        "cli/check",
        "cli/health",
        "cli/key",
        "cli/migrate",
        "cli/mod",
        "cli/routes",
        "cli/serve",
        "cli/tune_hash",
        "cli/user",
    ],
    // `refuse_at` picks the dialect of a path that no handler was found for; a dialect
    // takes `Shape` and `Answer` from the same file.
    &[
        "http/dialect/directus/mod",
        "http/dialect/mod",
        "http/dialect/oisp/mod",
    ],
    // The context holds the cache of verified tokens that `authenticate` defines.
    &["service/keyward", "service/tokens/authenticate"],
    // The pool hands writes to the writer, which opens transactions as the pool does.
    &["store/engine/pool", "store/engine/writer"],
];

#[test]
fn no_arrow_runs_up() {
    let house = House::read();
    let mut arrows = 0;
    let mut wrong = Vec::new();
    for (file, text) in &house.files {
        let from = floor_of(file);
        for path in house.paths(file, text) {
            let Some(to) = path.first().map(String::as_str) else {
                continue;
            };
            arrows += usize::from(from != to);
            if !may(from, to) {
                wrong.push(format!("src/{file}.rs: {}", path.join("::")));
            }
        }
    }
    assert!(arrows > 200, "only {arrows} arrows were found");
    assert!(wrong.is_empty(), "these run up:\n{}", wrong.join("\n"));
}

#[test]
fn circles_of_files_are_the_ones_that_are_told_of() {
    let house = House::read();
    let arrows: BTreeMap<&str, BTreeSet<&str>> = house
        .files
        .iter()
        .map(|(file, text)| {
            let to = house.paths(file, before_tests(text)).into_iter();
            let to = to.filter_map(|path| house.file_of(&path));
            (file.as_str(), to.filter(|to| to != file).collect())
        })
        .collect();
    let found = circles(&arrows);
    let told: BTreeSet<BTreeSet<&str>> = CIRCLES
        .iter()
        .map(|circle| circle.iter().copied().collect())
        .collect();
    assert_eq!(found, told);
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    for (file, text) in House::read().files {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "src/{file}.rs has {lines} lines");
    }
}

/// That the reader of this test sees what is there: every way to write a path.
#[test]
fn paths_are_found_however_they_are_written() {
    let text = r##"
        //! crate::http is only told of here
        use crate::store::{self, Url, migrations::{up, down as undo}};
        use super::context::Keyward; /* crate::cli */
        pub(super) use self::inner::*;
        fn f<'a>(e: crate::domain::id::AccountId) -> &'a str {
            let c = '"'; let s = "crate::app \" crate::app"; let r = r#"crate::app"#;
            $crate::support::clock::f::<u8>();
            super::super::config::read(e)
        }
    "##;
    let house = House {
        files: BTreeMap::new(),
    };
    let found: Vec<String> = house
        .paths("service/login", text)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        found,
        [
            "store::self",
            "store::Url",
            "store::migrations::up",
            "store::migrations::down",
            "service::context::Keyward",
            "service::login::inner::*",
            "domain::id::AccountId",
            "support::clock::f",
            "config::read",
        ]
    );
    assert!(!may("service", "http") && !may("store", "crypto") && !may("http", "app"));
    assert!(may("config", "store") && may("service", "support") && may("app", "http"));
}

struct House {
    /// By path under `src`, without the ending: `service/login`, `store/mod`, `app`.
    files: BTreeMap<String, String>,
}

impl House {
    fn read() -> Self {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = BTreeMap::new();
        let mut folders = vec![src.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let name = path.strip_prefix(&src).unwrap().with_extension("");
                    let name = name.to_str().unwrap().replace('\\', "/");
                    files.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        assert!(files.len() > 50, "only {} files were found", files.len());
        Self { files }
    }

    /// Every path in a file's text, from the crate's root.
    fn paths(&self, file: &str, text: &str) -> Vec<Vec<String>> {
        let tokens = tokens(text);
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            // `pub(in crate::http)` says who may see it, and is no arrow.
            let begins = at == 0 || !matches!(tokens[at - 1].as_str(), "::" | "in");
            let goes_on = tokens.get(at + 1).is_some_and(|next| next == "::");
            match self.base(file, &tokens[at]) {
                Some(base) if begins && goes_on => at = tree(&tokens, at + 2, base, &mut found),
                _ => at += 1,
            }
        }
        found
    }

    /// Where a path stands that begins with this word; `None` where it leads elsewhere.
    fn base(&self, file: &str, word: &str) -> Option<Vec<String>> {
        let mut module = module_of(file);
        match word {
            "crate" => return Some(Vec::new()),
            // `main.rs` is a crate of its own, which knows this one by its name.
            "keyward" if file == "main" => return Some(Vec::new()),
            "self" => {}
            "super" => {
                module.pop();
            }
            // A `mod.rs` also names its own files without any prefix.
            _ => {
                let folder = file.strip_suffix("/mod")?;
                let names = [format!("{folder}/{word}"), format!("{folder}/{word}/mod")];
                names.iter().find(|name| self.files.contains_key(*name))?;
                module.push(word.to_owned());
            }
        }
        Some(module)
    }

    /// The file that defines what a path names; re-exports of a `mod.rs` are followed.
    fn file_of(&self, path: &[String]) -> Option<&str> {
        let name = |length: usize| {
            let stem = path[..length].join("/");
            [format!("{stem}/mod"), stem]
                .into_iter()
                .find(|name| self.files.contains_key(name))
        };
        let (length, file) = (1..=path.len())
            .rev()
            .find_map(|length| name(length).map(|file| (length, file)))?;
        if let (Some(folder), Some(item)) = (file.strip_suffix("/mod"), path.get(length)) {
            let exported = before_tests(&self.files[&file])
                .split(';')
                .filter_map(|statement| statement.split_once("pub use "))
                .filter_map(|(_, tree)| tree.split_once("::"))
                .find(|(_, items)| tokens(items).contains(item));
            if let Some((child, _)) = exported {
                let child = format!("{folder}/{child}");
                return self
                    .files
                    .get_key_value(&child)
                    .map(|(key, _)| key.as_str());
            }
        }
        self.files.get_key_value(&file).map(|(key, _)| key.as_str())
    }
}

fn module_of(file: &str) -> Vec<String> {
    let file = file.strip_suffix("/mod").unwrap_or(file);
    let file = if matches!(file, "lib" | "main") {
        ""
    } else {
        file
    };
    let parts = file.split('/').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn floor_of(file: &str) -> &str {
    file.split('/').next().unwrap_or_default()
}

fn may(from: &str, to: &str) -> bool {
    let level = |name| {
        FLOORS
            .iter()
            .find(|(floor, _)| *floor == name)
            .map(|(_, level)| level)
    };
    match (level(from), level(to)) {
        (Some(from_level), Some(to_level)) => {
            from == to || from_level > to_level || DOORS.contains(&(from, to))
        }
        // `lib.rs` declares the floors; a room that has no floor is a fault.
        _ => from == "lib",
    }
}

/// `mod tests` at the end of a file may look wherever it likes within its floors.
fn before_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// Sets of files each of which reaches every other.
fn circles<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<BTreeSet<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|&from| {
            let mut seen = BTreeSet::new();
            let mut next: Vec<&str> = arrows[from].iter().copied().collect();
            while let Some(file) = next.pop() {
                if seen.insert(file) {
                    next.extend(arrows.get(file).into_iter().flatten());
                }
            }
            (from, seen)
        })
        .collect();
    let circle_of = |file: &'a str| {
        let both = reach[file].iter().copied();
        both.filter(|other| reach.get(other).is_some_and(|back| back.contains(file)))
            .collect::<BTreeSet<_>>()
    };
    arrows
        .keys()
        .map(|file| circle_of(file))
        .filter(|circle| circle.len() > 1)
        .collect()
}
