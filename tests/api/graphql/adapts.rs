//! Haltian's schema adapts to the role of whoever asks: what a caller may not do is not there, under
//! no name and in no error.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::graphql::{ALICE, in_demo_as, join_demo, sign_in_to_demo};
use crate::support::{TestKeyward, text};

const PATH: &str = "/v1/graphql";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";

const FULL: &str =
    "{ __schema { types { name fields { name args { name } } inputFields { name } } } }";

/// What the schema has, as `Type.field`, and the types themselves.
fn seen(kw: &TestKeyward, token: &str) -> BTreeSet<String> {
    let body = kw.asks(PATH, FULL, Some(token)).json();
    let mut names = BTreeSet::new();
    for of in body["data"]["__schema"]["types"].as_array().unwrap() {
        let name = text(of, "name");
        for list in ["fields", "inputFields"] {
            for field in of[list].as_array().into_iter().flatten() {
                names.insert(format!("{name}.{}", text(field, "name")));
            }
        }
        names.insert(name);
    }
    names
}

/// Of the manager alone.
const HIDDEN: &[&str] = &[
    "users",
    "invitations",
    "roles",
    "inviteUser",
    "cancelInvitation",
    "setUserRole",
    "removeUser",
];
const HIDDEN_TYPES: &[&str] = &[
    "User",
    "Invitation",
    "Role",
    "ChangeResult",
    "InviteUserInput",
    "CancelInvitationInput",
    "SetUserRoleInput",
    "RemoveUserInput",
];

both!(
    h_34_h_35_a_viewers_schema_is_a_strict_subset_of_a_managers,
    |kw| {
        let (_, viewer) = in_demo_as(kw, ALICE, "viewer");
        let (_, manager) = in_demo_as(kw, BOB, "manager");
        let (_, owner) = in_demo_as(kw, CAROL, "owner");
        let (less, more) = (seen(kw, &viewer), seen(kw, &manager));
        assert!(less.is_subset(&more) && less.len() < more.len());
        assert_eq!(more, seen(kw, &owner), "a manager sees everything");
        for name in HIDDEN {
            let (query, mutation) = (format!("Query.{name}"), format!("Mutation.{name}"));
            assert!(more.contains(&query) || more.contains(&mutation), "{name}");
            assert!(
                !less.contains(&query) && !less.contains(&mutation),
                "{name}"
            );
        }
        for name in HIDDEN_TYPES {
            assert!(more.contains(*name) && !less.contains(*name), "{name}");
        }
        assert!(less.contains("Query.organization"));
        // Whoever is in no organization has none of its fields.
        let alone = kw.sign_in(BOB, crate::support::PASSWORD).tokens().0;
        let alone = seen(kw, &alone);
        assert!(alone.is_subset(&less) && !alone.contains("Query.organization"));
        // No description and no other part of the schema names it either.
        let whole = "{ __schema { description types { name description kind \
                     fields { name description type { name ofType { name ofType { name } } } } \
                     interfaces { name } possibleTypes { name } } directives { name args { name } } } }";
        let body = kw.asks(PATH, whole, Some(&viewer)).body;
        for name in HIDDEN.iter().chain(HIDDEN_TYPES) {
            // `roles` and `Role` are in the viewer's own words.
            if !["roles", "Role"].contains(name) {
                assert!(!body.contains(name), "{name}");
            }
        }
    }
);

/// The name, changed so that there is nothing of it, and as long as before.
fn nothing_like(name: &str) -> String {
    let last = name.len() - 1;
    format!(
        "{}{}",
        &name[..last],
        if name.ends_with('q') { 'x' } else { 'q' }
    )
}

both!(
    h_35_what_is_hidden_is_not_told_from_what_is_not_there,
    |kw| {
        let (alice, viewer) = in_demo_as(kw, ALICE, "viewer");
        let before = (kw.state(), kw.mails().len());
        let mut pairs: Vec<[String; 2]> = Vec::new();
        let mut add = |name: &str, document: &dyn Fn(&str) -> String| {
            pairs.push([document(name), document(&nothing_like(name))]);
        };
        for name in HIDDEN {
            add(name, &|name| format!("{{ {name} {{ id }} }}"));
            add(name, &|name| format!("{{ {name}(first: 1) }}"));
            add(name, &|name| {
                format!(
                    "mutation {{ {name}({name}Input: {{ userId: \"{alice}\" }}) {{ success }} }}"
                )
            });
            add(name, &|name| format!("mutation {{ viewer: {name} }}"));
            add(name, &|name| format!("{{ viewer({name}: 1) {{ id }} }}"));
            if *name != "roles" {
                add(name, &|name| format!("{{ viewer {{ {name} }} }}"));
            }
        }
        for name in HIDDEN_TYPES {
            add(name, &|name| {
                format!("{{ __type(name: \"{name}\") {{ name kind }} }}")
            });
            add(name, &|name| {
                format!("{{ viewer {{ ... on {name} {{ id }} }} }}")
            });
            add(name, &|name| format!("{{ ... on {name} {{ id }} }}"));
            add(name, &|name| {
                format!("fragment a on {name} {{ id }} {{ viewer {{ ...a }} }}")
            });
            add(name, &|name| {
                format!("query($x: {name}) {{ viewer {{ id }} }}")
            });
            add(name, &|name| {
                format!("query($x: [{name}!]!) {{ viewer(a: $x) {{ id }} }}")
            });
            add(name, &|name| {
                format!("mutation($x: {name}!) {{ login(loginInput: $x) {{ accessToken }} }}")
            });
        }
        for [hidden, nothing] in &pairs {
            let (one, other) = (
                kw.asks(PATH, hidden, Some(&viewer)),
                kw.asks(PATH, nothing, Some(&viewer)),
            );
            assert_eq!(one.body, other.body, "{hidden}");
            assert_eq!(one.status, other.status);
            for name in HIDDEN.iter().chain(HIDDEN_TYPES) {
                let quoted = format!("{name}\\\"");
                assert!(!one.body.contains(&quoted), "{hidden}: {one:?}");
            }
        }
        assert_eq!((kw.state(), kw.mails().len()), before);
    }
);

both!(h_38_a_promotion_is_seen_with_the_next_token, |kw| {
    let (_, owner) = in_demo_as(kw, ALICE, "owner");
    let bob = kw.add_verified(BOB);
    join_demo(kw, bob, "viewer");
    let session = login_of(kw, BOB);
    let old = text(&session, "accessToken");
    let before = seen(kw, &old);
    let document = format!(
        "mutation {{ setUserRole(setUserRoleInput: {{ userId: \"{bob}\", role: \"manager\" }}) {{ success }} }}"
    );
    let body = kw.asks(PATH, &document, Some(&owner)).body;
    assert_eq!(body, r#"{"data":{"setUserRole":{"success":true}}}"#);
    assert_eq!(seen(kw, &old), before, "the token decides");
    let body = kw.asks(PATH, "{ users { id } }", Some(&old)).json();
    assert_eq!(body.get("data"), None, "{body}");
    let refreshed = kw.refresh(&text(&session, "refreshToken")).tokens();
    let new = refreshed.0;
    assert!(seen(kw, &new).is_superset(&before) && seen(kw, &new) != before);
    let users = kw
        .asks(PATH, "{ users { id email role } }", Some(&new))
        .json();
    assert_eq!(
        users["data"]["users"].as_array().unwrap().len(),
        2,
        "{users}"
    );
    // What is taken away is gone at once: the old token is none any more.
    join_demo(kw, bob, "viewer");
    let body = kw.asks(PATH, "{ users { id } }", Some(&new)).json();
    assert_eq!(
        body["errors"][0]["extensions"]["code"],
        json!("TOKEN_EXPIRED")
    );
    assert_eq!(seen(kw, &sign_in_to_demo(kw, BOB)), before);
});

fn login_of(kw: &TestKeyward, email: &str) -> Value {
    let variables = json!({
        "email": email, "organizationName": "demo", "password": crate::support::PASSWORD,
    });
    let body = json!({ "query": super::seeds::HALTIAN_LOGIN, "variables": variables });
    kw.asks_with(PATH, &body, None).json()["data"]["login"].clone()
}

// The name of a fragment is the caller's own, and stands in no schema.
both!(
    graphql_10_h_35_an_unknown_fragment_is_told_by_its_name,
    |kw| {
        let (_, viewer) = in_demo_as(kw, ALICE, "viewer");
        for (document, message) in [
            ("{ viewer { ...Foo } }", "Unknown fragment: \"Foo\"."),
            (
                "{ viewer { ...RemoveUserInput } }",
                "Unknown fragment: \"RemoveUserInput\".",
            ),
            (
                "{ viewer { id } } fragment users on Viewer { id }",
                "Fragment \"users\" is never used.",
            ),
        ] {
            let body = kw.asks(PATH, document, Some(&viewer)).json();
            assert_eq!(body["errors"][0]["message"], message, "{document}");
        }
        let body = kw.asks(PATH, "{ viewer { ...Foo } }", None).body;
        assert!(!body.contains("Foo"), "{body}");
    }
);
