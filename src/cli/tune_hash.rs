//! `keyward tune-hash`: which bcrypt cost this machine carries.

use crate::cli::Outcome;
use crate::cli::output::say;
use crate::crypto::master_key::MasterKey;
use crate::crypto::password::hasher::PasswordHasher;
use crate::support::entropy::Entropy;

pub(super) fn run() -> Outcome {
    let entropy = Entropy::system();
    let Some(master) = MasterKey::new(&entropy.bytes::<32>()) else {
        return Ok(());
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    say!("cost  milliseconds  sign-ins per second on {cores} cores");
    for cost in 10..=14 {
        let hasher = PasswordHasher::new(&master, cost, &entropy);
        let one = hasher.one_hash().as_secs_f64();
        // Below 2^52, so exact.
        #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
        let rate = cores as f64 / one;
        say!("{cost:>4}  {:>12.0}  {rate:>8.1}", one * 1000.0);
    }
    say!("\nSet KEYWARD_BCRYPT_COST to the highest that leaves enough sign-ins; 10 is the least.");
    Ok(())
}
