//! Requests have few threads, whatever they wait for.

use serde_json::json;

use crate::home::Home;
use crate::server::Server;

const EMAIL: &str = "alice@example.com";
const PASSWORD: &str = "correct horse battery";

/// How many threads the server has, and how many of them are the store lane's. One that begins is
/// called as whoever began it, so the others are counted together.
fn threads(server: &Server<'_>) -> (usize, usize) {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let names = tasks.filter_map(|task| {
        let name = task.ok()?.path().join("comm");
        std::fs::read_to_string(name).ok()
    });
    let names: Vec<String> = names.collect();
    let lane = names.iter().filter(|name| name.trim() == "store-lane");
    (names.len(), lane.count())
}

/// Sign-ins by GraphQL and by REST wait for their hash on four of the store lane's threads, and no
/// request has a thread of the runtime.
#[test]
fn few_threads_wait_for_passwords_and_for_documents() {
    const REQUESTS: usize = 120;
    let home = Home::new()
        .and("KEYWARD_ADMIN_EMAIL", EMAIL)
        .and("KEYWARD_ADMIN_PASSWORD", PASSWORD)
        .and("KEYWARD_PASSWORD_THREADS", "2");
    let server = Server::start(&home, &[]);
    let (access, _) = server.sign_in(EMAIL, PASSWORD);
    let before = threads(&server);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..REQUESTS)
            .map(|number| {
                let (server, access) = (&server, &access);
                scope.spawn(move || {
                    let from = format!("203.0.113.{number}");
                    let bearer = format!("Bearer {access}");
                    let plain = [("x-forwarded-for", from.as_str())];
                    let signed = [plain[0], ("authorization", bearer.as_str())];
                    let nobody = format!("nobody{number}@example.com");
                    let login = format!(
                        "mutation {{ auth_login(email: \"{nobody}\", password: \"x\") {{ expires }} }}"
                    );
                    let reply = match number % 4 {
                        0 => {
                            let body = json!({ "email": nobody, "password": "x" }).to_string();
                            server.ask("POST", "/auth/login", &plain, &body)
                        }
                        1 => {
                            let body = json!({ "query": "{ viewer { id } }" }).to_string();
                            let reply = server.ask("POST", "/graphql", &signed, &body);
                            assert!(reply.json()["data"]["viewer"]["id"].is_string(), "{reply:?}");
                            reply
                        }
                        _ => {
                            let body = json!({ "query": login }).to_string();
                            let reply = server.ask("POST", "/graphql", &plain, &body);
                            let code = reply.json()["errors"][0]["extensions"]["code"].clone();
                            let codes = [json!("INVALID_CREDENTIALS"), json!("SERVICE_UNAVAILABLE")];
                            assert!(codes.contains(&code), "{reply:?}");
                            reply
                        }
                    };
                    assert!([200, 401, 503].contains(&reply.status), "{reply:?}");
                })
            })
            .collect();
        let mut most = (0, 0);
        while !asked.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let (all, lane) = threads(&server);
            most = (most.0.max(all), most.1.max(lane));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!((1..=16).contains(&most.1), "{most:?}");
        let others = before.0 - before.1;
        assert!(most.0 <= others + 16, "{most:?}, {before:?} before");
    });
}
