//! What somebody who reads no HTML is to see of it: the same words in lines, and where links lead to.
//! It takes any HTML, also what is none, and time that grows with its length alone.

/// The names that HTML has for signs.
mod entities;

use entities::decoded;

/// An element that begins and ends a line, or leaves a line free before and behind itself.
const BLOCKS: &[(&str, usize)] = &[
    ("address", 1),
    ("article", 1),
    ("aside", 1),
    ("blockquote", 2),
    ("body", 1),
    ("center", 1),
    ("dd", 1),
    ("div", 1),
    ("dl", 2),
    ("dt", 1),
    ("fieldset", 1),
    ("figcaption", 1),
    ("figure", 1),
    ("footer", 1),
    ("form", 1),
    ("h1", 2),
    ("h2", 2),
    ("h3", 2),
    ("h4", 2),
    ("h5", 2),
    ("h6", 2),
    ("header", 1),
    ("hr", 1),
    ("li", 1),
    ("main", 1),
    ("nav", 1),
    ("ol", 2),
    ("p", 2),
    ("pre", 2),
    ("section", 1),
    ("table", 2),
    ("tr", 1),
    ("ul", 2),
];

/// Elements whose content is no text of the message.
const UNSEEN: &[&str] = &[
    "iframe", "noembed", "noframes", "script", "style", "template", "textarea", "title", "xmp",
];

/// The words of this HTML, for whoever reads none.
#[must_use]
pub fn plain_text(html: &str) -> String {
    let mut page = Page {
        keeps_lines: !has_lines(html),
        ..Page::default()
    };
    let mut rest = html;
    while let Some((before, from)) = rest.split_once('<') {
        page.words(before);
        rest = if let Some(comment) = from.strip_prefix("!--") {
            comment.split_once("-->").map_or("", |(_, behind)| behind)
        } else if !is_tag(from) {
            page.words("<");
            from
        } else if let Some((tag, behind)) = tag_of(from) {
            page.tag(tag);
            match name_of(tag) {
                name if is_among(UNSEEN, name) => behind_the_end(behind, name),
                _ => behind,
            }
        } else {
            page.words("<");
            page.words(from);
            ""
        };
    }
    page.words(rest);
    page.end()
}

/// Whether it says itself where lines end. Else they end where they do in the source.
fn has_lines(html: &str) -> bool {
    let mut tags = html.split('<').skip(1);
    tags.any(|tag| {
        let name = name_of(tag);
        name.eq_ignore_ascii_case("br") || block(name).is_some()
    })
}

fn block(name: &str) -> Option<usize> {
    let name = name.strip_prefix('/').unwrap_or(name);
    let mut blocks = BLOCKS.iter();
    let found = blocks.find(|(block, _)| block.eq_ignore_ascii_case(name));
    found.map(|(_, breaks)| *breaks)
}

fn is_among(names: &[&str], name: &str) -> bool {
    names.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// Whether a tag, or what is none and not seen, begins with `<` and this.
fn is_tag(from: &str) -> bool {
    let first = from.strip_prefix('/').unwrap_or(from).chars().next();
    first.is_some_and(|first| first.is_ascii_alphabetic()) || from.starts_with(['!', '?'])
}

/// The tag without its signs, and what stands behind it. A `>` between quotes is none of its end,
/// where the quotes end.
fn tag_of(from: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let end = from.find(|sign| match (quote, sign) {
        (None, '"' | '\'') => {
            quote = Some(sign);
            false
        }
        (None, sign) => sign == '>',
        (Some(open), sign) => {
            quote = quote.filter(|_| sign != open);
            false
        }
    });
    let end = end.or_else(|| from.find('>'))?;
    Some((&from[..end], &from[end + 1..]))
}

/// With the sign before it, where it is an end.
fn name_of(tag: &str) -> &str {
    let inner = tag.strip_prefix('/').unwrap_or(tag);
    let inner = inner.find(|sign: char| !sign.is_ascii_alphanumeric());
    let length = inner.unwrap_or(tag.len());
    tag.get(..length + usize::from(tag.starts_with('/')))
        .unwrap_or(tag)
}

/// What stands behind the end of an element whose content is no HTML; without an end, all is its
/// content.
fn behind_the_end<'h>(from: &'h str, name: &str) -> &'h str {
    let mut ends = from.match_indices("</");
    let end = ends.find_map(|(at, sign)| {
        let tag = &from[at + sign.len()..];
        let found = name_of(tag).eq_ignore_ascii_case(name);
        found.then(|| tag.split_once('>').map_or("", |(_, behind)| behind))
    });
    end.unwrap_or_default()
}

/// What an attribute of the tag says.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let is_between = |sign: char| sign.is_ascii_whitespace() || sign == '/';
    let mut rest = &tag[name_of(tag).len()..];
    loop {
        rest = rest.trim_start_matches(is_between);
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|sign| is_between(sign) || sign == '=');
        let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            rest = behind;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|it| ['"', '\''].contains(it));
        let (value, behind) = match quote {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => value
                .split_once(|sign: char| sign.is_ascii_whitespace())
                .unwrap_or((value, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(decoded(value).trim().to_owned());
        }
        rest = behind;
    }
}

#[derive(Default)]
struct Page {
    text: String,
    /// Ends of lines, and a space, that stand before the next word.
    breaks: usize,
    space: bool,
    /// Its lines end where those of the source do.
    keeps_lines: bool,
    /// How many elements around it keep their lines.
    preformatted: usize,
    /// Nothing stands in the item of a list yet but its mark.
    item: bool,
    /// Where the words of a link begin, and where it leads to.
    link: Option<(usize, String)>,
}

impl Page {
    fn words(&mut self, source: &str) {
        for sign in decoded(source).chars() {
            match sign {
                '\n' if self.keeps_lines || self.preformatted > 0 => self.breaks += 1,
                '\u{a0}' => self.sign(' '),
                sign if sign.is_ascii_whitespace() => self.space = true,
                sign => self.sign(sign),
            }
        }
    }

    fn sign(&mut self, sign: char) {
        if !self.text.is_empty() {
            if self.breaks > 0 {
                self.text.extend(std::iter::repeat_n('\n', self.breaks));
            } else if self.space {
                self.text.push(' ');
            }
        }
        (self.breaks, self.space, self.item) = (0, false, false);
        self.text.push(sign);
    }

    fn tag(&mut self, tag: &str) {
        let name = name_of(tag).to_ascii_lowercase();
        if let Some(breaks) = block(&name).filter(|_| !self.item || name.starts_with('/')) {
            self.breaks = self.breaks.max(breaks);
        }
        match name.as_str() {
            "br" => self.breaks += 1,
            "li" => {
                self.words("- ");
                self.item = true;
            }
            "td" | "th" => self.space = true,
            "pre" => self.preformatted += 1,
            "/pre" => self.preformatted = self.preformatted.saturating_sub(1),
            "img" => {
                let shown = attribute(tag, "alt").unwrap_or_default();
                shown.chars().for_each(|sign| match sign {
                    sign if sign.is_whitespace() => self.space = true,
                    sign => self.sign(sign),
                });
            }
            "a" => {
                self.end_link();
                let leads = attribute(tag, "href").filter(|it| leads_somewhere(it));
                self.link = leads.map(|to| (self.text.len(), to));
            }
            "/a" => self.end_link(),
            _ => {}
        }
    }

    /// Says where the link leads to, unless its words do.
    fn end_link(&mut self) {
        let Some((begin, to)) = self.link.take() else {
            return;
        };
        let words = self.text.get(begin..).unwrap_or_default().trim();
        if words.is_empty() {
            to.chars().for_each(|sign| self.sign(sign));
        } else if to != words && to.split_once(':').is_none_or(|(_, rest)| rest != words) {
            // Behind its words, whatever stands before the next ones.
            let before = (std::mem::take(&mut self.breaks), self.space);
            self.space = true;
            format!("({to})").chars().for_each(|sign| self.sign(sign));
            (self.breaks, self.space) = before;
        }
    }

    fn end(mut self) -> String {
        self.end_link();
        self.text
    }
}

/// Not to a place of the same page, and to no script.
fn leads_somewhere(to: &str) -> bool {
    let scheme = to.split_once(':').map(|(scheme, _)| scheme);
    let is_code = scheme.is_some_and(|it| is_among(&["javascript", "data", "vbscript"], it.trim()));
    !to.is_empty() && !to.starts_with('#') && !is_code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_09_words_and_links_are_kept_and_styles_are_not() {
        for (html, text) in [
            (
                "<style>p{color:red}</style><a href=\"https://x.example/r\">Reset it</a>",
                "Reset it (https://x.example/r)",
            ),
            (
                "<!DOCTYPE html><html><head><title>No</title><meta charset=utf-8>\n<style>\nb{}</STYLE >\
                 <script>if (1<2) document.write(\"<p>no</p>\")</script></head>\n<body>Yes</body></html>",
                "Yes",
            ),
            ("a<!-- <b>no</b> -->b<?php no ?>c<!x>d", "abcd"),
            (
                "<p>One</p><p>Two<br>Three</p>\n\n<p>Four</p>",
                "One\n\nTwo\nThree\n\nFour",
            ),
            (
                "<div>One</div>\n  <div>Two  and\n more</div>",
                "One\nTwo and more",
            ),
            (
                "<h1>T</h1>x<ul>\n<li>a</li><li><p>b</p></li></ul>y",
                "T\n\nx\n\n- a\n- b\n\ny",
            ),
            (
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a b\nc",
            ),
            ("<pre>a\n b</pre>c", "a\nb\n\nc"),
            ("x<br><br>y<BR/>z", "x\n\ny\nz"),
            // Lines that no tag ends end where they do.
            (
                "One,\n\ntwo <b>three</b>\r\nfour",
                "One,\n\ntwo three\nfour",
            ),
            // A link whose words are where it leads to, and links of other kinds.
            (
                "<a href='https://x.example'>https://x.example</a>.",
                "https://x.example.",
            ),
            (
                "<a href=\"mailto:a@x.example\">a@x.example</a>",
                "a@x.example",
            ),
            (
                "<a href=https://x.example/?a&amp;b=1 class=b>c</a>, d",
                "c (https://x.example/?a&b=1), d",
            ),
            (
                "<a title=\"a > b\" HREF = \"https://x.example\">c </a>d",
                "c (https://x.example) d",
            ),
            (
                "<a href=\"https://x.example\"><img src=y alt=\"The shop\"></a>",
                "The shop (https://x.example)",
            ),
            (
                "<a href=\"https://x.example\"><img src=y></a>",
                "https://x.example",
            ),
            (
                "<a href=\"https://x.example\"><div>Go</div></a>on",
                "Go (https://x.example)\non",
            ),
            (
                "<a href=\"#top\">a</a> <a name=b>b</a> <a href=\"javascript:c()\">c</a>",
                "a b c",
            ),
            (
                "<a href=\"https://x.example\">never ended",
                "never ended (https://x.example)",
            ),
            ("J&amp;J &lt;b&gt; a&nbsp;&nbsp;b &uuml;", "J&J <b> a  b ü"),
            // What is no HTML.
            ("1 < 2 > 1 <3", "1 < 2 > 1 <3"),
            ("a <b", "a <b"),
            ("a <b \"c> d", "a d"),
            ("<style>all of it", ""),
            ("<!-- all of it", ""),
            ("", ""),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    #[test]
    fn graphql_09_its_time_grows_with_its_length_alone() {
        for part in [
            "<a ",
            "<a href=\"",
            "<a href='\"",
            "<!--",
            "<style>",
            "&#",
            "<a href=x>",
            "</",
            "<",
            "<li>",
        ] {
            let html = part.repeat(256 * 1024 / part.len());
            let begun = std::time::Instant::now();
            std::hint::black_box(plain_text(&html));
            // A thousand times what it takes: the square of the length would be a million.
            assert!(begun.elapsed().as_secs() < 20, "{part}");
        }
    }
}
