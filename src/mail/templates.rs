//! From a letter to its words. What is built in stands in `assets/mail`; a folder of the
//! operator goes before it, a site's own part of that folder before the rest (row P-35).
//!
//! A text template's first line is the subject, the second is empty. An HTML template gets
//! the rendered `subject` besides. Both get every value of `VALUES`, empty where the letter
//! has none; any other name is an error. The frame of a publication gets its `content` besides.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use url::Url;

use crate::domain::mail_letter::{Language, Letter, LetterPurpose};
use crate::domain::texts::browser_name::browser_name;
use crate::mail::embedded_templates::EMBEDDED;
use crate::mail::template_folder;
use crate::mail::templates::parts::{VALUES, broken, clean, filled, split};

/// The frame of a publication.
mod frame;
/// What letters and frames have in common.
mod parts;

pub use frame::Framed;
pub use parts::RenderedLetter;

/// How much a template may do: a hundred times what the longest built-in one does.
const FUEL: u64 = 50_000;

/// Of a sample: what must be seen of the value that its letter is for.
const SHOWN: &str = "what-is-shown";

pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// # Errors
    /// Every template of the folder that is broken, by name and in words.
    pub fn load(folder: Option<&Path>) -> Result<Self, String> {
        let own = folder
            .map(template_folder::read)
            .transpose()?
            .unwrap_or_default();
        let mut environment = empty();
        // Read when they are first wanted: most processes send few of them, and that each can be
        // read was seen to before they were built in.
        environment.set_loader(|name| {
            let found = EMBEDDED.iter().find(|(known, _)| *known == name);
            Ok(found.map(|(_, text)| *text))
        });
        let mut faults = Vec::new();
        for (name, text) in &own {
            if let Err(error) = environment.add_template_owned(name.clone(), text.clone()) {
                faults.push(broken(name, &error));
            }
        }
        let templates = Self { environment };
        if faults.is_empty() {
            faults.extend(own.keys().filter_map(|file| templates.sample(file).err()));
        }
        if faults.is_empty() {
            Ok(templates)
        } else {
            Err(faults.join("; "))
        }
    }

    /// A publication in the operator's frame.
    ///
    /// # Errors
    /// The frame that is broken, in words.
    pub fn frame(&self, it: Framed<'_>, service: &str) -> Result<RenderedLetter, String> {
        frame::lay(&self.environment, it, service)
    }

    /// Whether it renders at all, tried with values that a letter could have, and shows what its
    /// letter is for.
    fn sample(&self, file: &str) -> Result<(), String> {
        let Some(name) = template_folder::Name::parse(file) else {
            return Ok(());
        };
        let words = if name.purpose == LetterPurpose::Publication {
            let words = RenderedLetter {
                subject: "sample".to_owned(),
                text: SHOWN.to_owned(),
                html: SHOWN.to_owned(),
            };
            let framed = Framed {
                site: name.site,
                to: "somebody@example.com",
                words,
            };
            self.frame(framed, "sample")?
        } else {
            self.render(&sample_letter(&name), "sample")?
        };
        let shown = if name.is_text { words.text } else { words.html };
        match wanted(&name, file) {
            Some(value) if !shown.contains(SHOWN) => Err(format!(
                "{file}: {{{{ {value} }}}} is not in it, and the letter is for that"
            )),
            _ => Ok(()),
        }
    }

    /// `service` is how this deployment calls itself.
    ///
    /// # Errors
    /// The template that is broken, in words.
    pub fn render(&self, letter: &Letter, service: &str) -> Result<RenderedLetter, String> {
        let mut values = context(letter, service)?;
        let name = self.choose(letter, "txt");
        let (subject, text) = split(&name, &self.fill(&name, &values)?)?;
        values.insert("subject".to_owned(), subject.clone());
        let html = self.fill(&self.choose(letter, "html"), &values)?;
        Ok(RenderedLetter {
            subject,
            text,
            html,
        })
    }

    /// The site's own, else the common one; in English where the language has none.
    fn choose(&self, letter: &Letter, ending: &str) -> String {
        let purpose = letter.purpose.as_str();
        let name = |language: Language| format!("{purpose}.{}.{ending}", language.as_str());
        let wanted = name(letter.language);
        let of_site = letter.site.as_ref().map(|site| format!("{site}/{wanted}"));
        let names = of_site.into_iter().chain([wanted]);
        let is_there = |name: &String| self.environment.get_template(name).is_ok();
        let found = names.into_iter().find(is_there);
        found.unwrap_or_else(|| name(Language::English))
    }

    fn fill(&self, name: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
        filled(&self.environment, name, &Value::from(values.clone()))
    }
}

/// The value without which the letter is of no use. Links are in those letters whose built-in
/// template has one.
fn wanted(name: &template_folder::Name<'_>, file: &str) -> Option<&'static str> {
    if name.purpose == LetterPurpose::Publication {
        return Some("content");
    }
    let file = file.rsplit('/').next().unwrap_or(file);
    let built_in = EMBEDDED.iter().find(|(known, _)| *known == file);
    built_in
        .filter(|(_, text)| text.contains("{{ link }}"))
        .map(|_| "link")
}

/// A letter of values that one could have.
fn sample_letter(name: &template_folder::Name<'_>) -> Letter {
    let values = VALUES.iter().map(|name| {
        let value = match *name {
            "link" => format!("https://app.example.com/#{SHOWN}"),
            "hours" => "24".to_owned(),
            _ => "sample".to_owned(),
        };
        (*name, value)
    });
    Letter {
        purpose: name.purpose,
        account: None,
        to: "somebody@example.com".to_owned(),
        language: name.language,
        site: name.site.map(str::to_owned),
        asked_by: None,
        counts_as: None,
        values: values.collect(),
    }
}

fn empty() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // By default an ending that it does not know is not escaped at all.
    environment.set_auto_escape_callback(|name| {
        if Path::new(name).extension().is_some_and(|it| it == "txt") {
            AutoEscape::None
        } else {
            AutoEscape::Html
        }
    });
    environment.add_filter("lasting", lasting);
    environment
}

/// `{{ hours|lasting("hour, hours, day, days") }}`: 1 hour, 36 hours, 7 days.
fn lasting(hours: &str, units: &str) -> String {
    let unit = |at| units.split(',').nth(at).unwrap_or_default().trim();
    match hours.parse::<u32>() {
        Ok(1) => format!("1 {}", unit(0)),
        Ok(many) if many > 24 && many % 24 == 0 => match many / 24 {
            1 => format!("1 {}", unit(2)),
            days => format!("{days} {}", unit(3)),
        },
        _ => format!("{hours} {}", unit(1)),
    }
}

/// What a template gets: every name, and no text that could do anything but be read.
fn context(letter: &Letter, service: &str) -> Result<BTreeMap<String, String>, String> {
    let mut values: BTreeMap<String, String> = VALUES
        .iter()
        .map(|name| ((*name).to_owned(), String::new()))
        .collect();
    for (name, value) in letter.values.iter() {
        if !values.contains_key(name) {
            return Err(format!("a letter has no value called {name}"));
        }
        let value = match name.as_str() {
            "link" => link(value)?,
            "user_agent" => browser_name(value).unwrap_or_default(),
            _ => clean(value),
        };
        values.insert(name.clone(), value);
    }
    let mut add = |name: &str, value: &str| values.insert(name.to_owned(), clean(value));
    add("address", &letter.to);
    add("language", letter.language.as_str());
    add("service", service);
    add("site", letter.site.as_deref().unwrap_or_default());
    Ok(values)
}

/// As a URL is written: nothing in it ends a line, an attribute or the link itself (L8).
fn link(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|_| "the link of a letter is no URL".to_owned())?;
    if matches!(
        url.scheme(),
        "javascript" | "data" | "vbscript" | "file" | "blob"
    ) {
        return Err("the link of a letter has a scheme that nobody should follow".to_owned());
    }
    Ok(url.to_string())
}

#[cfg(test)]
#[path = "templates/tests.rs"]
mod tests;
