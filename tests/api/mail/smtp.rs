//! What a server says, and what becomes of the mail. The server is a thread of this test; real
//! ones are asked by `tests/mail/run`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use keyward::domain::mail_letter::LetterPurpose;
use keyward::service::mail::deliver::deliver_due;
use keyward::service::mail::write_to_outbox::post;

use crate::support::{TestKeyward, letter, text};

/// Takes mail, unless `says` has another answer to a command. It ends a connection that it
/// answered with 421, without a word to whatever comes next.
pub(super) struct Sink {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

type Says = fn(&str) -> Option<&'static str>;

impl Sink {
    /// The first time that a command begins so, it does this before it says so: what it says to
    /// others, where that is nothing.
    pub(super) fn thinking(
        at: &'static str,
        thinks: impl FnOnce() -> Option<&'static str> + Send + 'static,
    ) -> Self {
        let thinks = Mutex::new(Some(thinks));
        Self::start(move |line| {
            let first = line.starts_with(at).then(|| thinks.lock().unwrap().take());
            first.flatten().and_then(|thinks| thinks())
        })
    }

    pub(super) fn start(says: impl Fn(&str) -> Option<&'static str> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // One that goes away in the middle is the client's to notice.
                let _ = serve(&stream.unwrap(), &says, &book);
            }
        });
        Self { url, taken }
    }

    pub(super) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    pub(super) fn settings(&self) -> [(&str, &str); 2] {
        [
            ("KEYWARD_SMTP_URL", &self.url),
            ("KEYWARD_MAIL_FROM", "Test <keyward@example.com>"),
        ]
    }
}

fn serve(
    stream: &TcpStream,
    says: &impl Fn(&str) -> Option<&'static str>,
    book: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(b"220 sink\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let said = says(&line).unwrap_or(match line.split(' ').next().unwrap() {
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 OK",
        });
        out.write_all(format!("{said}\r\n").as_bytes())?;
        if line == "DATA" && said.starts_with('3') {
            let mut message = String::new();
            loop {
                let Some(line) = lines.next().transpose()? else {
                    // What has no end was not sent.
                    return Ok(());
                };
                if line == "." {
                    break;
                }
                message.push_str(line.strip_prefix('.').unwrap_or(&line));
                message.push('\n');
            }
            let end = says(".").unwrap_or("250 taken");
            book.lock().unwrap().push(message);
            if end == "nothing" {
                return Ok(());
            }
            out.write_all(format!("{end}\r\n").as_bytes())?;
            if says("end").is_some() {
                return Ok(());
            }
        }
        if said.starts_with("421") || line == "QUIT" {
            return Ok(());
        }
    }
    Ok(())
}

pub(super) fn given_up(kw: &TestKeyward) -> i64 {
    kw.count("audit_events WHERE what = 'mail_given_up'")
}

#[test]
fn a_refused_recipient_is_given_up_at_once_and_the_others_get_theirs() {
    let refused = |line: &str| {
        line.starts_with("RCPT TO:<b@")
            .then_some("550 no such user")
    };
    let sink = Sink::start(refused);
    let kw = TestKeyward::with(&sink.settings());
    for to in ["a@example.com", "b@example.com", "c@example.com"] {
        post(&kw.kw, letter(LetterPurpose::Reset, to)).unwrap();
    }
    assert_eq!(deliver_due(&kw.kw).unwrap(), 2);
    assert_eq!((kw.count("outbox"), given_up(&kw)), (0, 1));
    let taken = sink.taken();
    assert_eq!(taken.len(), 2);
    assert!(taken[0].contains("To: a@example.com") && taken[1].contains("To: c@example.com"));
}

#[test]
fn s24_what_may_pass_is_tried_again() {
    for says in [
        (|line: &str| line.starts_with("RCPT").then_some("451 later")) as Says,
        // Ours to mend, whatever the server thinks: no reason to throw mail away.
        |line| line.starts_with("MAIL").then_some("550 not from you"),
        |line| line.starts_with("EHLO").then_some("554 not to you"),
        |line| line.starts_with("MAIL").then_some("421 too much"),
    ] {
        let sink = Sink::start(says);
        let kw = TestKeyward::with(&sink.settings());
        post(&kw.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
        assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
        assert_eq!((kw.count("outbox"), given_up(&kw)), (1, 0));
        assert_eq!(sink.taken().len(), 0);
        kw.advance(5);
        assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
        assert_eq!(kw.count("outbox"), 1);
    }
}

#[test]
fn s24_a_message_that_is_refused_is_not_sent_for_a_day() {
    let sink = Sink::start(|line| (line == ".").then_some("554 spam"));
    let kw = TestKeyward::with(&sink.settings());
    post(&kw.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
    assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
    assert_eq!((kw.count("outbox"), given_up(&kw)), (0, 1));
}

#[test]
fn s24_a_server_that_hangs_up_after_each_message_gets_each_once() {
    let sink = Sink::start(|line| (line == "end").then_some(""));
    let kw = TestKeyward::with(&sink.settings());
    for number in 0..5 {
        let to = format!("a{number}@example.com");
        post(&kw.kw, letter(LetterPurpose::Reset, &to)).unwrap();
    }
    assert_eq!(deliver_due(&kw.kw).unwrap(), 5);
    assert_eq!((sink.taken().len(), kw.count("outbox")), (5, 0));
}

#[test]
fn many_mails_go_over_one_connection_as_they_are() {
    let sink = Sink::start(|_| None);
    let kw = TestKeyward::with(&sink.settings());
    for number in 0..100 {
        let to = format!("a{number}@example.com");
        post(&kw.kw, letter(LetterPurpose::Reset, &to)).unwrap();
    }
    let began = std::time::Instant::now();
    assert_eq!(deliver_due(&kw.kw).unwrap(), 100);
    println!("100 mails in {:?}", began.elapsed());
    let taken = sink.taken();
    assert_eq!((taken.len(), kw.count("outbox")), (100, 0));
    for (taken, sent) in taken.iter().zip(kw.mails()) {
        assert_eq!(taken.trim_end(), sent.raw.replace("\r\n", "\n").trim_end());
    }
}

both!(
    operators_28_a_mail_that_may_have_been_taken_is_sent_again_rarely_and_told_so,
    |kw| {
        // It has the whole message, and hangs up.
        let sink = Sink::start(|line| (line == ".").then_some("nothing"));
        let kw = kw.replica_with(&sink.settings());
        post(&kw.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
        let mut waited = 0;
        while kw.count("outbox") > 0 {
            assert_eq!(deliver_due(&kw.kw).unwrap(), 0);
            kw.advance(60);
            waited += 60;
        }
        let ids = sink.taken().into_iter().map(|taken| {
            let id = taken.lines().find(|line| line.starts_with("Message-ID"));
            id.unwrap().to_owned()
        });
        let mut ids: Vec<_> = ids.collect();
        assert_eq!(ids.len(), 3, "over {waited} s");
        ids.dedup();
        assert_eq!((ids.len(), given_up(&kw)), (1, 1));
        assert!((3600..3 * 3600).contains(&waited), "{waited}");
    }
);

both!(
    operators_28_nobody_else_sends_what_a_server_thinks_about,
    |kw| {
        let (asks, asked) = std::sync::mpsc::channel();
        let (lets_on, goes_on) = std::sync::mpsc::channel::<()>();
        let sink = Sink::thinking(".", move || {
            asks.send(()).unwrap();
            let _ = goes_on.recv();
            None
        });
        let one = kw.replica_with(&sink.settings());
        let other = kw.replica_with(&sink.settings());
        post(&one.kw, letter(LetterPurpose::Reset, "a@example.com")).unwrap();
        std::thread::scope(|scope| {
            let sends = scope.spawn(|| deliver_due(&one.kw).unwrap());
            asked.recv().unwrap();
            // Long after the lease of what is not yet with a server.
            other.advance(600);
            assert_eq!(deliver_due(&other.kw).unwrap(), 0);
            lets_on.send(()).unwrap();
            assert_eq!(sends.join().unwrap(), 1);
        });
        assert_eq!((sink.taken().len(), kw.count("outbox")), (1, 0));
    }
);

both!(
    operators_29_a_publication_that_may_have_been_taken_is_said_to_be_unknown,
    |kw| {
        let sink = Sink::start(|line| (line == ".").then_some("nothing"));
        let kw = kw.replica_with(&sink.settings());
        kw.add("admin@example.com", None, true);
        let admin = text(&kw.login("admin@example.com"), "access_token");
        let refused = kw.graphql(
            "mutation { publishEmailEvent(input: { type: transactional, \
             to: { email: \"a@b.co\" }, subject: \"s\", content: \"c\" }) { messageId } }",
            Some(&admin),
        );
        let error = &refused["errors"][0];
        assert_eq!(
            error["extensions"]["code"], "SERVICE_UNAVAILABLE",
            "{refused}"
        );
        assert!(error["extensions"].get("retryAfter").is_none(), "{refused}");
        let words = error["message"].as_str().unwrap();
        assert!(words.contains("has not said whether it took it"), "{words}");
        assert_eq!(sink.taken().len(), 1);
    }
);
