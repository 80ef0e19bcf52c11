//! `.env`: a line for each setting. A value is what stands there, or it is refused with the
//! number of its line: never another one in silence. Nothing is put in the place of `$`, and
//! what shells, Compose and other readers of such files take in different ways must stand in
//! single quotes, where all of them agree.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::files::secret_file::{is_a_folder, read_some};
use crate::config::settings;
use crate::support::private_files::{Doubts, doubts_of_settings};

/// What a file says, and what is to be said of the file.
#[derive(Debug, Default)]
pub struct EnvFile {
    pub values: BTreeMap<String, String>,
    pub warnings: Vec<String>,
}

/// Reads the file; nothing where there is none.
///
/// # Errors
/// A line for each fault. Never what stands in the file: it may be a password.
pub fn read(path: &Path) -> Result<EnvFile, Vec<String>> {
    let name = path.display();
    let told = |error: std::io::Error| vec![format!("{name}: {error}")];
    if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == absent()) {
        return Ok(EnvFile::default());
    }
    if path.is_dir() {
        return Err(vec![is_a_folder(path)]);
    }
    let bytes = read_some(path).map_err(|error| match error.kind() {
        kind if kind == absent() => vec![format!("{name}: is a link to a file that is not there")],
        _ => told(error),
    })?;
    let about_file = |fault: String| format!("{name}: {fault}");
    let text = text(&bytes).map_err(|fault| vec![about_file(fault)])?;
    let values =
        parse(text).map_err(|faults| faults.into_iter().map(about_file).collect::<Vec<_>>())?;
    let secret = values.iter().any(|(name, value)| holds_secret(name, value));
    match doubts_of_settings(path, secret).map_err(told)? {
        Doubts::Refused(why) => Err(vec![why]),
        Doubts::Told(warnings) => Ok(EnvFile { values, warnings }),
    }
}

const fn absent() -> std::io::ErrorKind {
    std::io::ErrorKind::NotFound
}

/// An address of a database holds one where it holds a password.
fn holds_secret(name: &str, value: &str) -> bool {
    let is_address = name == "DATABASE_URL";
    let password = value.contains('@') || value.contains("password=");
    settings::is_secret(name) && !value.is_empty() && (!is_address || password)
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16: save it as UTF-8".to_owned());
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        format!("line {line}: is not UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Names and values, or a line for each fault.
fn parse(text: &str) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut values = BTreeMap::new();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match entry(line) {
            Ok(None) => {}
            Ok(Some((name, value))) => {
                if let Some(first) = lines.insert(name, number) {
                    let name = shown(name);
                    faults.push(format!(
                        "line {number}: {name} stands on line {first} already, and readers of \
                         such files differ in which of the two counts: keep one"
                    ));
                }
                values.insert(name.to_owned(), value);
            }
            Err(why) => faults.push(format!("line {number}: {why}")),
        }
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
}

/// The second line of a secret that was pasted may look like a name.
fn shown(name: &str) -> &str {
    if settings::is_ours(name) {
        name
    } else {
        "this name"
    }
}

const FORM: &str = "is no NAME=VALUE";

fn entry(line: &str) -> Result<Option<(&str, String)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    };
    let (name, rest) = line.split_once('=').ok_or(FORM)?;
    let name = name.trim_end();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
    if !is_name {
        return Err(FORM.to_owned());
    }
    match value(rest.trim_start(), settings::is_secret(name)) {
        Ok(value) => Ok(Some((name, value))),
        Err(why) => Err(format!("{}: {why}", shown(name))),
    }
}

const QUOTE: &str =
    "put a value with spaces, $, #, quotes, backquotes or backslashes into single quotes";
const OPEN: &str = "a quote is not closed on its line";
const AFTER: &str = "something stands behind the closing quote";

fn value(text: &str, secret: bool) -> Result<String, &'static str> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or(OPEN)?;
        return end(rest).map(|()| value.to_owned());
    }
    if let Some(quoted) = text.strip_prefix('"') {
        return double_quoted(quoted);
    }
    let comment = text
        .char_indices()
        .find(|(at, letter)| *letter == '#' && !text[..*at].ends_with(|c: char| !c.is_whitespace()))
        .map(|(at, _)| at);
    if comment.is_some() && secret {
        return Err(QUOTE);
    }
    let value = text[..comment.unwrap_or(text.len())].trim_end();
    let differs = |letter: char| letter.is_whitespace() || "$`\\'\"‘’“”".contains(letter);
    if value.contains(differs) {
        Err(QUOTE)
    } else {
        Ok(value.to_owned())
    }
}

/// Between double quotes a backslash takes the meaning from the four signs that have one.
fn double_quoted(text: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return end(&text[at + 1..]).map(|()| value),
            '\\' => match letters.next() {
                Some((_, escaped @ ('\\' | '"' | '$' | '`'))) => value.push(escaped),
                _ => return Err(QUOTE),
            },
            '$' | '`' => return Err(QUOTE),
            letter => value.push(letter),
        }
    }
    Err(OPEN)
}

/// Behind a quoted value only a comment may stand.
fn end(rest: &str) -> Result<(), &'static str> {
    let comment = rest.trim_start();
    let apart = comment.len() < rest.len();
    if comment.is_empty() || apart && comment.starts_with('#') {
        Ok(())
    } else {
        Err(AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(line: &str) -> Result<String, Vec<String>> {
        let mut values = parse(&format!("KEYWARD_ADMIN_PASSWORD={line}\n"))?;
        Ok(values.remove("KEYWARD_ADMIN_PASSWORD").unwrap())
    }

    #[test]
    fn operators_14_a_value_is_what_stands_there() {
        for (line, expected) in [
            ("hunter2hunter2", "hunter2hunter2"),
            ("pass#word", "pass#word"),
            ("a=b=c==", "a=b=c=="),
            ("пароль", "пароль"),
            ("'correct-horse$battery'", "correct-horse$battery"),
            ("'pa$$word12'", "pa$$word12"),
            ("'${HOME}'", "${HOME}"),
            ("'a `b` \\n \" # c'", "a `b` \\n \" # c"),
            ("'  spaces  '", "  spaces  "),
            ("'x' # a comment", "x"),
            ("\"it's \\\"so\\\" \\$1 \\\\ \\`\"", "it's \"so\" $1 \\ `"),
            ("\"a # b\"  ", "a # b"),
            ("\"\"", ""),
            ("  x\r", "x"),
            ("", ""),
        ] {
            assert_eq!(password(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn operators_14_what_other_readers_change_is_refused_with_its_line() {
        for line in [
            "correct-horse$battery",
            "pa$$word12",
            "$",
            "${HOME}",
            "\"$HOME\"",
            "\"a`b`\"",
            "`a`",
            "a`b",
            "correct horse",
            "correct #horse",
            "#horse",
            "# horse",
            "a\\$b",
            "C:\\new",
            "\"a\\nb\"",
            "it's",
            "'it's'",
            "'open",
            "\"open",
            "\"open\\\"",
            "'a'b",
            "'a'#b",
            "a'b'",
            "‘a’",
            "a\tb",
        ] {
            let faults = password(line).unwrap_err();
            assert_eq!(faults.len(), 1, "{line}");
            let told = &faults[0];
            assert!(
                told.starts_with("line 1: KEYWARD_ADMIN_PASSWORD: "),
                "{told}"
            );
            assert!(line.len() < 4 || !told.contains(line), "{told}");
        }
    }

    #[test]
    fn operators_14_every_fault_is_told_with_its_line() {
        let text = "# $ a comment\n\nKEYWARD_LISTEN=1 # all\nexport KEYWARD_ISSUER = 'a'\n\
                    KEYWARD_ISSUER=b\nKEYWARD_SECRET\nABC=$x\nABC=1\nA B=1\n=1\n";
        let faults = parse(text).unwrap_err();
        let starts = [
            "line 5: KEYWARD_ISSUER stands on line 4 already",
            "line 6: is no NAME=VALUE",
            "line 7: this name: put a value",
            "line 9: is no NAME=VALUE",
            "line 10: is no NAME=VALUE",
        ];
        assert_eq!(faults.len(), starts.len(), "{faults:?}");
        for (fault, start) in faults.iter().zip(starts) {
            assert!(fault.starts_with(start), "{fault}");
        }
        let good = parse("export KEYWARD_ISSUER = 'a' \nKEYWARD_LISTEN=1 # all\n").unwrap();
        assert_eq!(good["KEYWARD_ISSUER"], "a");
        assert_eq!(good["KEYWARD_LISTEN"], "1");
    }

    #[test]
    fn other_encodings_are_told_of() {
        assert_eq!(text(b"\xef\xbb\xbfA=1"), Ok("A=1"));
        assert!(text(b"\xff\xfeA\0=\0").unwrap_err().contains("UTF-16"));
        let fault = text(b"A=1\nB=2\nC=h\xe9\n").unwrap_err();
        assert_eq!(fault, "line 3: is not UTF-8");
    }
}
