//! The parts that requests are made of, each by itself: `cargo bench --bench parts`.
//! What they come to together is measured by `bench/run`.

mod checks;
mod crypto;
mod lane;
mod store;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    parts,
    crypto::signer,
    crypto::verifier,
    crypto::refresh_tokens,
    checks::checks,
    lane::lane,
    store::store
);
criterion_main!(parts);
