//! `keyward tune-hash`: which bcrypt cost this machine carries, or how many passes of Argon2id.

use crate::cli::Outcome;
use crate::cli::output::say;
use crate::crypto::master_key::MasterKey;
use crate::crypto::password::hasher::PasswordHasher;
use crate::crypto::password::scheme::Scheme;
use crate::support::entropy::Entropy;

pub(super) fn run() -> Outcome {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    say!("KEYWARD_PASSWORD_HASH=bcrypt");
    say!("KEYWARD_BCRYPT_COST    milliseconds  sign-ins per second on {cores} cores");
    for cost in 10..=14 {
        row(cost, Scheme::Bcrypt { cost }, cores)?;
    }
    say!("\nKEYWARD_PASSWORD_HASH=argon2id");
    say!("KEYWARD_ARGON2_PASSES  milliseconds  sign-ins per second on {cores} cores");
    for passes in [2, 3, 4, 6, 8, 12, 16] {
        row(passes, Scheme::Argon2id { passes }, cores)?;
    }
    say!(
        "\nSet the cost or the passes to the highest that leaves enough sign-ins. Each hash of \
         Argon2id takes 19 MiB meanwhile; cores that hash at once share the memory's speed, so \
         that they do somewhat less than is said here."
    );
    Ok(())
}

fn row(setting: u32, scheme: Scheme, cores: usize) -> Outcome {
    let entropy = Entropy::system();
    let Some(master) = MasterKey::new(&entropy.bytes::<32>()) else {
        return Ok(());
    };
    let hasher = PasswordHasher::new(&master, scheme, &entropy);
    let one = hasher.one_hash().as_secs_f64();
    // Below 2^52, so exact.
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    let rate = cores as f64 / one;
    say!("{setting:>19}  {:>14.0}  {rate:>8.1}", one * 1000.0);
    Ok(())
}
