//! After a backup was restored every session of everybody ends by one command (row S16):
//! what the restored database knows of its clients is not what they have.

use keyward::service::accounts::administer;
use serde_json::json;

use crate::support::TestKeyward;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

both!(s16_every_session_of_every_account_ends_at_once, |kw| {
    let (alice, refresh) = kw.signed_in(ALICE);
    let (bob, cookie) = kw.signed_in_by_cookie(BOB);
    let oisp = kw.oisp_login(ALICE);
    let replica = kw.replica();
    for access in [&alice, &bob, &oisp] {
        assert_eq!((kw.me(access), replica.me(access)), (200, 200));
    }
    // A session that began after the backup: its row is gone, its tokens are not.
    let lost = kw.login(ALICE)["access_token"].as_str().unwrap().to_owned();
    kw.sql("DELETE FROM sessions WHERE created_at = (SELECT max(created_at) FROM sessions) AND class = 'oisp'");

    assert_eq!(administer::revoke_all_sessions(&kw.kw).unwrap(), 2);
    replica.catch_up();
    let dead = |each: &TestKeyward| {
        for access in [&alice, &bob, &oisp, &lost] {
            assert_eq!(each.me(access), 401);
            let exchange = each.get("/auth/token").bearer(access).send();
            exchange.refused(401, "INVALID_TOKEN");
            let renewed = each.put("/v1/api/auth/me").bearer(access).send();
            assert_eq!(renewed.status, 401, "{renewed:?}");
        }
        each.refresh(&refresh).refused(401, "INVALID_CREDENTIALS");
        let by_cookie = each.post("/auth/refresh").cookie(&cookie).send();
        by_cookie.refused(401, "INVALID_CREDENTIALS");
    };
    dead(kw);
    dead(&replica);
    dead(&kw.replica());
    assert_eq!(kw.count("sessions WHERE revoked_at IS NULL"), 0);
    assert_eq!(
        kw.count("audit_events WHERE what = 'all_sessions_revoked'"),
        1
    );
    // Nobody is locked out.
    for each in [kw, &replica] {
        let (access, refresh) = each.login_without(ALICE).tokens();
        assert_eq!((kw.me(&access), replica.me(&access)), (200, 200));
        assert_eq!(each.refresh(&refresh).outcome(), "fresh");
    }
});

// A sign-in that ran meanwhile is over with the others.
both!(
    s16_r15_a_refresh_in_the_same_instant_gives_nothing_that_lives,
    |kw| {
        let (access, refresh) = kw.signed_in(ALICE);
        let replica = kw.replica();
        for _ in 0..5 {
            std::thread::scope(|scope| {
                let other = replica.kw.clone();
                scope.spawn(move || administer::revoke_all_sessions(&other).unwrap());
                kw.refresh(&refresh);
            });
            kw.catch_up();
            assert_eq!(kw.me(&access), 401);
            let body = json!({ "refresh_token": refresh });
            let again = kw.post("/auth/refresh").json(&body).send();
            again.refused(401, "INVALID_CREDENTIALS");
        }
    }
);
