//! A guest registers: the account's id stays, the guest's tokens end (P-15, P-16; A1,
//! A2, A5, A6).

use keyward::domain::session::EndReason;
use keyward::service::Code;
use serde_json::json;

use crate::support::{Fault, account_of};

both!(p15_p16_a1_the_account_stays_and_the_tokens_end, |kw| {
    let (access, refresh) = kw.guest();
    let id = account_of(&access);
    let replica = kw.replica();
    assert_eq!(replica.me(&access), 200);
    kw.register_guest(&access, "alice@example.com")
        .unwrap()
        .unwrap();
    let row = format!(
        "accounts WHERE id = '{id}' AND email = 'alice@example.com' AND \
         email_canonical = 'alice@example.com' AND NOT anonymous"
    );
    assert_eq!(kw.count(&row), 1);
    kw.assert_ended(&access, &[&refresh], EndReason::Revoked);
    replica.catch_up();
    assert_eq!(replica.me(&access), 401);
    let exchange = kw.get(&format!("/auth/token?token={access}")).send();
    exchange.refused(401, "INVALID_TOKEN");
});

// A6: the grace is for tabs of one session, and this session is over.
both!(a6_the_old_refresh_token_is_refused_inside_the_grace, |kw| {
    let (_, zero) = kw.guest();
    let (access, one) = kw.refresh(&zero).tokens();
    kw.register_guest(&access, "alice@example.com")
        .unwrap()
        .unwrap();
    for token in [&zero, &one] {
        kw.refresh(token).refused(401, "INVALID_CREDENTIALS");
    }
});

both!(a5_of_two_upgrades_at_once_one_wins, |kw| {
    for round in 0..5 {
        let (access, _) = kw.guest();
        let emails: Vec<String> = (0..4)
            .map(|number| format!("alice{round}.{number}@example.com"))
            .collect();
        // The token is checked before either begins.
        let start = std::sync::Barrier::new(emails.len());
        let actor = crate::support::actor(&kw.kw, &access);
        let done: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = emails
                .iter()
                .map(|email| {
                    let (start, actor, core) = (&start, &actor, &kw.kw);
                    let named = keyward::service::accounts::guest::Named {
                        email: keyward::domain::identifier::Email::parse(email),
                        username: None,
                        verified: false,
                    };
                    scope.spawn(move || {
                        start.wait();
                        keyward::service::accounts::guest::register(core, actor, &named)
                    })
                })
                .collect();
            running.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let won = done.iter().filter(|done| matches!(done, Ok(Ok(()))));
        assert_eq!(won.count(), 1, "{done:?}");
        for error in done.iter().filter_map(|done| done.as_ref().err()) {
            assert_eq!(error.code, Code::Conflict, "{error}");
        }
        let id = account_of(&access);
        let winner = done.iter().position(Result::is_ok).unwrap();
        let row = format!(
            "accounts WHERE id = '{id}' AND email = '{}'",
            emails[winner]
        );
        assert_eq!(kw.count(&row), 1);
    }
});

// A2: what the face says of it is the face's; the guest goes on.
both!(a2_a_taken_address_leaves_the_guest_as_they_were, |kw| {
    kw.account("alice@example.com");
    let (access, refresh) = kw.guest();
    let before = kw.state();
    let taken = kw.register_guest(&access, "Alice@Example.com").unwrap();
    assert!(taken.is_err());
    assert_eq!(kw.state(), before);
    assert_eq!((kw.me(&access), kw.refresh(&refresh).status), (200, 200));
});

both!(a5_an_account_is_upgraded_by_nobody, |kw| {
    let (access, _) = kw.signed_in("alice@example.com");
    let before = kw.state();
    let refused = kw.register_guest(&access, "bob@example.com").unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert_eq!(kw.state(), before);
    // Nor one that left, nor by a session that has ended.
    let (guest, _) = kw.guest();
    let actor = crate::support::actor(&kw.kw, &guest);
    kw.post("/auth/logout").bearer(&guest).send();
    let named = keyward::service::accounts::guest::Named {
        email: keyward::domain::identifier::Email::parse("bob@example.com"),
        username: None,
        verified: false,
    };
    let refused = keyward::service::accounts::guest::register(&kw.kw, &actor, &named);
    assert_eq!(refused.unwrap_err().code, Code::InvalidToken);
});

both!(a5_an_upgrade_that_is_not_committed_is_none, |kw| {
    let (access, refresh) = kw.guest();
    let before = kw.state();
    for (verb, table) in [
        ("UPDATE", "accounts"),
        ("UPDATE", "sessions"),
        ("INSERT", "revocations"),
    ] {
        for fault in [Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, verb, table);
            assert!(kw.register_guest(&access, "alice@example.com").is_err());
            kw.mend();
            assert_eq!(kw.state(), before, "{table} {fault:?}");
            assert_eq!(kw.me(&access), 200);
        }
    }
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(me["isAnonymous"], json!(true));
    assert_eq!(kw.refresh(&refresh).status, 200);
});
