//! `keyward mail test`: what it says of what a mail server said.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use crate::home::{Home, Run};

/// Serves one conversation. To a command that begins so it says this, and hangs up where that is
/// nothing; a whole message is the command `.`, and what is received.
fn server(at: &'static str, says: Option<&'static str>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (gives, taken) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let answer = |mut stream: &TcpStream, line: &str| {
            let usual = match line {
                "DATA" => "354 go on",
                _ => "250 OK",
            };
            let said = if line.starts_with(at) {
                says
            } else {
                Some(usual)
            };
            said.is_some_and(|said| stream.write_all(format!("{said}\r\n").as_bytes()).is_ok())
        };
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        (&stream).write_all(b"220 sink\r\n").unwrap();
        while let Some(line) = lines.next() {
            let goes_on = answer(&stream, &line);
            if !goes_on {
                return;
            }
            if line == "DATA" {
                let message: Vec<_> = lines.by_ref().take_while(|line| line != ".").collect();
                gives.send(message.join("\n")).unwrap();
                if !answer(&stream, ".") {
                    return;
                }
            }
        }
    });
    (url, taken)
}

fn test_mail(url: &str) -> Run {
    let home = Home::new()
        .and("KEYWARD_SMTP_URL", url)
        .and("KEYWARD_MAIL_FROM", "keyward@example.com");
    home.run(&["mail", "test", "alice@example.com"])
}

#[test]
fn a_mail_that_was_taken_is_said_to_be_sent() {
    let (url, taken) = server(".", Some("250 queued as 7"));
    let run = test_mail(&url);
    assert!(run.done().contains("250 queued as 7"), "{run:?}");
    let taken: Vec<_> = taken.iter().collect();
    assert!(taken.len() == 1 && taken[0].contains("To: alice@example.com"));
}

#[test]
fn operators_61_a_test_mail_that_may_have_been_taken_is_said_to_be_unknown() {
    // It hangs up, or says what is neither yes nor no.
    for says in [None, Some("354 more")] {
        let (url, taken) = server(".", says);
        let run = test_mail(&url);
        let why = run.refused();
        assert!(why.contains("may have been taken"), "{run:?}");
        assert!(why.contains("look whether it came"), "{run:?}");
        assert_eq!((run.out.as_str(), taken.iter().count()), ("", 1));
    }
}

#[test]
fn operators_61_a_test_mail_that_was_not_taken_is_said_not_to_be() {
    for (at, says, why) in [
        (".", Some("554 spam"), "554 spam"),
        ("RCPT", Some("550 no such user"), "550 no such user"),
        ("RCPT", None, "closed the connection"),
        ("DATA", None, "closed the connection"),
    ] {
        let (url, taken) = server(at, says);
        let run = test_mail(&url);
        let said = run.refused();
        assert!(said.contains(why), "{run:?}");
        assert!(!said.contains("may have been taken"), "{run:?}");
        assert_eq!(run.out, "");
        assert_eq!(taken.iter().count(), usize::from(at == "."));
    }
}
