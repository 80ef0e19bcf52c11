//! Reads one setting after the other and collects every fault with the name of its
//! setting; nothing is guessed.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::settings::Setting;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub setting: String,
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.why)
    }
}

/// Reads names and values, with the names of the environment.
pub(super) struct Reader<'a> {
    given: &'a BTreeMap<String, String>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(given: &'a BTreeMap<String, String>) -> Self {
        Self {
            given,
            faults: Vec::new(),
        }
    }

    /// Whether a setting has a value. An empty one is as absent: Compose passes on `${X:-}`
    /// as an empty text.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given
            .get(name)
            .is_some_and(|text| !text.trim().is_empty())
    }

    pub(super) fn value<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(setting);
        if text.chars().any(char::is_control) {
            let why = "contains a line break or another control character, which nobody can type";
            return self.fault(setting.name, why);
        }
        match parse(text) {
            Ok(value) => Some(value),
            Err(wanted) => {
                let read = told(setting, text);
                self.fault(setting.name, format!("must be {wanted}{read}"))
            }
        }
    }

    /// The text of a setting, or its default where it is absent or empty. The end of a line
    /// is what `echo` and editors add to a file; it is part of no value.
    fn text(&self, setting: &Setting) -> &'a str {
        let given = self.given.get(setting.name).map(String::as_str);
        let text = match given {
            Some(text) if setting.verbatim => text.trim_end_matches(['\r', '\n']),
            Some(text) => text.trim(),
            None => "",
        };
        if text.is_empty() {
            setting.default
        } else {
            text
        }
    }

    pub(super) fn fault<T>(&mut self, name: &str, why: impl Into<String>) -> Option<T> {
        self.faults.push(Fault {
            setting: name.to_owned(),
            why: why.into(),
        });
        None
    }
}

/// What was read, where it holds what nobody sees: it may look as it should. Of a secret that alone
/// is told.
fn told(setting: &Setting, text: &str) -> String {
    let is_seen = |c: char| c == '\'' || c == '"' || c == '\\' || c.escape_debug().count() == 1;
    if text.chars().all(is_seen) {
        return String::new();
    }
    if setting.secret {
        return "; it holds a character that nobody sees".to_owned();
    }
    let shown: String = text.chars().take(200).collect();
    format!("; it holds a character that nobody sees: {shown:?}")
}
