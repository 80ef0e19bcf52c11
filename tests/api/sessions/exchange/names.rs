//! Whose names a successor tells: those of now.

use keyward::service::accounts::administer;
use serde_json::{Value, json};

use super::{exchange, exchanged};
use crate::organizations::{change, id_of, make, member, path_of, person};
use crate::support::{Forge, PASSWORD, TestKeyward, text};

fn rename(kw: &TestKeyward, access: &str, username: &str) {
    let asked = kw.ask("PATCH", "/auth/me").bearer(access);
    let renamed = asked.json(&json!({ "username": username })).send();
    assert_eq!(renamed.status, 200, "{renamed:?}");
}

both!(a_successor_tells_no_name_that_is_somebody_elses, |kw| {
    kw.add("one@example.com", Some("boss"), false);
    kw.add("two@example.com", Some("two"), false);
    let proven = "UPDATE accounts SET verified = TRUE";
    kw.execute(proven, proven);
    let one = text(&kw.login("one@example.com"), "access_token");
    assert_eq!(Forge::claims_of(&one)["preferred_username"], "boss");
    rename(kw, &one, "former");
    let two = text(&kw.login("two@example.com"), "access_token");
    rename(kw, &two, "boss");
    // No token goes on with a name that was given up.
    let old = kw.get("/auth/verify").bearer(&one).send();
    old.refused(401, "TOKEN_EXPIRED");
    let young = exchanged(kw, &one);
    let claims = Forge::claims_of(&young);
    assert_eq!(claims["preferred_username"], "former");
    let verified = kw.get("/auth/verify").bearer(&young).send();
    assert_eq!(verified.header("remote-user"), Some("former"));
});

both!(
    a_successor_tells_no_address_that_is_not_the_accounts,
    |kw| {
        let id = kw.add("one@example.com", None, false);
        let proven = "UPDATE accounts SET verified = TRUE";
        kw.execute(proven, proven);
        let one = text(&kw.login("one@example.com"), "access_token");
        assert_eq!(Forge::claims_of(&one)["email"], "one@example.com");
        let unproven = "UPDATE accounts SET verified = FALSE";
        kw.execute(unproven, unproven);
        let claims = Forge::claims_of(&exchanged(kw, &one));
        assert_eq!(claims["sub"], json!(id));
        assert!(claims.get("email").is_none_or(Value::is_null), "{claims}");
    }
);

// A name in other letters is the same one: nothing is taken from anybody.
both!(a_name_in_other_letters_outdates_no_token, |kw| {
    let id = kw.add("one@example.com", Some("boss"), false);
    let one = text(&kw.login("one@example.com"), "access_token");
    rename(kw, &one, "Boss");
    assert_eq!(kw.me(&one), 200);
    let edit = administer::Patch {
        enabled: None,
        edit: Some(keyward::service::accounts::profile_edit::Edit {
            username: keyward::domain::identifier::Username::parse("other"),
            ..Default::default()
        }),
    };
    administer::edit_account(&kw.kw, id, edit).unwrap();
    assert_eq!(kw.me(&one), 401);
});

both!(
    a_role_of_the_organization_that_was_changed_is_not_revived,
    |kw| {
        let alice = person(kw, "alice@example.com");
        let acme = make(kw, &alice, "Acme");
        let roles = format!("/auth/organizations/{acme}/roles");
        for name in ["approver", "observer"] {
            let body = json!({ "name": name, "permissions": ["thing:read"] });
            assert_eq!(
                kw.post(&roles).bearer(&alice).json(&body).send().status,
                201
            );
        }
        let (bob, _) = member(kw, &alice, &acme, ("bob@example.com", "approver"));
        let kept = exchanged(kw, &bob);
        assert_eq!(Forge::claims_of(&kept)["role"], "approver");
        let path = path_of(&acme, id_of(&bob));
        let changed = change(kw, &alice, &path, &json!({ "role": "observer" }));
        assert_eq!(changed.status, 204, "{changed:?}");
        exchange(kw, &kept).refused(401, "INVALID_TOKEN");
        let body =
            json!({ "email": "bob@example.com", "password": PASSWORD, "organizationId": acme });
        let (new, _) = kw.post("/auth/login").json(&body).send().tokens();
        assert_eq!(Forge::claims_of(&exchanged(kw, &new))["role"], "observer");
    }
);
