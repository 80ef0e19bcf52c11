//! The bytes of a conversation with a mail server. Each wait ends at an instant that was set
//! before it began, however many bytes come one by one, and each answer has a bound. lettre's own
//! connection has a time for each read alone, and reads a line to its end, however long it is.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// An answer in all, in bytes. RFC 5321 has 512 for a line; the longest answer is a list of what
/// a server can do.
const LONGEST_ANSWER: usize = 16 * 1024;

/// What a server said.
#[derive(Debug)]
pub(super) struct Answer {
    pub code: u16,
    /// Without their code.
    pub lines: Vec<String>,
}

impl Answer {
    pub fn is_good(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// Whether it says that this server may not send, and not that the message or its recipient is
    /// wrong: "relay access denied" (RFC 3463 section 3.8).
    pub fn is_of_policy(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("5.7."))
    }
}

pub(super) struct Wire {
    stream: Stream,
    /// What came and was not looked at.
    come: Vec<u8>,
    /// How long the wait may last that goes on.
    given: Duration,
}

enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
    /// While it becomes the other one.
    Between,
}

/// A socket that is waited for until an instant.
struct Timed {
    socket: TcpStream,
    until: Instant,
}

impl Wire {
    /// Finds the server by its name, and connects to the first of its addresses that answers.
    pub fn connect(host: &str, port: u16, until: Instant) -> Result<Self> {
        let mut failed = Error::new(ErrorKind::NotFound, "it has no address");
        for address in addresses(host, port, until)? {
            match TcpStream::connect_timeout(&address, left(until)?) {
                Ok(socket) => {
                    return Ok(Self {
                        stream: Stream::Plain(Timed { socket, until }),
                        come: Vec::new(),
                        given: Duration::ZERO,
                    });
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// From here on what is waited for has this long, and never longer than until then.
    pub fn within(&mut self, longest: Duration, until: Instant) {
        let now = Instant::now();
        let until = until.min(now + longest);
        self.given = until.saturating_duration_since(now);
        match &mut self.stream {
            Stream::Plain(timed) => timed.until = until,
            Stream::Tls(tls) => tls.sock.until = until,
            Stream::Between => {}
        }
    }

    pub const fn given(&self) -> Duration {
        self.given
    }

    /// All that follows is encrypted, and comes from whom the certificate names.
    pub fn encrypt(&mut self, config: &Arc<ClientConfig>, host: &str) -> Result<()> {
        if !self.come.is_empty() {
            // Somebody on the way could have put it there, to be taken for the server's.
            return Err(malformed("it said something between STARTTLS and TLS"));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(Error::other)?;
        let client = ClientConnection::new(Arc::clone(config), name).map_err(Error::other)?;
        let Stream::Plain(timed) = std::mem::replace(&mut self.stream, Stream::Between) else {
            return Err(malformed("it is encrypted"));
        };
        let mut tls = StreamOwned::new(client, timed);
        // Its failures are those of TLS alone, and not of a command.
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        self.stream = Stream::Tls(Box::new(tls));
        Ok(())
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.stream {
            Stream::Plain(timed) => timed.write_all(bytes),
            Stream::Tls(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
            Stream::Between => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// The next answer, whole.
    pub fn answer(&mut self) -> Result<Answer> {
        let (mut lines, mut length) = (Vec::new(), 0);
        loop {
            let line = self.line(LONGEST_ANSWER - length)?;
            length += line.len() + 1;
            let (code, is_last, text) = parsed(&line)?;
            lines.push(text);
            if is_last {
                return Ok(Answer { code, lines });
            }
        }
    }

    /// Without its end.
    fn line(&mut self, longest: usize) -> Result<Vec<u8>> {
        let mut looked_at = 0;
        loop {
            let end = self.come[looked_at..]
                .iter()
                .position(|byte| *byte == b'\n');
            let end = end.map(|end| looked_at + end);
            if end.unwrap_or(self.come.len()) >= longest {
                return Err(malformed("its answer has no end after 16 KiB"));
            }
            if let Some(end) = end {
                let mut line: Vec<u8> = self.come.drain(..=end).collect();
                line.pop();
                return Ok(line);
            }
            looked_at = self.come.len();
            let mut some = [0; 1024];
            let read = match &mut self.stream {
                Stream::Plain(timed) => timed.read(&mut some)?,
                Stream::Tls(tls) => tls.read(&mut some)?,
                Stream::Between => 0,
            };
            if read == 0 {
                return Err(Error::new(
                    ErrorKind::UnexpectedEof,
                    "it closed the connection",
                ));
            }
            self.come.extend_from_slice(&some[..read]);
        }
    }
}

/// The system's resolver has no bound of ours; whoever waits for it has.
fn addresses(host: &str, port: u16, until: Instant) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (told, found) = channel();
    let host = host.to_owned();
    std::thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(move || {
            let found = (host.as_str(), port).to_socket_addrs();
            let _ = told.send(found.map(Vec::from_iter));
        })?;
    found.recv_timeout(left(until)?).map_err(|_| timed_out())?
}

fn left(until: Instant) -> Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(timed_out());
    }
    Ok(left)
}

fn timed_out() -> Error {
    ErrorKind::TimedOut.into()
}

/// A socket calls it by either of two names.
fn one_name(error: Error) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock => timed_out(),
        _ => error,
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.socket.set_read_timeout(Some(left(self.until)?))?;
        self.socket.read(buffer).map_err(one_name)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.socket.set_write_timeout(Some(left(self.until)?))?;
        self.socket.write(bytes).map_err(one_name)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Code, whether it is the last line, and text.
fn parsed(line: &[u8]) -> Result<(u16, bool, String)> {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end();
    let code = line
        .get(..3)
        .filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
    let code = code.and_then(|code| code.parse().ok());
    let code = code.filter(|code| (200..600).contains(code));
    let rest = line.get(3..).unwrap_or_default();
    let is_last = !rest.starts_with('-');
    match code {
        Some(code) if rest.is_empty() || rest.starts_with(['-', ' ']) => {
            Ok((code, is_last, rest.get(1..).unwrap_or_default().to_owned()))
        }
        _ => Err(malformed("what it said is no answer of a mail server")),
    }
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_code_and_words() {
        for (line, told) in [
            ("250-first\r", (250, false, "first")),
            ("250 last\r", (250, true, "last")),
            ("354\r", (354, true, "")),
            ("250", (250, true, "")),
            ("250-", (250, false, "")),
        ] {
            let (code, is_last, text) = parsed(line.as_bytes()).unwrap();
            assert_eq!((code, is_last, text.as_str()), told, "{line}");
        }
        for line in [
            "",
            "25",
            "2500 x",
            "abc",
            "199 x",
            "600 x",
            "25\u{e9} x",
            "HTTP/1.1 400",
        ] {
            assert!(parsed(line.as_bytes()).is_err(), "{line}");
        }
    }
}
