//! The schemas of GraphQL: which peoples' fields stand in which, and for whom.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::config::Dialect;
use crate::http::answer::{Answer, Keyward};
use crate::http::dialect::{directus, propeller};
use crate::http::graphql::table::{Field, Fieldset};
use crate::http::graphql::{Root, root, serve};
use crate::http::request::call::Call;
use crate::http::request::settings::Web;

/// Who speaks at `/graphql`.
const MERGED: &[(Dialect, Fieldset)] = &[
    (Dialect::Propeller, propeller::graphql::FIELDS),
    (Dialect::Directus, directus::graphql::FIELDS),
];

/// `POST /graphql`: Propeller, and Directus's twins (decision 1).
pub async fn merged(call: Call) -> Answer<Keyward> {
    serve(call, |call, _| merged_root(&call.web)).await
}

/// Whether any of the peoples of `/graphql` is served.
pub fn merged_is_on(web: &Web) -> bool {
    MERGED
        .iter()
        .any(|(people, _)| web.dialects.contains(people))
}

fn merged_root(web: &Web) -> Arc<Root> {
    let on = |(people, _): &&(Dialect, Fieldset)| web.dialects.contains(people);
    let names: Vec<Dialect> = MERGED
        .iter()
        .filter(on)
        .map(|(people, _)| *people)
        .collect();
    let fields = MERGED.iter().filter(on).map(|(_, fields)| fields);
    let (queries, mutations) = together(fields);
    kept(format!("merged {names:?}"), || root(queries, mutations))
}

type Fields = Vec<&'static Field>;

fn together(sets: impl Iterator<Item = &'static Fieldset>) -> (Fields, Fields) {
    let (mut queries, mut mutations) = (Vec::new(), Vec::new());
    for set in sets {
        queries.extend(set.queries);
        mutations.extend(set.mutations);
    }
    (queries, mutations)
}

/// A schema is made once for all callers who see the same of it.
fn kept(name: String, make: impl FnOnce() -> Root) -> Arc<Root> {
    static ROOTS: LazyLock<Mutex<HashMap<String, Arc<Root>>>> = LazyLock::new(Mutex::default);
    let mut roots = ROOTS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(roots.entry(name).or_insert_with(|| Arc::new(make())))
}
