//! `keyward serve --test-mode`: for integrators, on this machine, and on no database but its
//! own.

use crate::home::Home;
use crate::server::Server;
use crate::serving::try_it;

const EMAIL: &str = "alice@example.com";
const PASSWORD: &str = "correct horse battery";

#[test]
fn in_test_mode_the_clock_is_moved_by_hand() {
    let home = Home::with(&[]);
    let server = Server::start(&home, &["--test-mode"]);
    assert!(server.greeted("test mode").is_some());
    let clock = |body: &str| {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let reply = server.ask(method, "/test/clock", &[], body);
        assert_eq!(reply.status, 200, "{reply:?}");
        let json = reply.json();
        assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
        let now = reply.text("now");
        let shape: String = now
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000Z");
        chrono::DateTime::parse_from_rfc3339(&now).unwrap()
    };
    let access = try_it(&server)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(server.with_token("GET", "/auth/me", &access).status, 200);
    let before = clock("");
    let moved = clock(r#"{"advance":"16m"}"#);
    let by = moved.signed_duration_since(before).num_seconds();
    assert!((16 * 60..17 * 60).contains(&by), "{by} s");
    let expired = server.with_token("GET", "/auth/me", &access);
    assert_eq!(expired.status, 401);
    assert!(expired.body.contains("TOKEN_EXPIRED"), "{expired:?}");
    for body in [
        r#"{"advance":"soon"}"#,
        r#"{"advance":900}"#,
        r#"{"back":"1m"}"#,
        "{}",
    ] {
        assert_eq!(
            server.ask("POST", "/test/clock", &[], body).status,
            400,
            "{body}"
        );
    }
    // Commands work beside it by the database that it tells of.
    let database = server.greeted("database").unwrap();
    let path = database.rsplit(' ').next().unwrap();
    let beside = Home::new().and("DATABASE_URL", &format!("sqlite://{path}"));
    beside
        .run_with(&["user", "add", EMAIL, "--password-stdin"], PASSWORD)
        .done();
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    // And by its time, so what they do is no older than what was done before.
    let me = server.with_token("GET", "/auth/me", &access).json();
    let made = me["created"].as_i64().unwrap();
    assert!(made >= moved.timestamp_millis(), "{me}");
    // It is a throw-away: the folder that it was started in stays as it was.
    assert!(!home.join("keyward.db").exists() && !home.join("keyward.secret").exists());
}

#[test]
fn test_mode_is_for_this_machine_and_for_those_who_ask_for_it() {
    for (name, value) in [
        ("KEYWARD_LISTEN", "0.0.0.0:0"),
        ("KEYWARD_PUBLIC_URL", "https://auth.example.com"),
    ] {
        let run = Home::with(&[(name, value)]).run(&["serve", "--test-mode"]);
        assert!(run.refused().contains(name), "{run:?}");
    }
    // Nor does a start that came to nothing leave its database behind.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for listen in ["0.0.0.0:0", &taken] {
        let home = Home::with(&[("KEYWARD_LISTEN", listen)]);
        let temporary = home.join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let home = home.and("TMPDIR", temporary.to_str().unwrap());
        let run = home.run(&["serve", "--test-mode"]);
        assert!(run.refused().contains("KEYWARD_LISTEN"), "{run:?}");
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    }
    // It never touches a database that it did not make: its hashes are cheap, its clock
    // is moved, and its housekeeping deletes by that clock.
    let home = Home::new();
    home.run_with(&["user", "add", EMAIL, "--password-stdin"], PASSWORD)
        .done();
    let before = std::fs::read(home.join("keyward.db")).unwrap();
    std::fs::write(home.join(".env"), "DATABASE_URL=sqlite://keyward.db\n").unwrap();
    let run = home.run(&["serve", "--test-mode"]);
    assert!(
        run.refused()
            .contains("DATABASE_URL: must be unset in test mode")
    );
    std::fs::remove_file(home.join(".env")).unwrap();
    let home = home.and("DATABASE_URL", "sqlite://keyward.db");
    let run = home.run(&["serve", "--test-mode"]);
    assert!(
        run.refused()
            .contains("DATABASE_URL: must be unset in test mode")
    );
    assert_eq!(std::fs::read(home.join("keyward.db")).unwrap(), before);
    let home = Home::new();
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask("GET", "/test/clock", &[], "").status, 404);
    let moved = server.ask("POST", "/test/clock", &[], r#"{"advance":"1h"}"#);
    assert_eq!(moved.status, 404);
}
