//! The frame of a publication: what an operator lays around the words of an administrator's system,
//! by site (rows P-31, P-35). `publication.en.html`, `200/publication.en.html`.

use std::collections::BTreeMap;

use minijinja::{Environment, Value};
use strum::VariantArray as _;

use crate::domain::mail_letter::{Language, LetterPurpose};
use crate::mail::templates::parts::{RenderedLetter, VALUES, clean, filled, split};

/// What stands in a frame, and for whom.
pub struct Framed<'a> {
    pub site: Option<&'a str>,
    pub to: &'a str,
    /// Its values are escaped where they must be.
    pub words: RenderedLetter,
}

/// The words in the site's frame, else in the common one; as they are where there is none.
///
/// # Errors
/// The frame that is broken, in words.
pub(super) fn lay(
    environment: &Environment<'_>,
    it: Framed<'_>,
    service: &str,
) -> Result<RenderedLetter, String> {
    let mut words = it.words.clone();
    let mut values: BTreeMap<&str, Value> =
        VALUES.iter().map(|name| (*name, Value::from(""))).collect();
    for (name, value) in [
        ("address", it.to),
        ("language", Language::default().as_str()),
        ("service", service),
        ("site", it.site.unwrap_or_default()),
        ("subject", &words.subject),
    ] {
        values.insert(name, Value::from(clean(value)));
    }
    if let Some(name) = named(environment, it.site, "txt") {
        values.insert("content", Value::from(it.words.text));
        let text = filled(environment, &name, &Value::from(values.clone()))?;
        (words.subject, words.text) = split(&name, &text)?;
        values.insert("subject", Value::from(words.subject.clone()));
    }
    if let Some(name) = named(environment, it.site, "html") {
        values.insert("content", Value::from_safe_string(it.words.html));
        words.html = filled(environment, &name, &Value::from(values.clone()))?;
    }
    Ok(words)
}

/// A publication has no language: of several frames that of the first language counts.
fn named(environment: &Environment<'_>, site: Option<&str>, ending: &str) -> Option<String> {
    let purpose = LetterPurpose::Publication.as_str();
    let names = Language::VARIANTS
        .iter()
        .map(|language| format!("{purpose}.{}.{ending}", language.as_str()));
    let of_site = names
        .clone()
        .filter_map(|name| site.map(|site| format!("{site}/{name}")));
    let is_there = |name: &String| environment.get_template(name).is_ok();
    of_site.chain(names).find(is_there)
}
