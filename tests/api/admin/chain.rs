//! The chain of the audit log: what nobody may do to it unseen, and what is lawful.

use std::sync::Barrier;

use keyward::domain::session::Client;
use keyward::service::audit::verify::{Report, verify};
use keyward::service::audit::{Head, purge, seal};
use keyward::service::sessions::refresh;
use keyward::support::clock::Timestamp;
use serde_json::json;

use super::{ALICE, administrator};
use crate::registration::OPEN;
use crate::support::{PASSWORD, TestKeyward};

const DAY: u64 = 86_400;

/// Three sign-ins, sealed.
fn history(kw: &TestKeyward) -> Report {
    kw.account(ALICE);
    for _ in 0..3 {
        kw.advance(1);
        came(kw);
    }
    sealed(kw);
    whole(kw)
}

fn came(kw: &TestKeyward) -> (String, String) {
    kw.sign_in(ALICE, PASSWORD).tokens()
}

fn sealed(kw: &TestKeyward) -> usize {
    seal::seal(&kw.kw).unwrap()
}

fn look(kw: &TestKeyward) -> Report {
    verify(&kw.kw, None).unwrap()
}

#[track_caller]
fn whole(kw: &TestKeyward) -> Report {
    let report = look(kw);
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(report.faulty, 0);
    report
}

/// The one fault that there is.
#[track_caller]
fn faulty(kw: &TestKeyward, head: Option<&Head>, words: &str) {
    let report = verify(&kw.kw, head).unwrap();
    assert_eq!(report.faulty, 1, "{:?}", report.faults);
    assert!(report.faults[0].contains(words), "{:?}", report.faults);
}

fn both(kw: &TestKeyward, text: &str) {
    kw.execute(text, text);
}

/// The event of the second seal.
const SECOND: &str = "(SELECT event_id FROM audit_seals WHERE seq = 2)";

both!(a_log_that_nobody_touched_is_whole, |kw| {
    let report = history(kw);
    assert_eq!(report.sealed as i64, kw.count("audit_events"));
    assert_eq!((report.waiting, report.forgotten), (0, 0));
    assert_eq!(usize::try_from(report.head.seq), Ok(report.sealed));
    assert_eq!(sealed(kw), 0, "nothing is sealed twice");
    assert_eq!(whole(kw).head, report.head);
    let head: Head = report.head.to_string().parse().unwrap();
    assert_eq!(head, report.head);
    came(kw);
    let report = whole(kw);
    assert_eq!(report.waiting, 1, "what has no seal yet is told of");
    // Another process, which seals what this one wrote, and does not mind the head of before.
    let replica = kw.replica();
    assert_eq!(sealed(&replica), 1);
    assert_eq!(verify(&kw.kw, Some(&head)).unwrap().faulty, 0);
    assert!(whole(kw).head.seq > head.seq);
});

both!(a_removed_event_is_found, |kw| {
    history(kw);
    both(kw, &format!("DELETE FROM audit_events WHERE id = {SECOND}"));
    faulty(kw, None, "seal 2, was removed");
});

// Every column, those that may be forgotten too.
both!(an_altered_event_is_found, |kw| {
    history(kw);
    for column in [
        "what = 'logged_out'",
        "account_id = NULL",
        "session_id = '00000000-0000-4000-8000-000000000000'",
        "address = '198.51.100.1'",
        "user_agent = 'another'",
        "at = at - 1",
        "times = 2",
        "last_at = 1",
        "actor_id = account_id",
        "note = 'as agreed'",
        "organization_id = account_id",
        "role = 'owner'",
    ] {
        let names: Vec<&str> = vec![
            "what",
            "account_id",
            "session_id",
            "address",
            "user_agent",
            "at",
            "times",
            "last_at",
            "actor_id",
            "note",
            "organization_id",
            "role",
        ];
        let columns = names.join(", ");
        both(
            kw,
            &format!(
                "CREATE TABLE kept AS SELECT id, {columns} FROM audit_events WHERE id = {SECOND}; \
                 UPDATE audit_events SET {column} WHERE id = {SECOND}"
            ),
        );
        faulty(kw, None, "seal 2, was altered");
        let back: Vec<String> = names
            .iter()
            .map(|name| format!("{name} = (SELECT {name} FROM kept)"))
            .collect();
        both(
            kw,
            &format!(
                "UPDATE audit_events SET {} WHERE id = {SECOND}; DROP TABLE kept",
                back.join(", ")
            ),
        );
        whole(kw);
    }
});

// Whoever can write the row can write its seal as well, and can not compute it.
both!(a_seal_that_somebody_wrote_is_found, |kw| {
    history(kw);
    both(
        kw,
        &format!(
            "DELETE FROM audit_events WHERE id = {SECOND}; DELETE FROM audit_seals WHERE seq = 2"
        ),
    );
    faulty(kw, None, "the seals 2 to 2 were removed");
    both(kw, "UPDATE audit_seals SET seq = seq - 1 WHERE seq > 2");
    let report = look(kw);
    assert!(
        report.faults[0].contains("seal 2 was altered"),
        "{report:?}"
    );
    both(kw, "UPDATE audit_chain SET seq = seq - 1");
    assert!(look(kw).faults[0].contains("record of the audit chain"));
    let before = kw.count("audit_seals");
    came(kw);
    assert!(seal::seal(&kw.kw).is_err(), "nothing hides it");
    assert_eq!(kw.count("audit_seals"), before);
});

both!(an_end_that_was_cut_off_is_found_by_the_record, |kw| {
    history(kw);
    both(
        kw,
        "DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_seals WHERE seq > 2);
         DELETE FROM audit_seals WHERE seq > 2",
    );
    let report = look(kw);
    assert!(report.faults[0].contains("were removed"), "{report:?}");
});

// An older database, or a log that was written anew, is whole in itself.
both!(a_kept_head_tells_of_an_older_and_of_another_log, |kw| {
    let older = history(kw).head;
    both(
        kw,
        "CREATE TABLE old_chain AS SELECT * FROM audit_chain;
         CREATE TABLE old_seals AS SELECT * FROM audit_seals;
         CREATE TABLE old_events AS SELECT * FROM audit_events",
    );
    came(kw);
    sealed(kw);
    let head = whole(kw).head;
    both(
        kw,
        "DELETE FROM audit_chain; DELETE FROM audit_seals; DELETE FROM audit_events;
         INSERT INTO audit_chain SELECT * FROM old_chain;
         INSERT INTO audit_seals SELECT * FROM old_seals;
         INSERT INTO audit_events SELECT * FROM old_events",
    );
    whole(kw);
    faulty(kw, Some(&head), "its end was cut off");
    assert_eq!(verify(&kw.kw, Some(&older)).unwrap().faulty, 0);
    // Written anew: everything that Keyward itself would write on an empty chain.
    both(
        kw,
        &format!(
            "DELETE FROM audit_events WHERE id = {SECOND}; DELETE FROM audit_chain; \
             DELETE FROM audit_seals"
        ),
    );
    kw.advance(2 * DAY);
    came(kw);
    came(kw);
    sealed(kw);
    let report = whole(kw);
    assert!(report.sealed_late > 0, "{report:?}");
    faulty(kw, Some(&older), "the log was written anew");
});

both!(an_event_that_was_put_in_afterwards_is_found, |kw| {
    history(kw);
    kw.advance(3600);
    came(kw);
    sealed(kw);
    both(
        kw,
        "INSERT INTO audit_events (id, what, at) SELECT '00000000-0000-4000-8000-000000000000', \
         'logged_out', min(at) FROM audit_events",
    );
    sealed(kw);
    faulty(kw, None, "put in afterwards");
});

// On PostgreSQL a transaction that began first may commit last.
both!(an_event_that_commits_late_is_sealed_late, |kw| {
    history(kw);
    kw.advance(60);
    came(kw);
    let head = {
        sealed(kw);
        whole(kw).head
    };
    both(
        kw,
        "INSERT INTO audit_events (id, what, at) SELECT '00000000-0000-4000-8000-000000000000', \
         'logged_out', max(at) - 30000 FROM audit_events",
    );
    assert_eq!(whole(kw).waiting, 1);
    assert_eq!(sealed(kw), 1);
    let report = whole(kw);
    assert_eq!((report.waiting, report.head.seq), (0, head.seq + 1));
    assert_eq!(verify(&kw.kw, Some(&head)).unwrap().faulty, 0);
});

// A row that counts changes for an hour; it is sealed when that is over.
// A machine's clock is behind until it is told the time.
both!(
    operators_53_a_clock_that_was_behind_for_a_while_forges_nothing,
    |kw| {
        history(kw);
        for behind in [600, 6000] {
            kw.goes_back(behind);
            came(kw);
            kw.advance(behind + 3);
            sealed(kw);
            sealed(kw);
            let report = whole(kw);
            assert_eq!((report.waiting, report.sealed_late), (0, 0));
        }
        // What another writes there past Keyward is found as before.
        both(
            kw,
            "UPDATE audit_events SET at = at - 3600000 WHERE id = (SELECT max(id) FROM audit_events)",
        );
        assert!(look(kw).faulty > 0);
    }
);

both!(what_is_counted_is_sealed_when_its_hour_is_over, |kw| {
    let (_, first) = {
        kw.account(ALICE);
        came(kw)
    };
    kw.refresh(&first);
    let replay = || assert_eq!(kw.refresh(&first).outcome(), "replayed");
    replay();
    sealed(kw);
    assert_eq!(whole(kw).waiting, 1);
    replay();
    sealed(kw);
    assert_eq!(whole(kw).waiting, 1);
    kw.advance(2 * 3600);
    assert_eq!(sealed(kw), 1);
    assert_eq!(whole(kw).waiting, 0);
    both(
        kw,
        "UPDATE audit_events SET times = 1 WHERE what = 'refresh_replayed'",
    );
    faulty(kw, None, "was altered");
});

both!(what_is_forgotten_with_an_account_breaks_nothing, |kw| {
    administrator(kw);
    let alice = kw.account(ALICE);
    let (token, _) = kw
        .post("/auth/login")
        .peer("203.0.113.7")
        .json(&json!({ "email": ALICE, "password": PASSWORD }))
        .send()
        .tokens();
    sealed(kw);
    let salted = format!(
        "audit_seals WHERE salt IS NOT NULL AND event_id IN (SELECT id FROM audit_events WHERE \
         account_id = '{alice}')"
    );
    assert!(kw.count(&salted) > 0);
    // Of somebody who is still there nothing may be forgotten.
    both(
        kw,
        &format!(
            "CREATE TABLE kept AS SELECT * FROM audit_events; UPDATE audit_events SET address = \
             NULL, user_agent = NULL WHERE account_id = '{alice}'"
        ),
    );
    faulty(kw, None, "has lost address and browser");
    both(
        kw,
        "DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM kept; DROP TABLE kept",
    );
    whole(kw);
    let left = kw
        .delete("/auth/me")
        .bearer(&token)
        .json(&json!({ "password": PASSWORD }))
        .send();
    assert_eq!(left.status, 204, "{left:?}");
    assert_eq!(kw.count(&salted), 0, "nobody can guess at it");
    assert_eq!(whole(kw).forgotten, 1);
    sealed(kw);
    whole(kw);
    both(
        kw,
        &format!(
            "UPDATE audit_events SET what = 'logged_out' WHERE account_id = '{alice}' AND what = 'login_succeeded'"
        ),
    );
    faulty(kw, None, "was altered");
});

both!(a_guest_that_is_purged_breaks_nothing, OPEN, |kw| {
    let guest = kw.guest_at("203.0.113.7").tokens().0;
    let out = kw.post("/auth/logout").peer("203.0.113.7").bearer(&guest);
    assert_eq!(out.send().status, 204);
    sealed(kw);
    kw.advance(31 * DAY);
    keyward::service::upkeep::purge::purge(&kw.kw, kw.kw.clock.now()).unwrap();
    assert_eq!(whole(kw).forgotten, 1);
});

both!(what_is_too_old_goes_and_the_chain_goes_on, |kw| {
    let old = history(kw).head;
    kw.advance(10 * DAY);
    came(kw);
    came(kw);
    sealed(kw);
    let head = whole(kw).head;
    let before = Timestamp::from_millis(kw.kw.clock.now().millis() - 86_400_000);
    assert_eq!(purge::purge(&kw.kw, before).unwrap() as i64, old.seq);
    assert_eq!(kw.count("audit_seals"), 2);
    assert_eq!(kw.count("audit_events"), 2);
    assert_eq!(purge::purge(&kw.kw, before).unwrap(), 0);
    let report = whole(kw);
    assert_eq!((report.head, report.sealed), (head.clone(), 2));
    for (head, words) in [
        (
            Head {
                seq: 1,
                ..old.clone()
            },
            "older than what is kept",
        ),
        (
            Head {
                seq: old.seq,
                hash: vec![0; 32],
            },
            "written anew",
        ),
    ] {
        faulty(kw, Some(&head), words);
    }
    for head in [&old, &head] {
        assert_eq!(verify(&kw.kw, Some(head)).unwrap().faulty, 0);
    }
    came(kw);
    sealed(kw);
    whole(kw);
    // A removal beside it.
    both(
        kw,
        "DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_seals ORDER BY seq LIMIT 1)",
    );
    faulty(kw, None, "was removed");
    // And one that pretends to be a purge.
    both(
        kw,
        "UPDATE audit_chain SET purged_before = purged_before + 864000000",
    );
    assert!(look(kw).faults[0].contains("record of the audit chain"));
});

// Two processes seal and purge while others write, many times.
both!(s9_two_who_seal_and_purge_at_once_make_one_chain, |kw| {
    kw.account(ALICE);
    let replica = kw.replica();
    for _ in 0..8 {
        let tokens: Vec<String> = (0..3).map(|_| came(kw).1).collect();
        for token in &tokens {
            kw.refresh(token);
        }
        let start = Barrier::new(3);
        let (start, one, other) = (&start, kw.kw.clone(), replica.kw.clone());
        let before = Timestamp::from_millis(kw.kw.clock.now().millis() - 20_000);
        let third = kw.kw.clone();
        let tokens = tokens.clone();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                start.wait();
                seal::seal(&one).unwrap();
                purge::purge(&one, before).unwrap();
            });
            scope.spawn(move || {
                start.wait();
                seal::seal(&other).unwrap();
                purge::purge(&other, before).unwrap();
            });
            scope.spawn(move || {
                start.wait();
                for token in tokens {
                    let request = refresh::Request {
                        token: token.into(),
                        organization: None,
                        client: Client::default(),
                    };
                    assert!(refresh::refresh(&third, &request).is_ok());
                }
            });
        });
        kw.advance(7);
        replica.advance(7);
    }
    sealed(kw);
    let report = whole(kw);
    assert!(report.sealed > 0);
    assert!(
        kw.count("audit_chain WHERE base_seq > 0") == 1,
        "some were purged"
    );
});

// Which organization and which role an event is about is sealed with it; events of before are whole
// as they were.
both!(what_an_event_is_about_is_sealed, |kw| {
    let (_, token) = administrator(kw);
    let alice = kw.account(ALICE);
    let body = json!({ "name": "Acme", "owner": alice });
    let made = kw.post("/admin/organizations").bearer(&token).json(&body);
    assert_eq!(made.send().status, 201);
    sealed(kw);
    let report = whole(kw);
    let about = "WHERE what = 'organization_created'";
    for (set, back) in [
        ("organization_id = NULL", "organization_id = kept"),
        ("role = 'owner'", "role = NULL"),
        ("organization_id = account_id", "organization_id = kept"),
    ] {
        let id = kw.rows(&format!(
            "SELECT organization_id AS line FROM audit_events {about}"
        ));
        both(kw, &format!("UPDATE audit_events SET {set} {about}"));
        faulty(kw, None, "was altered");
        let back = back.replace("kept", &format!("'{}'", id[0]));
        both(kw, &format!("UPDATE audit_events SET {back} {about}"));
    }
    assert_eq!(whole(kw).head, report.head);
    // One that was about nothing is made to be about something.
    both(
        kw,
        &format!("UPDATE audit_events SET role = 'owner' WHERE id = {SECOND}"),
    );
    faulty(kw, None, "was altered");
});
