//! A second factor that is demanded is no key's affair: who found a key would lift what stands in the
//! way of whoever has a password besides (docs/decisions/0156, 0178).

use serde_json::{Value, json};

use super::{ALICE, ROOT, made, root};
use crate::organizations::{make, person};
use crate::support::{Answer, PASSWORD, TestKeyward, account_of};

const DEMANDS: &str = "SELECT name || ' ' || COALESCE(CAST(factor_from AS TEXT), '-') AS line \
                       FROM organizations UNION ALL \
                       SELECT name || ' ' || COALESCE(CAST(factor_from AS TEXT), '-') FROM roles \
                       ORDER BY 1";

fn patch(kw: &TestKeyward, token: &str, path: &str, body: &Value) -> Answer {
    kw.ask("PATCH", path).bearer(token).json(body).send()
}

both!(attack_m11_no_key_lifts_or_sets_a_demand, |kw| {
    let root = root(kw);
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let own = format!("/auth/organizations/{acme}");
    let role = json!({ "name": "Fitter", "permissions": ["organization:read"] });
    let roles = format!("{own}/roles");
    let new = kw.post(&roles).bearer(&alice).json(&role).send();
    assert_eq!(new.status, 201, "{new:?}");
    let shared = json!({ "name": "Mechanic", "scope": "organization", "permissions": [] });
    let new = kw.post("/auth/roles").bearer(&root).json(&shared).send();
    assert_eq!(new.status, 201, "{new:?}");
    let of_acme = format!("{roles}/Fitter");
    let of_service = format!("/admin/organizations/{acme}");
    let later = (kw.kw.clock.now().seconds() + 86_400) * 1000;
    let demand = json!({ "mfaRequiredFrom": later });
    // A demand outdates the tokens of those whom it is made of.
    for (by, path) in [
        (ALICE, &own),
        (ALICE, &of_acme),
        (ROOT, &"/auth/roles/Mechanic".to_owned()),
    ] {
        let by = kw.sign_in(by, PASSWORD).tokens().0;
        let set = patch(kw, &by, path, &demand);
        assert_eq!(set.status, 200, "{set:?}");
    }
    let (admin, _) = made(kw, &root, ("ci", &["admin", "organization:update"]));
    let key = {
        // What the owner holds nowhere else a key of hers may hold in her organization.
        let id = acme.parse().unwrap();
        let owner = account_of(&alice);
        kw.key_in(
            owner,
            &["organization:read", "organization:update", "role:manage"],
            Some(id),
        )
    };
    let before = kw.rows(DEMANDS);
    let bodies = [
        json!({ "mfaRequiredFrom": null }),
        json!({ "mfaRequiredFrom": later + 1000 }),
        json!({ "mfaRequiredFrom": null, "name": "Other" }),
    ];
    for body in &bodies {
        for (by, path) in [(&key, &own), (&admin, &own), (&admin, &of_service)] {
            let refused = patch(kw, by, path, body);
            refused.refused(403, "FORBIDDEN");
            assert!(refused.body.contains("person"), "{refused:?}");
        }
    }
    for body in &bodies[..2] {
        for path in [&of_acme, &"/auth/roles/Mechanic".to_owned()] {
            let by = if path == &of_acme { &key } else { &admin };
            let refused = patch(kw, by, path, body);
            refused.refused(403, "FORBIDDEN");
            assert!(refused.body.contains("person"), "{refused:?}");
        }
    }
    assert_eq!(kw.rows(DEMANDS), before);
    // What is no demand it changes as before, and a person lifts one.
    let renamed = patch(kw, &key, &own, &json!({ "name": "Acme Oy" }));
    assert_eq!(renamed.status, 200, "{renamed:?}");
    let renamed = patch(kw, &admin, &of_service, &json!({ "name": "Acme" }));
    assert_eq!(renamed.status, 200, "{renamed:?}");
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    let lifted = patch(kw, &alice, &own, &json!({ "mfaRequiredFrom": null }));
    assert_eq!(lifted.status, 200, "{lifted:?}");
    // A stranger's key learns nothing by it.
    let theirs = make(kw, &person(kw, "carol@example.com"), "Theirs");
    let path = format!("/auth/organizations/{theirs}");
    patch(kw, &key, &path, &bodies[0]).refused(404, "NOT_FOUND");
});
