//! The text of `RUST_LOG`, taken strictly. The logger's own reader takes a word that is no
//! level for the name of a module, and writes nothing of any other: alarms included.

use std::str::FromStr as _;

use log::LevelFilter;

/// Crates besides Keyward whose lines can be asked for.
const CRATES: &[&str] = &[
    "keyward",
    "actix_http",
    "actix_rt",
    "actix_server",
    "actix_web",
    "diesel",
    "diesel_migrations",
    "governor",
    "mio",
    "polling",
    "r2d2",
    "scheduled_thread_pool",
    "tokio",
    "tracing",
    "tracing_span",
];

/// Levels, each for a module or, without one, for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(pub Vec<(Option<String>, LevelFilter)>);

/// Where the text names modules alone, everything else stays at this: a louder module must
/// not silence the alarms.
const OTHERS: LevelFilter = LevelFilter::Info;

pub(in crate::config) fn parse(text: &str) -> Result<Filter, String> {
    let entries = text.split(',').map(str::trim);
    let mut levels = entries
        .filter(|entry| !entry.is_empty())
        .map(|entry| match entry.split_once('=') {
            Some((module, level)) => Ok((Some(self::module(module)?), self::level(level)?)),
            None => match level(entry) {
                Ok(level) => Ok((None, level)),
                // The logger's own way to ask for all of a module.
                Err(why) => match module(entry) {
                    Ok(module) => Ok((Some(module), LevelFilter::Trace)),
                    Err(_) => Err(why),
                },
            },
        })
        .collect::<Result<Vec<_>, String>>()?;
    if levels.is_empty() {
        return Err(level(text).err().unwrap_or_default());
    }
    if !levels.iter().any(|(module, _)| module.is_none()) {
        levels.insert(0, (None, OTHERS));
    }
    Ok(Filter(levels))
}

fn level(text: &str) -> Result<LevelFilter, String> {
    LevelFilter::from_str(text.trim()).map_err(|_| {
        format!(
            "off, error, warn, info, debug or trace, or such a level for a module, as \
             info,keyward::http=debug; not {text:?}"
        )
    })
}

fn module(text: &str) -> Result<String, String> {
    let text = text.trim();
    let mut parts = text.split("::");
    let is_name = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let known = parts.next().is_some_and(is_known) && parts.all(is_name);
    if known {
        Ok(text.to_owned())
    } else {
        let crates = CRATES.join(", ");
        Err(format!(
            "about modules of {crates}, such as keyward::http; not {text:?}"
        ))
    }
}

/// A crate, or the beginning of the names of several: `actix` is all of actix.
fn is_known(name: &str) -> bool {
    CRATES.iter().any(|known| {
        let rest = known.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_11_a_level_that_is_none_is_refused() {
        for text in [
            "\"info\"",
            "'info'",
            "warning",
            "verbose",
            "info;warn",
            "0",
            "1",
            "keyward=lots",
            "kewyard=debug",
            "info warn",
            "info/text",
            "debug/",
            "keyward=",
            "=info",
            "=",
            "keyward=debug=info",
            "keyward:http=debug",
            "keyward::=debug",
            "keyward::a b=info",
            "true",
            "on",
            "none",
            ",",
            "info,warning",
            "INFO|WARN",
            "*",
            "*=info",
            "info=keyward",
        ] {
            assert!(parse(text).is_err(), "{text} is taken");
        }
    }

    #[test]
    fn operators_11_levels_are_taken_as_the_logger_takes_them() {
        let filter = |text| parse(text).map(|filter| filter.0);
        let all = |level| Ok(vec![(None, level)]);
        assert_eq!(filter("info"), all(LevelFilter::Info));
        assert_eq!(filter("WARN"), all(LevelFilter::Warn));
        assert_eq!(filter("off"), all(LevelFilter::Off));
        assert_eq!(filter(" debug , "), all(LevelFilter::Debug));
        let server = Some("actix_server".to_owned());
        let expected = vec![(None, LevelFilter::Error), (server, LevelFilter::Warn)];
        assert_eq!(filter("error,actix_server=warn"), Ok(expected));
        for text in ["keyward::http::edge=debug", "keyward"] {
            let levels = filter(text).unwrap();
            assert_eq!(
                levels[0],
                (None, LevelFilter::Info),
                "others are not silenced"
            );
            assert_eq!(levels.len(), 2);
        }
    }
}
