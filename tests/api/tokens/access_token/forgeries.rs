//! The forger's book: what can be made of a good token, row by row. A forger here may
//! sign with our own key, so that a forgery differs from a good token in one thing.

mod claims;
mod headers;
mod texts;

use serde_json::Value;

pub use claims::*;
pub use headers::*;
pub use texts::*;

use crate::support::{Forge, TestKeyward};

pub type Forger = fn(&TestKeyward, &str) -> Vec<String>;

/// What must be refused whatever its `exp` says: at the doors and at the exchange.
pub const ALL: &[(&str, Forger)] = &[
    ("J1", unsigned),
    ("J5", with_its_own_key),
    ("J6", with_a_key_elsewhere),
    ("J7", with_odd_kids),
    ("J9", with_critical_headers),
    ("J10", of_another_type),
    ("J11", of_another_issuer),
    ("J12", for_another_audience),
    ("J13", with_odd_ends),
    ("J14", of_the_future),
    ("J16", saying_things_twice),
    ("J18", altered_in_their_text),
    ("J19", of_another_form),
    ("J20", with_too_much_in_them),
    ("J24", of_no_session),
    ("attack_l9", in_other_clothes),
];

/// With the genuine claims and these headers, rightly signed.
fn with_headers(kw: &TestKeyward, access: &str, changes: &[&[(&str, Value)]]) -> Vec<String> {
    let (forge, claims) = (kw.forge(), Forge::claims_of(access));
    let sign = |change: &&[(&str, Value)]| forge.sign(&forge.header_with(change), &claims);
    changes.iter().map(sign).collect()
}

/// With the genuine header and these claims, rightly signed.
fn with_claims(kw: &TestKeyward, access: &str, changes: &[&[(&str, Value)]]) -> Vec<String> {
    let forge = kw.forge();
    let sign =
        |change: &&[(&str, Value)]| forge.sign(&forge.header(), &Forge::with(access, change));
    changes.iter().map(sign).collect()
}

/// With one claim set to each of these.
fn one_claim(kw: &TestKeyward, access: &str, name: &str, values: &[Value]) -> Vec<String> {
    let each = values
        .iter()
        .flat_map(|value| with_claims(kw, access, &[&[(name, value.clone())]]));
    each.collect()
}
