//! By what password records are made, and what that takes (decision 0082).

use crate::home::Home;
use crate::server::Server;

#[test]
fn check_and_greeting_say_what_hashes_and_what_memory_it_takes() {
    for (settings, said) in [
        (&[("KEYWARD_BCRYPT_COST", "11")][..], "bcrypt, cost 11"),
        (
            &[
                ("KEYWARD_PASSWORD_HASH", "argon2id"),
                ("KEYWARD_PASSWORD_THREADS", "3"),
            ],
            "Argon2id, 19 MiB, 2 passes, 76 MiB at the most",
        ),
    ] {
        let home = Home::with(settings);
        let check = home.run(&["check"]);
        let line = format!("ok    passwords: {said}\n");
        assert!(check.done().contains(&line), "{check:?}");
        let server = Server::start(&home, &[]);
        assert_eq!(server.greeted("hashing "), Some(said));
    }
}

#[test]
fn a_kind_of_record_that_is_none_is_refused_by_name() {
    for kind in ["argon2", "Argon2id", "scrypt"] {
        let run = Home::with(&[("KEYWARD_PASSWORD_HASH", kind)]).run(&["serve"]);
        let told =
            format!("keyward: KEYWARD_PASSWORD_HASH: must be bcrypt or argon2id, not {kind:?}\n");
        assert_eq!(run.refused(), told);
    }
}

#[test]
fn tune_hash_measures_both_kinds() {
    let run = Home::new().run(&["tune-hash"]);
    let mut kinds = run.done().split("KEYWARD_PASSWORD_HASH=").skip(1);
    for (name, settings) in [
        ("bcrypt", &["10", "11", "12", "13", "14"][..]),
        ("argon2id", &["2", "3", "4", "6", "8", "12", "16"]),
    ] {
        let lines: Vec<&str> = kinds.next().unwrap().lines().collect();
        assert_eq!(lines[0], name);
        let rows = lines[2..].iter().take_while(|line| !line.is_empty());
        let rows: Vec<Vec<&str>> = rows.map(|line| line.split_whitespace().collect()).collect();
        let first: Vec<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(first, settings, "{run:?}");
        for row in rows {
            assert!(row[2].parse::<f64>().unwrap() > 0.0, "{run:?}");
        }
    }
}
