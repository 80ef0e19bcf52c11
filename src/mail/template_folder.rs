//! `KEYWARD_MAIL_TEMPLATES`: the operator's own templates, read once at the start. What is no
//! template is told, since a name with a slip in it would be passed over in silence.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::domain::mail_letter::{Language, LetterPurpose, is_site};

/// A template is a mail, not a book.
const LARGEST: u64 = 64 * 1024;

/// `reset.en.html`, or `my-site/reset.en.html`.
pub(in crate::mail) struct Name<'a> {
    pub site: Option<&'a str>,
    pub purpose: LetterPurpose,
    pub language: Language,
    /// Else it is HTML.
    pub is_text: bool,
}

impl<'a> Name<'a> {
    pub(in crate::mail) fn parse(name: &'a str) -> Option<Self> {
        let (site, file) = match name.split_once('/') {
            Some((site, file)) => (Some(site), file),
            None => (None, name),
        };
        let parts: Vec<&str> = file.split('.').collect();
        let [purpose, language, ending @ ("txt" | "html")] = parts[..] else {
            return None;
        };
        Some(Self {
            site: site.filter(|site| is_site(site)),
            purpose: purpose.parse().ok()?,
            language: language.parse().ok()?,
            is_text: ending == "txt",
        })
    }
}

/// Each template of the folder, by its name. What begins with `_` is for others to include.
///
/// # Errors
/// What can not be read, and what is no template, in words.
pub(in crate::mail) fn read(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    for name in names(folder)? {
        let path = folder.join(&name);
        if !path.is_dir() {
            add(&mut found, name, &path)?;
            continue;
        }
        if !is_site(&name) {
            return Err(format!(
                "{name} is no name of a site: a to z, 0 to 9 and -, at most 64"
            ));
        }
        for file in names(&path)? {
            let within = path.join(&file);
            add(&mut found, format!("{name}/{file}"), &within)?;
        }
    }
    Ok(found)
}

fn names(folder: &Path) -> Result<Vec<String>, String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let name = entry.map_err(fault)?.file_name();
        let name = name
            .into_string()
            .map_err(|name| format!("{} is no name of a template", name.display()))?;
        // .git, .DS_Store, and what a mounted ConfigMap keeps beside its files.
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn add(found: &mut BTreeMap<String, String>, name: String, path: &Path) -> Result<(), String> {
    let file = name.rsplit('/').next().unwrap_or(&name);
    if !file.starts_with('_') && Name::parse(&name).is_none() {
        return Err(format!(
            "{name} is no template: they are called reset.en.txt, reset.en.html and so on, and \
             what others include begins with _"
        ));
    }
    let size = fs::metadata(path).map_err(|error| format!("{name}: {error}"))?;
    if !size.is_file() || size.len() > LARGEST {
        return Err(format!("{name} is no file of at most 64 KiB"));
    }
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    found.insert(name, text);
    Ok(())
}
