//! Threat Q1 (and H-39, Y-38): secrets stand in no line of any log, at any level, of
//! Keyward or of anything below it, and in no refusal. Over a real socket, so that the
//! server's own lines are among those read.

use crate::support::{Logbook, PASSWORD, TestKeyward, text};

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

fn send(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn json_of(answer: &str) -> serde_json::Value {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}

/// Whole, and in parts: a line that cuts its text must not show most of it.
fn secret(text: &str, secrets: &mut Vec<String>) {
    secrets.push(text.to_owned());
    let (head, tail) = text.split_at(text.len() / 2);
    secrets.push(head[head.len() - 12..].to_owned());
    secrets.push(tail[tail.len() - 12..].to_owned());
}

const CANARY: &str = "canary-in-a-cage-of-many-letters";

/// What a client holds after it signed in by every face.
struct Held {
    access: String,
    refresh: String,
    cookie: String,
    long: String,
}

fn login() -> String {
    format!(r#"{{"email":"alice@example.com","password":"{PASSWORD}"}}"#)
}

fn signed_in(kw: &TestKeyward) -> Held {
    let login = login();
    let in_cookie = login.replacen('{', r#"{"mode":"cookie","#, 1);
    let by_name = login.replace("email", "username");
    let answers = kw.over_the_wire(vec![
        send("POST", "/auth/login", "", &login),
        send("POST", "/auth/login", "", &in_cookie),
        send("POST", "/v1/api/auth/token", "", &by_name),
    ]);
    let body = json_of(&answers[0]);
    let cookie = answers[1].split_once("keyward_refresh=").unwrap().1;
    Held {
        access: text(&body, "access_token"),
        refresh: text(&body, "refresh_token"),
        cookie: cookie.split(';').next().unwrap().to_owned(),
        long: text(&json_of(&answers[2]), "token"),
    }
}

impl Held {
    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.access)
    }

    fn cookie(&self) -> String {
        format!("Cookie: __Host-keyward_refresh={}\r\n", self.cookie)
    }

    fn renewal(&self) -> String {
        format!(r#"{{"refresh_token":"{}"}}"#, self.refresh)
    }

    /// Uses all of it, rightly. The tokens that come back.
    fn used(&self, kw: &TestKeyward) -> Vec<String> {
        let (access, long, bearer) = (&self.access, &self.long, self.bearer());
        let told = format!("{bearer}X-Original-URI: /x?access_token={long}\r\n");
        let answers = kw.over_the_wire(vec![
            get(&format!("/v1/api/auth/me?access_token={access}"), ""),
            get(&format!("/auth/me?access_token={access}"), ""),
            get("/auth/verify", &bearer),
            get("/auth/verify", &told),
            send("POST", "/auth/refresh", &self.cookie(), "{}"),
            send("POST", "/auth/refresh", "", &self.renewal()),
            get(&format!("/auth/token?token={long}"), ""),
        ]);
        for answer in &answers {
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        let renewed = json_of(&answers[5]);
        vec![
            text(&renewed, "access_token"),
            text(&renewed, "refresh_token"),
            text(&json_of(&answers[6]), "token"),
        ]
    }

    /// Tokens where they do not belong, one too many, or not quite right.
    fn misused(&self) -> Vec<String> {
        let (access, bearer) = (&self.access, self.bearer());
        let forged = format!("{}{CANARY}", &access[..access.len() - 40]);
        let paths = [
            format!("/v1/api/auth/me?access_token={CANARY}"),
            format!("/v1/api/auth/me?access_token={forged}"),
            format!("/auth/me?access_token={CANARY}&access_token={access}"),
            format!("/auth/me?access_token[]={CANARY}"),
            format!("/auth/me?access_token={}", access.repeat(12)),
            format!("/nowhere?access_token={access}"),
            format!("/auth/login?access_token={access}"),
            format!("/auth/token?token={CANARY}"),
            format!("/auth/token?token={}", self.refresh),
        ];
        let mut requests: Vec<_> = paths.iter().map(|path| get(path, "")).collect();
        requests.push(get(&format!("/auth/me?access_token={CANARY}"), &bearer));
        for headers in [
            format!("Authorization: Bearer {CANARY}, {access}\r\n"),
            format!("Authorization: Basic {CANARY}\r\n"),
            format!("{bearer}{bearer}"),
        ] {
            requests.push(get("/auth/me", &headers));
        }
        // What the server itself refuses, before any handler.
        let path = format!("/auth/me?access_token={access}");
        requests.push(get(&path, "Bad Header: x\r\n"));
        requests.push(format!("GET {path} HTTP/9.9\r\n\r\n"));
        requests.push(format!("GET {path}\u{1}{CANARY} HTTP/1.1\r\n\r\n"));
        requests
    }

    /// Secrets in bodies and cookies that are refused.
    fn misspelt(&self) -> Vec<String> {
        let bodies = [
            ("/auth/login", login().replace(PASSWORD, CANARY)),
            ("/auth/login", login().replace('}', " x")),
            ("/auth/login", format!(r#"{{"password":"{CANARY}"}}"#)),
            ("/auth/login", format!(r#"{{"email":"{CANARY}"}}"#)),
            (
                "/auth/refresh",
                self.renewal().replace(&self.refresh, CANARY),
            ),
            (
                "/auth/refresh",
                format!(r#"{{"refresh_token":["{CANARY}"]}}"#),
            ),
        ];
        let mut requests: Vec<_> = bodies
            .iter()
            .map(|(path, body)| send("POST", path, "", body))
            .collect();
        let planted = self.cookie().replace(&self.cookie, CANARY);
        requests.push(send("POST", "/auth/refresh", &planted, ""));
        requests.push(send(
            "POST",
            "/auth/refresh",
            &self.cookie(),
            &self.renewal(),
        ));
        let body = format!(r#"{{"refreshToken":"{CANARY}"}}"#);
        requests.push(send("PUT", "/v1/api/auth/refresh", "", &body));
        requests
    }
}

both!(q1_h39_no_secret_is_written_down, |kw| {
    kw.add("alice@example.com", Some("alice"), false);
    let logbook = Logbook::open();
    let held = signed_in(kw);
    let mut secrets = vec![PASSWORD.to_owned()];
    for text in [&held.access, &held.refresh, &held.cookie, &held.long] {
        secret(text, &mut secrets);
    }
    for text in held.used(kw) {
        secret(&text, &mut secrets);
    }
    secret(CANARY, &mut secrets);

    let bad = [held.misused(), held.misspelt()].concat();
    for (request, answer) in bad.iter().zip(kw.over_the_wire(bad.clone())) {
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status.starts_with('4'), "{request} {answer}");
        for secret in &secrets {
            assert!(!answer.contains(secret), "{request} {answer}");
        }
    }

    // The control: the requests themselves are in the book, at every level there is.
    for line in ["GET /v1/api/auth/me 200", " 401 ", "TRACE actix"] {
        assert!(!logbook.lines_with(line).is_empty(), "{line}");
    }
    logbook.holds_none_of(&secrets);
});
