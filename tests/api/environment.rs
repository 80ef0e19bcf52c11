//! Settings are told three times, each time from the same table: as it is read, in
//! `.env.example` for those who begin with a file, and by `keyward serve --help`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use keyward::config::{self, settings};

const EXAMPLE: &str = include_str!("../../.env.example");

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// The file is printed from the table: with `KEYWARD_WRITE=1` this test writes it.
#[test]
fn env_example_is_what_the_table_says() {
    let example = settings::example();
    if std::env::var_os("KEYWARD_WRITE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example");
        std::fs::write(path, example).unwrap();
    } else {
        let remedy = "KEYWARD_WRITE=1 cargo test --test api env_example";
        assert!(example == EXAMPLE, "the table has changed: {remedy}");
    }
}

/// Name and default of each setting, as `.env.example` tells them.
fn told() -> Vec<(&'static str, &'static str)> {
    let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
    lines
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_once('='))
        .collect()
}

#[test]
fn the_example_tells_every_setting_once() {
    let table: Vec<_> = settings::all()
        .map(|setting| (setting.name, setting.default))
        .collect();
    assert_eq!(told(), table);
    assert!(table.len() > 30, "{}", table.len());
    let names: BTreeSet<&str> = table.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), table.len(), "a name stands twice");
}

/// Copied as it stands it must change nothing, and hold nobody's secret.
#[test]
fn g1_the_example_sets_nothing() {
    for line in EXAMPLE.lines() {
        assert!(line.is_empty() || line.starts_with('#'), "{line}");
    }
    for setting in settings::all().filter(|setting| setting.secret) {
        let shown = setting.name == "DATABASE_URL" || setting.default.is_empty();
        assert!(shown, "{} has a default", setting.name);
    }
}

/// Uncommented line by line it is what the table's own rules accept.
#[test]
fn the_example_is_a_file_that_can_be_read() {
    let mut given: BTreeMap<String, String> = told()
        .into_iter()
        .map(|(name, default)| (name.to_owned(), default.to_owned()))
        .collect();
    given.insert("KEYWARD_SECRET".to_owned(), SECRET.to_owned());
    let faults = config::look(&given, false).err();
    assert_eq!(faults, None, "uncommented, it is refused");
}

/// `KEYWARD_X=` in a file is easily left behind, and Compose makes `${X:-}` of what is
/// absent: it is as absent, whatever the setting.
#[test]
fn operators_21_an_empty_value_is_an_absent_one() {
    for setting in settings::all() {
        for empty in ["", " ", "\n", "\r\n"] {
            if setting.verbatim && empty == " " {
                continue;
            }
            let given = [("KEYWARD_SECRET", SECRET), (setting.name, empty)];
            let given: BTreeMap<_, _> = given
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            // Without the secret SQLite would make one; this only looks.
            let faults = config::look(&given, false).err();
            assert_eq!(faults, None, "{} = {empty:?}", setting.name);
        }
    }
    let given = [("KEYWARD_SECRET", SECRET), ("KEYWARD_TRUSTED_PROXIES", "")];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = config::look(&given.into(), false).ok().unwrap();
    assert_eq!(config.peers.trusted_proxies.len(), 2, "the default stands");
}

#[test]
fn help_tells_every_setting_with_its_default() {
    for arguments in [&["serve", "--help"][..], &["--help"]] {
        let run = Command::new(env!("CARGO_BIN_EXE_keyward"))
            .args(arguments)
            .env_clear()
            .output()
            .unwrap();
        assert!(run.status.success());
        let help = String::from_utf8(run.stdout).unwrap();
        for setting in settings::all() {
            let line = match setting.default {
                "" => format!("\n  {}\n", setting.name),
                default => format!("\n  {} = {default}\n", setting.name),
            };
            assert!(help.contains(&line), "{line:?} in {help}");
            assert!(help.contains(setting.doc), "{} in {help}", setting.name);
        }
    }
}
