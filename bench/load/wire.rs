//! HTTP/1.1 as far as a load needs it: one request after another on one connection.

use std::io::{BufRead as _, BufReader, Error, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

pub struct Wire {
    to: SocketAddr,
    stream: BufReader<TcpStream>,
}

pub struct Answer {
    pub status: u16,
    pub retry_after: bool,
    body: Vec<u8>,
}

impl Answer {
    pub fn member(&self, name: &str) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        // Of the body, or of the session that GraphQL's sign-in gives.
        let session = &body["data"]["login"]["session"];
        let found = [&body, session]
            .into_iter()
            .find_map(|it| it[name].as_str());
        found.map(str::to_owned)
    }
}

impl Wire {
    pub fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            to,
            stream: BufReader::new(stream),
        })
    }

    pub fn get(&mut self, path: &str, token: &str) -> Result<Answer> {
        let host = self.to;
        self.exchange(format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        let (host, body) = (self.to, body.to_string());
        let length = body.len();
        self.exchange(format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn exchange(&mut self, request: String) -> Result<Answer> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let wrong = || Error::other("not an HTTP answer");
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.get(9..12).and_then(|status| status.parse().ok());
        let mut answer = Answer {
            status: status.ok_or_else(wrong)?,
            retry_after: false,
            body: Vec::new(),
        };
        let mut closes = false;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").ok_or_else(wrong)?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => answer.body.resize(value.parse().map_err(|_| wrong())?, 0),
                "retry-after" => answer.retry_after = true,
                "connection" => closes = value == "close",
                _ => {}
            }
        }
        self.stream.read_exact(&mut answer.body)?;
        if closes {
            *self = Self::open(self.to)?;
        }
        Ok(answer)
    }
}
