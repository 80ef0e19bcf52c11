//! A file's text in the parts that may name ids. Rust, and as much of JavaScript, Python and
//! shell as is the same.

#[derive(Default)]
pub struct Parts {
    /// Where each begins, as an offset, and what it says. Comments on lines that follow one
    /// another are one, so that a sentence may wrap.
    pub comments: Vec<(usize, String)>,
    pub literals: Vec<(usize, String)>,
    /// Words behind `fn`, and those that open the arguments of a macro.
    pub names: Vec<(usize, String)>,
}

pub fn parts(path: &str, text: &str) -> Parts {
    match path.rsplit('.').next() {
        Some("rs") => of_code(text, &['"']),
        Some("mjs") => of_code(text, &['"', '\'', '`']),
        _ => of_lines(text),
    }
}

/// Comments alone, of what begins them with `#`.
fn of_lines(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut at = 0;
    let mut is_wrapped = false;
    for line in text.split_inclusive('\n') {
        let words = line.trim().strip_prefix('#');
        if let Some(words) = words {
            comment(&mut parts, at, words, is_wrapped);
        }
        is_wrapped = words.is_some();
        at += line.len();
    }
    parts
}

fn comment(parts: &mut Parts, at: usize, words: &str, is_wrapped: bool) {
    match parts.comments.last_mut().filter(|_| is_wrapped) {
        Some((_, before)) => {
            before.push(' ');
            before.push_str(words.trim());
        }
        None => parts.comments.push((at, words.trim().to_owned())),
    }
}

fn of_code(text: &str, quotes: &[char]) -> Parts {
    let mut parts = Parts::default();
    // What was read since the last comment, without the insides of texts.
    let mut code = String::from("no comment");
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let raw = rest.strip_prefix('r').filter(|_| !code.ends_with(is_word));
        let hashes = raw.map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
        let length = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            let words = rest[..length].trim_start_matches(['/', '!']);
            comment(&mut parts, at, words, code.trim().is_empty());
            let before = text[..at].rsplit('\n').next().unwrap_or_default();
            let is_alone = before.trim().is_empty();
            code = String::from(if is_alone { "" } else { "code" });
            length
        } else if raw.is_some_and(|raw| raw[hashes..].starts_with('"')) {
            let inside = &rest[hashes + 2..];
            let end = format!("\"{}", "#".repeat(hashes));
            let length = inside.find(&end).unwrap_or(inside.len());
            parts.literals.push((at, inside[..length].to_owned()));
            code.push('"');
            (hashes + 2 + length + end.len()).min(rest.len())
        } else if rest.starts_with("'\"'") {
            code.push('"');
            3
        } else if quotes.contains(&c) {
            let mut is_escaped = false;
            let end = rest[1..].find(|d: char| {
                let ends = d == c && !is_escaped;
                is_escaped = d == '\\' && !is_escaped;
                ends
            });
            let end = end.map_or(rest.len(), |end| end + 1);
            parts.literals.push((at, rest[1..end].to_owned()));
            code.push('"');
            (end + 1).min(rest.len())
        } else if is_word(c) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            if code.ends_with("fn ") || code.trim_end().ends_with("!(") {
                parts.names.push((at, rest[..length].to_owned()));
            }
            code.push_str(&rest[..length]);
            length
        } else {
            // Spaces are one, so that `fn` and its name stand side by side.
            if !c.is_whitespace() {
                code.push(c);
            } else if !code.ends_with(' ') {
                code.push(' ');
            }
            c.len_utf8()
        };
        at += length;
    }
    parts
}

#[test]
fn comments_texts_and_names_are_told_apart() {
    let text = r##"
        //! Rows A to
        //! B.
        let x = 1; // of its own
        /// Above
        fn name<'a>(c: char) -> &'a str { c == '"'; both!(
            other, |kw| "in \" quotes"); r#"raw " one"# }
    "##;
    let parts = parts("a.rs", text);
    let words = |part: Vec<(usize, String)>| part.into_iter().map(|(_, words)| words);
    let comments: Vec<_> = words(parts.comments).collect();
    assert_eq!(comments, ["Rows A to B.", "of its own", "Above"]);
    let literals: Vec<_> = words(parts.literals).collect();
    assert_eq!(literals, ["in \\\" quotes", "raw \" one"]);
    assert_eq!(words(parts.names).collect::<Vec<_>>(), ["name", "other"]);
}
