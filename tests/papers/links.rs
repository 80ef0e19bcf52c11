//! Links from one paper to another, or to a heading of it, lead there.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{fail_if, files, read, root};

/// As GitHub calls a heading: lower case, without signs, with a dash for each space.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// What stands behind `](`, up to the end of the link.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let rests = text.split("](").skip(1);
    rests.filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
}

#[test]
fn every_link_leads_somewhere() {
    let mut papers = files(&["docs"]);
    papers.retain(|path| Path::new(path).extension().is_some_and(|it| it == "md"));
    papers.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned));
    let mut wrong = Vec::new();
    let mut found = 0;
    for paper in papers {
        let text = read(&paper);
        for link in links(&text).filter(|link| !link.contains("://")) {
            found += 1;
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                root().join(&paper)
            } else {
                root().join(&paper).parent().unwrap().join(path)
            };
            let has = |text: String| anchors(&text).contains(heading);
            let leads = target.exists()
                && (heading.is_empty() || std::fs::read_to_string(target).is_ok_and(has));
            if !leads {
                wrong.push(format!("{link} in {paper}"));
            }
        }
    }
    assert!(found > 200, "only {found} links were found");
    fail_if(&wrong, "These links lead nowhere:");
}

#[test]
fn a_heading_is_called_as_its_links_call_it() {
    let text = "# A page\n## Is the audit log whole?\ntext\n### Where is …?\n## POST, `/auth`\n";
    let called = ["a-page", "is-the-audit-log-whole", "where-is-", "post-auth"];
    assert_eq!(anchors(text), called.map(str::to_owned).into());
}
