//! Rotations of many callers at once (`Store::write_each`): each holds or fails by itself, as if
//! it had gone alone, whatever carries it.

use keyward::domain::refresh_rotation::Generation;
use keyward::domain::session::{EndReason, Ending, Session};
use keyward::store::refresh_rotation::Rotation;
use keyward::store::{AnyConnection, Error, Guarded as _, Result, Store, sessions};

use crate::kit::{Fresh, NOW, after, at_once, execute};

fn rotation_of(session: &Session) -> Rotation {
    Rotation {
        session: session.id,
        stood: session.generation,
        next: Generation {
            recent: session.generation.recent,
            ..after(session.generation.number)
        },
        idle_expires_at: NOW,
    }
}

/// As an act asks: together first, and alone where it is told to.
fn rotate_each(store: &Store, all: &[Rotation]) -> Vec<Result<bool>> {
    let each = store.write_each(all).into_iter().zip(all);
    each.map(|(done, one)| {
        let one = *one;
        done.unwrap_or_else(|| store.write_guarded(move |db| one.alone(db)))
    })
    .collect()
}

fn sessions_of(db: &Fresh, count: usize) -> Vec<Session> {
    (0..count).map(|_| db.session()).collect()
}

fn number_of(db: &Fresh, session: &Session) -> u32 {
    db.session_now(session.id).generation.number
}

both!(a_handful_rotates_each_of_its_sessions, |db| {
    let all = sessions_of(db, 70);
    let rotations: Vec<_> = all.iter().map(rotation_of).collect();
    for done in rotate_each(db, &rotations) {
        assert!(done.unwrap());
    }
    for (session, rotation) in all.iter().zip(&rotations) {
        let now = db.session_now(session.id);
        assert_eq!(now.generation, rotation.next);
        assert_eq!(now.idle_expires_at, NOW);
        let unchanged = Session {
            generation: session.generation,
            idle_expires_at: session.idle_expires_at,
            ..now
        };
        assert!(unchanged == *session, "nothing else");
    }
    assert!(rotate_each(db, &[]).is_empty());
});

both!(a_refused_row_refuses_nobody_else, |db| {
    let all = sessions_of(db, 20);
    let ended = all[3].id;
    let end = move |tx: &mut AnyConnection| {
        sessions::end(
            tx,
            ended,
            Ending {
                at: NOW,
                reason: EndReason::Revoked,
            },
        )
    };
    assert!(db.write(end).unwrap());
    let ahead = rotation_of(&all[7]);
    assert!(db.write_guarded(move |tx| ahead.alone(tx)).unwrap());
    let gone = format!("DELETE FROM sessions WHERE id = '{}'", all[11].id);
    db.write(move |tx| {
        execute(tx, &gone);
        Ok::<_, Error>(())
    })
    .unwrap();
    let mut rotations: Vec<_> = all.iter().map(rotation_of).collect();
    rotations[15].stood.rotated_at = NOW;
    for (number, done) in rotate_each(db, &rotations).into_iter().enumerate() {
        let good = ![3, 7, 11, 15].contains(&number);
        assert_eq!(done.unwrap(), good, "{number}");
        if number != 11 {
            let expected = u32::from(good || number == 7);
            assert_eq!(number_of(db, &all[number]), expected, "{number}");
        }
    }
    assert!(db.session_now(ended).ended.is_some(), "and stays ended");
});

both!(two_of_one_session_are_one_rotation, |db| {
    let all = sessions_of(db, 5);
    let mut rotations: Vec<_> = all.iter().map(rotation_of).collect();
    for _ in 0..3 {
        rotations.push(Rotation {
            idle_expires_at: NOW + std::time::Duration::from_secs(9),
            ..rotations[2]
        });
    }
    let done: Vec<bool> = rotate_each(db, &rotations)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(done[..2], [true; 2]);
    assert_eq!(done[3..5], [true; 2]);
    let of_one: Vec<usize> = [2, 5, 6, 7].into_iter().filter(|at| done[*at]).collect();
    assert_eq!(of_one.len(), 1, "{done:?}");
    let stands = db.session_now(all[2].id);
    assert_eq!(stands.generation.number, 1);
    let won = rotations[of_one[0]].idle_expires_at;
    assert_eq!(stands.idle_expires_at, won, "whoever is told so won");
});

both!(a_row_that_can_not_be_written_is_its_own_error, |db| {
    let all = sessions_of(db, 12);
    let wrong = all[4].id;
    db.write(move |tx| {
        let sqlite = format!(
            "CREATE TRIGGER fault BEFORE UPDATE ON sessions WHEN OLD.id = '{wrong}' \
             BEGIN SELECT RAISE(ABORT, 'injected'); END"
        );
        let postgres = format!(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF OLD.id = '{wrong}' THEN RAISE EXCEPTION 'injected'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER fault BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION fault()"
        );
        let is_sqlite = matches!(tx, AnyConnection::Sqlite(_));
        execute(tx, if is_sqlite { &sqlite } else { &postgres });
        Ok::<_, Error>(())
    })
    .unwrap();
    let rotations: Vec<_> = all.iter().map(rotation_of).collect();
    for (number, done) in rotate_each(db, &rotations).into_iter().enumerate() {
        assert_eq!(done.is_ok_and(|done| done), number != 4, "{number}");
        let expected = u32::from(number != 4);
        assert_eq!(number_of(db, &all[number]), expected, "{number}");
    }
});

both!(
    d13_replicas_that_rotate_the_same_sessions_share_the_wins,
    |db| {
        const THREADS: usize = 8;
        let all = sessions_of(db, 16);
        let replicas = [db.another(), db.another()];
        for round in 1..=10 {
            let mut rotations: Vec<_> = all
                .iter()
                .map(|session| rotation_of(&db.session_now(session.id)))
                .collect();
            let done = at_once(THREADS, |thread| {
                let mut mine = rotations.clone();
                // Each takes them in another order, and none waits for another for ever.
                mine.rotate_left(thread);
                let done = rotate_each(&replicas[thread % 2], &mine);
                let won = done.into_iter().map(Result::unwrap).zip(mine);
                let won = won.filter_map(|(won, one)| won.then_some(one.session));
                won.collect::<Vec<_>>()
            });
            let mut won: Vec<_> = done.into_iter().flatten().map(|id| id.0).collect();
            won.sort_unstable();
            rotations.sort_unstable_by_key(|one| one.session.0);
            let once: Vec<_> = rotations.iter().map(|one| one.session.0).collect();
            assert_eq!(won, once, "each once");
            for session in &all {
                assert_eq!(number_of(db, session), round);
            }
        }
    }
);

#[test]
fn a_row_that_another_transaction_holds_holds_up_nobody_else() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let all = sessions_of(&db, 8);
    let rotations: Vec<_> = all.iter().map(rotation_of).collect();
    let (other, held) = (db.another(), all[5].id);
    let store: &Store = &db;
    let to_write = rotations.clone();
    let together = std::thread::scope(|scope| {
        let (holds, is_held) = std::sync::mpsc::channel();
        let (lets_go, may_go) = std::sync::mpsc::channel();
        scope.spawn(move || {
            let (mut holds, mut may_go) = (Some(holds), Some(may_go));
            let hold = move |tx: &mut AnyConnection| {
                assert!(sessions::hold(tx, held)?);
                if let (Some(holds), Some(may_go)) = (holds.take(), may_go.take()) {
                    holds.send(()).unwrap();
                    may_go.recv().unwrap();
                }
                Ok::<_, Error>(())
            };
            other.write(hold).unwrap();
        });
        is_held.recv().unwrap();
        // It comes back while the row is held still.
        let together = store.write_each(&to_write);
        lets_go.send(()).unwrap();
        together
    });
    for (number, done) in together.into_iter().enumerate() {
        let done = done.map(Result::unwrap);
        assert_eq!(done, (number != 5).then_some(true), "{number}");
    }
    let alone = rotations[5];
    assert!(db.write_guarded(move |tx| alone.alone(tx)).unwrap());
}

/// The connection is cut by the fifth row of the handful: nothing of it took place, and it is run
/// again on another one. Where it did take place and the answer was lost, the guard holds.
#[test]
fn s5_a_connection_that_is_cut_in_the_middle_of_a_handful_loses_none_of_it() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    let all = sessions_of(&db, 12);
    db.write(|tx| {
        execute(
            tx,
            "CREATE SEQUENCE cuts; CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN IF nextval('cuts') = 5 THEN PERFORM pg_terminate_backend(pg_backend_pid()); \
             END IF; RETURN NEW; END $$; \
             CREATE TRIGGER cut BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION cut()",
        );
        Ok::<_, Error>(())
    })
    .unwrap();
    let rotations: Vec<_> = all.iter().map(rotation_of).collect();
    for done in rotate_each(&db, &rotations) {
        assert!(done.unwrap());
    }
    for session in &all {
        assert_eq!(number_of(&db, session), 1, "once");
    }
    for done in rotate_each(&db, &rotations) {
        assert!(!done.unwrap(), "as of one whose answer was lost");
    }
}
