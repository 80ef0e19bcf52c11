//! By what password records are made, and what that takes (decision 0082).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;

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

const EMAIL: &str = "alice@example.com";
const PASSWORD: &str = "correct horse battery";

/// What a record of another system asks for, in KiB: more than a process finds in what it has.
const LARGE: u32 = 128 * 1024;

/// A record of Argon2id that takes so much memory.
fn large_record() -> String {
    let params = Params::new(LARGE, 1, 1, Some(32)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (salt, mut hash) = ([7; 16], [0; 32]);
    argon2
        .hash_password_into(PASSWORD.as_bytes(), &salt, &mut hash)
        .unwrap();
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={LARGE},t=1,p=1${salt}${hash}")
}

/// The address space that the process has, in bytes.
fn size_of(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let size = status.lines().find_map(|it| it.strip_prefix("VmSize:"));
    let kib = size.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// Nobody can say whether the password is right: that is no guess, and no panic.
#[test]
fn a_hash_without_memory_is_503_and_no_guess() {
    let home = Home::new();
    let add = ["user", "add", "--password-stdin", EMAIL];
    home.run_with(&add, PASSWORD).done();
    let path = home.join("keyward.db");
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let set = format!("UPDATE credentials SET record = '{}'", large_record());
    assert_eq!(diesel::sql_query(set).execute(&mut database).unwrap(), 1);
    drop(database);
    let server = Server::start(&home, &[]);
    let ask = |password: &str| {
        let body = json!({ "email": EMAIL, "password": password });
        server.post("/auth/login", &body)
    };
    assert_eq!(ask("a wrong horse battery").status, 401);
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap());
    let limited = Rlimit {
        current: Some(size_of(server.pid()) + u64::from(LARGE) * 1024 * 3 / 4),
        maximum: getrlimit(Resource::As).maximum,
    };
    let before = prlimit(pid, Resource::As, limited).unwrap();
    // More than are free of a wait.
    for _ in 0..8 {
        let refused = ask(PASSWORD);
        assert_eq!(refused.status, 503, "{refused:?}");
        let head = refused.head.to_lowercase();
        assert!(head.contains("\r\nretry-after: "), "{refused:?}");
    }
    prlimit(pid, Resource::As, before).unwrap();
    assert_eq!(ask(PASSWORD).status, 200);
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
}
