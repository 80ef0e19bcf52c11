//! A running `keyward serve`, what it said, and requests to it by hand: what travels here
//! is what travels between real programs.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::home::Home;

/// The longest that anything is waited for. Machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server<'a> {
    home: &'a Home,
    child: Child,
    /// What it printed up to the line that can be tried.
    pub greeting: Vec<String>,
    later: Mutex<Receiver<String>>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl<'a> Server<'a> {
    pub fn start(home: &'a Home, arguments: &[&str]) -> Self {
        Self::of(home, home.command(&[&["serve"], arguments].concat()))
    }

    /// The one that this command starts.
    pub fn of(home: &'a Home, mut command: Command) -> Self {
        command.env("KEYWARD_LISTEN", "127.0.0.1:0");
        Self::listening(home, command)
    }

    /// The same, at the address of the command.
    pub fn listening(home: &'a Home, mut command: Command) -> Self {
        let log = File::create(home.join("stderr.log")).unwrap();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (sender, later) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut server = Self {
            home,
            child,
            greeting: Vec::new(),
            later: Mutex::new(later),
        };
        while !server
            .greeting
            .iter()
            .any(|line| line.starts_with("  curl "))
        {
            let said = server.later.lock().unwrap().recv_timeout(PATIENCE);
            match said {
                Ok(line) => server.greeting.push(line),
                Err(error) => panic!("{error}: {:?} {}", server.greeting, server.log()),
            }
        }
        server
    }

    /// The address that it says it listens on.
    pub fn address(&self) -> &str {
        let mut lines = self.greeting.iter();
        let address = lines.find_map(|line| line.split_once(" listens on http://"));
        address.expect("a line with the address").1
    }

    /// What follows a word at the beginning of a line of the greeting.
    pub fn greeted(&self, word: &str) -> Option<&str> {
        let line = self
            .greeting
            .iter()
            .find_map(|line| line.trim().strip_prefix(word))?;
        Some(line.trim())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("stderr.log")).unwrap()
    }

    /// Waits until the log holds this text: it is written by a thread of its own.
    #[track_caller]
    pub fn logs(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(began.elapsed() < PATIENCE, "no {text:?} in {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address(),
            body.len()
        );
        if !body.is_empty() {
            head.push_str("Content-Type: application/json\r\n");
        }
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream
            .write_all(format!("{head}\r\n{body}").as_bytes())
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[], &body.to_string())
    }

    pub fn with_token(&self, method: &str, path: &str, token: &str) -> Reply {
        self.ask(
            method,
            path,
            &[("Authorization", &format!("Bearer {token}"))],
            "",
        )
    }

    /// The access token and the refresh token of a sign-in.
    pub fn sign_in(&self, email: &str, password: &str) -> (String, String) {
        let body = serde_json::json!({ "email": email, "password": password });
        let reply = self.post("/auth/login", &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        (reply.text("access_token"), reply.text("refresh_token"))
    }

    /// The same with what the greeting of a first start says.
    pub fn sign_in_as_administrator(&self) {
        let email = self.greeted("administrator").unwrap();
        let password = self.greeted("password").unwrap();
        self.sign_in(email, password.split_whitespace().next().unwrap());
    }

    /// Sends a signal and waits for the end: its exit code, and all that it printed after
    /// the greeting.
    pub fn end(self, signal: &str) -> (Option<i32>, Vec<String>) {
        self.signal(signal);
        self.ended()
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    pub fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        (status.code(), self.later.lock().unwrap().iter().collect())
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        let json = self.json();
        let text = json[name].as_str();
        text.unwrap_or_else(|| panic!("{name} in {json}"))
            .to_owned()
    }
}
