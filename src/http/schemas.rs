//! The schemas of GraphQL: which peoples' fields stand in which, and for whom.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::config::Dialect;
use crate::http::answer::{Answer, Keyward};
use crate::http::dialect::{directus, haltian, hypi, propeller};
use crate::http::graphql::table::{Field, Fieldset};
use crate::http::graphql::{Root, Schema, root, serve};
use crate::http::request::call::Call;
use crate::http::request::settings::Web;

/// Who speaks at `/graphql` (decision 1).
const MERGED: &[(Dialect, Fieldset)] = &[
    (Dialect::Hypi, hypi::graphql::FIELDS),
    (Dialect::Propeller, propeller::graphql::FIELDS),
    (Dialect::Directus, directus::graphql::FIELDS),
];

const HALTIAN: Fieldset = haltian::graphql::FIELDS;

/// `POST /graphql`: Hypi, Propeller, and Directus's twins.
pub async fn merged(call: Call) -> Answer<Keyward> {
    serve(call, |call, _| Schema {
        root: merged_root(&call.web),
        closed: None,
        loose: Some(propeller::graphql::LOOSE),
    })
    .await
}

/// `POST /v1/graphql`: Haltian, whose schema is for the signed-in (rows H-32, H-33).
pub async fn haltian(call: Call) -> Answer<Keyward> {
    serve(call, |_, asked| {
        let known = asked.account().is_ok();
        let name = if known { "haltian" } else { "haltian closed" };
        let root = kept(name.to_owned(), || {
            let (queries, mutations) = together(std::iter::once(&HALTIAN));
            let root = root(queries, mutations);
            if known {
                root
            } else {
                root.disable_introspection()
            }
        });
        Schema {
            root,
            closed: Some(haltian::graphql::say),
            loose: None,
        }
    })
    .await
}

/// Whether any of the peoples of `/graphql` is served.
pub fn merged_is_on(web: &Web) -> bool {
    MERGED
        .iter()
        .any(|(people, _)| web.dialects.contains(people))
}

fn merged_root(web: &Web) -> Arc<Root> {
    let served = MERGED
        .iter()
        .filter(|(people, _)| web.dialects.contains(people));
    let names: Vec<Dialect> = served.clone().map(|(people, _)| *people).collect();
    kept(format!("merged {names:?}"), || {
        let (queries, mutations) = together(served.map(|(_, fields)| fields));
        root(queries, mutations)
    })
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
