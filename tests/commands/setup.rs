//! Before anything serves: settings that are wrong, migrations, `check` and signing keys.

use std::os::unix::fs::PermissionsExt as _;

use crate::home::Home;

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
fn g1_g3_the_secret_is_made_once_and_must_stay_private() {
    let home = Home::new();
    home.run(&["key", "list"]).done();
    let path = home.join("keyward.secret");
    let secret = std::fs::read_to_string(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    home.run(&["key", "list"]).done();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = home.run(&["key", "list"]);
    assert!(run.refused().contains("chmod 600"), "{run:?}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();

    // One that was emptied is told of by its name, and no other is made in its place.
    std::fs::write(&path, "\n").unwrap();
    let run = home.run(&["key", "list"]);
    assert!(run.refused().contains("keyward.secret is empty"), "{run:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "\n");

    // Another secret opens nothing, and that is said in its own words.
    std::fs::write(&path, "0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
    let run = home.run(&["key", "list"]);
    assert!(
        run.refused().contains("KEYWARD_SECRET is not the one"),
        "{run:?}"
    );
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
            home.run(&["migrate", "down"]).done(),
            format!("undid {name}\n")
        );
    }
    assert_eq!(home.run(&["migrate", "down"]).done(), "nothing to undo\n");
}

#[test]
fn check_says_in_words_what_is_wrong_and_what_is_not() {
    let home = Home::new();
    let fresh = home.run(&["check"]);
    assert_eq!(fresh.status, Some(1), "{fresh:?}");
    assert!(fresh.out.contains("ok    settings"), "{fresh:?}");
    assert!(
        fresh.out.contains("FAIL  database: SQLite keyward.db"),
        "{fresh:?}"
    );
    assert!(fresh.out.contains("keyward migrate up"), "{fresh:?}");

    home.run(&["migrate", "up"]).done();
    home.run(&["key", "list"]).done();
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

#[test]
fn s10_a_key_is_published_before_it_signs_and_one_at_a_time() {
    let home = Home::new();
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
        &["migrate", "down"],
        &["user", "list"],
    ] {
        let run = home.run(arguments);
        assert!(run.refused().contains("99991231"), "{run:?}");
    }
}

/// Whoever is first makes secret, database and keys; the others wait, and find them.
#[test]
fn s14_many_first_starts_in_a_bare_folder_all_succeed() {
    for _ in 0..3 {
        let home = Home::new();
        let home = &home;
        let add = move |number: usize| {
            let email = format!("user{number}@example.com");
            home.run_with(
                &["user", "add", &email, "--password-stdin"],
                "a good password",
            )
        };
        let runs: Vec<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..6).map(|n| scope.spawn(move || add(n))).collect();
            started.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for run in runs {
            run.done();
        }
        assert_eq!(home.run(&["user", "list"]).done().lines().count(), 6);
        let mut files: Vec<_> = home
            .read_dir()
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with("keyward.db"))
            .collect();
        files.sort();
        assert_eq!(files, ["keyward.secret"], "no draft is left");
    }
}
