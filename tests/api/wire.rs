//! What only shows on a real connection: a HEAD has no body, and the body beside a
//! proxy's question is never read.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use keyward::http;

use crate::support::TestKeyward;

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
                let served = http::serve(&kw, &web, any_port).unwrap();
                tell.send((served.address, served.server.handle())).unwrap();
                served.server.await.unwrap();
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
        let patience = Some(Duration::from_secs(10));
        stream.set_read_timeout(patience).unwrap();
        stream.set_write_timeout(patience).unwrap();
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

/// F18: the answer comes before the body does. Where its length was declared the
/// connection then ends, within the second that is given to a client to take note.
#[test]
fn f18_the_body_beside_the_proxys_question_is_not_waited_for() {
    let kw = TestKeyward::new();
    let (access, _) = kw.signed_in("alice@example.com");
    let server = Server::of(&kw);
    let ask = |framing: &str| {
        let mut stream = server.connect();
        let head = format!(
            "POST /auth/verify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
             {framing}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200", "{framing}");
        stream
    };
    let mut stream = ask("Content-Length: 1073741824\r\n\r\nx");
    let rest = read_all(&mut stream).to_lowercase();
    assert!(rest.contains("\r\nconnection: close\r\n"), "{rest}");
    ask("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
}
