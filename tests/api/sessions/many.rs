//! An account with thousands of sessions that nobody ended: they went idle, and no row says
//! so. One act that ends them all must not keep everybody else from ending theirs.

use std::time::Duration;

use keyward::crypto::master_key::MasterKey;
use keyward::crypto::session_id::SessionIds;
use keyward::domain::session::{EndReason, Ending, Session};
use keyward::store::sessions;
use keyward::support::clock::Timestamp;
use keyward::support::entropy::Entropy;
use serde_json::json;

use crate::support::{PASSWORD, SECRET, TestKeyward};

const ALICE: &str = "alice@example.com";

const DAY: Duration = Duration::from_secs(86_400);

/// How long after its idle end a token of a session can live: the seven days of the longest
/// that any setting allows, and two minutes for clocks that differ.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400 + 120);

/// So many sessions more, whose idle end is `idle`.
fn fill(kw: &TestKeyward, template: &Session, many: u64, idle: Timestamp) -> Vec<Session> {
    let minted = SessionIds::new(&MasterKey::new(SECRET.as_bytes()).unwrap());
    let entropy = Entropy::seeded(idle.millis().unsigned_abs());
    let rows: Vec<_> = (0..many)
        .map(|_| Session {
            id: minted.mint(template.created_at, &entropy),
            idle_expires_at: idle,
            ..template.clone()
        })
        .collect();
    let added = rows.clone();
    let added = kw
        .kw
        .store
        .write(move |tx| added.iter().try_for_each(|row| sessions::add(tx, row)));
    added.unwrap();
    rows
}

both!(
    r8_every_session_ends_and_is_told_of_where_a_token_of_it_may_live,
    |kw| {
        kw.account(ALICE);
        let (old, _) = kw.login_without(ALICE).tokens();
        let template = kw.session_of(&old);
        kw.advance(20 * 86_400);
        let now = kw.kw.clock.now();
        let (access, refresh) = kw.login_without(ALICE).tokens();
        let (bob, _) = kw.signed_in("bob@example.com");
        let idle = fill(kw, &template, 2500, now - DAY);
        let just = fill(
            kw,
            &template,
            1,
            now - REMEMBERED + Duration::from_millis(1),
        );
        // Of these no token can live, and none can be renewed: there is nothing to tell.
        let long = fill(kw, &template, 1, now - REMEMBERED);
        let longer = fill(kw, &template, 1, now - REMEMBERED - DAY);
        let replica = kw.replica();
        let before = kw.count("revocations");
        assert_eq!(
            kw.delete("/auth/sessions").bearer(&access).send().status,
            204
        );
        assert_eq!(kw.count("revocations") - before, 2501);
        // They end all the same: the clock may be ahead, and they live again when it is right.
        for ended in idle.iter().chain(&just).chain(&long).chain(&longer) {
            let row = kw.session(&ended.id.to_string());
            assert_eq!(
                row.ended,
                Some(Ending {
                    at: now,
                    reason: EndReason::Revoked
                })
            );
        }
        replica.catch_up();
        for alive in [&access, &bob] {
            assert_eq!((kw.me(alive), replica.me(alive)), (200, 200));
        }
        kw.refresh(&refresh).tokens();
        // Each was told once: with nobody left to end nothing more is told.
        let told = "revocations GROUP BY subject HAVING count(*) > 1) AS twice";
        assert_eq!(kw.count(&format!("(SELECT subject FROM {told}")), 0);
        let before = kw.count("revocations");
        assert_eq!(
            kw.delete("/auth/sessions").bearer(&access).send().status,
            204
        );
        assert_eq!(kw.count("revocations"), before);
    }
);

// The news is added under a lock that all who end a session take: it must not be held for
// one statement after another. (What one statement is, only PostgreSQL tells.)
#[test]
fn j23_many_sessions_end_in_a_few_statements_postgres() {
    let Some(kw) = TestKeyward::postgres(&[]) else {
        return;
    };
    let (access, _) = kw.signed_in(ALICE);
    let template = kw.session_of(&access);
    kw.advance(60);
    fill(&kw, &template, 2500, template.idle_expires_at);
    kw.execute(
        "",
        "CREATE TABLE statements (name TEXT);
         CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO statements VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
         CREATE TRIGGER tell AFTER UPDATE ON sessions
         FOR EACH STATEMENT EXECUTE FUNCTION tell();
         CREATE TRIGGER tell AFTER INSERT ON revocations
         FOR EACH STATEMENT EXECUTE FUNCTION tell();",
    );
    let told = kw.count("revocations");
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another good one" });
    let change = kw.post("/auth/password/change").bearer(&access);
    assert_eq!(change.json(&body).send().status, 200);
    assert_eq!(kw.count("sessions WHERE revoked_at IS NOT NULL"), 2501);
    // The new epoch of the account says it of all of them.
    assert_eq!(kw.count("revocations") - told, 1);
    // One that holds the caller's own session, one that ends them all, and one for those that
    // the account began to act for others.
    assert_eq!(kw.count("statements WHERE name = 'sessions'"), 3);
    assert_eq!(kw.count("statements WHERE name = 'revocations'"), 1);
    // Who ends the others goes on, so each of them is told by itself: a thousand rows to a
    // statement, since SQLite binds no more than 32,766 values.
    let (access, _) = kw.sign_in(ALICE, "another good one").tokens();
    let template = kw.session_of(&access);
    let idle = Timestamp::from_millis(template.idle_expires_at.millis() + 1);
    fill(&kw, &template, 2500, idle);
    let others = kw.delete("/auth/sessions").bearer(&access);
    assert_eq!(others.send().status, 204);
    // Two, and one for each thousand whose holders may act for others.
    assert_eq!(kw.count("statements WHERE name = 'sessions'"), 8);
    assert_eq!(kw.count("statements WHERE name = 'revocations'"), 4);
}

// The guard of an update for many rows is that none is left which it was meant for (D16).
both!(d16_sessions_that_do_not_end_are_not_said_to, |kw| {
    let (access, _) = kw.signed_in(ALICE);
    let (other, _) = kw.login_without(ALICE).tokens();
    let id = kw.session_of(&other).id;
    kw.execute(
        &format!(
            "CREATE TRIGGER stays BEFORE UPDATE ON sessions WHEN OLD.id = '{id}' \
             BEGIN SELECT RAISE(IGNORE); END;"
        ),
        &format!(
            "CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql \
             AS $$ BEGIN RETURN NULL; END $$; \
             CREATE TRIGGER stays BEFORE UPDATE ON sessions FOR EACH ROW \
             WHEN (OLD.id = '{id}') EXECUTE FUNCTION stays()"
        ),
    );
    kw.login_without(ALICE).tokens();
    let (before, events) = (kw.state(), kw.count("audit_events"));
    let told = kw.count("revocations");
    kw.delete("/auth/sessions")
        .bearer(&access)
        .send()
        .refused(500, "INTERNAL_SERVER_ERROR");
    assert_eq!(kw.state(), before);
    assert_eq!(kw.count("audit_events"), events);
    assert_eq!(kw.count("revocations"), told);
    assert_eq!((kw.me(&access), kw.me(&other)), (200, 200));
});
