//! What every process must learn, in the order of a sequence number: a reader that goes
//! on from the last number it saw misses nothing, however many write at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keyward::domain::account::{AccessVersion, Epoch};
use keyward::domain::id::{AccountId, SessionId};
use keyward::store::revocations::{News, Revocation, add_all, list_after, move_sequence_on};
use keyward::store::{AnyConnection, Error, accounts};
use uuid::Uuid;

use crate::kit::{Fresh, NOW, at_once, execute, new_account};

fn session(number: u128) -> Revocation {
    Revocation {
        news: News::Session(SessionId(Uuid::from_u128(number))),
        until: NOW,
    }
}

fn number(entry: &Revocation) -> u128 {
    match entry.news {
        News::Session(id) => id.0.as_u128(),
        other => panic!("{other:?}"),
    }
}

/// Everything from the beginning, a page at a time.
fn all(db: &mut AnyConnection, page: i64) -> Vec<Revocation> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let (entries, last) = list_after(db, after, page).unwrap();
        if entries.is_empty() {
            assert_eq!(last, after, "where there is no more, the number stays");
            return all;
        }
        assert!(last > after);
        all.extend(entries);
        after = last;
    }
}

both!(news_of_every_kind_is_read_as_it_was_written, |db| {
    let later = NOW + Duration::from_secs(7);
    let account = AccountId(Uuid::new_v4());
    let least = Epoch(3);
    let ended = News::Epoch { account, least };
    let least = AccessVersion(i64::MAX);
    let outdated = News::Access { account, least };
    let written: Vec<Revocation> = [ended, outdated, News::Keys, session(5).news]
        .into_iter()
        .map(|news| Revocation { news, until: later })
        .collect();
    for entry in written.clone() {
        db.write(move |tx| add_all(tx, &[entry])).unwrap();
    }
    for page in [1, 2, 3, 1000] {
        assert_eq!(all(&mut db.own_reader().unwrap(), page), written);
    }
});

// The columns have room for both, and a zero speaks of nothing: no news is lost, whoever wrote it.
both!(a_row_that_speaks_of_both_is_read_as_two, |db| {
    let account = AccountId(Uuid::new_v4());
    let until = NOW.millis();
    let rows = [(3, 0), (0, 5), (4, 6), (0, 0)].map(|(epoch, access_version)| {
        format!("('account', '{account}', {epoch}, {access_version}, {until})")
    });
    let rows = format!(
        "INSERT INTO revocations (kind, subject, epoch, access_version, until) VALUES {}",
        rows.join(", ")
    );
    db.write(move |tx| {
        execute(tx, &rows);
        Ok::<_, Error>(())
    })
    .unwrap();
    let least = |number| News::Epoch {
        account,
        least: Epoch(number),
    };
    let access = |number| News::Access {
        account,
        least: AccessVersion(number),
    };
    let expected = [least(3), access(5), least(4), access(6), least(0)];
    for page in [1, 2, 1000] {
        let read = all(&mut db.own_reader().unwrap(), page);
        let read: Vec<News> = read.iter().map(|entry| entry.news).collect();
        assert_eq!(read, expected);
    }
});

// More than one statement may bind.
both!(many_are_added_at_once_in_their_order, |db| {
    let mut written: Vec<Revocation> = (0..7001).map(session).collect();
    written[3000].news = News::Keys;
    let entries = written.clone();
    db.write(move |tx| add_all(tx, &entries)).unwrap();
    assert_eq!(all(&mut db.own_reader().unwrap(), 1000), written);
    db.write(|tx| add_all(tx, &[])).unwrap();
    assert_eq!(all(&mut db.own_reader().unwrap(), 1000), written);
});

both!(what_was_rolled_back_is_never_read, |db| {
    db.write(|tx| add_all(tx, &[session(1)])).unwrap();
    let refused = db.write(|tx| {
        add_all(tx, &[session(2)])?;
        Err::<(), _>(Error::Corrupt("on purpose"))
    });
    assert!(refused.is_err());
    db.write(|tx| add_all(tx, &[session(3)])).unwrap();
    let read = all(&mut db.own_reader().unwrap(), 10);
    assert_eq!(read, [session(1), session(3)]);
});

both!(
    j23_a_reader_that_follows_sees_every_entry_exactly_once,
    |db| {
        const WRITERS: usize = 8;
        const EACH: usize = 60;
        let writing = AtomicUsize::new(WRITERS);
        let read = at_once(WRITERS + 2, |thread| {
            let mut seen: Vec<Revocation> = Vec::new();
            if thread < WRITERS {
                for count in 0..EACH {
                    let entry = session((thread * EACH + count) as u128);
                    // Some do more before, so that they begin in one order and end in another.
                    let new = (count % 3 == 0).then(|| {
                        new_account(
                            AccountId(Uuid::new_v4()),
                            &format!("u{thread}-{count}@example.com"),
                        )
                    });
                    db.write(move |tx| {
                        if let Some(new) = &new {
                            accounts::add(tx, new)?.unwrap();
                        }
                        add_all(tx, &[entry])
                    })
                    .unwrap();
                }
                writing.fetch_sub(1, Ordering::SeqCst);
                return seen;
            }
            let mut reader = db.own_reader().unwrap();
            let mut after = 0;
            let began = Instant::now();
            loop {
                // Asked before the reading: after the last writer one more look is due.
                let last_look = writing.load(Ordering::SeqCst) == 0;
                let (entries, last) = list_after(&mut reader, after, 7).unwrap();
                let none = entries.is_empty();
                seen.extend(entries);
                after = last;
                if last_look && none {
                    return seen;
                }
                assert!(began.elapsed() < Duration::from_secs(120), "it never ends");
            }
        });
        let stored = all(&mut db.own_reader().unwrap(), 1000);
        let every: BTreeSet<u128> = (0..(WRITERS * EACH) as u128).collect();
        assert_eq!(stored.len(), every.len());
        assert_eq!(stored.iter().map(number).collect::<BTreeSet<_>>(), every);
        for seen in &read[WRITERS..] {
            assert_eq!(seen, &stored, "in order, each once");
        }
        // And each writer's own entries stand in the order in which it wrote them.
        for writer in 0..WRITERS as u128 {
            let own = stored
                .iter()
                .map(number)
                .filter(|n| n / EACH as u128 == writer);
            assert!(own.is_sorted());
        }
    }
);

/// A copy of the tables carries rows and no sequence.
#[test]
fn operators_73_a_sequence_behind_its_rows_is_moved_on_or_refused() {
    let Some(db) = Fresh::postgres(true) else {
        return;
    };
    for number in 1..=8 {
        db.write(move |tx| add_all(tx, &[session(number)])).unwrap();
    }
    let run = |sql: &'static str| {
        db.write(move |tx| {
            execute(tx, sql);
            Ok::<_, Error>(())
        })
        .unwrap();
    };
    run("DELETE FROM revocations WHERE seq < 7");
    run("ALTER SEQUENCE revocations_seq_seq RESTART");
    // Read to 8, nobody would learn of what is numbered 1.
    let refused = db.write(|tx| add_all(tx, &[session(9)])).unwrap_err();
    assert!(refused.to_string().contains("setval"), "{refused}");
    assert_eq!(
        all(&mut db.own_reader().unwrap(), 10).len(),
        2,
        "nothing was written"
    );
    db.write(move_sequence_on).unwrap();
    let before = list_after(&mut db.own_reader().unwrap(), 0, 10).unwrap().1;
    db.write(|tx| add_all(tx, &[session(9)])).unwrap();
    let (entries, last) = list_after(&mut db.own_reader().unwrap(), before, 10).unwrap();
    assert_eq!((entries.len(), last > before), (1, true));
    // One that is ahead, as after a purge, stays.
    run("DELETE FROM revocations");
    db.write(move_sequence_on).unwrap();
    db.write(|tx| add_all(tx, &[session(10)])).unwrap();
    let (_, next) = list_after(&mut db.own_reader().unwrap(), 0, 10).unwrap();
    assert_eq!(next, last + 1);
}
