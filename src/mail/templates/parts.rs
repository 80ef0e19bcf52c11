//! What letters and frames have in common: their words, the names that a template may use, and how
//! a value is written.

use minijinja::{Environment, ErrorKind, Value};

/// A letter's words, ready for a message.
#[derive(Clone)]
pub struct RenderedLetter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Names that a template may use.
pub(super) const VALUES: &[&str] = &[
    "address",
    "emptied",
    "hours",
    "language",
    "link",
    "name",
    "new_address",
    "organization",
    "removed_address",
    "service",
    "site",
    "subject",
    "undone",
    "user_agent",
    "when",
];

/// More of a value is no name and no browser.
const LONGEST_VALUE: usize = 200;

/// Subject and text of a text template that was filled in.
pub(super) fn split(name: &str, text: &str) -> Result<(String, String), String> {
    let text = text.replace("\r\n", "\n");
    let (subject, text) = text
        .split_once("\n\n")
        .filter(|(subject, _)| !subject.trim().is_empty() && !subject.contains('\n'))
        .ok_or_else(|| {
            format!("{name}: the first line must be the subject, and the second one empty")
        })?;
    let text = format!("{}\n", text.trim_matches('\n'));
    Ok((clean(subject.trim()), text))
}

pub(super) fn broken(name: &str, error: &minijinja::Error) -> String {
    let line = error
        .line()
        .map_or_else(String::new, |l| format!(", line {l}"));
    let detail = error
        .detail()
        .map_or_else(String::new, |d| format!(": {d}"));
    let place = error.name().unwrap_or(name);
    format!("{place}{line}: {}{detail}", error.kind())
}

/// The template, with its values in it.
///
/// # Errors
/// The template that is broken, and a value that there is not, in words.
pub(super) fn filled(
    environment: &Environment<'_>,
    name: &str,
    values: &Value,
) -> Result<String, String> {
    let template = environment.get_template(name);
    let template = template.map_err(|error| broken(name, &error))?;
    template.render(values).map_err(|error| {
        let why = broken(name, &error);
        if error.kind() != ErrorKind::UndefinedError {
            return why;
        }
        let place = error.name().unwrap_or(name);
        match &unknown(environment, place, values)[..] {
            [] => why,
            names => format!("{why}: there is no {}", names.join(", ")),
        }
    })
}

/// The names of values in a template that a letter has not. The error of the engine tells none.
fn unknown(environment: &Environment<'_>, name: &str, values: &Value) -> Vec<String> {
    let Ok(template) = environment.get_template(name) else {
        return Vec::new();
    };
    let is_known = |name: &String| {
        let value = values.get_attr(name);
        value.is_ok_and(|value| !value.is_undefined())
            || environment.globals().any(|(global, _)| global == name)
    };
    let names = template.undeclared_variables(false).into_iter();
    let mut names: Vec<String> = names
        .filter(|name| !is_known(name))
        .map(|name| format!("\"{name}\""))
        .collect();
    names.sort_unstable();
    names
}

/// One line, without what turns the direction of writing or can not be seen.
pub(super) fn clean(text: &str) -> String {
    let shown = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let spaced = text.chars().map(|c| if shown(c) { c } else { ' ' });
    let text: String = spaced.take(LONGEST_VALUE).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
