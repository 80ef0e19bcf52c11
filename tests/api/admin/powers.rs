//! What an administrator does in person alone, with a fresh proof, and not to themselves; and what
//! whoever makes links may open.

use serde_json::{Value, json};

use super::{ALICE, OTHER, ROOT, administrator, of};
use crate::support::{PASSWORD, TestKeyward};

const HOUR: &[(&str, &str)] = &[("KEYWARD_STEP_UP_MAX_AGE", "1h")];

both!(no_key_makes_a_password_a_person_or_a_power, |kw| {
    let (root, token) = administrator(kw);
    let alice = kw.add_verified(ALICE);
    kw.enrol_totp(&kw.sign_in(ALICE, PASSWORD).tokens().0);
    let key = kw.key_in(root, &["admin"], None);
    let role = json!({ "name": "reader", "scope": "service", "permissions": ["x:read"] });
    let made = kw.post("/auth/roles").bearer(&token).json(&role).send();
    assert_eq!(made.status, 201, "{made:?}");
    let held = keyward::service::accounts::administer::grant_role(&kw.kw, alice, "reader");
    held.unwrap();
    keyward::service::accounts::administer::set_enabled(&kw.kw, alice, false).unwrap();
    let before = kw.state();
    let asks: [(&str, String, Value); 13] = [
        // Nobody makes good again what it ends (attack_m13).
        (
            "POST",
            "/admin/signing-keys/replace-compromised".into(),
            json!({}),
        ),
        ("DELETE", "/auth/roles/reader".into(), json!({})),
        // Applications let in whoever is called so (attack_m14).
        ("PATCH", of(alice, ""), json!({ "username": "root" })),
        (
            "POST",
            "/admin/accounts".into(),
            json!({ "kind": "machine", "username": "Postmaster" }),
        ),
        // Whoever found the key may hold the role that it widens.
        (
            "PATCH",
            "/auth/roles/reader".into(),
            json!({ "permissions": ["account:reset-link"] }),
        ),
        ("PATCH", of(alice, ""), json!({ "enabled": true })),
        (
            "POST",
            "/admin/accounts".into(),
            json!({ "email": "x@example.com", "password": OTHER }),
        ),
        (
            "POST",
            "/admin/accounts".into(),
            json!({ "email": "x@example.com", "role": "administrator" }),
        ),
        (
            "POST",
            "/admin/accounts".into(),
            json!({ "kind": "machine", "username": "robot", "role": "administrator" }),
        ),
        (
            "POST",
            "/admin/invitations".into(),
            json!({ "email": "x@example.com", "role": "administrator" }),
        ),
        ("POST", of(alice, "/password"), json!({ "password": OTHER })),
        ("DELETE", of(alice, "/second-factor"), json!({})),
        ("PUT", of(alice, "/roles/administrator"), json!({})),
    ];
    for (method, path, body) in asks {
        let answer = kw.ask(method, &path).bearer(&key).json(&body).send();
        answer.refused(403, "FORBIDDEN");
        assert!(answer.body.contains("API key"), "{answer:?}");
    }
    assert_eq!(kw.state(), before);
    assert_eq!(kw.count("invitations"), 0);
    // What gives nobody a power it does, and a person does all of it.
    let body = json!({ "kind": "machine", "username": "robot" });
    let made = kw.post("/admin/accounts").bearer(&key).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    let path = of(alice, "/second-factor");
    let reset = kw.delete(&path).bearer(&token).send();
    assert_eq!(reset.status, 204, "{reset:?}");
});

both!(nobody_goes_round_the_proof_by_their_own_account, |kw| {
    let (root, token) = administrator(kw);
    kw.enrol_in_directus(&token);
    let factor = kw.count("factors");
    let body = json!({ "password": OTHER });
    let own = kw.post(&of(root, "/password")).bearer(&token);
    let own = own.json(&body).send();
    own.refused(409, "CONFLICT");
    assert!(own.body.contains("/auth/password/change"), "{own:?}");
    let own = kw.delete(&of(root, "/second-factor")).bearer(&token).send();
    own.refused(409, "CONFLICT");
    assert!(own.body.contains("/auth/mfa/totp"), "{own:?}");
    let link = kw.post("/admin/password-reset-link").bearer(&token);
    let link = link.json(&json!({ "email": ROOT })).send();
    link.refused(409, "CONFLICT");
    assert_eq!(kw.count("factors"), factor);
    assert_eq!(kw.count("one_time_codes"), 0);
});

both!(
    enabling_who_holds_a_role_asks_for_a_fresh_proof,
    HOUR,
    |kw| {
        let (_, token) = administrator(kw);
        let powerful = kw.add("bob@example.com", None, true);
        let alice = kw.account(ALICE);
        for id in [powerful, alice] {
            keyward::service::accounts::administer::set_enabled(&kw.kw, id, false).unwrap();
        }
        let refresh = kw.sign_in(ROOT, PASSWORD).tokens().1;
        drop(token);
        kw.advance(3601);
        let token = kw.refresh(&refresh).tokens().0;
        let enable = json!({ "enabled": true });
        let asked = kw
            .ask("PATCH", &of(powerful, ""))
            .bearer(&token)
            .json(&enable);
        asked.send().refused(401, "STEP_UP_REQUIRED");
        let asked = kw.ask("PATCH", &of(alice, "")).bearer(&token).json(&enable);
        assert_eq!(asked.send().status, 200);
        kw.sign_in("bob@example.com", PASSWORD)
            .refused(401, "INVALID_CREDENTIALS");
    }
);

/// Whoever may make links and nothing else.
fn link_maker(kw: &TestKeyward) -> String {
    let words: &[&str] = &["account:reset-link"];
    kw.define_role("linker", words);
    let machine = kw.machine("shop", &["linker"]);
    kw.key_in(machine, words, None)
}

fn link(kw: &TestKeyward, token: &str, email: &str) -> crate::support::Answer {
    let asked = kw.post("/admin/password-reset-link").bearer(token);
    asked.json(&json!({ "email": email })).send()
}

both!(who_makes_links_makes_none_for_who_may_more, |kw| {
    let (_, token) = administrator(kw);
    let key = link_maker(kw);
    let helper = kw.account("helper@example.com");
    keyward::service::accounts::administer::grant_role(&kw.kw, helper, "linker").unwrap();
    kw.account(ALICE);
    for email in [ROOT, "helper@example.com"] {
        link(kw, &key, email).refused(403, "FORBIDDEN");
    }
    assert_eq!(kw.count("one_time_codes"), 0);
    assert_eq!(link(kw, &key, ALICE).status, 200);
    // An administrator in person does, and a key of theirs does not.
    assert_eq!(link(kw, &token, "helper@example.com").status, 200);
    let helper_key = kw.key_in(
        crate::support::account_of(&token),
        &["admin", "account:reset-link"],
        None,
    );
    link(kw, &helper_key, "helper@example.com").refused(403, "FORBIDDEN");
});

/// The code of a link.
fn code(answer: &crate::support::Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let link = crate::support::text(&answer.json(), "link");
    let (_, rest) = link.split_once("oobCode=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

both!(a_link_that_a_program_made_proves_no_address, |kw| {
    let (_, token) = administrator(kw);
    let key = link_maker(kw);
    for (maker, email, proven) in [(&key, ALICE, false), (&token, "bob@example.com", true)] {
        let id = kw.account(email);
        let body = json!({ "token": code(&link(kw, maker, email)), "password": OTHER });
        let reset = kw.post("/auth/password/reset").json(&body).send();
        assert_eq!(reset.status, 204, "{reset:?}");
        assert_eq!(kw.sign_in(email, OTHER).status, 200);
        let of = format!("emails WHERE account_id = '{id}' AND verified");
        assert_eq!(kw.count(&of) == 1, proven, "{email}");
    }
});

/// The code of a link.
fn code_of(link: &crate::support::Answer) -> String {
    assert_eq!(link.status, 200, "{link:?}");
    let link = crate::support::text(&link.json(), "link");
    let code = link.split_once("oobCode=").unwrap().1;
    code.split('&').next().unwrap().to_owned()
}

fn use_code(kw: &TestKeyward, code: &str) -> crate::support::Answer {
    let body = json!({ "token": code, "password": OTHER });
    kw.post("/auth/password/reset").json(&body).send()
}

/// The same answer as for a code that never was, and nothing is changed by it.
#[track_caller]
fn opens_nothing(kw: &TestKeyward, code: &str) {
    let before = kw.state();
    let codes = kw.count("one_time_codes");
    let refused = use_code(kw, code);
    refused.refused(400, "INVALID_CODE");
    let unknown = use_code(kw, "kwo1_nobody");
    assert_eq!(refused.body, unknown.body);
    assert_eq!(kw.state(), before);
    assert_eq!(kw.count("one_time_codes"), codes, "nothing is deleted");
}

const MAKER: &str = "maker@example.com";

both!(l10_a_link_is_worth_what_its_maker_may_now, |kw| {
    use keyward::service::accounts::administer::{grant_role, set_enabled, take_role};
    let root = kw.add_verified(ROOT);
    grant_role(&kw.kw, root, "administrator").unwrap();
    let maker = kw.add(MAKER, None, true);
    let token = kw.sign_in(MAKER, PASSWORD).tokens().0;
    let code = code_of(&link(kw, &token, ROOT));
    take_role(&kw.kw, maker, "administrator").unwrap();
    opens_nothing(kw, &code);
    // Whoever may make links, and none for an administrator.
    let words: &[&str] = &["account:reset-link"];
    kw.define_role("linker", words);
    grant_role(&kw.kw, maker, "linker").unwrap();
    opens_nothing(kw, &code);
    take_role(&kw.kw, maker, "linker").unwrap();
    grant_role(&kw.kw, maker, "administrator").unwrap();
    set_enabled(&kw.kw, maker, false).unwrap();
    opens_nothing(kw, &code);
    assert_eq!(kw.sign_in(ROOT, PASSWORD).status, 200);
    kw.sign_in(ROOT, OTHER).refused(401, "INVALID_CREDENTIALS");
    // Whoever gets the right back has made it.
    set_enabled(&kw.kw, maker, true).unwrap();
    assert_eq!(use_code(kw, &code).status, 204);
    assert_eq!(kw.sign_in(ROOT, OTHER).status, 200);
});

both!(
    l10_a_link_of_a_key_ends_with_it_and_with_the_rise_of_its_account,
    |kw| {
        use keyward::service::accounts::administer::{grant_role, take_role};
        let (_, token) = administrator(kw);
        let key = link_maker(kw);
        let alice = kw.account(ALICE);
        let code = code_of(&link(kw, &key, ALICE));
        // A word of the whole service is enough.
        for role in ["administrator", "linker"] {
            grant_role(&kw.kw, alice, role).unwrap();
            opens_nothing(kw, &code);
            take_role(&kw.kw, alice, role).unwrap();
        }
        let id = kw.rows("SELECT id AS line FROM api_keys");
        let revoked = kw.delete(&format!("/admin/api-keys/{}", id[0]));
        assert_eq!(revoked.bearer(&token).send().status, 204);
        opens_nothing(kw, &code);
        assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
        // One whose key lives and whose account may not any more.
        let machine = kw.machine("second", &["linker"]);
        let key = kw.key_in(machine, &["account:reset-link"], None);
        let code = code_of(&link(kw, &key, ALICE));
        take_role(&kw.kw, machine, "linker").unwrap();
        opens_nothing(kw, &code);
        grant_role(&kw.kw, machine, "linker").unwrap();
        assert_eq!(use_code(kw, &code).status, 204);
        assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    }
);

both!(l10_a_link_of_who_administers_no_more_proves_nothing, |kw| {
    use keyward::service::accounts::administer::{grant_role, take_role};
    administrator(kw);
    kw.account(ALICE);
    let maker = kw.add(MAKER, None, true);
    let token = kw.sign_in(MAKER, PASSWORD).tokens().0;
    let code = code_of(&link(kw, &token, ALICE));
    kw.define_role("linker", &["account:reset-link"]);
    grant_role(&kw.kw, maker, "linker").unwrap();
    take_role(&kw.kw, maker, "administrator").unwrap();
    let proven = "SELECT canonical AS line FROM emails WHERE verified";
    let before = kw.rows(proven);
    assert_eq!(use_code(kw, &code).status, 204);
    assert_eq!(kw.sign_in(ALICE, OTHER).status, 200);
    assert_eq!(kw.rows(proven), before);
});

both!(
    attack_m14_a_name_that_opens_is_given_with_a_fresh_proof,
    HOUR,
    |kw| {
        let (root, _) = administrator(kw);
        let alice = kw.add_verified(ALICE);
        let key = kw.key_in(root, &["admin"], None);
        let (mut token, refresh) = kw.sign_in(ROOT, PASSWORD).tokens();
        let rename = |token: &str, name: &str| {
            let body = json!({ "username": name, "firstName": "Alice" });
            kw.ask("PATCH", &of(alice, ""))
                .bearer(token)
                .json(&body)
                .send()
        };
        assert_eq!(rename(&token, "alice").status, 200);
        kw.advance(3601);
        token = kw.refresh(&refresh).tokens().0;
        let before = kw.state();
        rename(&token, "boss").refused(401, "STEP_UP_REQUIRED");
        rename(&key, "boss").refused(403, "FORBIDDEN");
        assert_eq!(kw.state(), before);
        // The name that it has already names nobody anew.
        for token in [&token, &key] {
            assert_eq!(rename(token, "Alice").status, 200);
        }
        let fresh = kw.sign_in(ROOT, PASSWORD).tokens().0;
        assert_eq!(rename(&fresh, "boss").status, 200);
    }
);
