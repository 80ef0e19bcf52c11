//! What nobody undoes a person does (docs/decisions/0177).

use serde_json::json;

use super::{ALICE, administrator, done, of};
use crate::organizations::{make, person};
use crate::support::{PASSWORD, text};

both!(attack_l20_no_key_deletes_a_person, |kw| {
    let (root, token) = administrator(kw);
    let other = kw.add("bob@example.com", None, true);
    let alice = kw.account(ALICE);
    let key = kw.key_in(root, &["admin"], None);
    let before = kw.state();
    for id in [alice, other] {
        let refused = kw.delete(&of(id, "")).bearer(&key).send();
        refused.refused(403, "FORBIDDEN");
        assert!(refused.body.contains("API key"), "{refused:?}");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    // A machine it made, and takes away.
    let machine = kw.machine("ci-bot", &[]);
    done(kw, "DELETE", &of(machine, ""), &key);
    let gone = kw.delete(&of(machine, "")).bearer(&key).send();
    gone.refused(404, "NOT_FOUND");
    done(kw, "DELETE", &of(alice, ""), &token);
});

both!(
    attack_l20_no_key_deletes_an_organization_by_the_word_admin,
    |kw| {
        let (root, token) = administrator(kw);
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let key = kw.key_in(root, &["admin", "organization:delete"], None);
        for path in [
            "/admin/organizations/",
            "/auth/organizations/",
            "/v1/api/accounts/",
        ] {
            let refused = kw.delete(&format!("{path}{acme}")).bearer(&key).send();
            assert_eq!(refused.status, 403, "{refused:?}");
            assert_eq!(kw.count("organizations"), 1);
        }
        done(
            kw,
            "DELETE",
            &format!("/admin/organizations/{acme}"),
            &token,
        );
        // Of one's own, by the word that says so.
        let own = make(kw, &token, "Own");
        let path = format!("/auth/organizations/{own}");
        done(kw, "DELETE", &path, &key);
        assert_eq!(kw.count("organizations"), 0);
    }
);

both!(attack_l20_what_a_key_does_can_be_undone, |kw| {
    let (root, _) = administrator(kw);
    let alice = kw.account(ALICE);
    let key = kw.key_in(root, &["admin"], None);
    let body = json!({ "enabled": false });
    let off = kw.ask("PATCH", &of(alice, "")).bearer(&key).json(&body);
    assert_eq!(off.send().status, 200);
    let on = json!({ "enabled": true });
    let on = kw
        .ask("PATCH", &of(alice, ""))
        .bearer(&key)
        .json(&on)
        .send();
    assert_eq!(text(&on.json(), "email"), ALICE);
});
