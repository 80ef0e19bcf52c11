//! Lists at the command line: so many lines, and never cut without a word.

use std::fmt::Display;

use clap::Args;

use crate::cli::output::complain;

/// The flags of a list. What `--after` names each command says by itself.
#[derive(Args)]
pub(super) struct ListPage {
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = so_many)]
    pub(super) limit: u32,
    #[arg(long)]
    pub(super) after: Option<String>,
    /// A line of JSON for each
    #[arg(long)]
    pub(super) json: bool,
}

impl ListPage {
    /// As [`one_more()`].
    pub(super) fn one_more(&self) -> u32 {
        one_more(self.limit)
    }

    /// As [`cut()`].
    pub(super) fn cut<T, K: Display>(&self, found: &mut Vec<T>, key: impl Fn(&T) -> K) {
        cut(found, self.limit, key);
    }
}

/// How many lines are wanted: one at the least.
pub(super) fn so_many(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("0 shows nothing: ask for 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("a whole number from 1 to 4294967295 is needed".to_owned()),
    }
}

/// One more than is wanted, which tells whether there are more.
pub(super) fn one_more(limit: u32) -> u32 {
    limit.saturating_add(1)
}

/// Leaves so many of them, and says so where there were more: not where a script reads.
pub(super) fn cut<T, K: Display>(found: &mut Vec<T>, limit: u32, key: impl Fn(&T) -> K) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if found.len() <= limit {
        return;
    }
    found.truncate(limit);
    if let Some(last) = found.last() {
        complain(format_args!(
            "… and more: --limit, or --after {}",
            key(last)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_the_least_of_a_list() {
        assert_eq!(so_many("1"), Ok(1));
        assert_eq!(so_many("4294967295"), Ok(u32::MAX));
        for text in ["0", "00", "-1", "", "1.5", "4294967296", "all"] {
            assert!(so_many(text).is_err(), "{text:?}");
        }
        assert!(so_many("0").unwrap_err().contains("1 or more"));
    }
}
