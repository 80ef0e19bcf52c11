//! Words that a paper lists in a table and the code has in a list: each is in both. The code is
//! read as text, as a reader would look for a word.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{fail_if, files, read};

const LOGGING: &str = "docs/LOGGING.md";

type Words = BTreeSet<String>;

/// The cells of each row of the table with this head.
fn table(paper: &str, head: &str) -> Vec<Vec<String>> {
    let text = read(paper);
    let mut lines = text.lines().skip_while(|line| !line.starts_with(head));
    assert!(lines.next().is_some(), "{paper} has no table `{head}`");
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(cells).collect()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<String> {
    let words = cell.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

/// What stands between backquotes in the first column, with the second beside it.
fn pairs(paper: &str, head: &str) -> Words {
    let rows = table(paper, head);
    let pairs = rows.iter().flat_map(|row| {
        let words = quoted(&row[0]).into_iter();
        words.map(|word| format!("{word} {}", row[1]))
    });
    pairs.collect()
}

/// Each variant of an enum, with the word that `strum` is told to write for it, if any.
fn variants(path: &str, name: &str) -> Vec<(String, Option<String>)> {
    let text = read(path);
    let found = text.split_once(&format!("enum {name} {{\n"));
    let (_, rest) = found.unwrap_or_else(|| panic!("{path} has no enum {name}"));
    let (body, _) = rest.split_once("\n}").unwrap_or((rest, ""));
    let (mut variants, mut word) = (Vec::new(), None);
    for line in body.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        if let Some(told) = line.strip_prefix("#[strum(serialize = \"") {
            word = told.split('"').next().map(str::to_owned);
        } else if line.starts_with(|c: char| c.is_ascii_uppercase()) {
            let end = line.find(|c: char| !c.is_alphanumeric());
            variants.push((line[..end.unwrap_or(line.len())].to_owned(), word.take()));
        }
    }
    assert!(variants.len() > 1, "{path}: {name} has hardly a variant");
    variants
}

/// `CodesGuessed` as `codes_guessed`.
fn in_parts(name: &str, between: char) -> String {
    let mut word = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push(between);
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// Every variant as it is written down.
fn snakes(path: &str, name: &str) -> Words {
    let variants = variants(path, name).into_iter();
    variants
        .map(|(name, word)| word.unwrap_or_else(|| in_parts(&name, '_')))
        .collect()
}

fn compare(paper: &str, told: &Words, code: &str, known: &Words) {
    let lacks = |there: &Words, here: &Words, of: &str| -> Vec<String> {
        let missing = there.difference(here);
        missing.map(|word| format!("{of} has no {word}")).collect()
    };
    let mut wrong = lacks(known, told, paper);
    wrong.extend(lacks(told, known, code));
    fail_if(&wrong, "The paper and the code name different things:");
}

#[test]
fn the_words_of_audit_and_attempts_are_those_of_the_code() {
    for (head, path, name) in [
        ("| word | means |", "src/domain/event.rs", "What"),
        (
            "| outcome | means |",
            "src/domain/attempt_outcome.rs",
            "AttemptOutcome",
        ),
    ] {
        let rows = table(LOGGING, head);
        let told = rows.iter().flat_map(|row| quoted(&row[0])).collect();
        compare(LOGGING, &told, path, &snakes(path, name));
    }
}

/// The code's own words, each with the number of the status that it has by default.
fn codes() -> Words {
    let answer = read("src/http/error_response.rs");
    // `Code::One | Code::Other => StatusCode::NOT_FOUND`, over as many lines as it takes.
    let mut waiting = Vec::new();
    let mut statuses = Vec::new();
    let (_, arms) = answer.split_once("fn status_of_act").unwrap_or_default();
    let paths = arms.split(|c: char| !(c.is_alphanumeric() || c == ':' || c == '_'));
    for path in paths.filter(|path| path.contains("::")) {
        if let Some(status) = path.strip_prefix("StatusCode::") {
            let each = waiting.drain(..);
            statuses.extend(each.map(|it: &str| (it, number(status))));
        } else {
            waiting.push(path);
        }
    }
    let mut codes = Words::new();
    for (path, name) in [
        ("src/service/error.rs", "Code"),
        ("src/http/error_response.rs", "Http"),
    ] {
        for (variant, word) in variants(path, name) {
            let full = format!("{name}::{variant}");
            let status = statuses.iter().find(|(name, _)| **name == full);
            let status = status.unwrap_or_else(|| panic!("{full} has no status")).1;
            let word = word.unwrap_or_else(|| in_parts(&variant, '_').to_uppercase());
            codes.insert(format!("{word} {status}"));
        }
    }
    codes
}

fn number(status: &str) -> u16 {
    match status {
        "BAD_REQUEST" => 400,
        "UNAUTHORIZED" => 401,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "METHOD_NOT_ALLOWED" => 405,
        "REQUEST_TIMEOUT" => 408,
        "CONFLICT" => 409,
        "PAYLOAD_TOO_LARGE" => 413,
        "URI_TOO_LONG" => 414,
        "UNSUPPORTED_MEDIA_TYPE" => 415,
        "TOO_MANY_REQUESTS" => 429,
        "REQUEST_HEADER_FIELDS_TOO_LARGE" => 431,
        "INTERNAL_SERVER_ERROR" => 500,
        "SERVICE_UNAVAILABLE" => 503,
        other => panic!("which number has {other}?"),
    }
}

#[test]
fn codes_and_their_statuses_are_those_of_the_code() {
    for (paper, head) in [
        ("docs/DIALECTS.md", "| code | status | means |"),
        ("docs/API-DESIGN.md", "| code | status | meaning |"),
    ] {
        compare(paper, &pairs(paper, head), "the code", &codes());
    }
}

#[test]
fn the_commands_of_the_readme_are_those_of_the_program() {
    let paper = "README.md";
    let mut told = Words::new();
    for cell in table(paper, "| command | does |") {
        for line in quoted(&cell[0]) {
            // Words in capitals are arguments.
            let mut words = line.split_whitespace().skip(1);
            let Some(command) = words.next() else {
                continue;
            };
            let deeds = words.next().unwrap_or_default().split("\\|");
            told.extend(deeds.map(|deed| format!("{command} {deed}").trim().to_owned()));
        }
    }
    let mut known = Words::new();
    let all = read("src/cli/mod.rs");
    for (command, _) in variants("src/cli/mod.rs", "Command") {
        let word = in_parts(&command, '-');
        let deeds = all.split_once(&format!("    {command}({}::", in_parts(&command, '_')));
        let Some((_, deeds)) = deeds else {
            known.insert(word);
            continue;
        };
        let (name, _) = deeds.split_once(')').unwrap_or_default();
        let path = format!("src/cli/{}.rs", in_parts(&command, '_'));
        let each = variants_or_one(&path, name).into_iter();
        known.extend(each.map(|deed| format!("{word} {}", in_parts(&deed, '-'))));
    }
    compare(paper, &told, "src/cli", &known);
}

/// `mail` has one deed alone.
fn variants_or_one(path: &str, name: &str) -> Vec<String> {
    if name == "Mail" {
        return vec!["Test".to_owned()];
    }
    let variants = variants(path, name).into_iter();
    variants.map(|(name, _)| name).collect()
}

/// Every key that is derived from the secret, by its label.
#[test]
fn the_labels_of_keys_are_those_of_the_code() {
    let paper = "docs/SECURITY.md";
    let told = pairs(paper, "| label | key | for |");
    let mut known = Words::new();
    for path in files(&["src"]) {
        let text = read(&path);
        for (call, key) in [
            ("hmac_sha256(\"", "HMAC-SHA-256"),
            ("hmac_sha384(\"", "HMAC-SHA-384"),
            ("Sealer::new(master, \"", "AES-256-GCM"),
        ] {
            let labels = text.split(call).skip(1);
            let labels = labels.filter_map(|rest| rest.split('"').next());
            let ours = labels.filter(|label| label.starts_with("keyward-"));
            known.extend(ours.map(|label| format!("{label} {key}")));
        }
    }
    compare(paper, &told, "src", &known);
}

/// Whoever makes a module louder or quieter by `RUST_LOG` finds its name, and hears what it says.
#[test]
fn the_modules_that_can_be_made_louder_are_those_that_log() {
    let mut wrong = Vec::new();
    for (head, levels) in [
        ("| module | at `debug` tells |", &["debug"][..]),
        ("| module | at `info` tells |", &["info"]),
        (
            "| module | at `warn` and `error` tells |",
            &["warn", "error"],
        ),
    ] {
        let rows = table(LOGGING, head);
        let told: Words = rows.iter().flat_map(|row| quoted(&row[0])).collect();
        let logging = modules_that_log(levels);
        // All that begin with a name are meant by it.
        let means = |name: &str, module: &str| {
            module
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        for module in &logging {
            if !told.iter().any(|name| means(name, module)) {
                wrong.push(format!("{LOGGING} has no {module} at {}", levels[0]));
            }
        }
        for name in &told {
            if !logging.iter().any(|module| means(name, module)) {
                wrong.push(format!("nothing in {name} logs at {}", levels[0]));
            }
        }
    }
    fail_if(&wrong, "RUST_LOG by the paper and the code do not agree:");
}

fn modules_that_log(levels: &[&str]) -> Words {
    let mut modules = Words::new();
    for path in files(&["src"]) {
        let text = read(&path);
        let mut logs = levels
            .iter()
            .any(|level| text.contains(&format!("log::{level}!(")));
        if text.contains("log::log!(") {
            let level = |it: &str| format!("Level::{}{}", it[..1].to_uppercase(), &it[1..]);
            logs |= levels.iter().any(|it| text.contains(&level(it)));
        }
        if logs {
            let module = path.trim_start_matches("src/").trim_end_matches(".rs");
            let module = module.trim_end_matches("/mod").replace('/', "::");
            modules.insert(format!("keyward::{module}"));
        }
    }
    modules
}

fn ends_with_dot(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it == ending)
}

/// Operators write templates by these names.
#[test]
fn the_mails_that_operators_can_word_are_those_that_are_built_in() {
    let paper = "docs/OPERATIONS.md";
    let text = read(paper);
    let (_, rest) = text.split_once("Names: ").unwrap_or_default();
    let (names, _) = rest.split_once("Languages: ").unwrap_or_default();
    let built_in = files(&["assets/mail"]);
    let names_of = built_in.iter().filter_map(|path| {
        let name = path.strip_prefix("assets/mail/")?;
        let (name, _) = name.split_once('.')?;
        (!name.starts_with('_')).then(|| name.to_owned())
    });
    let told = quoted(names).into_iter().collect();
    compare(paper, &told, "assets/mail", &names_of.collect());
}

/// A path, or the end of one, of what stands there now. Decisions tell of what stood there then.
#[test]
fn every_file_that_a_paper_names_is_there() {
    let mut papers = files(&["docs"]);
    papers.retain(|path| ends_with_dot(path, "md") && !path.starts_with("docs/decisions/"));
    papers.extend(["README.md", "CONTRIBUTING.md"].map(str::to_owned));
    let there = files(&["src", "tests", "bench", "benches"]);
    let mut wrong = Vec::new();
    let mut found = 0;
    for paper in papers {
        for name in read(&paper).lines().flat_map(quoted) {
            if !ends_with_dot(&name, "rs") || name.contains(char::is_uppercase) {
                continue;
            }
            found += 1;
            let end = format!("/{name}");
            let is_there = there
                .iter()
                .any(|path| path.ends_with(&end) || *path == name);
            if !is_there {
                wrong.push(format!("{name} in {paper}"));
            }
        }
    }
    assert!(found > 50, "only {found} files were found");
    fail_if(&wrong, "These files are not there:");
}

#[test]
fn names_are_taken_apart() {
    assert_eq!(in_parts("CodesGuessed", '_'), "codes_guessed");
    assert_eq!(in_parts("ApiKey", '-'), "api-key");
    assert_eq!(quoted("`one`, `two`"), ["one", "two"]);
}
