//! Rust's text, as far as `architecture.rs` needs it: tokens, and the paths in them.

/// The rest of a path from `at`, with everything in its braces. Gives where it ends.
pub fn tree(
    tokens: &[String],
    mut at: usize,
    base: Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let mut path = base;
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("super") => {
                path.pop();
            }
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let before = at;
                    at = tree(tokens, at, path.clone(), found);
                    // `as name`, commas, and whatever else stands between two entries.
                    while !matches!(tokens.get(at).map(String::as_str), Some("," | "}") | None) {
                        at += 1;
                    }
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                    assert!(at > before, "stuck at {:?}", &tokens[at..]);
                }
                return at + 1;
            }
            Some(word) if is_word(word) || word == "*" => path.push(word.to_owned()),
            _ => break,
        }
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

/// Words, `::`, and single signs; comments, texts and character literals left out.
pub fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, what: &str| {
        chars[at..]
            .iter()
            .copied()
            .take(what.len())
            .eq(what.chars())
    };
    let find = |from: usize, what: &str| {
        (from..chars.len())
            .find(|&at| starts(at, what))
            .unwrap_or(chars.len())
    };
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let raw = c == 'r' && matches!(chars.get(at + 1), Some('"' | '#'));
        if starts(at, "//") {
            at = find(at, "\n");
        } else if starts(at, "/*") {
            at = find(at, "*/") + 2;
        } else if raw && found.last().is_none_or(|token| token != "::") {
            let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
            let end = format!("\"{}", "#".repeat(hashes));
            at = find(at + hashes + 2, &end) + end.len();
        } else if c == '"' {
            at += 1;
            while chars.get(at).is_some_and(|&c| c != '"') {
                at += 1 + usize::from(chars[at] == '\\');
            }
            at += 1;
        } else if c == '\'' && chars.get(at + 1) == Some(&'\\') {
            at = find(at + 3, "'") + 1;
        } else if c == '\'' && chars.get(at + 2) == Some(&'\'') {
            at += 3;
        } else if starts(at, "::") {
            found.push("::".to_owned());
            at += 2;
        } else if c.is_alphanumeric() || c == '_' {
            let word: String = chars[at..]
                .iter()
                .take_while(|c| c.is_alphanumeric() || **c == '_')
                .collect();
            at += word.chars().count();
            found.push(word);
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            at += 1;
        }
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}
