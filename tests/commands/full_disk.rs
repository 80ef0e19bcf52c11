//! A disk without room, on a file system of a few MiB. Only root mounts one, in a name space of
//! its own, so only root tests this.

use serde_json::json;

use crate::home::{Home, Run};
use crate::server::Server;

/// Runs `script` where `data` is a file system of its own; `None` where the system forbids it.
fn on_a_small_disk(script: &str) -> Option<Run> {
    let home = Home::new().and("DATABASE_URL", "sqlite://data/keyward.db");
    std::fs::create_dir(home.join("data")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=8m,mode=700 none data || exit 125
         fill() {{ dd if=/dev/zero of=data/fill bs=4k 2>/dev/null; }}
         {script}"
    );
    let asked = home.command(&[]);
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]);
    command.env("KW", asked.get_program());
    for (name, value) in asked.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let run = Run::from(command.current_dir(&*home).output().unwrap());
    let refused = run.status == Some(125) || run.err.contains("unshare: unshare failed");
    if refused {
        eprintln!("skipped: no file system can be mounted here: {}", run.err);
        return None;
    }
    Some(run)
}

#[test]
fn operators_24_a_full_disk_is_called_one() {
    let full = "the disk of data is full";
    // Before the first start, and where a database is there.
    for before in ["", "\"$KW\" migrate up >/dev/null || exit 1;"] {
        for command in ["check", "serve", "migrate up", "user list"] {
            let script = format!("{before} fill; timeout 30 \"$KW\" {command}");
            let Some(run) = on_a_small_disk(&script) else {
                return;
            };
            assert_eq!(run.status, Some(1), "{before}{command}: {run:?}");
            let told = format!("{}{}", run.out, run.err);
            assert!(told.contains(full), "{before}{command}: {run:?}");
            assert!(!told.contains("I/O error"), "{before}{command}: {run:?}");
        }
    }
    // With room again nothing is left of it.
    let Some(run) = on_a_small_disk("fill; \"$KW\" check; rm data/fill; \"$KW\" check") else {
        return;
    };
    assert_eq!(run.status, Some(0), "{run:?}");
}

/// A limit of file sizes has a signal of its own, which ends whoever does not catch it.
#[test]
fn operators_24_a_limit_of_file_sizes_ends_no_server() {
    let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", "correct horse battery");
    // Made before, so that the limit is met by writes of sign-ins alone.
    drop(Server::start(&home, &[]));
    let asked = home.command(&["serve"]);
    let mut command = std::process::Command::new("sh");
    let script = "ulimit -f 700; exec \"$0\" serve";
    command.args(["-c", script]).arg(asked.get_program());
    command.env_clear();
    for (name, value) in asked.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.current_dir(&*home);
    let server = Server::of(&home, command);
    let body = json!({ "email": "admin@localhost", "password": "correct horse battery" });
    let signed_in = server.post("/auth/login", &body);
    let token = signed_in.text("access_token");
    let mut refused = false;
    for _ in 0..400 {
        let status = server.post("/auth/login", &body).status;
        assert!(matches!(status, 200 | 503), "{status}");
        if status == 503 {
            refused = true;
            break;
        }
    }
    assert!(refused, "the limit was never met");
    // Tokens are checked from memory.
    assert_eq!(server.with_token("GET", "/auth/verify", &token).status, 200);
    // A balancer is told. A small write may find room where a sign-in finds none, and uses it up.
    let told = (0..400).any(|_| {
        server.post("/auth/login", &body);
        server.ask("GET", "/health/ready", &[], "").status == 503
    });
    assert!(told, "it says that it is ready");
    assert_eq!(server.ask("GET", "/health/live", &[], "").status, 200);
}

/// Two disks that were filled alike have files of the same numbers.
#[test]
fn operators_43_a_database_on_another_disk_is_another() {
    let script = "mkdir -p data/a data/b
        for disk in data/a data/b; do
            mount -t tmpfs -o size=8m,mode=700 none $disk || exit 125
            (cd $disk; DATABASE_URL=sqlite://keyward.db \"$KW\" migrate up >/dev/null) || exit 1
        done
        [ $(stat -c %i data/a/keyward.db) = $(stat -c %i data/b/keyward.db) ] || exit 2
        cd data/a
        DATABASE_URL=sqlite://keyward.db KEYWARD_LISTEN=127.0.0.1:0 timeout 60 \"$KW\" serve >/dev/null &
        for turn in $(seq 600); do [ -e keyward.db-wal ] && break; sleep 0.05; done
        cd ../b
        DATABASE_URL=sqlite://keyward.db timeout 30 \"$KW\" user list
        status=$?
        kill $!
        exit $status";
    let Some(run) = on_a_small_disk(script) else {
        return;
    };
    assert_eq!(run.status, Some(0), "{run:?}");
}
