//! Servers that are slow, silent or endless, with little patience.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::domain::mail_letter::LetterPurpose;
use crate::mail::message::{Outside, Sender, compose};
use crate::mail::templates::RenderedLetter;
use crate::support::clock::Timestamp;

const LITTLE: Patience = Patience {
    answer: Duration::from_millis(200),
    before: Duration::from_millis(300),
    message: Duration::from_secs(60),
};

/// Where the patience is not to end, however busy the machine is.
const MUCH: Patience = Patience {
    answer: SOON,
    before: SOON,
    message: Duration::from_secs(60),
};

/// Far longer than a patience of the above, and far shorter than the time that a server goes on.
const SOON: Duration = Duration::from_secs(20);

/// A server for one connection, which `answers` each command.
fn server(answers: impl Fn(&str, &mut TcpStream) + Send + 'static) -> (Smtp, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (told, is_over) = channel();
    std::thread::spawn(move || {
        let (mut out, _) = listener.accept().unwrap();
        let lines = BufReader::new(out.try_clone().unwrap()).lines();
        answers("GREETING", &mut out);
        for line in lines.map_while(Result::ok) {
            answers(&line, &mut out);
        }
        let _ = told.send(());
    });
    (
        Smtp::new(url.parse().unwrap(), "localhost").unwrap(),
        is_over,
    )
}

/// What a server says that is in order.
fn usual(line: &str) -> &'static str {
    match line {
        "GREETING" => "220 here\r\n",
        "DATA" => "354 go on\r\n",
        "QUIT" => "221 bye\r\n",
        "." => "250 taken\r\n",
        line if line.starts_with("EHLO") => "250 here\r\n",
        line if line.starts_with("MAIL") || line.starts_with("RCPT") => "250 good\r\n",
        _ => "",
    }
}

fn composed() -> Composed {
    let sender: Sender = "Test <keyward@example.com>".parse().unwrap();
    let outside = Outside {
        from: &sender,
        to: "bob@example.com",
        message_id: "<1@example.com>",
        at: Timestamp::from_millis(0),
    };
    let words = RenderedLetter {
        subject: "S".to_owned(),
        text: "Text".to_owned(),
        html: "<p>Text".to_owned(),
    };
    compose(LetterPurpose::Test, &outside, words).unwrap()
}

fn sent(smtp: &Smtp, patience: Patience) -> Result<String, Failure> {
    let composed = composed();
    let until = Instant::now() + patience.before;
    let mut conversation = smtp.connect(patience, until)?;
    conversation.begin(&composed, until)?;
    conversation.name_recipient(&composed)?;
    let said = conversation.finish(&composed)?;
    conversation.quit();
    Ok(said)
}

#[test]
fn operators_28_a_server_that_thinks_about_a_message_is_waited_for() {
    let patience = Patience {
        answer: Duration::from_secs(2),
        before: Duration::from_secs(2),
        ..MUCH
    };
    let (smtp, _over) = server(move |line, out| {
        if line == "." {
            // Longer than any other answer may take.
            std::thread::sleep(patience.before * 5 / 4);
        }
        let _ = out.write_all(usual(line).as_bytes());
    });
    assert_eq!(sent(&smtp, patience).unwrap(), "250 taken");
}

#[test]
fn operators_28_no_answer_to_a_whole_message_is_no_no() {
    let impatient = Patience {
        message: Duration::from_millis(200),
        ..MUCH
    };
    let (smtp, _over) = server(|line, out| {
        if line != "." {
            let _ = out.write_all(usual(line).as_bytes());
        }
    });
    let failure = sent(&smtp, impatient).unwrap_err();
    let why = "the server gave no whole answer within 1 s".to_owned();
    assert_eq!(failure, Failure::Unknown(why));
    let (smtp, _over) = server(|line, out| match line {
        "." => out.shutdown(std::net::Shutdown::Both).unwrap(),
        line => out.write_all(usual(line).as_bytes()).unwrap(),
    });
    assert!(matches!(sent(&smtp, MUCH), Err(Failure::Unknown(_))));
}

#[test]
fn operators_30_an_answer_that_never_ends_is_waited_for_no_longer_than_one() {
    for at in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"] {
        let (smtp, _over) = server(move |line, out| {
            let is_it = line.starts_with(at);
            // A byte or a line within each patience, and never the end.
            while is_it && out.write_all(b"250-x\r\n").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = out.write_all(usual(line).as_bytes());
        });
        let began = Instant::now();
        assert!(matches!(sent(&smtp, LITTLE), Err(Failure::Away(_))), "{at}");
        assert!(began.elapsed() < SOON, "{at}: {:?}", began.elapsed());
    }
}

#[test]
fn operators_30_who_is_slow_at_each_step_is_left_in_the_end() {
    let (smtp, _over) = server(|line, out| {
        std::thread::sleep(LITTLE.answer / 2);
        let _ = out.write_all(usual(line).as_bytes());
    });
    assert!(matches!(sent(&smtp, LITTLE), Err(Failure::Away(_))));
}

#[test]
fn operators_30_nobody_waits_for_a_goodbye() {
    let (smtp, is_over) = server(|line, out| {
        // To QUIT it says nothing, for as long as one waits.
        if line != "QUIT" {
            let _ = out.write_all(usual(line).as_bytes());
        }
    });
    let began = Instant::now();
    assert_eq!(sent(&smtp, MUCH).unwrap(), "250 taken");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    is_over.recv_timeout(SOON).expect("it was hung up on");
}

#[test]
fn operators_36_a_line_without_an_end_is_read_no_further_than_a_bound() {
    let (told, written) = channel();
    let (smtp, _over) = server(move |line, out| {
        if line.starts_with("EHLO") {
            let mut wrote = 0;
            while wrote < 64 << 20 && out.write_all(&[b'2'; 1 << 12]).is_ok() {
                wrote += 1 << 12;
            }
            let _ = told.send(wrote);
        }
        let _ = out.write_all(usual(line).as_bytes());
    });
    let Err(Failure::Away(why)) = smtp.connect(MUCH, Instant::now() + SOON).map(|_| ()) else {
        panic!("it was taken for an answer");
    };
    assert!(why.contains("no end after 16 KiB"), "{why}");
    // What the kernel buffers of both ends is a few megabytes at the most.
    assert!(written.recv_timeout(SOON).unwrap() < 32 << 20);
}

#[test]
fn operators_38_the_certificate_of_an_authority_is_told_of_in_words() {
    #[derive(Debug)]
    struct CaUsedAsEndEntity;
    impl std::fmt::Display for CaUsedAsEndEntity {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "CaUsedAsEndEntity")
        }
    }
    impl std::error::Error for CaUsedAsEndEntity {}
    let other = rustls::OtherError(Arc::new(CaUsedAsEndEntity));
    let error = rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other));
    let error = Error::new(ErrorKind::InvalidData, error);
    let told = words(&error, SOON);
    assert!(
        told.contains("CA:FALSE") && told.contains("SSL_CERT_FILE"),
        "{told}"
    );
}

#[test]
fn a_dot_at_the_beginning_of_a_line_is_doubled() {
    assert_eq!(stuffed("a\r\nb\r\n"), "a\r\nb\r\n.\r\n");
    assert_eq!(stuffed(".a\r\n.\r\n..b"), "..a\r\n..\r\n...b\r\n.\r\n");
}

#[test]
fn what_a_server_says_is_one_short_line() {
    assert_eq!(
        one_line("550 \x1b[31mno\r\n such  user"),
        "550 [31mno such user"
    );
    assert_eq!(one_line(&"x".repeat(1000)).len(), 300);
}

/// It is the operator's to mend, and no reason to throw mail away (decision 0060).
#[test]
fn operators_49_a_relay_that_is_not_allowed_is_asked_again() {
    for (refusal, for_good) in [
        ("554 5.7.1 Relay access denied", false),
        ("550-5.7.26 Unauthenticated\r\n550 5.7.26 sender", false),
        ("550 5.1.1 no such user", true),
        ("550 no such user", true),
        ("552 5.2.2 mailbox full, see 5.7.1", true),
    ] {
        let (smtp, _) = server(move |line, out| {
            let said = match line {
                line if line.starts_with("RCPT") => format!("{refusal}\r\n"),
                line => usual(line).to_owned(),
            };
            out.write_all(said.as_bytes()).unwrap();
        });
        let failure = sent(&smtp, Patience::USUAL).unwrap_err();
        let is_refused = matches!(failure, Failure::Refused(_));
        assert_eq!(is_refused, for_good, "{refusal}: {failure:?}");
        assert!(
            for_good || matches!(failure, Failure::Later(_)),
            "{failure:?}"
        );
    }
}
