//! Purging takes what is old and nothing else, a batch at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use keyward::domain::attempt_outcome::AttemptOutcome;
use keyward::domain::event::{Event, What as Happened};
use keyward::domain::guess_limit::Counter;
use keyward::domain::id::{AccountId, ApiKeyId, SessionId};
use keyward::domain::one_time_code::CodePurpose;
use keyward::domain::rights::api_key::ApiKey;
use keyward::domain::session::{Client, Session};
use keyward::store::audit::audit_events;
use keyward::store::engine::purge::{What, purge_before};
use keyward::store::limits::{self, Kept};
use keyward::store::login_attempts::{self, Attempt};
use keyward::store::memberships::invitations::{self, Place, WaitingInvitation};
use keyward::store::one_time_codes::{self, StoredCode};
use keyward::store::revocations::{self, News, Revocation};
use keyward::store::{accounts, api_keys, sessions};
use keyward::support::clock::Timestamp;
use uuid::Uuid;

use crate::kit::{Fresh, NOW, lines, session_of};

/// A row of that kind that is of `at`.
pub fn add(db: &Fresh, what: What, account: AccountId, at: Timestamp) {
    match what {
        What::Sessions => {
            let session = Session {
                absolute_expires_at: at,
                ..session_of(account)
            };
            db.write(move |tx| sessions::add(tx, &session)).unwrap();
        }
        What::LoginAttempts => {
            let attempt = Attempt {
                id: Uuid::new_v4(),
                account: Some(account),
                outcome: AttemptOutcome::WrongPassword,
                dialect: "directus",
                client: Client::default(),
                at,
            };
            db.write(move |tx| login_attempts::add(tx, &attempt))
                .unwrap();
        }
        What::AuditEvents => {
            let event = Event::new(Happened::LoggedOut, Client::default()).of(account);
            db.write(move |tx| audit_events::add(tx, Uuid::new_v4(), &event, at))
                .unwrap();
        }
        What::Revocations => {
            let news = News::Session(SessionId(Uuid::new_v4()));
            db.write(move |tx| revocations::add_all(tx, &[Revocation { news, until: at }]))
                .unwrap();
        }
        What::Limits => {
            let key = Uuid::new_v4().to_string();
            let kept = Kept {
                counter: Counter::default(),
                until: at,
            };
            let set = db.write(move |tx| limits::set(tx, &key, None, kept));
            assert!(set.unwrap());
        }
        What::OneTimeCodes => {
            let code = StoredCode {
                mac: Uuid::new_v4().to_string(),
                account,
                purpose: CodePurpose::VerifyEmail,
                address: "alice@example.com".to_owned(),
                sealed: None,
                created_at: at,
                expires_at: at,
            };
            db.write(move |tx| one_time_codes::add(tx, &code)).unwrap();
        }
        What::ApiKeys => {
            let id = ApiKeyId(Uuid::new_v4());
            let key = ApiKey {
                id,
                account,
                organization: None,
                name: "key".to_owned(),
                canonical: "key".to_owned(),
                hint: String::new(),
                scope: BTreeSet::new(),
                created_at: at,
                created_by: None,
                expires_at: Some(at),
                last_used_at: None,
            };
            db.write(move |tx| api_keys::add(tx, &key, &id.to_string()))
                .unwrap();
        }
        What::Invitations => {
            let invitation = WaitingInvitation {
                place: Place::Service,
                address: format!("{}@example.com", Uuid::new_v4()),
                written: "bob@example.com".to_owned(),
                role: None,
                invited_by: Some(account),
                created_at: at - Duration::from_secs(1),
                expires_at: at,
            };
            let put = db.write(move |tx| invitations::put(tx, &invitation));
            assert_eq!(put.unwrap(), Ok(()));
        }
    }
}

fn count(db: &Fresh, what: What, account: AccountId) -> usize {
    db.read(|db| {
        Ok::<_, keyward::store::Error>(match what {
            What::Sessions => sessions::list_of(db, account)?.len(),
            What::LoginAttempts => login_attempts::list_of(db, account, 100)?.len(),
            What::AuditEvents => audit_events::list_of(db, account)?.len(),
            What::Revocations => revocations::list_after(db, 0, 100)?.0.len(),
            What::Limits => lines(db, "SELECT key AS line FROM limits").len(),
            What::OneTimeCodes => lines(db, "SELECT mac AS line FROM one_time_codes").len(),
            What::ApiKeys => api_keys::list_of(db, account)?.len(),
            What::Invitations => lines(db, "SELECT address AS line FROM invitations").len(),
        })
    })
    .unwrap()
}

both!(
    s20_only_what_is_older_goes_and_never_more_than_a_batch,
    |db| {
        let every = [
            What::Sessions,
            What::LoginAttempts,
            What::AuditEvents,
            What::Revocations,
            What::Limits,
            What::OneTimeCodes,
            What::ApiKeys,
            What::Invitations,
        ];
        let account = db.account("alice@example.com");
        for what in every {
            for age in [5, 4, 3, 2, 1] {
                add(db, what, account, NOW - Duration::from_millis(age));
            }
            // Just now is not older than now.
            add(db, what, account, NOW);
            add(db, what, account, NOW + Duration::from_millis(1));
        }
        for what in every {
            let purge = || db.write(move |tx| purge_before(tx, what, NOW, 2)).unwrap();
            let mut left = 7;
            for gone in [2, 2, 1, 0] {
                assert_eq!(purge(), gone, "{what:?}");
                left -= gone;
                assert_eq!(count(db, what, account), left, "{what:?}");
            }
        }
        assert!(
            db.read(|db| accounts::lookup(db, account))
                .unwrap()
                .is_some(),
            "an account outlives its sessions"
        );
    }
);

both!(sequence_numbers_are_not_given_again_after_a_purge, |db| {
    let account = db.account("alice@example.com");
    for _ in 0..3 {
        add(db, What::Revocations, account, NOW);
    }
    let read_to = |after| {
        let read = db.read(|db| revocations::list_after(db, after, 100));
        read.unwrap()
    };
    let (_, last) = read_to(0);
    let gone =
        db.write(|tx| purge_before(tx, What::Revocations, NOW + Duration::from_secs(1), 100));
    assert_eq!(gone.unwrap(), 3);
    // Who had read up to `last` must see what comes next, though the table was empty.
    add(db, What::Revocations, account, NOW);
    let (entries, next) = read_to(last);
    assert_eq!(entries.len(), 1);
    assert!(next > last);
});
