//! A disk without room, on a file system of a few MiB. Only root mounts one, in a name space of
//! its own, so only root tests this.

use crate::home::{Home, Run};

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
