//! By the interface nobody takes the only administrator away: nobody could undo it there.

use serde_json::json;

use super::{ALICE, ROOT, administrator, of};
use crate::support::{PASSWORD, TestKeyward};

/// How many may administer.
fn administrators(kw: &TestKeyward) -> i64 {
    kw.count(
        "account_roles JOIN accounts ON accounts.id = account_roles.account_id \
         WHERE role = 'administrator' AND enabled",
    )
}

both!(the_only_administrator_stays, |kw| {
    let (root, token) = administrator(kw);
    // One who is disabled is none.
    let other = kw.add(ALICE, None, true);
    keyward::service::accounts::administer::set_enabled(&kw.kw, other, false).unwrap();
    let before = kw.state();
    let body = json!({ "enabled": false });
    let disable = kw.ask("PATCH", &of(root, "")).bearer(&token).json(&body);
    disable.send().refused(409, "CONFLICT");
    let take = kw.delete(&of(root, "/roles/administrator")).bearer(&token);
    take.send().refused(409, "CONFLICT");
    let delete = kw.delete(&of(root, "")).bearer(&token);
    delete.send().refused(409, "CONFLICT");
    assert_eq!(kw.state(), before);
});

// Nor at the command line: whoever is there gives the role to another one first.
both!(an_operator_takes_it_from_nobody_who_is_the_last, |kw| {
    let (root, token) = administrator(kw);
    let take = |kw: &TestKeyward| {
        keyward::service::accounts::administer::take_role(&kw.kw, root, "administrator")
    };
    let error = take(kw).unwrap_err();
    assert_eq!(error.code, keyward::service::Code::Conflict);
    assert_eq!((administrators(kw), kw.me(&token)), (1, 200));
    kw.add(ALICE, None, true);
    take(kw).unwrap();
    assert_eq!(administrators(kw), 1);
});

// One who can not sign in could not administer either.
both!(only_who_can_sign_in_is_another_administrator, |kw| {
    let (root, token) = administrator(kw);
    let body = json!({ "email": ALICE, "role": "administrator" });
    let invited = kw.post("/users/invite").bearer(&token).json(&body).send();
    assert_eq!(invited.status, 204, "{invited:?}");
    let body = json!({ "email": "bob@example.com", "role": "administrator" });
    let made = kw.post("/admin/accounts").bearer(&token).json(&body).send();
    assert_eq!(made.status, 201, "{made:?}");
    let before = kw.state();
    let body = json!({ "enabled": false });
    let disable = kw.ask("PATCH", &of(root, "")).bearer(&token).json(&body);
    disable.send().refused(409, "CONFLICT");
    let take = kw.delete(&of(root, "/roles/administrator")).bearer(&token);
    take.send().refused(409, "CONFLICT");
    let body = json!({ "password": PASSWORD });
    let leave = kw.delete("/auth/me").bearer(&token).json(&body).send();
    leave.refused(409, "CONFLICT");
    assert_eq!(kw.state(), before);
});

both!(
    who_must_prove_an_address_first_is_no_other_administrator,
    &[("KEYWARD_REQUIRE_VERIFIED_EMAIL", "on")],
    |kw| {
        let root = kw.add(ROOT, None, true);
        kw.sql("UPDATE accounts SET verified = TRUE");
        kw.add(ALICE, None, true);
        let (token, _) = kw.sign_in(ROOT, PASSWORD).tokens();
        let path = of(root, "/roles/administrator");
        let take = kw.delete(&path).bearer(&token).send();
        take.refused(409, "CONFLICT");
        assert_eq!(administrators(kw), 2);
        kw.sql("UPDATE accounts SET verified = TRUE");
        assert_eq!(kw.delete(&path).bearer(&token).send().status, 204);
        assert_eq!(administrators(kw), 1);
    }
);

both!(one_s_own_account_is_deleted_with_a_password, |kw| {
    let (root, token) = administrator(kw);
    kw.add(ALICE, None, true);
    let answer = kw.delete(&of(root, "")).bearer(&token).send();
    answer.refused(409, "CONFLICT");
    assert!(answer.body.contains("DELETE /auth/me"), "{answer:?}");
    assert_eq!(kw.me(&token), 200);
});

// Each would find the other, or wait for the other for ever.
both!(two_at_once_do_not_take_each_other_away, |kw| {
    let names = [ROOT, ALICE];
    let ids = names.map(|name| kw.add(name, None, true));
    for _ in 0..5 {
        let tokens = names.map(|name| kw.sign_in(name, PASSWORD).tokens().0);
        let body = json!({ "enabled": false });
        let asks = (0..2).map(|at| {
            let other = of(ids[1 - at], "");
            kw.ask("PATCH", &other).bearer(&tokens[at]).json(&body)
        });
        let answers = kw.all(asks.collect());
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{answers:?}");
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            assert!(matches!(lost.status, 401 | 409), "{lost:?}");
        }
        assert_eq!(administrators(kw), 1);
        for id in ids {
            keyward::service::accounts::administer::set_enabled(&kw.kw, id, true).unwrap();
        }
    }
});
