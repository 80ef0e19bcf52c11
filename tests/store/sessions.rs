//! The guards of a session's row: each update says which state it expects, so that of
//! many that try exactly as many win as may.

use std::time::Duration;

use keyward::domain::id::SessionId;
use keyward::domain::session::{EndReason, Ending, Session};
use keyward::store::{refresh_rotation, seen_generations, session_ends, sessions};
use uuid::Uuid;

use crate::kit::{Fresh, NOW, after, at_once, rotate, session_of};

fn wins(won: Vec<keyward::store::Result<bool>>) -> usize {
    let won: Vec<bool> = won.into_iter().map(Result::unwrap).collect();
    won.into_iter().filter(|won| *won).count()
}

fn end(db: &Fresh, id: SessionId, reason: EndReason) -> bool {
    db.write(move |tx| sessions::end(tx, id, Ending { at: NOW, reason }))
        .unwrap()
}

both!(a_session_is_read_as_it_was_written, |db| {
    let session = db.session();
    assert_eq!(db.session_now(session.id), session);
    let unknown = SessionId(Uuid::new_v4());
    assert!(
        db.read(|db| sessions::lookup(db, unknown))
            .unwrap()
            .is_none()
    );
    let listed = db
        .read(|db| sessions::list_of(db, session.account))
        .unwrap();
    assert_eq!(listed, [session]);
});

both!(
    r3_of_many_that_rotate_one_generation_exactly_one_wins,
    |db| {
        let before = db.session();
        let id = before.id;
        let idle = NOW + Duration::from_secs(99);
        db.write(move |tx| seen_generations::mark(tx, &[(id, 0)]))
            .unwrap();
        for generation in 0..3 {
            let won = at_once(32, |_| db.write(move |tx| rotate(tx, id, generation, idle)));
            assert_eq!(wins(won), 1, "generation {generation}");
            let now = db.session_now(id);
            assert_eq!(now.generation.number, generation + 1);
            assert_eq!(now.generation, after(generation), "all of it is written");
            assert_eq!(now.idle_expires_at, idle);
            // The absolute end never moves.
            assert_eq!(now.absolute_expires_at, before.absolute_expires_at);
            db.write(move |tx| seen_generations::mark(tx, &[(id, generation + 1)]))
                .unwrap();
            assert!(db.session_now(id).generation.seen);
            assert!(
                db.write(move |tx| refresh_rotation::count_replay(tx, id, generation + 1, 9))
                    .unwrap()
            );
        }
    }
);

both!(
    r4_replays_are_counted_up_to_the_limit_and_no_further,
    |db| {
        const LIMIT: u32 = 60;
        let id = db.session().id;
        let won = at_once(100, |_| {
            db.write(move |tx| refresh_rotation::count_replay(tx, id, 0, LIMIT))
        });
        assert_eq!(wins(won), 60);
        assert_eq!(db.session_now(id).generation.replays, LIMIT);
        // Of another generation than the session stands at nothing is counted.
        let counted = db.write(move |tx| refresh_rotation::count_replay(tx, id, 1, 1000));
        assert!(!counted.unwrap());
        assert_eq!(db.session_now(id).generation.replays, LIMIT);
    }
);

both!(a_session_ends_once_and_its_reason_stays, |db| {
    let id = db.session().id;
    let reasons = [EndReason::Logout, EndReason::Reuse, EndReason::Revoked];
    let won = at_once(30, |number| {
        let reason = reasons[number % 3];
        let at = NOW + Duration::from_secs(number as u64);
        db.write(move |tx| sessions::end(tx, id, Ending { at, reason }))
    });
    let winner = won
        .iter()
        .position(|won| matches!(won, Ok(true)))
        .expect("one ended it");
    assert_eq!(wins(won), 1);
    let ended = db.session_now(id).ended;
    let at = NOW + Duration::from_secs(winner as u64);
    assert_eq!(
        ended,
        Some(Ending {
            at,
            reason: reasons[winner % 3]
        })
    );
});

both!(nothing_moves_a_session_that_has_ended, |db| {
    let id = db.session().id;
    assert!(end(db, id, EndReason::Logout));
    let before = db.session_now(id);
    let later = NOW + Duration::from_secs(5);
    for moved in [
        db.write(move |tx| rotate(tx, id, 0, later)),
        db.write(move |tx| refresh_rotation::count_replay(tx, id, 0, 60)),
        db.write(move |tx| sessions::extend(tx, id, later)),
        db.write(move |tx| {
            sessions::end(
                tx,
                id,
                Ending {
                    at: later,
                    reason: EndReason::Reuse,
                },
            )
        }),
    ] {
        assert!(!moved.unwrap());
    }
    let account = before.account;
    let ended = db.write(move |tx| {
        session_ends::end_all_of(
            tx,
            account,
            Ending {
                at: later,
                reason: EndReason::Revoked,
            },
        )
    });
    assert_eq!(ended.unwrap(), 0);
    let ended = db.write(move |tx| {
        session_ends::end_every(
            tx,
            Ending {
                at: later,
                reason: EndReason::Revoked,
            },
        )
    });
    assert_eq!(ended.unwrap(), 0);
    let keep = SessionId(Uuid::new_v4());
    let ended = db.write(move |tx| {
        session_ends::end_others(
            tx,
            account,
            keep,
            Ending {
                at: later,
                reason: EndReason::Revoked,
            },
        )
    });
    assert_eq!(ended.unwrap(), []);
    assert_eq!(db.session_now(id), before);
});

both!(r8_of_an_account_all_but_one_end_and_are_named, |db| {
    let keep = db.session();
    let (account, kept) = (keep.account, keep.id);
    let add = |idle| {
        let row = Session {
            idle_expires_at: idle,
            ..session_of(account)
        };
        let id = row.id;
        db.write(move |tx| sessions::add(tx, &row)).unwrap();
        id
    };
    let later = NOW + Duration::from_millis(1);
    let [first, second, ended] = [add(later), add(NOW), add(later)];
    let another = db.session().id;
    assert!(end(db, ended, EndReason::Logout));
    let mut others = db
        .write(move |tx| {
            session_ends::end_others(
                tx,
                account,
                kept,
                Ending {
                    at: later,
                    reason: EndReason::Revoked,
                },
            )
        })
        .unwrap();
    others.sort_unstable();
    let mut expected = [(first, later), (second, NOW)];
    expected.sort_unstable();
    assert_eq!(others, expected);
    let ended_of = |id| db.session_now(id).ended;
    for (id, _) in expected {
        assert_eq!(
            ended_of(id),
            Some(Ending {
                at: later,
                reason: EndReason::Revoked
            })
        );
    }
    assert_eq!(
        ended_of(ended),
        Some(Ending {
            at: NOW,
            reason: EndReason::Logout
        })
    );
    for id in [kept, another] {
        assert_eq!(ended_of(id), None);
    }
    let all = db.write(move |tx| {
        session_ends::end_all_of(
            tx,
            account,
            Ending {
                at: later,
                reason: EndReason::Revoked,
            },
        )
    });
    assert_eq!(all.unwrap(), 1);
    let every = db.write(move |tx| {
        session_ends::end_every(
            tx,
            Ending {
                at: later,
                reason: EndReason::Revoked,
            },
        )
    });
    assert_eq!(every.unwrap(), 1);
    assert!(ended_of(kept).is_some() && ended_of(another).is_some());
});

both!(an_end_and_a_rotation_at_once_leave_one_story, |db| {
    for _ in 0..10 {
        let id = db.session().id;
        let won = at_once(8, |number| match number {
            0 => db.write(move |tx| {
                sessions::end(
                    tx,
                    id,
                    Ending {
                        at: NOW,
                        reason: EndReason::Logout,
                    },
                )
            }),
            _ => db.write(move |tx| rotate(tx, id, 0, NOW)),
        });
        assert!(matches!(won[0], Ok(true)), "nothing keeps it from ending");
        let rotations = wins(won) - 1;
        let session = db.session_now(id);
        assert!(session.ended.is_some());
        assert_eq!(session.generation.number as usize, rotations);
        assert!(rotations <= 1);
    }
});

both!(
    what_was_seen_is_noted_of_the_present_generation_alone,
    |db| {
        let [present, other, moved, ended] = [(); 4].map(|()| db.session().id);
        let rotated = db.write(move |tx| rotate(tx, moved, 0, NOW));
        assert!(rotated.unwrap());
        assert!(end(db, ended, EndReason::Logout));
        let unknown = SessionId(Uuid::new_v4());
        let seen = [
            (present, 0),
            (other, 1),
            (moved, 0),
            (ended, 0),
            (unknown, 0),
        ];
        let noted = |seen: Vec<_>| {
            db.write(move |tx| seen_generations::mark(tx, &seen))
                .unwrap()
        };
        assert_eq!(noted(seen.to_vec()), 1);
        let is_seen = |id| db.session_now(id).generation.seen;
        assert!(is_seen(present));
        assert!(!is_seen(other) && !is_seen(moved) && !is_seen(ended));
        assert!(
            db.read(|db| sessions::lookup(db, unknown))
                .unwrap()
                .is_none()
        );
        assert_eq!(noted(Vec::new()), 0);
        assert_eq!(noted(vec![(other, 0), (moved, 1)]), 2);
        assert!(is_seen(other) && is_seen(moved));
    }
);
