//! `keyward serve`: what it greets with works when pasted, what another process changes it
//! knows within a second, it ends when it is told to, and it writes down no secret.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::home::Home;
use crate::server::Server;

const EMAIL: &str = "alice@example.com";
const PASSWORD: &str = "CANARY horse battery";

fn with_alice(home: &Home) {
    let add = ["user", "add", EMAIL, "--password-stdin"];
    home.run_with(&add, PASSWORD).done();
}

/// Runs the line that the greeting offers, as somebody at a shell would.
pub fn try_it(server: &Server<'_>) -> serde_json::Value {
    let line = server.greeting.last().unwrap().trim();
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    if output.status.code() == Some(127) {
        // No curl here: the same request by hand.
        let body = line
            .split_once(" -d '")
            .unwrap()
            .1
            .strip_suffix('\'')
            .unwrap();
        let body = body.replace("'\\''", "'");
        return server.ask("POST", "/auth/login", &[], &body).json();
    }
    assert!(output.status.success(), "{line}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn g11_the_first_start_makes_an_administrator_and_says_how_to_sign_in() {
    // An apostrophe is a letter of an e-mail address, and a sign of the shell.
    let home = Home::new().and("KEYWARD_ADMIN_EMAIL", "o'brien@example.com");
    let server = Server::start(&home, &[]);
    let port = server.address().strip_prefix("127.0.0.1:").unwrap();
    assert_ne!(port.parse::<u16>().unwrap(), 0, "the real port");
    assert_eq!(server.greeted("database"), Some("SQLite keyward.db"));
    assert_eq!(server.greeted("administrator"), Some("o'brien@example.com"));
    let password = server.greeted("password").unwrap();
    let password = password.split_whitespace().next().unwrap().to_owned();
    assert_eq!(password.len(), 19, "80 bits that can be read aloud");

    let answer = try_it(&server);
    let access = answer["access_token"].as_str().expect("an access token");
    assert_eq!(answer["expires"], 900_000);
    let claims = access.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], format!("http://localhost:{port}"));
    let me = server.with_token("GET", "/auth/me", access);
    assert_eq!(
        (me.status, me.text("role").as_str()),
        (200, "administrator")
    );
    assert!(
        !server.log().contains(&password),
        "it is printed, not logged"
    );
    assert_eq!(server.end("-TERM").0, Some(0));

    // It is shown this once.
    let again = Server::start(&home, &[]);
    assert!(again.greeted("password").is_none());
    assert!(again.greeted("administrator").is_none(), "it may be gone");
    assert!(!again.greeting.join("\n").contains(&password));
    assert_eq!(try_it(&again)["status"], "ok");
    again.sign_in("o'brien@example.com", &password);
}

#[test]
fn an_administrator_of_the_settings_is_taken_and_the_password_not_repeated() {
    // As it is, spaces included (P11).
    let spaced = format!(" {PASSWORD} ");
    let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", &spaced);
    let server = Server::start(&home, &[]);
    assert!(!server.greeting.join("\n").contains("CANARY"));
    assert_eq!(try_it(&server)["status"], "ok");
    server.sign_in("admin@localhost", &spaced);
    let trimmed = json!({ "email": "admin@localhost", "password": PASSWORD });
    assert_eq!(server.post("/auth/login", &trimmed).status, 401);
    assert!(!server.log().contains("CANARY"));
}

#[test]
fn a_port_that_is_taken_is_told_of_by_the_name_of_its_setting() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let other = Home::new().and("KEYWARD_LISTEN", server.address());
    let run = other.run(&["serve"]);
    assert!(run.refused().contains("KEYWARD_LISTEN"), "{run:?}");
    assert!(
        run.out.is_empty(),
        "it did not say that it listens: {run:?}"
    );
}

/// What is revoked in one process holds in another within a second of the answer, on
/// every route, and for refresh tokens at once.
#[test]
fn j23_h28_another_process_ends_sessions_of_a_running_server() {
    let home = Home::new();
    with_alice(&home);
    let server = Server::start(&home, &[]);
    for command in [
        "disable",
        "enable",
        "revoke-sessions",
        "--all",
        "set-password",
    ] {
        if command == "enable" {
            home.run(&["user", "enable", EMAIL]).done();
            continue;
        }
        let (access, refresh) = server.sign_in(EMAIL, PASSWORD);
        let me = || server.with_token("GET", "/auth/me", &access).status;
        let verify = || server.with_token("GET", "/auth/verify", &access).status;
        assert_eq!((me(), verify()), (200, 200), "{command}");

        let arguments = match command {
            "set-password" => vec!["user", command, EMAIL, "--password-stdin"],
            "--all" => vec!["user", "revoke-sessions", command],
            _ => vec!["user", command, EMAIL],
        };
        home.run_with(&arguments, PASSWORD).done();
        let done = Instant::now();
        let refreshed = server.post("/auth/refresh", &json!({ "refresh_token": refresh }));
        assert_eq!(refreshed.status, 401, "{command}: {refreshed:?}");
        // Within a second, where the machine has time for it.
        loop {
            let waited = done.elapsed();
            if verify() == 401 {
                break;
            }
            assert!(waited < Duration::from_secs(5), "{command}: {waited:?}");
        }
        assert_eq!(me(), 401, "{command}");
    }
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    assert_eq!(server.with_token("GET", "/auth/me", &access).status, 200);
}

#[test]
fn s17_a_signal_ends_it_with_success() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        let server = Server::start(&home, &[]);
        assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 200);
        let (code, later) = server.end(signal);
        assert_eq!(code, Some(0), "{signal}");
        assert_eq!(later.join(""), "", "the greeting is all that it prints");
    }
}

/// What a balancer needs: it goes on serving for a while, and says that it will not.
#[test]
fn s17_it_is_not_ready_before_it_stops() {
    let home = Home::new().and("KEYWARD_SHUTDOWN_DELAY", "6s");
    with_alice(&home);
    let server = Server::start(&home, &[]);
    let ready = || server.ask("GET", "/health/ready", &[], "");
    assert_eq!(ready().status, 200);
    server.signal("-TERM");
    let told = Instant::now();
    while ready().status == 200 {
        assert!(told.elapsed() < Duration::from_secs(5), "still ready");
    }
    assert_eq!(ready().status, 503);
    assert!(ready().body.contains("SERVICE_UNAVAILABLE"));
    assert_eq!(server.ask("GET", "/health/live", &[], "").status, 200);
    server.sign_in(EMAIL, PASSWORD);
    // Said once more, nothing changes.
    server.signal("-TERM");
    let (code, _) = server.ended();
    assert_eq!(code, Some(0));
    assert!(
        told.elapsed() >= Duration::from_secs(6),
        "{:?}",
        told.elapsed()
    );
    assert!(
        told.elapsed() < Duration::from_secs(20),
        "{:?}",
        told.elapsed()
    );
}

/// A request that was begun is answered, a kept connection is not waited for.
#[test]
fn s17_what_was_accepted_is_answered_and_nothing_else() {
    let home = Home::new();
    with_alice(&home);
    let server = Server::start(&home, &[]);
    let mut idle = TcpStream::connect(server.address()).unwrap();
    idle.write_all(b"HEAD /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");

    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let (begin, end) = body.split_at(10);
    let mut begun = TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    begun.write_all(head.as_bytes()).unwrap();
    // Once it says this, it has read the head and waits for the body.
    let mut goes_on = [0; 25];
    begun.read_exact(&mut goes_on).unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    begun.write_all(begin.as_bytes()).unwrap();
    server.signal("-TERM");
    let told = Instant::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(3), "it still listens");
    }
    begun.write_all(end.as_bytes()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("access_token"), "{answer}");
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "{answer}"
    );
    assert_eq!(server.ended().0, Some(0));
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "{:?}",
        told.elapsed()
    );
}

#[test]
fn operators_31_a_request_whose_head_has_partly_come_is_answered() {
    let home = Home::new();
    with_alice(&home);
    let server = Server::start(&home, &[]);
    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let begin = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\n";
    let end = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // Over a new connection, and over one that was asked before.
    let mut begun = [0, 1].map(|_| TcpStream::connect(server.address()).unwrap());
    begun[1]
        .write_all(b"HEAD /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut told = Vec::new();
    while !told.ends_with(b"\r\n\r\n") {
        let mut one = [0];
        begun[1].read_exact(&mut one).unwrap();
        told.extend(one);
    }
    for stream in &mut begun {
        stream.write_all(begin.as_bytes()).unwrap();
    }
    // Asked over another connection, it has read what came before.
    assert_eq!(server.ask("GET", "/health/live", &[], "").status, 200);
    server.signal("-TERM");
    let told = Instant::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(3), "it still listens");
    }
    for stream in &mut begun {
        stream.write_all(end.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let head = answer.to_lowercase();
        assert!(head.contains("connection: close"), "{answer}");
    }
    assert_eq!(server.ended().0, Some(0));
    assert!(told.elapsed() < Duration::from_secs(10));
}

/// Of an SQLite database one file is left, with everything in it.
#[test]
fn s17_the_log_of_the_database_is_put_away() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        with_alice(&home);
        let server = Server::start(&home, &[]);
        server.sign_in(EMAIL, PASSWORD);
        assert!(home.join("keyward.db-wal").exists());
        assert_eq!(server.end(signal).0, Some(0));
        for left in ["keyward.db-wal", "keyward.db-shm"] {
            assert!(!home.join(left).exists(), "{signal}: {left} is left");
        }
        assert!(home.run(&["user", "list"]).done().contains(EMAIL));
    }
}

/// There is no reload. The signal that asks other daemons for one must not end this one.
#[test]
fn g12_operators_74_a_hangup_changes_nothing_and_says_so() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    std::fs::write(home.join(".env"), "KEYWARD_LISTEN=nowhere\n").unwrap();
    for (signal, line) in [
        ("-HUP", "SIGHUP: settings are read at the start only"),
        ("-USR1", "SIGUSR1: it asks other programs"),
        ("-USR2", "SIGUSR2: it asks other programs"),
    ] {
        server.signal(signal);
        let told = Instant::now();
        while !server.log().contains(line) {
            assert!(told.elapsed() < Duration::from_secs(10), "{}", server.log());
        }
    }
    assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 200);
    assert_eq!(server.end("-TERM").0, Some(0));
}

/// At the most talkative level, whatever way a secret comes in or goes out.
#[test]
fn h39_g4_y38_no_secret_is_ever_logged() {
    let secret = "CANARY-secret-0123456789abcdefghijklmnopqrstuvwxyz";
    let home = Home::new()
        .and("RUST_LOG", "trace")
        .and("KEYWARD_SECRET", secret);
    with_alice(&home);
    let server = Server::start(&home, &[]);
    let (access, refresh) = server.sign_in(EMAIL, PASSWORD);
    let mut secrets = vec![access.clone(), refresh.clone(), "CANARY".to_owned()];

    let wrong = json!({ "email": EMAIL, "password": "CANARY wrong" });
    assert_eq!(server.post("/auth/login", &wrong).status, 401);
    let login = json!({ "email": EMAIL, "password": PASSWORD, "mode": "cookie" });
    let reply = server.post("/auth/login", &login);
    let (_, cookie) = reply.head.split_once("keyward_refresh=").expect("a cookie");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    secrets.extend([reply.text("access_token"), cookie.clone()]);

    let header = format!("__Host-keyward_refresh={cookie}");
    let reply = server.ask("POST", "/auth/refresh", &[("Cookie", &header)], "{}");
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply = server.post("/auth/refresh", &json!({ "refresh_token": refresh }));
    let (access, refresh) = (reply.text("access_token"), reply.text("refresh_token"));
    secrets.extend([access.clone(), refresh]);

    let path = format!("/auth/me?access_token={access}");
    assert_eq!(server.ask("GET", &path, &[], "").status, 200);
    let path = format!("/auth/token?token={access}");
    let reply = server.ask("GET", &path, &[], "");
    secrets.push(reply.text("token"));
    let login = json!({ "username": EMAIL, "password": PASSWORD });
    let reply = server.post("/v1/api/auth/token", &login);
    secrets.push(reply.text("token"));
    let broken = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"#);
    assert_eq!(server.ask("POST", "/auth/login", &[], &broken).status, 400);
    let path = format!("/nowhere?access_token={access}");
    assert_eq!(server.ask("GET", &path, &[], "").status, 404);

    let log = server.log();
    assert!(
        log.contains("POST /auth/login 200"),
        "requests are logged: {log}"
    );
    // The parts of a token too: its claims tell who, its signature makes it good.
    let parts = secrets.iter().flat_map(|secret| secret.split(['.', '_']));
    for part in parts.filter(|part| part.len() > 5) {
        // The header of every token is the same text; it is no secret.
        if !access.starts_with(part) {
            assert!(!log.contains(part), "{part} in the log");
        }
    }
    let (_, printed) = server.end("-TERM");
    assert_eq!(printed.join(""), "");
}

#[test]
fn operators_67_a_start_and_an_end_have_a_line_each() {
    for (signal, name) in [("-TERM", "SIGTERM"), ("-INT", "SIGINT")] {
        let home = Home::new();
        let server = Server::start(&home, &[]);
        let version = env!("CARGO_PKG_VERSION");
        let line = format!(
            "INFO ] Keyward {version} listens on http://{}\n",
            server.address()
        );
        server.logs(&line);
        assert!(!server.log().contains("has stopped"), "{}", server.log());
        assert_eq!(server.end(signal).0, Some(0));
        let log = std::fs::read_to_string(home.join("stderr.log")).unwrap();
        let line = format!("INFO ] Keyward {version} has stopped: {name}\n");
        assert!(log.ends_with(&line), "{log}");
        assert_eq!(log.matches(" listens on ").count(), 1, "{log}");
    }
}
