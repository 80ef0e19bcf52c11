//! Settings are told three times, each time the same: in the table that is read, in
//! `.env.example` for those who begin with a file, and by `keyward serve --help`.

use std::collections::BTreeMap;
use std::process::Command;

use keyward::config;
use keyward::config::settings::SETTINGS;

const EXAMPLE: &str = include_str!("../../.env.example");

/// Name, default and doc of each setting, as `.env.example` tells them.
fn told() -> Vec<(String, String, String)> {
    let mut told = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in EXAMPLE.lines() {
        let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        match setting.and_then(|rest| rest.split_once('=')) {
            Some((name, default)) => {
                told.push((name.to_owned(), default.to_owned(), doc.join(" ")));
                doc.clear();
            }
            None if line.starts_with("# ") => doc.push(&line[2..]),
            None => doc.clear(),
        }
    }
    told
}

#[test]
fn the_example_tells_every_setting_of_the_table_and_no_other() {
    let table: BTreeMap<&str, (&str, &str)> = SETTINGS
        .iter()
        .map(|setting| (setting.name, (setting.default, setting.doc)))
        .collect();
    let told = told();
    for (name, default, doc) in &told {
        assert_eq!(
            table.get(name.as_str()),
            Some(&(default.as_str(), doc.as_str())),
            "{name}"
        );
    }
    let mut names: Vec<&str> = told.iter().map(|(name, ..)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, table.keys().copied().collect::<Vec<_>>());
}

/// Copied as it stands it must change nothing, and hold nobody's secret.
#[test]
fn g1_the_example_sets_nothing() {
    for line in EXAMPLE.lines() {
        assert!(line.is_empty() || line.starts_with('#'), "{line}");
    }
    for setting in SETTINGS.iter().filter(|setting| setting.secret) {
        let shown = setting.name == "DATABASE_URL" || setting.default.is_empty();
        assert!(shown, "{} has a default", setting.name);
    }
}

/// Uncommented line by line it is a `.env` that Keyward reads, and the defaults it tells
/// are values that the table's own rules accept.
#[test]
fn the_example_is_a_file_that_can_be_read() {
    let lines: Vec<String> = told()
        .into_iter()
        .map(|(name, default, _)| format!("{name}={default}"))
        .collect();
    let mut given: BTreeMap<String, String> = dotenvy::from_read_iter(lines.join("\n").as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    for setting in SETTINGS {
        assert_eq!(
            given.get(setting.name).map(String::as_str),
            Some(setting.default)
        );
    }
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    given.insert("KEYWARD_SECRET".to_owned(), secret.to_owned());
    let faults = config::read(&given, false).err();
    assert_eq!(faults, None, "uncommented, it is refused");
}

/// `KEYWARD_X=` in a file is easily left behind. It is good, or it is told of: never a
/// start that fails without a word.
#[test]
fn g7_an_empty_value_is_good_or_is_named() {
    for setting in SETTINGS {
        let given = [
            // Not SQLite, beside whose file a missing secret would be made.
            ("DATABASE_URL", "postgresql://localhost/x"),
            ("KEYWARD_SECRET", "0123456789abcdefghijklmnopqrstuvwxyz"),
            (setting.name, ""),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        if let Err(faults) = config::read(&given.into(), false) {
            let named: Vec<&str> = faults.iter().map(|fault| fault.setting.as_str()).collect();
            assert_eq!(named, [setting.name]);
        }
    }
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
        for setting in SETTINGS {
            let line = match setting.default {
                "" => format!("\n  {}\n", setting.name),
                default => format!("\n  {} = {default}\n", setting.name),
            };
            assert!(help.contains(&line), "{line:?} in {help}");
            assert!(help.contains(setting.doc), "{} in {help}", setting.name);
        }
    }
}
