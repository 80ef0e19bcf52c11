//! The texts of a document: what stands between the quotes, and what it means.

pub(super) const THREE: &str = "\"\"\"";

/// Three quotes inside of a text between three.
pub(super) const ESCAPED: &str = "\\\"\"\"";

/// What a text between two quotes means, these included; `None` where it escapes what nothing is.
/// A line break means itself.
#[must_use]
pub(super) fn quoted(text: &str) -> Option<String> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut meant = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        meant.push_str(&rest[..at]);
        let (letter, behind) = escaped(&rest[at + 1..])?;
        meant.push(letter);
        rest = behind;
    }
    meant.push_str(rest);
    Some(meant)
}

/// The letter that an escape means, and what stands behind it.
fn escaped(text: &str) -> Option<(char, &str)> {
    let mut letters = text.chars();
    let letter = match letters.next()? {
        letter @ ('"' | '\\' | '/') => letter,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(letters.as_str()),
        _ => return None,
    };
    Some((letter, letters.as_str()))
}

/// By its number: in braces, of four digits, or of two halves of four.
fn unicode(text: &str) -> Option<(char, &str)> {
    if let Some(braced) = text.strip_prefix('{') {
        let (digits, behind) = braced.split_once('}')?;
        return Some((char::from_u32(number(digits)?)?, behind));
    }
    let (first, behind) = four(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, behind));
    }
    let (second, behind) = four(behind.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    let whole = 0x1_0000 + ((first - 0xd800) << 10) + low;
    Some((char::from_u32(whole)?, behind))
}

fn four(text: &str) -> Option<(u32, &str)> {
    let (digits, behind) = text.split_at_checked(4)?;
    Some((number(digits)?, behind))
}

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_hexdigit());
    plain
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// What a text between three quotes means: without what all of its lines but the first are
/// indented by, and without lines of nothing before and behind it.
#[must_use]
pub(super) fn block(text: &str) -> String {
    let inside = text
        .strip_prefix(THREE)
        .and_then(|it| it.strip_suffix(THREE));
    let inside = inside.unwrap_or_default().replace("\r\n", "\n");
    let mut lines: Vec<&str> = inside.split(['\n', '\r']).collect();
    let indented = lines.iter().skip(1).filter(|line| !is_blank(line));
    let common = indented.map(|line| indent(line)).min().unwrap_or(0);
    for line in lines.iter_mut().skip(1) {
        *line = line.get(common.min(indent(line))..).unwrap_or_default();
    }
    let from = lines.iter().position(|line| !is_blank(line));
    let to = lines.iter().rposition(|line| !is_blank(line));
    let (Some(from), Some(to)) = (from, to) else {
        return String::new();
    };
    lines[from..=to].join("\n").replace(ESCAPED, THREE)
}

fn indent(line: &str) -> usize {
    let other = line.bytes().position(|byte| byte != b' ' && byte != b'\t');
    other.unwrap_or(line.len())
}

fn is_blank(line: &str) -> bool {
    indent(line) == line.len()
}

/// A text between two quotes that means this.
#[must_use]
pub(super) fn written(meant: &str) -> String {
    serde_json::Value::from(meant).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_escapes_mean_what_the_grammar_says() {
        for (text, meant) in [
            (r#""""#, ""),
            (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (r#""\u0041\u{1f600}\u{000041}""#, "A\u{1f600}A"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\uD83D\uDE00x""#, "\u{1f600}x"),
            ("\"\u{e9}\ny\"", "\u{e9}\ny"),
        ] {
            assert_eq!(quoted(text).as_deref(), Some(meant), "{text}");
            assert_eq!(quoted(&written(meant)).as_deref(), Some(meant));
        }
        for text in [
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\u{}""#,
            r#""\u{12""#,
            r#""\u{d800}""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            r#""\u{+1}""#,
            "\"\\u00\u{e9}\"",
        ] {
            assert_eq!(quoted(text), None, "{text}");
        }
    }

    #[test]
    fn x_blocks_mean_what_the_grammar_says() {
        let block = |inside: &str| block(&format!("{THREE}{inside}{THREE}"));
        for (inside, meant) in [
            ("", ""),
            ("  \n\t\n", ""),
            ("  a  ", "  a  "),
            ("\nhello\n", "hello"),
            ("\n    a\n      b\n\n    c\n  ", "a\n  b\n\nc"),
            ("a\r\n  b\r\n  c", "a\nb\nc"),
            ("a\r  b\r\r  c", "a\nb\n\nc"),
            ("a\n      \n    b", "a\n  \nb"),
            // White space of other scripts is none here.
            ("a\n \u{a0}b\n  c", "a\n\u{a0}b\n c"),
            ("a\n\u{b}b\n c", "a\n\u{b}b\n c"),
            ("x \\\"\"\" y \\n \"z\"", "x \"\"\" y \\n \"z\""),
        ] {
            assert_eq!(block(inside), meant, "{inside:?}");
        }
    }
}
