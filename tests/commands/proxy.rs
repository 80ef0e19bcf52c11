//! A proxy before PostgreSQL that can begin to swallow: it goes on reading, so that the kernel
//! acknowledges everything, and forwards nothing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    /// Connections of a lower number are swallowed.
    swallowed: AtomicU64,
    /// Those of a lower number are let in, and then not listened to.
    ignored: AtomicU64,
    next: AtomicU64,
}

impl Proxy {
    /// Before the server whose socket is in this folder.
    pub fn start(folder: PathBuf) -> Self {
        Self::start_with(folder, TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn start_with(folder: PathBuf, listener: TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            swallowed: AtomicU64::new(0),
            ignored: AtomicU64::new(0),
            next: AtomicU64::new(0),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = shared.next.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = UnixStream::connect(folder.join(".s.PGSQL.5432")) else {
                    continue;
                };
                let (to, from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let here = Arc::clone(&shared);
                std::thread::spawn(move || forward(client, server, number, &here));
                let here = Arc::clone(&shared);
                std::thread::spawn(move || forward(from, to, number, &here));
            }
        });
        Self { port, state }
    }

    /// The address of a database behind it.
    pub fn url(&self, url: &str) -> String {
        let name = url.split(['/', '?']).nth(3).unwrap();
        format!("postgresql://keyward@127.0.0.1:{}/{name}", self.port)
    }

    /// Every connection that there is; new ones are good.
    pub fn swallow_present(&self) {
        let next = self.state.next.load(Ordering::SeqCst);
        self.state.swallowed.store(next, Ordering::SeqCst);
    }

    /// Every new one from its first statement on, when it has been let in already, until this
    /// is told otherwise.
    pub fn swallow_statements(&self, swallow: bool) {
        let until = if swallow {
            u64::MAX
        } else {
            self.state.next.load(Ordering::SeqCst)
        };
        self.state.ignored.store(until, Ordering::SeqCst);
    }

    /// New ones too.
    pub fn swallow_all(&self) {
        self.state.swallowed.store(u64::MAX, Ordering::SeqCst);
    }
}

fn forward(mut from: impl Read, mut to: impl Write + Shut, number: u64, state: &State) {
    let mut bytes = [0; 8192];
    let mut ignored = false;
    while let Ok(read) = from.read(&mut bytes) {
        if read == 0 {
            break;
        }
        // What a client sends first has no letter before its length.
        let asks = matches!(bytes[0], b'Q' | b'P');
        ignored |= asks && number < state.ignored.load(Ordering::SeqCst);
        let swallowed = ignored || number < state.swallowed.load(Ordering::SeqCst);
        if !swallowed && to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    if number >= state.swallowed.load(Ordering::SeqCst) {
        to.shut();
    }
}

trait Shut {
    fn shut(&self);
}

impl Shut for TcpStream {
    fn shut(&self) {
        let _ = self.shutdown(std::net::Shutdown::Both);
    }
}

impl Shut for UnixStream {
    fn shut(&self) {
        let _ = self.shutdown(std::net::Shutdown::Both);
    }
}
