//! Guests who were not there for long are deleted (A4), and nobody else.

use keyward::service::upkeep::purge::purge;

use super::OUTSIDE;
use crate::registration::OPEN;
use crate::support::{TestKeyward, account_of};

const DAY: u64 = 86_400;

fn purged(kw: &TestKeyward) {
    purge(&kw.kw, kw.kw.clock.now()).unwrap();
}

both!(
    a4_guests_are_deleted_after_thirty_days_without_use,
    OPEN,
    |kw| {
        let (quiet, _) = kw.guest();
        let (busy, mut refresh) = kw.guest();
        let (registered, _) = kw.guest();
        let answer = kw.register_guest(&registered, "carol@example.com");
        assert_eq!(answer.status, 202);
        let alice = kw.account("alice@example.com");
        let [quiet, busy, registered] = [&quiet, &busy, &registered].map(|it| account_of(it));
        kw.advance(29 * DAY);
        refresh = kw.refresh(&refresh).tokens().1;
        kw.advance(DAY);
        purged(kw);
        let there = || [quiet, busy, registered, alice].map(|account| kw.is_there(account));
        assert_eq!(there(), [true; 4], "just now is not older");
        kw.advance(1);
        purged(kw);
        assert_eq!(there(), [false, true, true, true]);
        assert_eq!(
            kw.count(&format!("sessions WHERE account_id = '{quiet}'")),
            0
        );
        // Who was looked at is not looked at again before they may be gone.
        let noted = format!("accounts WHERE id = '{busy}' AND last_login_at > created_at");
        assert_eq!(kw.count(&noted), 1);
        assert_eq!(kw.refresh(&refresh).status, 200);
        kw.advance(400 * DAY);
        purged(kw);
        assert_eq!(there(), [false, false, true, true]);
    }
);

// One who signed in leaves a guest behind, whose session has ended: nobody comes back to it.
both!(a4_guests_who_left_are_deleted_as_well, |kw| {
    let (access, _) = kw.guest();
    kw.post("/auth/logout").bearer(&access).send();
    let id = account_of(&access);
    kw.advance(30 * DAY);
    purged(kw);
    assert!(kw.is_there(id));
    kw.advance(1);
    purged(kw);
    assert!(!kw.is_there(id));
});

both!(
    a4_a_purge_takes_small_batches_until_none_is_left,
    &[("KEYWARD_GUEST_TTL", "2d")],
    |kw| {
        let mut last = String::new();
        for _ in 0..205 {
            last = kw.guest().1;
        }
        kw.advance(DAY);
        assert_eq!(kw.refresh(&last).status, 200);
        kw.advance(DAY + 1);
        purged(kw);
        assert_eq!((kw.count("accounts"), kw.count("sessions")), (1, 1));
    }
);

// What happened to a guest is remembered by the id alone.
both!(a4_a_deleted_guests_address_is_forgotten, |kw| {
    let answer = kw.guest_at(OUTSIDE);
    let (access, refresh) = answer.tokens();
    let id = account_of(&access);
    let again = serde_json::json!({ "refresh_token": refresh });
    for _ in 0..2 {
        let ask = kw.post("/auth/refresh").peer(OUTSIDE);
        assert_eq!(ask.json(&again).send().status, 200);
    }
    assert_eq!(kw.audit(id), ["refresh_replayed"]);
    let with_address = "audit_events WHERE address IS NOT NULL";
    assert_eq!(kw.count(with_address), 1);
    kw.advance(31 * DAY);
    purged(kw);
    assert!(!kw.is_there(id));
    assert_eq!((kw.audit(id).len(), kw.count(with_address)), (1, 0));
});
