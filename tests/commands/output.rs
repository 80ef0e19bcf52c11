//! Standard output that is closed or full, and a log that nobody reads.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::home::{Home, Run};
use crate::server::Server;

const COMMANDS: [&[&str]; 6] = [
    &["routes"],
    &["key", "list"],
    &["user", "list"],
    &["check"],
    &["migrate", "status"],
    &["user", "show", "alice@example.com"],
];

fn with_alice() -> Home {
    let home = Home::new();
    let add = ["user", "add", "alice@example.com", "--password-stdin"];
    home.run_with(&add, "correct horse battery").done();
    home
}

#[test]
fn operators_10_a_reader_that_went_away_is_no_error() {
    let home = with_alice();
    for command in COMMANDS {
        // The reading end is closed before the command begins.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = home.command(command).stdout(writer).output().unwrap();
        let run = Run::from(output);
        assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{command:?}");
    }
}

#[test]
fn operators_10_output_that_can_not_be_written_is_one_line_and_status_1() {
    let home = with_alice();
    // Only a start makes a key, which `key list` shows.
    drop(Server::start(&home, &[]));
    for command in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = Run::from(home.command(command).stdout(full).output().unwrap());
        assert_eq!(run.err.lines().count(), 1, "{command:?} {run:?}");
        assert!(run.refused().contains("standard output"), "{run:?}");
    }
}

/// A password that nobody was told would open the door to nobody, for ever.
#[test]
fn operators_10_no_administrator_is_made_whose_password_can_not_be_said() {
    let home = Home::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut serve = home.command(&["serve"]);
    serve.env("KEYWARD_LISTEN", "127.0.0.1:0").stdout(full);
    let run = Run::from(serve.output().unwrap());
    assert!(run.refused().contains("KEYWARD_ADMIN_PASSWORD"), "{run:?}");
    assert_eq!(home.run(&["user", "list"]).done(), "", "none was made");
    // Nor where there is no standard output: the system gives the process /dev/null then.
    let mut serve = home.command(&["serve"]);
    serve
        .env("KEYWARD_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null());
    let run = Run::from(serve.output().unwrap());
    assert!(run.refused().contains("KEYWARD_ADMIN_PASSWORD"), "{run:?}");
    assert_eq!(home.run(&["user", "list"]).done(), "", "none was made");
    // The next start can say it.
    let server = Server::start(&home, &[]);
    assert!(server.greeted("password").is_some());
    server.sign_in_as_administrator();
}

#[test]
fn operators_18_a_log_that_nobody_reads_stops_nobody() {
    let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", "correct horse battery");
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut child = home
        .command(&["serve"])
        // Every request is a line then.
        .env("RUST_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut greeting = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = greeting.find_map(|line| {
        let line = line.unwrap();
        let (_, address) = line.split_once(" listens on http://")?;
        Some(address.to_owned())
    });
    let address = address.expect("it does not start");
    for number in 0..2_000 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let ask = format!("GET /health/live?{number} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        std::io::Write::write_all(&mut stream, ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{number}: {answer}");
    }
    let id = child.id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    let told = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if told.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("SIGTERM waits for the log");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read.len() > 10_000, "it logs");
}

#[test]
fn keyward_health_asks_the_server_of_its_settings() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let asked = Home::new().and("KEYWARD_LISTEN", server.address());
    assert_eq!(asked.run(&["health"]).done(), "ready\n");
    fs::rename(home.join("keyward.db"), home.join("elsewhere")).unwrap();
    // What readiness said last is good for a second.
    let moved = Instant::now();
    while asked.run(&["health"]).status == Some(0) {
        assert!(moved.elapsed() < Duration::from_secs(20), "still ready");
    }
    assert!(asked.run(&["health"]).refused().contains("503"));
    server.end("-TERM");
    assert_eq!(asked.run(&["health"]).status, Some(1), "nobody answers");
}

/// Whoever guesses, and does not wait for the answer, is in the log too.
#[test]
fn operators_52_a_client_that_hangs_up_has_a_line() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let mut other = SqliteConnection::establish(home.join("keyward.db").to_str().unwrap()).unwrap();
    // What is asked for waits for this.
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let body = r#"{"email":"nobody@example.com","password":"secret words"}"#;
    let request = format!(
        "POST /auth/login?a=secret HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut asked = TcpStream::connect(server.address()).unwrap();
    asked.write_all(request.as_bytes()).unwrap();
    drop(asked);
    server.logs(" POST /auth/login 499 ");
    other.batch_execute("ROLLBACK").unwrap();
    let log = server.log();
    let line = log.lines().find(|line| line.contains(" 499 ")).unwrap();
    assert!(line.contains("ms from 127.0.0.1 request "), "{line}");
    assert!(!log.contains("secret"), "{log}");
    // Whoever is answered has one line, and not this one.
    assert_eq!(server.ask("GET", "/admin/accounts", &[], "").status, 401);
    server.logs(" GET /admin/accounts 401 ");
    assert_eq!(server.log().matches(" 499 ").count(), 1);
}
