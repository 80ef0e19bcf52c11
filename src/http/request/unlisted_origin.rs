//! A word to whoever runs a page that is not on the list of origins.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderValue;
use parking_lot::Mutex;

/// Tells the log of a page whose origin is not listed, each once a minute: whoever runs a new
/// page learns which setting it lacks, whatever other pages ask meanwhile. Of invented origins
/// there is no end, so only so many are told of in a minute, and then that there were more.
#[derive(Default)]
pub struct Unlisted(Mutex<Told>);

#[derive(Default)]
struct Told {
    /// Since when an origin need not be told again.
    origins: HashMap<String, Instant>,
    more: Option<Instant>,
}

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    Origin(String),
    More,
    Nothing,
}

impl Unlisted {
    const PAUSE: Duration = Duration::from_secs(60);

    /// How many in a minute.
    const MOST: usize = 16;

    pub fn tell(&self, origin: &HeaderValue) {
        let origin = origin.to_str().unwrap_or("(not ASCII)");
        let origin: String = origin.chars().take(128).collect();
        match self.word(origin, Instant::now()) {
            Word::Origin(origin) => log::warn!(
                "a page of the origin \"{}\" was refused: if it is one of yours, put it into \
                 KEYWARD_ALLOWED_ORIGINS",
                origin.escape_debug()
            ),
            Word::More => log::warn!(
                "pages of more than {} origins were refused in a minute: the others are not told",
                Self::MOST
            ),
            Word::Nothing => {}
        }
    }

    fn word(&self, origin: String, now: Instant) -> Word {
        let lately = |since: &Instant| now.saturating_duration_since(*since) < Self::PAUSE;
        let mut told = self.0.lock();
        if told.origins.get(&origin).is_some_and(lately) {
            return Word::Nothing;
        }
        told.origins.retain(|_, since| lately(since));
        if told.origins.len() < Self::MOST {
            told.origins.insert(origin.clone(), now);
            return Word::Origin(origin);
        }
        if told.more.as_ref().is_some_and(lately) {
            return Word::Nothing;
        }
        told.more = Some(now);
        Word::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_24_a_noisy_origin_hides_no_other() {
        let unlisted = Unlisted::default();
        let start = Instant::now();
        let word = |origin: &str, seconds| {
            unlisted.word(origin.to_owned(), start + Duration::from_secs(seconds))
        };
        let said = |origin: &str| Word::Origin(origin.to_owned());
        assert_eq!(word("https://noisy", 0), said("https://noisy"));
        for second in 1..59 {
            assert_eq!(word("https://noisy", second), Word::Nothing);
        }
        assert_eq!(word("https://quiet", 59), said("https://quiet"));
        assert_eq!(word("https://noisy", 60), said("https://noisy"));
        assert_eq!(word("https://quiet", 60), Word::Nothing);
    }

    #[test]
    fn clients_24_invented_origins_fill_neither_log_nor_memory() {
        let unlisted = Unlisted::default();
        let start = Instant::now();
        let words = (0..10_000).map(|n| unlisted.word(format!("https://{n}"), start));
        let words: Vec<Word> = words.filter(|word| *word != Word::Nothing).collect();
        assert_eq!(words.len(), Unlisted::MOST + 1);
        assert_eq!(words.last(), Some(&Word::More));
        assert_eq!(unlisted.0.lock().origins.len(), Unlisted::MOST);
        let later = start + Unlisted::PAUSE;
        let again = unlisted.word("https://10".to_owned(), later);
        assert_eq!(again, Word::Origin("https://10".to_owned()));
    }
}
