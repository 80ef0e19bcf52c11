//! Randomness as a parameter: the operating system's, or a seeded stream for
//! tests, so that a golden exchange is exact text and nothing in it is blurred.

use aws_lc_rs::digest;
use parking_lot::Mutex;
use uuid::{Builder, Uuid};

use crate::support::clock::Timestamp;

pub struct Entropy {
    source: Source,
    /// The last id that was given.
    last: Mutex<Uuid>,
}

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
        Self::from(Source::System)
    }

    /// A repeatable stream. For tests alone: whoever knows the seed knows it all.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self::from(Source::Seeded(Mutex::new(Stream { seed, blocks: 0 })))
    }

    const fn from(source: Source) -> Self {
        Self {
            source,
            last: Mutex::new(Uuid::nil()),
        }
    }

    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done then.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.source {
            Source::System => {
                getrandom::fill(&mut out).expect("the operating system gives randomness");
            }
            Source::Seeded(stream) => {
                let mut stream = stream.lock();
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
    /// after another stand together in the index. Of two within one millisecond the second
    /// is greater (section 6.2, method 2), so that what happened in one transaction is told
    /// in its order.
    #[must_use]
    pub fn id(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let new = Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid();
        let mut last = self.last.lock();
        let same = new.as_u128() >> 80 == last.as_u128() >> 80;
        // 62 random bits stand at the end: they do not overflow by this.
        *last = if same && new <= *last {
            Uuid::from_u128(last.as_u128() + 1)
        } else {
            new
        };
        *last
    }

    /// An id that tells nothing, not even its time (UUID version 4).
    #[must_use]
    pub fn random_id(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Variant;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_no_block_comes_twice() {
        let (a, b) = (Entropy::seeded(7), Entropy::seeded(7));
        let first: [u8; 40] = a.bytes();
        assert_eq!(first, b.bytes::<40>());
        assert_ne!(first, a.bytes::<40>());
        assert_ne!(first, Entropy::seeded(8).bytes::<40>());
    }

    #[test]
    fn ids_of_one_millisecond_stand_in_the_order_in_which_they_were_given() {
        for entropy in [Entropy::seeded(7), Entropy::system()] {
            for now in [5000, 5000, 6000, 4000].map(Timestamp::from_millis) {
                let ids: Vec<_> = (0..200).map(|_| entropy.id(now)).collect();
                assert!(ids.is_sorted_by(|a, b| a < b));
                for id in ids {
                    assert_eq!(
                        (id.get_version_num(), id.get_variant()),
                        (7, Variant::RFC4122)
                    );
                    assert_eq!(id.as_u128() >> 80, u128::try_from(now.millis()).unwrap());
                }
            }
        }
    }
}
