//! Whoever administers must do so still when the deed is done: a body, a hash and a lock are waited
//! for after the guard has read the token.

use std::sync::Barrier;

use keyward::service::Code;
use keyward::service::accounts::administer;
use serde_json::json;

use super::{ALICE, OTHER, ROOT, administrator, of};
use crate::support::{PASSWORD, TestKeyward, actor};

const BOB: &str = "bob@example.com";

/// An administrator beside the one whose token this is, so that the role can be taken.
fn two(kw: &TestKeyward) -> (keyward::domain::id::AccountId, String) {
    kw.add(BOB, None, true);
    administrator(kw)
}

both!(who_was_demoted_while_the_body_came_does_nothing, |kw| {
    let (root, _) = two(kw);
    let alice = kw.add_verified(ALICE);
    let posts = [
        (
            "/admin/accounts".to_owned(),
            json!({ "email": "x@example.com", "password": OTHER, "role": "administrator" }),
        ),
        (of(alice, "/password"), json!({ "password": OTHER })),
        (
            "/admin/password-reset-link".to_owned(),
            json!({ "email": ALICE }),
        ),
        (
            "/admin/invitations".to_owned(),
            json!({ "email": "y@example.com", "role": "administrator" }),
        ),
        (
            "/auth/roles".to_owned(),
            json!({ "name": "new", "scope": "service", "permissions": [] }),
        ),
    ];
    for (path, body) in posts {
        administer::grant_role(&kw.kw, root, "administrator").unwrap();
        let (token, _) = kw.sign_in(ROOT, PASSWORD).tokens();
        let inner = kw.kw.clone();
        let asked = kw.post(&path).bearer(&token);
        let answer = asked.dripped(&body, move || {
            administer::take_role(&inner, root, "administrator").unwrap();
        });
        answer.refused(401, "TOKEN_EXPIRED");
    }
    assert_eq!(kw.count("accounts"), 3);
    assert_eq!(kw.count("invitations"), 0);
    assert_eq!(kw.count("one_time_codes"), 0);
    assert_eq!(kw.count("roles WHERE name = 'new'"), 0);
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
});

// The same body with the role still there is taken.
both!(a_body_that_comes_late_is_a_body, |kw| {
    let (_, token) = administrator(kw);
    let body = json!({ "email": ALICE });
    let answer = kw
        .post("/admin/accounts")
        .bearer(&token)
        .dripped(&body, || {});
    assert_eq!(answer.status, 201, "{answer:?}");
});

// A key is judged as of when it was read.
both!(a_key_whose_account_was_demoted_does_nothing, |kw| {
    let (root, _) = two(kw);
    let key = kw.key_in(root, &["admin"], None);
    let inner = kw.kw.clone();
    let asked = kw.post("/admin/accounts").bearer(&key);
    let answer = asked.dripped(&json!({ "email": "x@example.com" }), move || {
        administer::take_role(&inner, root, "administrator").unwrap();
    });
    answer.refused(401, "TOKEN_EXPIRED");
    assert_eq!(kw.count("accounts"), 2);
});

both!(of_two_who_demote_each_other_at_once_one_succeeds, |kw| {
    let replica = kw.replica();
    for round in 0..6 {
        let emails = [
            format!("a{round}@example.com"),
            format!("b{round}@example.com"),
        ];
        let ids = [0, 1].map(|it: usize| kw.add(&emails[it], None, true));
        let tokens = [0, 1].map(|it: usize| kw.sign_in(&emails[it], PASSWORD).tokens().0);
        replica.catch_up();
        let actors = [actor(&kw.kw, &tokens[0]), actor(&replica.kw, &tokens[1])];
        let start = Barrier::new(2);
        let done = std::thread::scope(|scope| {
            let threads = [0, 1].map(|it: usize| {
                let (start, actor) = (&start, &actors[it]);
                let (service, other) = ([&kw.kw, &replica.kw][it].clone(), ids[1 - it]);
                scope.spawn(move || {
                    start.wait();
                    administer::take_role((&service, actor), other, "administrator")
                })
            });
            threads.map(|it| it.join().unwrap())
        });
        let succeeded = done.iter().filter(|it| it.is_ok()).count();
        assert_eq!(succeeded, 1, "{done:?}");
        let refused = done.into_iter().find_map(Result::err).unwrap();
        assert!(
            matches!(refused.code, Code::TokenExpired | Code::Forbidden),
            "{refused:?}"
        );
        kw.catch_up();
        replica.catch_up();
    }
});
