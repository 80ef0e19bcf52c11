//! A guest registers: the account's id stays, the guest's tokens end (P-08, P-14 to P-16; A1,
//! A2, A5, A6).

use keyward::domain::id::AccountId;
use keyward::domain::session::EndReason;
use serde_json::json;

use crate::registration::OPEN;
use crate::support::{Fault, PASSWORD, TestKeyward, account_of, text};

const ALICE: &str = "alice@example.com";

both!(
    p08_p14_p15_p16_a1_the_account_stays_and_the_tokens_end,
    OPEN,
    |kw| {
        let (access, refresh) = kw.guest();
        let id = account_of(&access);
        let replica = kw.replica();
        assert_eq!(replica.me(&access), 200);
        let answer = kw.register_guest(&access, ALICE);
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.json(), json!({ "status": "verification_mailed" }));
        for row in [
            format!("accounts WHERE id = '{id}' AND email = '{ALICE}' AND NOT anonymous"),
            format!("accounts WHERE created_by = '{id}' AND email_canonical = '{ALICE}'"),
            format!("emails WHERE account_id = '{id}' AND is_primary AND NOT verified"),
            format!("credentials WHERE account_id = '{id}'"),
            format!("audit_events WHERE account_id = '{id}' AND what = 'account_registered'"),
        ] {
            assert_eq!(kw.count(&row), 1, "{row}");
        }
        assert_eq!(kw.count("accounts"), 1);
        kw.assert_ended(&access, &[&refresh], EndReason::Revoked);
        replica.catch_up();
        assert_eq!(replica.me(&access), 401);
        let exchange = kw.get(&format!("/auth/token?token={access}")).send();
        exchange.refused(401, "INVALID_TOKEN");
        // What was mailed proves the address, and a sign-in goes on as the same.
        let link = kw.last_mail_to(ALICE).link();
        let (_, code) = link.split_once("verify_email=").unwrap();
        let proven = kw
            .post("/auth/email/verify")
            .json(&json!({ "token": code }))
            .send();
        assert_eq!(proven.status, 204);
        let (own, _) = kw.sign_in(ALICE, PASSWORD).tokens();
        assert_ne!(own, access);
        let me = kw.get("/auth/me").bearer(&own).send().json();
        assert_eq!(text(&me, "id"), id.to_string());
        assert_eq!(
            [&me["isAnonymous"], &me["verified"]],
            [&json!(false), &json!(true)]
        );
    }
);

// A6: the grace is for tabs of one session, and this session is over.
both!(
    a6_the_old_refresh_token_is_refused_inside_the_grace,
    OPEN,
    |kw| {
        let (_, zero) = kw.guest();
        let (access, one) = kw.refresh(&zero).tokens();
        assert_eq!(kw.register_guest(&access, ALICE).status, 202);
        for token in [&zero, &one] {
            kw.refresh(token).refused(401, "INVALID_CREDENTIALS");
        }
    }
);

both!(p08_every_face_that_registers_takes_a_guest, OPEN, |kw| {
    let directus = json!({ "email": "d@example.com", "password": PASSWORD });
    let hypi = json!({ "username": "y@example.com", "password": { "value": PASSWORD } });
    let named = json!({ "username": "named", "password": PASSWORD });
    for (path, body, status) in [
        ("/users/register", directus, 204),
        ("/auth/accounts", hypi, 200),
        ("/auth/register", named, 201),
    ] {
        let (access, _) = kw.guest();
        let id = account_of(&access);
        let answer = kw.post(path).bearer(&access).json(&body).send();
        assert_eq!(answer.status, status, "{answer:?}");
        if status != 204 {
            assert_eq!(text(&answer.json(), "id"), id.to_string());
        }
        let row = format!("accounts WHERE id = '{id}' AND NOT anonymous");
        assert_eq!(kw.count(&row), 1, "{path}");
    }
    assert_eq!(kw.count("accounts"), 3);
});

both!(a5_of_two_upgrades_at_once_one_wins, OPEN, |kw| {
    for round in 0..3 {
        let (access, _) = kw.guest();
        let emails: Vec<String> = (0..4)
            .map(|number| format!("alice{round}.{number}@example.com"))
            .collect();
        let asks = emails.iter().map(|email| {
            let body = json!({ "email": email, "password": PASSWORD });
            kw.post("/auth/register").bearer(&access).json(&body)
        });
        let answers = kw.all(asks.collect());
        let won: Vec<usize> = (0..4).filter(|at| answers[*at].status == 202).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        // The others came with a token that was dead by then, or found the account made.
        for lost in answers.iter().filter(|answer| answer.status != 202) {
            assert!(matches!(lost.status, 401 | 409), "{lost:?}");
        }
        let id = account_of(&access);
        let row = format!(
            "accounts WHERE id = '{id}' AND email = '{}'",
            emails[won[0]]
        );
        assert_eq!(kw.count(&row), 1);
        assert_eq!(kw.count(&format!("emails WHERE account_id = '{id}'")), 1);
    }
});

/// What is stored of these accounts, but for who may be told how often.
fn rows_of(kw: &TestKeyward, accounts: [AccountId; 2]) -> Vec<i64> {
    let of = |id: AccountId| {
        [
            format!("accounts WHERE id = '{id}' AND anonymous"),
            format!("accounts WHERE id = '{id}' AND email IS NOT NULL"),
            format!("emails WHERE account_id = '{id}'"),
            format!("credentials WHERE account_id = '{id}'"),
            format!("sessions WHERE account_id = '{id}' AND revoked_at IS NULL"),
        ]
    };
    let rows = accounts.into_iter().flat_map(of);
    rows.map(|row| kw.count(&row)).collect()
}

// A2: the answer is the one of E7, and the guest goes on.
both!(
    a2_a_taken_address_leaves_the_guest_as_they_were,
    OPEN,
    |kw| {
        let alice = kw.account(ALICE);
        let (access, refresh) = kw.guest();
        let free = kw.register_guest(&kw.guest().0, "free@example.com");
        let guest = account_of(&access);
        let before = rows_of(kw, [guest, alice]);
        let taken = kw.register_guest(&access, "Alice@Example.com");
        assert_eq!((taken.status, taken.json()), (free.status, free.json()));
        assert_eq!(rows_of(kw, [guest, alice]), before);
        assert_eq!((kw.me(&access), kw.refresh(&refresh).status), (200, 200));
        // A face that tells says it, and changes nothing either.
        let hypi = json!({ "username": ALICE, "password": { "value": PASSWORD } });
        let told = kw.post("/auth/accounts").bearer(&access).json(&hypi).send();
        assert_eq!(told.status, 409, "{told:?}");
        assert_eq!(kw.me(&access), 200);
    }
);

both!(a5_an_account_is_upgraded_by_nobody, OPEN, |kw| {
    // Somebody with an account registers another one; the first stays what it is.
    let (access, _) = kw.signed_in(ALICE);
    assert_eq!(kw.register_guest(&access, "bob@example.com").status, 202);
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(text(&me, "email"), ALICE);
    assert_eq!(kw.count("accounts"), 2);
    // A guest whose session is over is told, and does not become somebody else unasked.
    let (ended, _) = kw.guest();
    kw.post("/auth/logout").bearer(&ended).send();
    let (late, _) = kw.guest();
    let before = kw.state();
    let refused = |token: &str, code| {
        kw.register_guest(token, "carol@example.com")
            .refused(401, code);
        assert_eq!(kw.state(), before);
    };
    refused(&ended, "INVALID_TOKEN");
    refused("nonsense", "INVALID_TOKEN");
    kw.advance(16 * 60);
    refused(&late, "TOKEN_EXPIRED");
});

both!(a5_an_upgrade_that_is_not_committed_is_none, OPEN, |kw| {
    let (access, refresh) = kw.guest();
    let before = kw.state();
    for (verb, table) in [
        ("UPDATE", "accounts"),
        ("INSERT", "emails"),
        ("INSERT", "credentials"),
        ("UPDATE", "sessions"),
        ("INSERT", "outbox"),
        ("INSERT", "revocations"),
    ] {
        for fault in [Fault::Fails, Fault::CommitFails] {
            kw.inject(fault, verb, table);
            let answer = kw.register_guest(&access, ALICE);
            kw.mend();
            assert_eq!(answer.status, 503, "{table} {fault:?} {answer:?}");
            assert_eq!(kw.state(), before, "{table} {fault:?}");
            assert_eq!(kw.me(&access), 200);
        }
    }
    let me = kw.get("/auth/me").bearer(&access).send().json();
    assert_eq!(me["isAnonymous"], json!(true));
    assert_eq!(kw.refresh(&refresh).status, 200);
});
