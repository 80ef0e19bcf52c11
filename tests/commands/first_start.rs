//! What the first start makes beside an SQLite database, also where several are the first.

use std::os::unix::fs::PermissionsExt as _;

use crate::home::Home;
use crate::server::Server;
use crate::serving::try_it;
use crate::setup::set_mode;

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

    for mode in [0o644, 0o640, 0o604, 0o620] {
        set_mode(&path, mode);
        let run = home.run(&["key", "list"]);
        assert!(run.refused().contains("chmod 600"), "{mode:o}: {run:?}");
    }
    set_mode(&path, 0o600);
    // Only a start makes a key.
    drop(Server::start(&home, &[]));

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

/// What it says of the address holds, and what it offers can be pasted.
#[test]
fn the_greeting_names_the_address_that_it_listens_on() {
    for (listen, said, asked) in [
        ("0.0.0.0:0", "http://0.0.0.0:", "http://127.0.0.1:"),
        ("127.0.0.1:0", "http://127.0.0.1:", "http://127.0.0.1:"),
        ("[::]:0", "http://[::]:", "http://[::1]:"),
    ] {
        if listen.starts_with('[') && std::net::TcpListener::bind("[::1]:0").is_err() {
            eprintln!("skipped: no IPv6 here");
            continue;
        }
        let home = Home::new();
        let mut command = home.command(&["serve"]);
        command.env("KEYWARD_LISTEN", listen);
        let server = Server::listening(&home, command);
        let line = server.greeted("Keyward ").unwrap();
        assert!(line.contains(&format!(" listens on {said}")), "{line}");
        let offered = server.greeting.last().unwrap();
        assert!(offered.contains(asked), "{offered}");
        assert!(try_it(&server)["access_token"].is_string());
    }
}
