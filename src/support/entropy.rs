//! Randomness as a parameter: the operating system's, or a seeded stream for
//! tests, so that a golden exchange is exact text and nothing in it is blurred.

use std::sync::Mutex;

use aws_lc_rs::digest;
use uuid::{Builder, Uuid};

use super::clock::Timestamp;

pub struct Entropy(Source);

enum Source {
    System,
    Seeded(Mutex<Stream>),
}

struct Stream {
    seed: u64,
    blocks: u64,
}

impl Entropy {
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A repeatable stream. For tests alone: whoever knows the seed knows it all.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Mutex::new(Stream { seed, blocks: 0 })))
    }

    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done then.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.0 {
            Source::System => {
                getrandom::fill(&mut out).expect("the operating system gives randomness");
            }
            Source::Seeded(stream) => {
                let mut stream = stream
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                for chunk in out.chunks_mut(32) {
                    stream.blocks += 1;
                    let mut block = [0; 16];
                    block[..8].copy_from_slice(&stream.seed.to_be_bytes());
                    block[8..].copy_from_slice(&stream.blocks.to_be_bytes());
                    let hash = digest::digest(&digest::SHA256, &block);
                    chunk.copy_from_slice(&hash.as_ref()[..chunk.len()]);
                }
            }
        }
        out
    }

    /// A time-ordered id (UUID version 7, RFC 9562 section 5.7): rows written one
    /// after another stand together in the index.
    #[must_use]
    pub fn id(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// An id that tells nothing, not even its time (UUID version 4).
    #[must_use]
    pub fn random_id(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_no_block_comes_twice() {
        let (a, b) = (Entropy::seeded(7), Entropy::seeded(7));
        let first: [u8; 40] = a.bytes();
        assert_eq!(first, b.bytes::<40>());
        assert_ne!(first, a.bytes::<40>());
        assert_ne!(first, Entropy::seeded(8).bytes::<40>());
    }
}
