//! Files of a database that are away, or another's: nothing is lost by looking, and nothing is
//! acknowledged that the next start would not find.

use crate::home::Home;
use crate::server::Server;

const PASSWORD: &str = "correct horse battery";

fn with_alice() -> Home {
    let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", PASSWORD);
    let add = ["user", "add", "alice@example.com", "--password-stdin"];
    home.run_with(&add, &format!("{PASSWORD}\n")).done();
    home
}

#[test]
fn operators_41_a_wal_without_its_database_is_left_alone() {
    let home = with_alice();
    // Killed, so that what was written last is in the WAL alone.
    let server = Server::start(&home, &[]);
    server.sign_in("alice@example.com", PASSWORD);
    let (status, _) = server.end("-KILL");
    assert_eq!(status, None);
    let kept = std::fs::read(home.join("keyward.db-wal")).unwrap();
    assert!(!kept.is_empty());
    std::fs::rename(home.join("keyward.db"), home.join("aside.db")).unwrap();
    let told = "keyward.db is not there or empty, and keyward.db-wal holds what was written last";
    for empty in [false, true] {
        if empty {
            std::fs::write(home.join("keyward.db"), "").unwrap();
        }
        let add = ["user", "add", "bob@example.com", "--password-stdin"];
        for command in [
            &["check"][..],
            &["serve"],
            &["key", "list"],
            &["user", "list"],
            &["migrate", "up"],
            &["migrate", "status"],
            &add,
        ] {
            let run = home.run_with(command, &format!("{PASSWORD}\n"));
            assert_eq!(run.status, Some(1), "{command:?}: {run:?}");
            let said = format!("{}{}", run.out, run.err);
            assert!(said.contains(told), "{command:?}: {run:?}");
        }
        let now = std::fs::read(home.join("keyward.db-wal")).unwrap();
        assert!(now == kept, "it was changed");
    }
    std::fs::rename(home.join("aside.db"), home.join("keyward.db")).unwrap();
    let list = home.run(&["user", "list"]);
    assert!(list.done().contains("alice@example.com"), "{list:?}");
    home.run(&["check"]).done();
}

#[test]
fn operators_42_what_would_be_lost_is_not_acknowledged() {
    for gone in ["keyward.db", "keyward.db-shm", "keyward.db-wal"] {
        let home = with_alice();
        let server = Server::start(&home, &[]);
        let (access, refresh) = server.sign_in("alice@example.com", PASSWORD);
        let at = home.join(gone);
        std::fs::rename(&at, home.join("aside")).unwrap();
        let body = format!(r#"{{"email":"alice@example.com","password":"{PASSWORD}"}}"#);
        let login = server.ask("POST", "/auth/login", &[], &body);
        assert_eq!(login.status, 503, "{gone}: {login:?}");
        let body = format!(r#"{{"refresh_token":"{refresh}"}}"#);
        for path in ["/auth/refresh", "/auth/logout"] {
            let answer = server.ask("POST", path, &[], &body);
            assert_eq!(answer.status, 503, "{gone} {path}: {answer:?}");
        }
        // A token is checked without the database.
        let check = server.with_token("GET", "/auth/verify", &access);
        assert_eq!(check.status, 200, "{gone}: {check:?}");
        server.logs("was not begun");
        server.logs(&format!("{gone} is not the file that was opened"));
        // The same file again, and nothing is wrong any more.
        std::fs::rename(home.join("aside"), &at).unwrap();
        let answer = server.ask("POST", "/auth/logout", &[], &body);
        assert_eq!(answer.status, 204, "{gone}: {answer:?}");
        let (status, _) = server.end("-KILL");
        assert_eq!(status, None);
        let server = Server::start(&home, &[]);
        let check = server.with_token("GET", "/auth/verify", &access);
        assert_eq!(
            check.status, 401,
            "{gone}: the sign-out was kept: {check:?}"
        );
    }
}

#[test]
fn operators_51_a_database_behind_a_link_is_the_one_that_it_leads_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", PASSWORD);
    let home = home.and("DATABASE_URL", "sqlite://data/kw.db");
    for folder in ["data", "real"] {
        std::fs::create_dir(home.join(folder)).unwrap();
    }
    std::os::unix::fs::symlink("../real/kw.db", home.join("data/kw.db")).unwrap();
    let server = Server::start(&home, &[]);
    let body = format!(r#"{{"email":"admin@localhost","password":"{PASSWORD}"}}"#);
    assert_eq!(server.ask("POST", "/auth/login", &[], &body).status, 200);
    let made = std::fs::metadata(home.join("real/kw.db")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    home.run(&["check"]).done();
    home.run(&["user", "list"]).done();
    // What is watched is beside the file, not beside the link.
    std::fs::rename(home.join("real/kw.db-wal"), home.join("aside")).unwrap();
    assert_eq!(server.ask("POST", "/auth/login", &[], &body).status, 503);
    server.logs("kw.db-wal is not the file that was opened");
    drop(server);
    // Links that lead to each other lead nowhere.
    for (link, target) in [("one", "two"), ("two", "one")] {
        std::os::unix::fs::symlink(target, home.join(link)).unwrap();
    }
    let home = home.and("DATABASE_URL", "sqlite://one");
    for command in ["check", "serve"] {
        let run = home.run(&[command]);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.err.contains("whose links lead to a file"), "{run:?}");
    }
}
