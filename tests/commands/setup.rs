//! Before anything serves: settings that are wrong, migrations, `check` and signing keys.

use std::os::unix::fs::PermissionsExt as _;

use keyward::config::settings;

use crate::home::{Home, Run};
use crate::server::Server;

#[test]
fn g7_every_fault_of_the_settings_is_told_in_a_line_of_its_own() {
    let home = Home::with(&[
        ("KEYWARD_LISTEN", "8080"),
        ("KEYWARD_ACCES_TOKEN_TTL", "15m"),
        ("KEYWARD_REFRESH_GRACE", "5m"),
        ("KEYWARD_BCRYPT_COST", "4"),
        ("KEYWARD_TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1"),
        ("KEYWARD_SECRET", "CANARY-too-short"),
        ("KEYWARD_ADMIN_EMAIL", "nobody"),
        ("KEYWARD_TEST_MODE", "1"),
    ]);
    for arguments in [
        &[][..],
        &["serve"],
        &["migrate", "up"],
        &["user", "list"],
        &["check"],
    ] {
        let run = home.run(arguments);
        let lines: Vec<&str> = run.refused().lines().collect();
        let named: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("keyward: ")?.split(':').next())
            .collect();
        assert_eq!(
            named,
            [
                "KEYWARD_ACCES_TOKEN_TTL",
                "KEYWARD_TEST_MODE",
                "KEYWARD_LISTEN",
                "KEYWARD_SECRET",
                "KEYWARD_ADMIN_EMAIL",
                "KEYWARD_REFRESH_GRACE",
                "KEYWARD_TRUSTED_PROXIES",
                "KEYWARD_BCRYPT_COST",
            ],
            "{run:?}"
        );
        assert_eq!(lines.len(), named.len(), "a line each: {run:?}");
        assert!(!run.err.contains("CANARY") && run.out.is_empty(), "{run:?}");
    }
    assert!(!home.join("keyward.db").exists(), "nothing was begun");
}

/// Dropped in silence, its default would stand.
#[test]
fn g7_a_value_that_is_no_text_is_told_of_by_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let broken = std::ffi::OsStr::from_bytes(b"CANARY \xff");
    let home = Home::new();
    let mut command = home.command(&["migrate", "up"]);
    command
        .env("DATABASE_URL", broken)
        .env("KEYWARD_SECRET", broken);
    let run = Run::from(command.env("OTHER", broken).output().unwrap());
    let lines: Vec<&str> = run.refused().lines().collect();
    assert_eq!(
        lines,
        [
            "keyward: DATABASE_URL: is not UTF-8",
            "keyward: KEYWARD_SECRET: is not UTF-8"
        ]
    );
    assert!(
        home.read_dir().unwrap().next().is_none(),
        "nothing was begun"
    );
}

#[test]
fn settings_are_read_from_a_file_and_the_environment_goes_before_it() {
    let home = Home::with(&[("KEYWARD_BCRYPT_COST", "10")]);
    let file = "# a comment\nKEYWARD_BCRYPT_COST=nine\nDATABASE_URL=sqlite://other.db\n";
    std::fs::write(home.join(".env"), file).unwrap();
    home.run(&["migrate", "up"]).done();
    assert!(home.join("other.db").exists() && !home.join("keyward.db").exists());
    std::fs::write(home.join(".env"), "KEYWARD_LISTEN 8080\n").unwrap();
    let run = home.run(&["migrate", "up"]);
    assert!(run.refused().starts_with("keyward: .env: "), "{run:?}");
}

#[test]
fn g4_a_line_of_the_file_that_can_not_be_read_is_not_shown() {
    for line in [
        "KEYWARD_ADMIN_PASSWORD=CANARY horse",
        "KEYWARD_ADMIN_PASSWORD='CANARY",
        "CANARY horse=x y",
    ] {
        let home = Home::new();
        std::fs::write(home.join(".env"), format!("{line}\n")).unwrap();
        for arguments in [&["serve"][..], &["check"], &["migrate", "up"]] {
            let run = home.run(arguments);
            let told = "keyward: .env: line 1: ";
            assert!(run.refused().starts_with(told), "{run:?}");
            assert!(!run.err.contains("CANARY"), "{run:?}");
        }
        assert!(!home.join("keyward.db").exists());
    }
}

#[test]
fn migrations_run_are_listed_and_are_undone() {
    let home = Home::new();
    let status = home.run(&["migrate", "status"]);
    let names: Vec<&str> = status
        .done()
        .lines()
        .map(|line| line.strip_prefix("pending  ").unwrap())
        .collect();
    assert!(!names.is_empty());

    let ran = home.run(&["migrate", "up"]);
    let expected: Vec<String> = names.iter().map(|name| format!("ran {name}")).collect();
    assert_eq!(ran.done().lines().collect::<Vec<_>>(), expected);
    assert_eq!(home.run(&["migrate", "up"]).done(), "nothing to do\n");
    for line in home.run(&["migrate", "status"]).done().lines() {
        assert!(line.starts_with("applied  "), "{line}");
    }
    for name in names.iter().rev() {
        assert_eq!(
            home.run(&["migrate", "down", "--yes"]).done(),
            format!("undid {name}\n")
        );
    }
    assert_eq!(
        home.run(&["migrate", "down", "--yes"]).done(),
        "nothing to undo\n"
    );
}

#[test]
fn operators_50_registrations_that_need_mail_and_have_none_are_a_fault() {
    let home = Home::new().and("KEYWARD_REQUIRE_VERIFIED_EMAIL", "on");
    // It is read only where it is not this machine alone that asks: mail goes to the log there.
    let home = home.and("KEYWARD_PUBLIC_URL", "https://auth.example.com");
    home.run(&["check"]).done();
    let home = home.and("KEYWARD_REGISTRATION", "open");
    let run = home.run(&["check"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.out.contains("FAIL  mail: nowhere"), "{run:?}");
    assert!(run.out.contains("who was not mailed a code"), "{run:?}");
}

#[test]
fn check_says_in_words_what_is_wrong_and_what_is_not() {
    let home = Home::new();
    let fresh = home.run(&["check"]);
    for part in [
        "settings",
        "secret: a start makes keyward.secret",
        "database: a start makes SQLite keyward.db",
    ] {
        assert!(fresh.done().contains(&format!("ok    {part}")), "{fresh:?}");
    }

    home.run(&["migrate", "up"]).done();
    home.run(&["migrate", "down", "--yes"]).done();
    let behind = home.run(&["check"]);
    assert_eq!(behind.status, Some(1), "{behind:?}");
    let fault = "FAIL  database: SQLite keyward.db has 1 migrations to run: keyward migrate up";
    assert!(behind.out.contains(fault), "{behind:?}");

    // Only a start makes a key.
    drop(Server::start(&home, &[]));
    let good = home.run(&["check"]);
    for part in ["settings", "cookies", "database", "keys: 1", "clock"] {
        assert!(good.done().contains(&format!("ok    {part}")), "{good:?}");
    }
    assert!(!good.out.contains("FAIL"), "{good:?}");

    // Browsers would drop the refresh cookie there, so that has to be said.
    let home = Home::new().and("KEYWARD_PUBLIC_URL", "http://auth.example.com");
    home.run(&["migrate", "up"]).done();
    let run = home.run(&["check"]);
    assert_eq!(run.status, Some(1));
    assert!(
        run.out.contains("FAIL  cookies") && run.out.contains("https"),
        "{run:?}"
    );
}

/// Who only looks makes nothing; nor does a start that can not be.
#[test]
fn what_only_looks_makes_nothing() {
    let home = Home::new();
    home.run(&["check"]).done();
    home.run(&["migrate", "status"]).done();
    let bad = Home::new().and("KEYWARD_LISTEN", "nowhere");
    for arguments in [&["serve"][..], &["migrate", "up"], &["key", "list"]] {
        bad.run(arguments).refused();
    }
    for home in [home, bad] {
        assert!(
            home.read_dir().unwrap().next().is_none(),
            "nothing was made"
        );
    }
}

/// Beside a database that is there, a missing secret is not made by a look either.
#[test]
fn check_tells_that_the_secret_of_a_database_is_lost() {
    let home = Home::new();
    drop(Server::start(&home, &[]));
    std::fs::remove_file(home.join("keyward.secret")).unwrap();
    let run = home.run(&["check"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    // Once, with what helps.
    let faults: Vec<&str> = run
        .out
        .lines()
        .filter(|it| it.starts_with("FAIL"))
        .collect();
    assert_eq!(faults.len(), 1, "{run:?}");
    assert!(faults[0].contains("keyward.secret is not there") && faults[0].contains("put it back"));
    assert!(run.err.contains("1 of these"), "{run:?}");
    assert!(!home.join("keyward.secret").exists());
}

/// An empty file is no missing one: what helps depends on what was made with it.
#[test]
fn an_empty_secret_is_told_with_what_helps() {
    let told = |home: &Home, command: &[&str]| {
        let run = home.run(command);
        let told = format!("{}{}", run.out, run.err);
        assert_eq!(run.status, Some(1), "{command:?} {run:?}");
        assert_eq!(told.matches("is empty").count(), 1, "{told}");
        told
    };
    let make_empty = |home: &Home| {
        let file = home.join("keyward.secret");
        std::fs::write(&file, " \n").unwrap();
        set_mode(&file, 0o600);
    };
    let home = Home::new();
    make_empty(&home);
    for command in [&["serve"][..], &["check"], &["user", "list"]] {
        let told = told(&home, command);
        assert!(
            told.contains("remove it, and a start makes another"),
            "{told}"
        );
    }
    let home = home.and("KEYWARD_SECRET_FILE", "keyward.secret");
    let told_of = told(&home, &["check"]);
    assert!(told_of.contains("openssl rand"), "{told_of}");
    // Of a database that was made with one: nobody is sent to remove it.
    let home = Home::new();
    drop(Server::start(&home, &[]));
    make_empty(&home);
    for command in [&["serve"][..], &["check"]] {
        let told = told(&home, command);
        assert!(
            told.contains("put that back") && !told.contains("remove"),
            "{told}"
        );
    }
}

/// Before the first start there is no key that another secret could fail to open, but there are
/// passwords.
#[test]
fn a_secret_that_is_lost_is_not_made_anew() {
    let home = Home::new();
    let add = ["user", "add", "--password-stdin", "alice@example.com"];
    home.run_with(&add, "correct horse battery").done();
    let (secret, kept) = (home.join("keyward.secret"), home.join("kept"));
    std::fs::rename(&secret, &kept).unwrap();
    for command in [
        &["serve"][..],
        &["user", "list"],
        &["key", "list"],
        &["check"],
    ] {
        let mut run = home.command(command);
        run.env("KEYWARD_LISTEN", "127.0.0.1:0");
        let run = Run::from(run.output().unwrap());
        let told = format!("{}{}", run.out, run.err);
        assert_eq!(run.status, Some(1), "{command:?} {run:?}");
        assert!(
            told.contains("keyward.secret is not there"),
            "{command:?} {told}"
        );
        assert!(!secret.exists(), "{command:?}");
    }
    std::fs::rename(&kept, &secret).unwrap();
    home.run(&["check"]).done();
    // Without passwords and keys nothing is lost.
    let home = Home::new();
    home.run(&["migrate", "up"]).done();
    std::fs::remove_file(home.join("keyward.secret")).unwrap();
    home.run(&["user", "list"]).done();
}

#[test]
fn operators_21_commas_alone_are_no_list() {
    for setting in ["KEYWARD_TRUSTED_PROXIES", "KEYWARD_DIALECTS"] {
        for empty in [",", " , ,"] {
            let home = Home::new().and(setting, empty);
            let run = home.run(&["check"]);
            assert!(run.refused().contains(setting), "{run:?}");
            assert!(run.err.contains("none for an empty list"), "{run:?}");
        }
    }
}

pub fn set_mode(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Those who can read the database have every address; those who can write to its folder
/// can put another in its place. It is told of, and goes on: an operator may mean it.
#[test]
fn g3_files_that_others_can_get_at_are_told_of() {
    for (mode_of_file, mode_of_folder, words) in [
        (0o600, 0o755, None),
        (0o644, 0o755, Some("keyward.db: chmod 600 it")),
        (0o620, 0o755, Some("keyward.db: chmod 600 it")),
        (0o600, 0o777, Some("get at .: chmod 700 it")),
        (0o600, 0o775, Some("get at .: chmod 700 it")),
    ] {
        let home = Home::new();
        home.run(&["key", "list"]).done();
        set_mode(&home.join("keyward.db"), mode_of_file);
        set_mode(&home, mode_of_folder);
        let check = home.run(&["check"]);
        let server = Server::start(&home, &[]);
        let log = server.log();
        if let Some(words) = words {
            assert_eq!(check.status, Some(1), "{check:?}");
            assert!(check.out.contains("FAIL  files: others can "), "{check:?}");
            assert!(check.out.contains(words), "{check:?}");
            assert!(log.contains("WARN ") && log.contains(words), "{log}");
        } else {
            check.done();
            assert!(!log.contains("WARN "), "{log}");
        }
    }
}

#[test]
fn g3_what_is_made_is_private() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    server.sign_in_as_administrator();
    for name in [
        "keyward.db",
        "keyward.db-wal",
        "keyward.db-shm",
        "keyward.secret",
    ] {
        let mode = std::fs::metadata(home.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// At the most talkative level, in whatever a command prints, also where it fails.
#[test]
fn g4_no_secret_setting_is_ever_printed() {
    for setting in settings::all().filter(|setting| setting.secret) {
        let values: &[&str] = match setting.name {
            "DATABASE_URL" => &[
                "postgresql://keyward:CANARY@127.0.0.1:1/keyward",
                "postgresql://keyward:CANARY@nowhere.invalid/keyward?password=CANARY",
                "postgresql://keyward:CAN/CANARY@127.0.0.1:1/keyward",
                "mysql://keyward:CANARY@127.0.0.1/keyward",
            ],
            "KEYWARD_SECRET" => &["CANARY", "CANARY-0123456789abcdefghijklmnopqrstuvwxyz"],
            "KEYWARD_ADMIN_PASSWORD" => &["CANARY horse battery"],
            "KEYWARD_SMTP_URL" => &[
                "smtp://user:CANARY@127.0.0.1:1",
                "smtp://user:CANARY@127.0.0.1:1/path",
                "smtps://CANARY@127.0.0.1:1",
            ],
            other => panic!("give {other} a value here"),
        };
        for value in values {
            let home = Home::new()
                .and(setting.name, value)
                .and("RUST_LOG", "trace");
            let home = match setting.name {
                "DATABASE_URL" => {
                    home.and("KEYWARD_SECRET", "0123456789abcdefghijklmnopqrstuvwxyz")
                }
                "KEYWARD_SMTP_URL" => home.and("KEYWARD_MAIL_FROM", "keyward@example.com"),
                _ => home,
            };
            let fails = [
                ("KEYWARD_LISTEN", "nowhere"),
                ("KEYWARD_ADMIN_EMAIL", "nobody"),
            ];
            for arguments in [
                &["--help"][..],
                &["serve", "--help"],
                &["routes"],
                &["check"],
                &["migrate", "status"],
                &["migrate", "up"],
                &["key", "list"],
                &["user", "list"],
                &["serve"],
            ] {
                let mut command = home.command(arguments);
                // A start that could be would not end.
                if arguments == ["serve"] {
                    command.envs(fails);
                }
                let run = Run::from(command.output().unwrap());
                assert!(
                    !run.out.contains("CANARY") && !run.err.contains("CANARY"),
                    "{arguments:?} with {value}: {run:?}"
                );
            }
        }
    }
}

#[test]
fn s10_a_key_is_published_before_it_signs_and_one_at_a_time() {
    let home = Home::new();
    drop(Server::start(&home, &[]));
    let first = home.run(&["key", "list"]);
    let line = first.done().trim_end();
    let id = line.split_whitespace().next().unwrap();
    assert_eq!(line.lines().count(), 1);
    assert!(line.contains("RS256  active since 20"), "{line}");

    let rotated = home.run(&["key", "rotate"]);
    let next = rotated.done().strip_prefix("published ").unwrap();
    let next = next.split(':').next().unwrap();
    let listed = home.run(&["key", "list"]);
    let lines: Vec<&str> = listed.done().lines().collect();
    assert!(lines[0].starts_with(id) && lines[0].contains("active since"));
    assert!(lines[1].starts_with(next) && lines[1].contains("next, signs from"));

    let again = home.run(&["key", "rotate"]);
    assert!(again.refused().contains("waits already"), "{again:?}");
    assert_eq!(home.run(&["key", "list"]).out, listed.out);
}

#[test]
fn s13_a_database_of_a_newer_keyward_is_refused() {
    use diesel::connection::{Connection as _, SimpleConnection as _};
    let home = Home::new();
    home.run(&["migrate", "up"]).done();
    let path = home.join("keyward.db");
    let mut database = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    database
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231')")
        .unwrap();
    for arguments in [
        &["serve"][..],
        &["migrate", "up"],
        &["migrate", "down", "--yes"],
        &["user", "list"],
    ] {
        let run = home.run(arguments);
        assert!(run.refused().contains("99991231"), "{run:?}");
    }
}
