//! Asking whoever sits at a terminal before what nobody undoes. A script is not asked: it has no
//! terminal, and knows what it says.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use crate::cli::output;

/// Longer than any name.
const LONGEST_LINE: u64 = 4 * 1024;

/// Whether it is to be done: the name is typed once more, or `yes` was given. `deed` says what is
/// done to it.
///
/// # Errors
/// Where another line was typed, or none.
pub(super) fn confirm(deed: &str, name: &str, yes: bool) -> Result<(), String> {
    if yes || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    // Warnings wait in a queue, and would come behind the question.
    output::finish();
    let failed = |error: std::io::Error| format!("the question can not be asked: {error}");
    // Standard output may be kept by whoever calls.
    let mut out = std::io::stderr().lock();
    write!(out, "This can not be undone. Type {name} to {deed}: ").map_err(failed)?;
    out.flush().map_err(failed)?;
    drop(out);
    let mut typed = String::new();
    let stdin = std::io::stdin().lock();
    let mut line = stdin.take(LONGEST_LINE);
    line.read_line(&mut typed).map_err(failed)?;
    if typed.trim() == name {
        return Ok(());
    }
    Err("that was not typed, so nothing was done (--yes asks nothing)".to_owned())
}
