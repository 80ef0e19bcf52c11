//! The same Keyward behind a real socket: what only a server and its connections do.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use keyward::http;

use super::TestKeyward;

impl TestKeyward {
    /// Sends each text over a connection of its own; the answers in full. A text must
    /// ask for `Connection: close`, as the answer is read to its end.
    pub fn over_the_wire(&self, requests: Vec<String>) -> Vec<String> {
        self.system.block_on(async {
            let any = "127.0.0.1:0".parse().unwrap();
            let listener = http::listen(any).unwrap();
            let address = listener.local_addr().unwrap();
            let server = http::serve(&self.kw, &self.web, listener).unwrap();
            let handle = server.handle();
            let server = actix_rt::spawn(server);
            let client = actix_rt::task::spawn_blocking(move || {
                let exchange = |text: &String| exchange(address, text);
                requests.iter().map(exchange).collect()
            });
            let answers = client.await.unwrap();
            handle.stop(true).await;
            server.await.unwrap().unwrap();
            answers
        })
    }
}

fn exchange(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    // A test that hangs says nothing; one that fails does.
    let patience = Some(Duration::from_secs(20));
    connection.set_read_timeout(patience).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
