//! What strangers send that is no request: anybody can send it, so it is nobody's alarm.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::home::Home;
use crate::server::Server;

const TLS_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaa\n\n";
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PROXY_LINE: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET / HTTP/1.1\r\n\r\n";

/// Sends it, and reads until the server closes: the port that it came from.
fn send(server: &Server<'_>, junk: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let port = stream.local_addr().unwrap().port();
    let _ = stream.write_all(junk);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
    port
}

#[test]
fn operators_15_what_strangers_send_is_no_error() {
    let many_headers = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        (0..120).fold(String::new(), |lines, n| lines + &format!("X-{n}: y\r\n"))
    );
    let long_line = format!("{} /m HTTP/1.1\r\nHost: x\r\n\r\n", "A".repeat(60_000));
    let junk: [&[u8]; 8] = [
        TLS_HELLO,
        HTTP2,
        PROXY_LINE,
        many_headers.as_bytes(),
        long_line.as_bytes(),
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ];
    for level in [None, Some("info"), Some("debug")] {
        let home = Home::new();
        let home = level
            .into_iter()
            .fold(home, |home, level| home.and("RUST_LOG", level));
        let server = Server::start(&home, &[]);
        let ports: Vec<u16> = junk.iter().map(|junk| send(&server, junk)).collect();
        // Something that is written for certain comes after it.
        assert_eq!(server.ask("GET", "/nowhere", &[], "").status, 404);
        server.logs("/nowhere");
        let log = server.log();
        for line in log.lines() {
            assert!(!line.contains("ERROR"), "{level:?}: {line}");
            assert!(line.len() < 1_000, "{level:?}: {line}");
        }
        if level == Some("debug") {
            // Whoever looks for them finds whose they were.
            let told = |port: &u16| log.contains(&format!("127.0.0.1:{port} "));
            assert!(told(&ports[0]) && told(&ports[5]), "{log}");
        }
    }
}
