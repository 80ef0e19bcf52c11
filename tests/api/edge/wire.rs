//! What only shows on a real connection: a HEAD has no body, a body that nobody reads and a
//! head that does not come end it, and there are only so many.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use keyward::http;

use crate::support::{Logbook, TestKeyward};

/// Nothing is waited for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a port of its own, which stops when this is dropped.
struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn of(kw: &TestKeyward) -> Self {
        let (kw, web) = (kw.kw.clone(), Arc::clone(&kw.web));
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
                let listener = http::listen(any_port).unwrap();
                let address = listener.local_addr().unwrap();
                let server = http::serve(&kw, &web, listener).unwrap();
                tell.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = told.recv().unwrap();
        Self {
            address,
            handle,
            thread: Some(thread),
        }
    }

    /// A connection on which nothing waits for ever.
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The order is taken at once; the answer to it is not waited for.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Everything until the server closes.
fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is a way of closing.
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    String::from_utf8(bytes).unwrap()
}

/// What comes first, or nothing where it is closed.
fn read_some(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 64];
    let read = stream.read(&mut bytes).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[test]
fn h8_a_head_is_answered_like_a_get_without_the_body() {
    let kw = TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let server = Server::of(&kw);
    let ask = |method: &str, path: &str| {
        let mut stream = server.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {access}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let answer = read_all(&mut stream);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().to_owned();
        let length = head.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        });
        (status, length, body.to_owned())
    };
    for path in [
        "/auth/me",
        "/auth/verify",
        "/.well-known/jwks.json",
        "/nowhere",
    ] {
        let (status, length, body) = ask("GET", path);
        assert_eq!(length, Some(body.len().to_string()), "{path}");
        assert_eq!(ask("HEAD", path), (status, length, String::new()), "{path}");
    }
}

/// Sends the head; the answer's own head, as far as its empty line.
fn head_of_answer(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap().to_lowercase()
}

/// Writes the same again and again until the server will have no more of it.
fn pour(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> Duration {
    let began = Instant::now();
    while stream.write_all(bytes).is_ok() {
        assert!(began.elapsed() < PATIENCE, "it is taken without end");
        std::thread::sleep(pause);
    }
    began.elapsed()
}

/// The answer comes before the body does, and the connection ends, within the second that
/// is given to a client to take note: also where no length was declared.
#[test]
fn f18_h3_a_body_that_nobody_reads_ends_the_connection() {
    let kw = TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let server = Server::of(&kw);
    for (request, status) in [
        ("POST /auth/verify HTTP/1.1", "200"),
        ("GET /auth/verify HTTP/1.1", "200"),
        ("GET /auth/me HTTP/1.1", "200"),
        ("POST /nowhere HTTP/1.1", "404"),
        ("PATCH /auth/login HTTP/1.1", "405"),
        ("POST /auth/login HTTP/1.1\r\nHost: localhost", "400"),
    ] {
        for framing in ["Content-Length: 1073741824", "Transfer-Encoding: chunked"] {
            let mut stream = server.connect();
            let head = format!(
                "{request}\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n{framing}\r\n\r\n"
            );
            let answer = head_of_answer(&mut stream, &head);
            assert!(
                answer.starts_with(&format!("http/1.1 {status} ")),
                "{answer}"
            );
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
            let taken = pour(&mut stream, chunk.as_bytes(), Duration::ZERO);
            assert!(
                taken < Duration::from_secs(5),
                "{request} {framing}: {taken:?}"
            );
        }
    }
}

/// A body that is read to its end leaves the connection open, however it was framed.
#[test]
fn h3_a_body_that_is_read_leaves_the_connection_open() {
    let kw = TestKeyward::new();
    let server = Server::of(&kw);
    let mut stream = server.connect();
    for framing in [
        "Content-Length: 2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ] {
        let head = "POST /auth/refresh HTTP/1.1\r\nHost: localhost\r\n\
                    Content-Type: application/json\r\n";
        let answer = head_of_answer(&mut stream, &format!("{head}{framing}"));
        assert!(answer.starts_with("http/1.1 400 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
        let length = answer.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).unwrap();
    }
}

/// RFC 9112 section 3.2.2: the address and the header name the same host, or some hop on the
/// way decided by the one and Keyward by the other. Which host it is does not matter.
#[test]
fn h9_an_address_that_names_another_host_is_refused() {
    let kw = TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let server = Server::of(&kw);
    let bearer = format!("Authorization: Bearer {access}\r\nConnection: close\r\n");
    for (address, host, status) in [
        ("/auth/me", "localhost", "200"),
        ("/auth/me", "evil", "200"),
        ("http://auth.example/auth/me", "auth.example", "200"),
        (
            "http://AUTH.example:8080/auth/me",
            "auth.example:8080",
            "200",
        ),
        ("http://evil/auth/me", "auth.example", "400"),
        ("http://evil/auth/verify", "auth.example", "401"),
        ("http://auth.example:81/auth/me", "auth.example", "400"),
        ("http://u@auth.example/auth/me", "auth.example", "400"),
        ("http://evil/auth/me", "", "400"),
    ] {
        let mut stream = server.connect();
        let head = format!("GET {address} HTTP/1.1\r\nHost: {host}\r\n{bearer}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let answer = read_all(&mut stream);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{address} {host}: {answer}"
        );
    }
}

/// RFC 9112 section 3.2, before it is a request; HTTP/1.0 knew no such header.
#[test]
fn h9_a_request_without_a_host_is_refused() {
    let kw = TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let ask = |line: &str| {
        format!("{line}\r\nAuthorization: Bearer {access}\r\nConnection: close\r\n\r\n")
    };
    let cases = [
        ("GET /auth/me HTTP/1.1", "HTTP/1.1 400 "),
        ("GET http://localhost/auth/me HTTP/1.1", "HTTP/1.1 400 "),
        ("GET /auth/verify HTTP/1.1", "HTTP/1.1 400 "),
        ("GET /auth/me HTTP/1.0", "HTTP/1.0 200 "),
    ];
    let answers = kw.over_the_wire(cases.iter().map(|(line, _)| ask(line)).collect());
    for ((line, begins), answer) in cases.iter().zip(answers) {
        assert!(answer.starts_with(begins), "{line}: {answer}");
    }
}

#[test]
fn h3_a_body_that_is_dripped_is_refused_in_five_seconds() {
    let kw = TestKeyward::new();
    let server = Server::of(&kw);
    let mut stream = server.connect();
    let head = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\
                Content-Type: application/json\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let began = Instant::now();
    let answer = std::thread::spawn(move || (read_all(&mut reader), began.elapsed()));
    pour(&mut stream, b"x", Duration::from_millis(100));
    let (answer, taken) = answer.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("REQUEST_TIMEOUT"), "{answer}");
    assert!(taken < Duration::from_secs(8), "{taken:?}");
}

/// actix has a term for the first head of a connection only.
#[test]
fn h2_a_later_head_that_is_dripped_ends_the_connection() {
    let kw = TestKeyward::new();
    let server = Server::of(&kw);
    let mut stream = server.connect();
    let answer = head_of_answer(&mut stream, "HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nX: ")
        .unwrap();
    let taken = pour(&mut stream, b"x", Duration::from_millis(100));
    // After ten seconds.
    assert!(taken < Duration::from_secs(18), "{taken:?}");
    assert_eq!(read_all(&mut stream), "", "nothing was answered to it");
}

/// Over the cap a connection ends before it is read from; one that ends makes room.
#[test]
fn h4_connections_of_one_address_are_capped() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_CONNECTIONS_PER_ADDRESS", "3"),
        ("KEYWARD_TRUSTED_PROXIES", "10.0.0.0/8"),
    ]);
    let server = Server::of(&kw);
    let question = "HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut open: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
    for stream in &mut open {
        assert!(head_of_answer(stream, question).starts_with("http/1.1 200 "));
    }
    let logbook = Logbook::open();
    for _ in 0..5 {
        assert_eq!(read_all(&mut server.connect()), "");
    }
    let told = logbook.lines_with("too many connections of 127.0.0.1");
    assert_eq!(told.len(), 1, "once, not each time: {told:?}");
    for stream in &mut open {
        assert!(head_of_answer(stream, question).starts_with("http/1.1 200 "));
    }
    open.pop();
    let began = Instant::now();
    loop {
        let mut stream = server.connect();
        let sent = stream.write_all(question.as_bytes());
        if sent.is_ok() && read_some(&mut stream).starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "no room was made");
    }
}

/// A trusted proxy brings many clients over its one address.
#[test]
fn h4_a_trusted_proxy_is_capped_by_all_only() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_CONNECTIONS_PER_ADDRESS", "3"),
        ("KEYWARD_CONNECTIONS", "16"),
    ]);
    let server = Server::of(&kw);
    let question = "HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut open: Vec<TcpStream> = (0..16).map(|_| server.connect()).collect();
    for stream in &mut open {
        assert!(head_of_answer(stream, question).starts_with("http/1.1 200 "));
    }
    assert_eq!(read_all(&mut server.connect()), "");
}

/// Where it can be seen: the kernel keeps little of an answer that nobody reads.
#[test]
fn attack_m7_whoever_does_not_read_is_sent_little() {
    let kw = TestKeyward::new();
    let server = Server::of(&kw);
    let mut stream = server.connect();
    let question = "GET /docs/rapidoc.js HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = head_of_answer(&mut stream, question);
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    let length = answer.split("content-length: ").nth(1).unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    assert!(length > 500_000, "all of it is there: {length}");
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = http::listen(any_port).unwrap();
    let kept = rustix::net::sockopt::socket_send_buffer_size(&listener).unwrap();
    assert!(kept <= 64 * 1024, "{kept}");
}

/// One line tells of a proxy that is not named, whatever it forwards.
#[test]
fn attack_l11_operators_17_a_proxy_that_is_not_trusted_is_told_of_once() {
    let kw = TestKeyward::with(&[("KEYWARD_TRUSTED_PROXIES", "10.0.0.0/8")]);
    let logbook = Logbook::open();
    let ask = |peer: &str| {
        kw.get("/health/live")
            .header("x-forwarded-for", "203.0.113.9")
            .peer(peer)
            .send()
    };
    for _ in 0..3 {
        assert_eq!(ask("172.18.0.5").status, 200);
        ask("10.0.0.7");
        ask("203.0.113.77");
    }
    let told = logbook.lines_with("X-Forwarded-For of ");
    let ours: Vec<_> = told
        .iter()
        .filter(|line| line.contains("172.18.0.5"))
        .collect();
    assert_eq!(ours.len(), 1, "{told:?}");
    assert!(
        !told
            .iter()
            .any(|line| line.contains("10.0.0.7") || line.contains("203.0.113.77"))
    );
}

/// Anybody can ask for what is not there: few lines, and a count.
#[test]
fn attack_l1_refusals_of_one_address_are_few_lines() {
    let kw = TestKeyward::new();
    let logbook = Logbook::open();
    let path = "/attack-l1-nowhere";
    for _ in 0..300 {
        assert_eq!(kw.get(path).peer("203.0.113.66").send().status, 404);
    }
    let lines = logbook.lines_with(path).len();
    assert!((1..100).contains(&lines), "{lines}");
    let long = "A".repeat(60_000);
    let mut asked = kw.ask(&long, "/attack-l1-method");
    asked = asked.peer("203.0.113.67");
    asked.send();
    let told = logbook.lines_with("/attack-l1-method");
    assert!(told.iter().all(|line| line.len() < 1000), "{}", told.len());
}
