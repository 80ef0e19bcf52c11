//! The schemas of GraphQL: which peoples' fields stand in which, and for whom.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use crate::config::Dialect;
use crate::domain::rights::access::ADMIN;
use crate::http::dialect::{directus, haltian, hypi, propeller};
use crate::http::error_response::{Answer, Keyward};
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{Field, Fieldset};
use crate::http::graphql::{Beside, Root, Schema, root, serve};
use crate::http::request::call::Call;
use crate::http::request::web_policy::Web;
use crate::service::accounts::profile;
use crate::service::actor::Actor;

/// Who speaks at `/graphql` (decision 1).
const MERGED: &[(Dialect, Fieldset)] = &[
    (Dialect::Hypi, hypi::graphql::FIELDS),
    (Dialect::Propeller, propeller::graphql::FIELDS),
    (Dialect::Directus, directus::graphql::FIELDS),
];

static HALTIAN: Fieldset = haltian::graphql::FIELDS;

/// `/graphql`: Hypi, Propeller, and Directus's twins.
pub async fn merged(call: Call) -> Answer<Keyward> {
    let beside = Beside {
        key: call.web.dialects.contains(&Dialect::Propeller),
        bare_token: call.web.dialects.contains(&Dialect::Hypi),
    };
    serve(call, beside, async |call: &Call, _: &Asked| {
        Ok(Schema {
            root: merged_root(&call.web),
            adapts: None,
            loose: Some(propeller::graphql::LOOSE),
        })
    })
    .await
}

/// `POST /v1/graphql`: Haltian, whose schema is for the signed-in, each of whom sees what their
/// token permits (rows H-32 to H-38). Nobody is shown what everybody may do, and nothing else. What
/// a token lacks only because a second factor is asked for is shown, and refused in words.
pub async fn haltian(call: Call) -> Answer<Keyward> {
    let beside = Beside::default();
    serve(call, beside, async |call: &Call, asked: &Asked| {
        let actor = asked.account().ok();
        let withheld = match &actor {
            None => BTreeSet::new(),
            Some(actor) => profile::withheld(&call.kw, actor).await?,
        };
        Ok(Schema {
            root: haltian_root(
                |field| match &actor {
                    None => field.is_public(),
                    Some(actor) => field.needs.is_none_or(|it| permits(actor, &withheld, it)),
                },
                actor.is_some(),
            ),
            adapts: Some(haltian::refusals::say),
            loose: None,
        })
    })
    .await
}

/// Whether the token lets its holder do this in the organization of its session, or would but for the
/// second factor. The act asks the database once more.
fn permits(actor: &Actor, withheld: &BTreeSet<String>, permission: &str) -> bool {
    let claims = actor.claims();
    let holds = |it: &String| it == permission || it == ADMIN;
    claims.org.is_some() && claims.permissions.iter().chain(withheld).any(holds)
}

fn haltian_root(sees: impl Fn(&Field) -> bool, introspects: bool) -> Arc<Root> {
    let seen = |fields: &'static [Field]| fields.iter().filter(|it| sees(it)).collect::<Fields>();
    let (queries, mutations) = (seen(HALTIAN.queries), seen(HALTIAN.mutations));
    let names: Vec<_> = queries.iter().chain(&mutations).map(|it| it.name).collect();
    kept(format!("haltian {introspects} {names:?}"), || {
        let root = root(queries, mutations);
        if introspects {
            root
        } else {
            root.without_introspection()
        }
    })
}

/// Whether any of the peoples of `/graphql` is served.
pub fn merged_is_on(web: &Web) -> bool {
    MERGED
        .iter()
        .any(|(people, _)| web.dialects.contains(people))
}

/// Whether Directus's clients are served where they ask.
pub fn system_is_on(web: &Web) -> bool {
    web.dialects.contains(&Dialect::Directus)
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
    let mut roots = ROOTS.lock();
    Arc::clone(roots.entry(name).or_insert_with(|| Arc::new(make())))
}
