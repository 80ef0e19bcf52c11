//! Clients that ask for much and read nothing (attack M7): what they cost, and what others notice.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};

use crate::home::Home;
use crate::server::Server;

const SOCKETS: usize = 200;

/// As many answers as actix reads ahead, of 860 KB each.
const QUESTIONS: usize = 16;

/// A connection whose client takes next to nothing.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    // Before it is connected: what was offered to the server is not taken back.
    sockopt::set_socket_recv_buffer_size(&socket, 2048).unwrap();
    connect(&socket, &address).unwrap();
    let stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

/// What the process holds in memory, in KiB.
fn resident(server: &Server<'_>) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// Whoever takes a byte again and again is never idle, and need not be slow either.
#[test]
fn attack_m7_an_answer_that_is_taken_byte_by_byte_has_an_end() {
    let home = Home::new().and("KEYWARD_ANSWER_TIMEOUT", "1s");
    let server = Server::start(&home, &[]);
    let mut stream = narrow(server.address().parse().unwrap());
    let question = "GET /docs/rapidoc.js HTTP/1.1\r\nHost: x\r\n\r\n";
    let asked = question.repeat(QUESTIONS);
    let whole = server.ask("GET", "/docs/rapidoc.js", &[], "");
    let whole = (whole.head.len() + whole.body.len()) * QUESTIONS;
    // The server's time begins with its first answer, which is after this.
    let began = Instant::now();
    stream.write_all(asked.as_bytes()).unwrap();
    let (mut taken, mut byte) = (0, [0; 1]);
    while matches!(stream.read(&mut byte), Ok(1)) {
        taken += 1;
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{taken} of {whole}"
        );
    }
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    assert!(taken < whole, "all {whole} bytes came");
    // Whoever takes what they are given is not hurried.
    let mut quick = TcpStream::connect(server.address()).unwrap();
    for _ in 0..3 {
        quick
            .write_all(b"HEAD /docs/rapidoc.js HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut head = [0; 12];
        quick.read_exact(&mut head).unwrap();
        let (mut rest, mut one) = (Vec::new(), [0; 1]);
        while !rest.ends_with(b"\r\n\r\n") {
            quick.read_exact(&mut one).unwrap();
            rest.push(one[0]);
        }
        assert_eq!(&head, b"HTTP/1.1 200");
    }
}

#[test]
fn attack_m7_clients_that_read_nothing_cost_little_and_slow_nobody() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let address: SocketAddr = server.address().parse().unwrap();
    let question = "GET /docs/rapidoc.js HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(server.ask("GET", "/docs/rapidoc.js", &[], "").status, 200);
    let before = resident(&server);
    let mut open: Vec<TcpStream> = (0..SOCKETS).map(|_| narrow(address)).collect();
    for stream in &mut open {
        stream
            .write_all(question.repeat(QUESTIONS).as_bytes())
            .unwrap();
    }
    // Each is being answered, so each has got what it will get.
    for stream in &mut open {
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    let (mut most, mut slowest) = (0, Duration::ZERO);
    for _ in 0..50 {
        let began = Instant::now();
        assert_eq!(server.ask("GET", "/auth/verify", &[], "").status, 401);
        assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 200);
        slowest = slowest.max(began.elapsed());
        most = most.max(resident(&server));
    }
    // One answer of each, whole, would be 170 MB.
    let each = most.saturating_sub(before) / SOCKETS;
    assert!(
        each < 160,
        "{each} KiB for a connection: {before} to {most} KiB"
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    drop(open);
}
