//! Migrations: the same names for both databases, up and down without a trace, never
//! beneath a newer schema, and once when many begin at the same time.

use std::collections::BTreeSet;
use std::path::Path;

use keyward::domain::event::{Event, What};
use keyward::domain::password::PasswordRecord;
use keyward::domain::session::Client;
use keyward::store::audit::audit_events;
use keyward::store::engine::migrations;
use keyward::store::{Url, credentials};

use crate::kit::{Fresh, NOW, at_once, execute, lines};

/// Tables, columns and indexes, one a line; not those of Diesel itself.
fn schema(db: &Fresh) -> Vec<String> {
    let sql = if db.url.is_sqlite() {
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_master \
         WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' ORDER BY 1"
    } else {
        "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) \
         AS line FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' \
         UNION ALL SELECT indexdef FROM pg_indexes \
         WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%' \
         UNION ALL SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
    };
    lines(&mut db.own_reader().unwrap(), sql)
}

fn names(url: &Url) -> Vec<String> {
    let status = migrations::status(url).unwrap();
    status.into_iter().map(|status| status.name).collect()
}

fn applied(url: &Url) -> Vec<bool> {
    let status = migrations::status(url).unwrap();
    status.into_iter().map(|status| status.applied).collect()
}

#[test]
fn both_databases_have_the_same_migrations_each_with_its_way_back() {
    let folder = |backend: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(backend);
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .inspect(|path| {
                for file in ["up.sql", "down.sql"] {
                    let text = std::fs::read_to_string(path.join(file)).unwrap();
                    assert!(!text.trim().is_empty(), "{}/{file}", path.display());
                }
            })
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(folder("sqlite"), folder("postgres"));
    // The binary knows them all: none was forgotten when it was embedded.
    let known = names(&Fresh::sqlite(false).url);
    assert_eq!(known.len(), folder("sqlite").len());
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let Some(postgres) = Fresh::postgres(true) else {
        return;
    };
    let sqlite = Fresh::sqlite(true);
    let columns = "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" THEN '' ELSE '?' END \
                   AS line FROM sqlite_master t, pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1";
    let mut here = lines(&mut sqlite.own_reader().unwrap(), columns);
    // What SQLite finds names by. PostgreSQL has indexes for that (docs/decisions/0181).
    here.retain(|line| {
        let (table, _) = line.split_once('.').unwrap();
        !table.ends_with("_words") && !table.contains("_parts")
    });
    let columns = "SELECT table_name || '.' || column_name \
                   || CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END AS line \
                   FROM information_schema.columns WHERE table_schema = 'public'";
    let mut there = lines(&mut postgres.own_reader().unwrap(), columns);
    there.sort();
    assert!(here.len() > 70, "{here:?}");
    assert_eq!(here, there);
}

both!(
    s12_up_down_and_up_again_leaves_nothing_behind,
    empty,
    |db| {
        let all = names(&db.url);
        assert!(schema(db).is_empty(), "{:?}", schema(db));
        assert!(applied(&db.url).iter().all(|applied| !applied));

        assert_eq!(migrations::up(&db.url).unwrap(), all);
        let first = schema(db);
        assert!(!first.is_empty());
        assert!(applied(&db.url).iter().all(|&applied| applied));
        assert!(migrations::up(&db.url).unwrap().is_empty(), "nothing to do");

        for _ in &all {
            assert!(migrations::down(&db.url).unwrap().is_some());
        }
        assert_eq!(migrations::down(&db.url).unwrap(), None, "nothing to undo");
        assert!(schema(db).is_empty(), "{:?}", schema(db));

        assert_eq!(migrations::up(&db.url).unwrap(), all);
        assert_eq!(schema(db), first);
    }
);

// Who lists them may be looking at the database of something else.
both!(who_lists_migrations_makes_no_table, empty, |db| {
    let mut reader = db.own_reader().unwrap();
    let tables = if db.url.is_sqlite() {
        "SELECT name AS line FROM sqlite_master"
    } else {
        "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'"
    };
    assert!(applied(&db.url).iter().all(|applied| !applied));
    assert_eq!(lines(&mut reader, tables), Vec::<String>::new());
    migrations::up(&db.url).unwrap();
    assert!(!lines(&mut reader, tables).is_empty());
});

both!(s13_a_newer_schema_is_refused_and_left_alone, |db| {
    // What the connection that only reads can not do on SQLite, a write does.
    db.write(|tx| {
        execute(
            tx,
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231')",
        );
        Ok::<_, keyward::store::Error>(())
    })
    .unwrap();
    let before = schema(db);
    for refused in [
        migrations::up(&db.url).unwrap_err(),
        migrations::down(&db.url).unwrap_err(),
    ] {
        let why = refused.to_string();
        assert!(why.contains("99991231") && why.contains("newer"), "{why}");
    }
    assert_eq!(schema(db), before);
    // Who asks is told of it all the same.
    assert!(names(&db.url).contains(&"99991231".to_owned()));
});

both!(s14_many_that_migrate_at_once_do_it_once, empty, |db| {
    let all = names(&db.url);
    let ran = at_once(8, |_| migrations::up(&db.url));
    let mut ran: Vec<String> = ran.into_iter().flat_map(Result::unwrap).collect();
    ran.sort();
    ran.dedup();
    assert_eq!(ran, all, "somebody says that they ran");
    assert!(applied(&db.url).iter().all(|&applied| applied));
    let session = db.session();
    assert_eq!(db.session_now(session.id), session, "it can be used");
});

// Each was bound to an account by one of its addresses, and nobody can tell which was meant. An
// account that was made by one and never used would keep its owner from the address.
both!(o8_an_upgrade_ends_the_invitations_that_wait, |db| {
    let (stub, used) = (
        db.account("stub@example.com"),
        db.account("used@example.com"),
    );
    let invited = |account| Event::new(What::AccountInvited, Client::default()).of(account);
    db.write(move |tx| {
        for account in [stub, used] {
            let event = invited(account);
            audit_events::add(tx, uuid::Uuid::new_v4(), &event, NOW)?;
        }
        credentials::set(tx, used, &PasswordRecord::from("a record".to_owned()), NOW)
    })
    .unwrap();
    loop {
        let undone = migrations::down(&db.url).unwrap().unwrap();
        if undone.replace('-', "").starts_with("20261126000041") {
            break;
        }
    }
    db.write(move |tx| {
        execute(
            tx,
            "INSERT INTO organizations (id, name, name_canonical, created_at, updated_at) \
             VALUES ('2a749da0-5512-4000-8000-000000000000', 'Acme', 'acme', 1, 1)",
        );
        for account in [stub, used] {
            let row = format!(
                "INSERT INTO memberships (organization_id, account_id, role, state, address, \
                 written, created_at, updated_at) VALUES ('2a749da0-5512-4000-8000-000000000000', \
                 '{account}', 'owner', 'invited', 'a@example.com', 'a@example.com', 1, 1)"
            );
            execute(tx, &row);
        }
        Ok::<_, keyward::store::Error>(())
    })
    .unwrap();
    migrations::up(&db.url).unwrap();
    let mut reader = db.own_reader().unwrap();
    let accounts = lines(&mut reader, "SELECT email AS line FROM accounts");
    assert_eq!(accounts, ["used@example.com"]);
    let emails = lines(&mut reader, "SELECT canonical AS line FROM emails");
    assert_eq!(emails, ["used@example.com"]);
    for table in ["memberships", "invitations"] {
        let sql = format!("SELECT role AS line FROM {table}");
        assert_eq!(lines(&mut reader, &sql), Vec::<String>::new(), "{table}");
    }
});

both!(d11_i10_an_upgrade_makes_one_letter_of_every_sigma, |db| {
    let [end, other, same, two] = ["a", "b", "c", "d"].map(|name| {
        // Each by its own, as they were written before.
        db.account(&format!("{name}@x.example"))
    });
    loop {
        let undone = migrations::down(&db.url).unwrap().unwrap();
        if undone.replace('-', "").starts_with("20261126000053") {
            break;
        }
    }
    db.write(move |tx| {
        for (id, name) in [
            (end, "νικος"),
            (other, "άλλος"),
            (same, "ίσος"),
            (two, "ίσοσ"),
        ] {
            let address = format!("{name}@x.example");
            for sql in [
                format!("UPDATE emails SET canonical = '{address}' WHERE account_id = '{id}'"),
                format!(
                    "UPDATE accounts SET email_canonical = '{address}', username_canonical = \
                     '{name}', names_canonical = '{name}' WHERE id = '{id}'"
                ),
            ] {
                execute(tx, &sql);
            }
        }
        Ok::<_, keyward::store::Error>(())
    })
    .unwrap();
    migrations::up(&db.url).unwrap();
    let mut reader = db.own_reader().unwrap();
    let mut emails = lines(&mut reader, "SELECT canonical AS line FROM emails");
    emails.sort();
    // Where two are one by it, both stay as they are.
    let mut wanted = ["νικοσ", "άλλοσ", "ίσος", "ίσοσ"].map(|name| format!("{name}@x.example"));
    wanted.sort();
    assert_eq!(emails, wanted);
    let mut accounts = lines(&mut reader, "SELECT email_canonical AS line FROM accounts");
    accounts.sort();
    assert_eq!(accounts, wanted);
    let mut names = lines(
        &mut reader,
        "SELECT username_canonical AS line FROM accounts",
    );
    names.sort();
    let mut wanted = ["νικοσ", "άλλοσ", "ίσος", "ίσοσ"];
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    let names = lines(&mut reader, "SELECT names_canonical AS line FROM accounts");
    assert!(names.iter().all(|name| !name.contains('ς')), "{names:?}");
});
