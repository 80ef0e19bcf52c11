//! Reads one setting after the other and collects every fault with the name of its
//! setting; nothing is guessed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::config::parse::duration;
use crate::config::settings::SETTINGS;

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
    /// A `KEYWARD_` name that is in no table is a fault already: a misspelt setting
    /// would silently leave its default in force (threat G7).
    pub(super) fn new(given: &'a BTreeMap<String, String>) -> Self {
        let mut reader = Self {
            given,
            faults: Vec::new(),
        };
        for name in given.keys() {
            if name.starts_with("KEYWARD_") && !SETTINGS.iter().any(|setting| setting.name == name)
            {
                reader.fault::<()>(
                    name,
                    "is no setting of Keyward: see keyward serve --help".to_owned(),
                );
            }
        }
        reader
    }

    /// The text of a setting; `None` where it is absent or empty and has no default.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        debug_assert!(
            SETTINGS.iter().any(|setting| setting.name == name),
            "{name}"
        );
        let default = SETTINGS
            .iter()
            .find(|setting| setting.name == name)?
            .default;
        let text = self.given.get(name).map_or(default, |text| text.trim());
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A text that is taken as it is: spaces may be part of a password (P11).
    pub(super) fn untrimmed(&self, name: &'static str) -> Option<String> {
        let text = self.given.get(name)?;
        (!text.is_empty()).then(|| text.clone())
    }

    pub(super) fn value<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(name).unwrap_or_default();
        match parse(&text) {
            Ok(value) => Some(value),
            Err(wanted) => self.fault(name, format!("must be {wanted}")),
        }
    }

    /// How long something lives: at least a second, at the most so many.
    pub(super) fn life(&mut self, name: &'static str, most_seconds: u64) -> Option<Duration> {
        self.value(name, |text| {
            duration(text)
                .ok()
                .filter(|life| (1..=most_seconds).contains(&life.as_secs()))
                .ok_or_else(|| format!("a duration of 1s to {most_seconds}s, such as 15m or 12h"))
        })
    }

    pub(super) fn fault<T>(&mut self, name: &str, why: String) -> Option<T> {
        self.faults.push(Fault {
            setting: name.to_owned(),
            why,
        });
        None
    }
}
