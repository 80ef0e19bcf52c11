//! What roles and API keys hold from before it was refused is told to the operator.

use std::collections::BTreeSet;

use keyward::service::accounts::administer;
use keyward::service::roles::obsolete_permissions;
use serde_json::json;

use super::{ALICE, id_of, make, person};

both!(operators_58_what_a_list_leaves_out_is_told, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    assert_eq!(
        obsolete_permissions::look(&kw.kw).unwrap(),
        Vec::<String>::new()
    );
    let path = format!("/auth/organizations/{acme}/roles");
    let words = ["device:read", "device:update", "organization:read"];
    let body = json!({ "name": "Fitter", "permissions": words });
    let made = kw.post(&path).bearer(&alice).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    kw.define_role("editor", &["page:write"]);
    administer::grant_role(&kw.kw, id_of(&alice), "editor").unwrap();
    kw.key(id_of(&alice), &["page:write"]);
    let key = kw.keys_of(id_of(&alice))[0].id;
    // Where no list is set, every word is one.
    assert_eq!(
        obsolete_permissions::look(&kw.kw).unwrap(),
        Vec::<String>::new()
    );
    let settings = [("KEYWARD_PERMISSIONS", "device:read")];
    let told = obsolete_permissions::look(&kw.replica_with(&settings).kw).unwrap();
    let of = |line: &str| line.split(", ").next().unwrap().to_owned();
    let told: BTreeSet<String> = told.iter().map(|line| of(line)).collect();
    let whole = [
        format!("the role \"Fitter\" of the organization {acme} holds device:update"),
        "the role \"editor\" holds page:write".to_owned(),
        format!("the API key {key} holds page:write"),
    ];
    assert_eq!(told, BTreeSet::from(whole));
    let settings = [(
        "KEYWARD_PERMISSIONS",
        "device:read,device:update,page:write",
    )];
    let told = obsolete_permissions::look(&kw.replica_with(&settings).kw).unwrap();
    assert_eq!(told, Vec::<String>::new());
});

both!(
    attack_m12_an_operator_is_told_of_what_counts_nowhere,
    |kw| {
        kw.define_role("s", &["organization:update", "device:read"]);
        let told = obsolete_permissions::look(&kw.kw).unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        let words = "role \"s\" holds organization:update";
        assert!(told[0].contains(words), "{told:?}");
    }
);
