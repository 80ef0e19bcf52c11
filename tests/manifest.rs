//! What `Cargo.toml` and `deny.toml` say is so: the oldest Rust that builds this, that every
//! dependency is used, and that every licence was allowed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Crates that no line of ours names, each with the reason why they stand there.
const NAMED_BY_NOBODY: &[(&str, &str)] = &[
    ("libsqlite3-sys", "builds SQLite in"),
    ("openssl-sys", "builds TLS for PostgreSQL in"),
    ("pq-sys", "builds libpq in"),
];

fn metadata() -> Value {
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            host,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn version(text: &str) -> (u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap_or(0))
}

#[test]
fn the_rust_version_is_the_newest_that_a_dependency_wants() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let wanted = packages
        .iter()
        .filter(|package| package["name"] != "keyward")
        .filter_map(|package| Some((version(package["rust_version"].as_str()?), &package["name"])))
        .max_by_key(|(version, _)| *version)
        .unwrap();
    let own = packages.iter().find(|package| package["name"] == "keyward");
    let own = own.unwrap()["rust_version"].as_str().unwrap();
    assert_eq!(version(own), wanted.0, "{} wants it", wanted.1);
    assert!(
        read("README.md").contains(&format!("Rust {own} or later")),
        "README names another"
    );
}

#[test]
fn every_dependency_is_used() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let own = packages.iter().find(|package| package["name"] == "keyward");
    let mut text = String::new();
    let mut folders: Vec<_> = ["src", "tests", "benches"]
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    for dependency in own.unwrap()["dependencies"].as_array().unwrap() {
        let name = dependency["name"].as_str().unwrap();
        let excused = NAMED_BY_NOBODY.iter().any(|(known, _)| *known == name);
        let named = is_named(&text, &name.replace('-', "_"));
        assert!(named || excused, "{name} is used by nobody: take it out");
        assert!(!named || !excused, "{name} is used: it needs no excuse");
    }
}

/// Whether code begins a path with this crate, or calls its macro. A word in a comment is no use.
fn is_named(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let code = line.split("//").next().unwrap_or_default();
        code.match_indices(name).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = &code[at + name.len()..];
            let begins = !before.is_some_and(|c| c.is_alphanumeric() || "_.".contains(c));
            let is_used = code.trim_start().starts_with("use ") && after.starts_with([';', ' ']);
            begins && (after.starts_with("::") || after.starts_with('!') || is_used)
        })
    })
}

#[test]
fn a_dependency_is_used_where_code_names_it() {
    for (line, is_used) in [
        ("use lamp::Bulb;", true),
        ("    lamp::Bulb::new()", true),
        ("use lamp;", true),
        ("lamp!(\"x\")", true),
        ("#[derive(lamp::Bulb)]", true),
        ("// lamp::Bulb would do", false),
        ("the lamp of it", false),
        ("my_lamp::Bulb", false),
    ] {
        assert_eq!(is_named(line, "lamp"), is_used, "{line}");
    }
}

#[test]
fn every_licence_is_one_that_was_allowed() {
    let deny = read("deny.toml");
    let allowed = deny.split_once("allow = [").unwrap().1;
    let allowed: BTreeSet<&str> = allowed
        .split_once(']')
        .unwrap()
        .0
        .split('"')
        .skip(1)
        .step_by(2)
        .collect();
    for package in metadata()["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(
            may(licence, &allowed),
            "{}: {licence} is not allowed by deny.toml",
            package["name"]
        );
    }
}

/// Whether an SPDX expression can be met. `/` is an old spelling of `OR`.
fn may(licence: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = licence
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<&str>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any(words, allowed);
        return words.next_if_eq(&")").is_some() && met;
    }
    let Some(mut name) = words.next().map(str::to_owned) else {
        return false;
    };
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(name.as_str())
}

#[test]
fn licences_are_read_as_spdx_means_them() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].into();
    for (licence, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("ISC AND (GPL-3.0 OR MIT)", true),
        ("ISC AND (GPL-3.0 OR Zlib)", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("none", false),
        ("MIT MIT", false),
    ] {
        assert_eq!(may(licence, &allowed), met, "{licence}");
    }
}
