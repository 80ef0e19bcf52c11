//! An account has at most a thousand living sessions (row R25): one more ends the one that
//! was idle for longest, also where many begin at once.

use std::time::Duration;

use keyward::crypto::master_key::MasterKey;
use keyward::crypto::session_id::SessionIds;
use keyward::domain::session::{EndReason, Session};
use keyward::service::Keyward;
use keyward::service::accounts::administer;
use keyward::service::sessions::login;
use keyward::support::entropy::Entropy;
use serde_json::json;

use crate::support::{Forge, SECRET, TestKeyward, login_request};

const ALICE: &str = "alice@example.com";

/// 999 sessions more, each begun and used a second after the one before.
fn fill(kw: &TestKeyward, template: &Session) -> Vec<Session> {
    let minted = SessionIds::new(&MasterKey::new(SECRET.as_bytes()).unwrap());
    let entropy = Entropy::seeded(25);
    let rows: Vec<_> = (1..1000)
        .map(|number| {
            let at = template.created_at + Duration::from_secs(number);
            let mut row = template.clone();
            row.id = minted.mint(at, &entropy);
            (row.created_at, row.generation.rotated_at) = (at, at);
            row
        })
        .collect();
    let added = rows.clone();
    let added = kw.kw.store.write(move |tx| {
        added
            .iter()
            .try_for_each(|row| keyward::store::sessions::add(tx, row))
    });
    added.unwrap();
    rows
}

fn living(kw: &TestKeyward, template: &Session) -> usize {
    let now = kw.kw.clock.now();
    let all = administer::sessions_of(&kw.kw, template.account).unwrap();
    let living = all
        .iter()
        .filter(|it| !it.is_over(template.account_epoch, now));
    living.count()
}

both!(r25_beyond_a_thousand_sessions_the_idlest_makes_room, |kw| {
    kw.account(ALICE);
    let (first, refresh) = kw.login_without(ALICE).tokens();
    let template = kw.session_of(&first);
    let idlest = fill(kw, &template)[0].id.to_string();
    kw.advance(2000);
    // The oldest of all, but in use: it stays.
    let (first, _) = kw.refresh(&refresh).tokens();
    let replica = kw.replica();
    let forge = Forge::ours();
    let of_idlest = forge.sign(
        &forge.header(),
        &Forge::with(&first, &[("sid", json!(idlest)), ("gen", json!(0))]),
    );
    assert_eq!(
        (
            living(kw, &template),
            kw.me(&of_idlest),
            replica.me(&of_idlest)
        ),
        (1000, 200, 200)
    );
    let (last, _) = kw.login_without(ALICE).tokens();
    assert_eq!(living(kw, &template), 1000);
    let ended = kw.session(&idlest).ended.map(|ending| ending.reason);
    assert_eq!(ended, Some(EndReason::Displaced));
    replica.catch_up();
    assert_eq!((kw.me(&of_idlest), replica.me(&of_idlest)), (401, 401));
    assert_eq!((kw.me(&first), kw.me(&last)), (200, 200));
    assert_eq!(kw.count("sessions"), 1001);
    // And the next one in line.
    kw.login_without(ALICE).tokens();
    assert_eq!(living(kw, &template), 1000);
    assert_eq!(kw.count("sessions WHERE revoked_at IS NOT NULL"), 2);
});

fn sign_in(kw: &Keyward) {
    let (seat, _waiting) = kw.lane.seat().unwrap();
    let request = login_request(ALICE);
    assert!(login::login(kw, &seat, request).is_ok());
}

both!(
    r25_sign_ins_at_once_stay_within_the_thousand,
    &[
        ("KEYWARD_PASSWORD_QUEUE", "400"),
        ("KEYWARD_DATABASE_POOL", "8")
    ],
    |kw| {
        kw.account(ALICE);
        let (first, _) = kw.login_without(ALICE).tokens();
        let template = kw.session_of(&first);
        fill(kw, &template);
        kw.advance(2000);
        let replicas = [kw.replica(), kw.replica()];
        for _ in 0..5 {
            // Five at a time are free: each is a failure until it has succeeded.
            std::thread::scope(|scope| {
                for number in 0..4 {
                    let inner = replicas[number % 2].kw.clone();
                    scope.spawn(move || sign_in(&inner));
                }
            });
            assert_eq!(living(kw, &template), 1000);
            kw.advance(1);
        }
        assert_eq!(kw.count("sessions WHERE revoked_at IS NOT NULL"), 20);
    }
);

// A session whose absolute end has come takes nobody's place, however lately it was used.
both!(
    r25_sessions_past_their_absolute_end_do_not_count,
    &[("KEYWARD_REFRESH_TOKEN_TTL", "20d")],
    |kw| {
        kw.account(ALICE);
        let (first, refresh) = kw.login_without(ALICE).tokens();
        let template = kw.session_of(&first);
        fill(kw, &template);
        // Renewed on the fifteenth day, and over on the thirtieth with all the others.
        kw.advance(15 * 86_400);
        kw.refresh(&refresh).tokens();
        kw.execute(
            "UPDATE sessions SET idle_expires_at = absolute_expires_at + 86400000",
            "UPDATE sessions SET idle_expires_at = absolute_expires_at + 86400000",
        );
        kw.advance(15 * 86_400);
        assert_eq!(living(kw, &template), 0);
        kw.login_without(ALICE).tokens();
        assert_eq!(living(kw, &template), 1);
        assert_eq!(kw.count("sessions WHERE revoked_at IS NOT NULL"), 0);
    }
);
