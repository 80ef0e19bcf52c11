//! An account that signs in all day has few living sessions and very many that ended. What
//! asks for the living ones must not read the others: the index
//! `sessions_of_account` has them beside each other, and the planners of both databases take it for the very texts that Diesel writes.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _};
use keyward::domain::id::AccountId;
use keyward::domain::session::{EndReason, Ending};
use keyward::store::session_ends;
use keyward::store::{AnyConnection, Result, sessions};

use crate::kit::{Fresh, NOW, execute};

#[derive(QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// What stands between the commas of a list, those in a list within it left alone.
fn elements(list: &str) -> Vec<String> {
    let (mut all, mut depth) = (vec![String::new()], 0_i32);
    for character in list.chars() {
        depth += i32::from(character == '[') - i32::from(character == ']');
        match character {
            ',' if depth == 0 => all.push(String::new()),
            _ => all.last_mut().unwrap().push(character),
        }
    }
    all
}

/// The plan for a text as Diesel shows it: with what is bound to it in the end. What begins and ends
/// a transaction has none.
fn plan(connection: &mut AnyConnection, shown: &str) -> Option<String> {
    let (text, binds) = shown.split_once("-- binds: ")?;
    let binds = binds.trim().strip_prefix('[').unwrap();
    let binds = binds.strip_suffix(']').unwrap().replace('"', "'");
    let rows: Vec<String> = match connection {
        AnyConnection::Sqlite(sqlite) => {
            // What is bound to it does not matter: there are no statistics.
            let query = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}"));
            let rows: Vec<SqlitePlan> = query.load(sqlite).unwrap();
            rows.into_iter().map(|row| row.detail).collect()
        }
        AnyConnection::Postgres(postgres) => {
            let binds = elements(&binds);
            let filled = (1..=binds.len()).rev().fold(text.to_owned(), |text, at| {
                let bind = binds[at - 1].replace('[', "ARRAY[");
                text.replace(&format!("${at}"), &bind)
            });
            let query = diesel::sql_query(format!("EXPLAIN {filled}"));
            let rows: Vec<PostgresPlan> = query.load(postgres).unwrap();
            rows.into_iter().map(|row| row.detail).collect()
        }
    };
    Some(rows.join("\n"))
}

/// The plans of every statement that `run` sends.
pub fn plans(
    db: &Fresh,
    mut run: impl FnMut(&mut AnyConnection) -> Result<()> + Send + 'static,
) -> Vec<String> {
    db.write(move |tx| {
        let texts = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&texts);
        tx.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                heard.lock().unwrap().push(query.to_string());
            }
        });
        run(tx)?;
        tx.set_instrumentation(|_: InstrumentationEvent<'_>| {});
        let texts = texts.lock().unwrap().clone();
        Ok::<_, keyward::store::Error>(texts.iter().filter_map(|text| plan(tx, text)).collect())
    })
    .unwrap()
}

/// 5,000 sessions that ended, three that live, and 2,000 of others.
fn with_many_sessions(db: &Fresh) -> AccountId {
    let copies = |of: &str, many: i64, fresh: &str| {
        format!(
            "INSERT INTO sessions SELECT {fresh} || number, account_id, organization_id, anonymous, \
             mode, class, amr, aal, auth_time, created_at, salt, gen, rotated_at, replays, \
             gen_seen, idle_expires_at, absolute_expires_at, account_epoch, user_agent, address, \
             revoked_at, revoke_reason, recent, actor_id, actor_session \
             FROM sessions, (WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL \
             SELECT number + 1 FROM numbers WHERE number < {many}) SELECT number FROM numbers) AS n \
             WHERE id = '{of}'"
        )
    };
    let ended = db.session();
    let id = ended.id;
    db.write(move |tx| {
        sessions::end(
            tx,
            id,
            Ending {
                at: NOW,
                reason: EndReason::Logout,
            },
        )
    })
    .unwrap();
    let account = ended.account;
    let mut statements = vec![copies(&ended.id.to_string(), 5000, "'ended'")];
    for _ in 0..3 {
        let row = crate::kit::session_of(account);
        db.write(move |tx| sessions::add(tx, &row)).unwrap();
    }
    for number in 0..20 {
        let other = db.session().id.to_string();
        statements.push(copies(&other, 100, &format!("'other{number}.'")));
    }
    db.write(move |tx| {
        for statement in &statements {
            execute(tx, statement);
        }
        if let AnyConnection::Postgres(_) = tx {
            execute(tx, "ANALYZE sessions");
        }
        Ok::<_, keyward::store::Error>(())
    })
    .unwrap();
    account
}

both!(
    r25_what_asks_for_living_sessions_does_not_read_those_that_ended,
    |db| {
        let account = with_many_sessions(db);
        let keep = db.session().id;
        let asked = [
            plans(db, move |tx| {
                sessions::living_of(tx, account, NOW).map(drop)
            }),
            plans(db, move |tx| {
                sessions::beyond(tx, account, 1000, NOW).map(drop)
            }),
            plans(db, move |tx| {
                session_ends::end_others(
                    tx,
                    account,
                    keep,
                    Ending {
                        at: NOW,
                        reason: EndReason::Revoked,
                    },
                )
                .map(drop)
            }),
            plans(db, move |tx| {
                session_ends::end_all_of(
                    tx,
                    account,
                    Ending {
                        at: NOW,
                        reason: EndReason::Revoked,
                    },
                )
                .map(drop)
            }),
        ];
        for plan in asked.into_iter().flatten() {
            assert!(plan.contains("sessions_of_account"), "{plan}");
            // Not read and then dropped: looked for.
            assert!(looks_for(&plan, "revoked_at"), "{plan}");
        }
    }
);

/// Whether the index itself is asked for this column.
fn looks_for(plan: &str, column: &str) -> bool {
    let mut conditions = plan
        .lines()
        .filter(|line| line.contains("Index Cond:") || line.contains("USING INDEX"));
    conditions.any(|line| line.contains(column))
}

// Asked at each end of a session, of which hardly any began another.
both!(
    sessions_that_act_for_others_are_found_by_indexes_of_their_own,
    |db| {
        let account = with_many_sessions(db);
        let session = db.session();
        let by = session.id;
        let acted = plans(db, move |tx| {
            session_ends::end_acted_by(tx, account, NOW).map(drop)
        });
        assert!(
            acted.iter().any(|plan| plan.contains("sessions_by_actor")),
            "{acted:?}"
        );
        let within = plans(db, move |tx| {
            session_ends::end_acted_within(tx, &[by], NOW).map(drop)
        });
        let index = "sessions_by_actor_session";
        assert!(within.iter().any(|plan| plan.contains(index)), "{within:?}");
        let entered = plans(db, move |tx| {
            let of = (&session, None);
            session_ends::end_entered_from(
                tx,
                of,
                Ending {
                    at: NOW,
                    reason: EndReason::Logout,
                },
            )
            .map(drop)
        });
        assert!(
            entered.iter().any(|plan| plan.contains(index)),
            "{entered:?}"
        );
    }
);
