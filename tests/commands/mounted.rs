//! Secrets and settings as orchestrators mount them, and who may write to them (threat G3).
//! Only root gives files away, so only root tests the owners.

use std::fs;
use std::os::unix::fs::{chown, symlink};

use crate::home::Home;
use crate::owners::{ELSE, SERVICE, home_of_service, run_as_service};
use crate::setup::set_mode;

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz\n";

/// Kubernetes: root owns the file, the group is the `fsGroup`, and a link leads to it.
#[test]
fn operators_07_a_mounted_secret_of_root_is_taken() {
    let Some(home) = home_of_service() else {
        return;
    };
    let home = home.and("KEYWARD_SECRET_FILE", "mounted/secret");
    fs::create_dir_all(home.join("mounted/..2026")).unwrap();
    let file = home.join("mounted/..2026/secret");
    fs::write(&file, SECRET).unwrap();
    symlink("..2026", home.join("mounted/..data")).unwrap();
    symlink("..data/secret", home.join("mounted/secret")).unwrap();
    for (owner, group, mode, taken) in [
        (0, SERVICE, 0o440, true),
        (0, SERVICE, 0o640, true),
        (0, SERVICE, 0o660, false),
        (0, SERVICE, 0o444, false),
        (0, SERVICE, 0o644, false),
        (0, ELSE, 0o440, false),
        (0, 0, 0o444, false),
        (0, 0, 0o400, false),
        (SERVICE, SERVICE, 0o400, true),
        (SERVICE, SERVICE, 0o600, true),
        (SERVICE, SERVICE, 0o440, false),
        (SERVICE, SERVICE, 0o644, false),
        (ELSE, SERVICE, 0o440, false),
    ] {
        chown(&file, Some(owner), Some(group)).unwrap();
        set_mode(&file, mode);
        let run = run_as_service(&home, &["check"]);
        if taken {
            run.done();
            continue;
        }
        let told = run.refused();
        let named = told.starts_with("keyward: KEYWARD_SECRET_FILE: ");
        assert!(named, "{owner}:{group} {mode:o}: {run:?}");
        for word in ["defaultMode", "fsGroup", "Docker", "mode: 0400"] {
            assert!(told.contains(word), "{owner}:{group} {mode:o}: {run:?}");
        }
    }
}

/// What somebody else put into a folder that anybody can write to, root does not take.
#[test]
fn attack_l6_root_takes_no_secret_that_anybody_could_put_there() {
    let Some(home) = home_of_service() else {
        return;
    };
    let file = home.join("keyward.secret");
    fs::write(&file, SECRET).unwrap();
    set_mode(&file, 0o600);
    chown(&file, Some(SERVICE), None).unwrap();
    set_mode(&home, 0o777);
    let run = home.run(&["key", "list"]);
    let told = "KEYWARD_SECRET_FILE: keyward.secret belongs to another user, in a folder that";
    assert!(run.refused().contains(told), "{run:?}");
    assert!(!home.join("keyward.db").exists());
    set_mode(&home, 0o755);
    home.run(&["key", "list"]).done();
}

const SETTINGS: &str = "KEYWARD_ADMIN_PASSWORD=hunter2hunter2\n";

fn with_file(home: &Home, text: &str, mode: u32) {
    fs::write(home.join(".env"), text).unwrap();
    set_mode(&home.join(".env"), mode);
}

#[test]
fn attack_l6_a_file_of_settings_that_others_can_change_is_refused() {
    for (text, mode, refused, warned) in [
        (SETTINGS, 0o600, false, false),
        (SETTINGS, 0o400, false, false),
        (SETTINGS, 0o666, true, false),
        (SETTINGS, 0o602, true, false),
        (SETTINGS, 0o660, true, false),
        (SETTINGS, 0o644, false, true),
        ("KEYWARD_AUDIENCE=x\n", 0o644, false, false),
        ("KEYWARD_AUDIENCE=x\n", 0o664, false, true),
        ("KEYWARD_AUDIENCE=x\n", 0o666, true, false),
        ("DATABASE_URL=sqlite://keyward.db\n", 0o644, false, false),
    ] {
        let home = Home::new();
        with_file(&home, text, mode);
        let run = home.run(&["key", "list"]);
        if refused {
            let told = "keyward: others can write to .env: chmod 600 it";
            assert!(run.refused().contains(told), "{mode:o} {text}: {run:?}");
            assert!(!home.join("keyward.db").exists());
        } else {
            run.done();
            assert_eq!(
                run.err.contains("WARN "),
                warned,
                "{mode:o} {text}: {run:?}"
            );
        }
        assert!(!run.err.contains("hunter2"), "{run:?}");
    }
    let home = Home::new();
    with_file(&home, SETTINGS, 0o600);
    set_mode(&home, 0o777);
    let run = home.run(&["key", "list"]);
    run.done();
    assert!(
        run.err
            .contains("others can put another .env into .: chmod 700"),
        "{run:?}"
    );
}

#[test]
fn attack_l6_a_file_of_settings_of_another_user_is_refused() {
    let Some(home) = home_of_service() else {
        return;
    };
    with_file(&home, SETTINGS, 0o600);
    let file = home.join(".env");
    // Root's own, and the one of the service beside its other files: decision 0022.
    home.run(&["check"]).done();
    chown(&file, Some(SERVICE), None).unwrap();
    let run = home.run(&["check"]);
    run.done();
    assert!(
        run.err.contains("decides by it what root does here"),
        "{run:?}"
    );
    assert!(!run_as_service(&home, &["check"]).err.contains("WARN "));

    let told = "keyward: .env belongs to another user, who decides by it";
    set_mode(&home, 0o777);
    assert!(
        home.run(&["check"]).refused().starts_with(told),
        "anybody's folder"
    );
    set_mode(&home, 0o755);
    chown(&file, Some(ELSE), None).unwrap();
    set_mode(&file, 0o644);
    assert!(
        home.run(&["check"]).refused().starts_with(told),
        "of neither"
    );
    let run = run_as_service(&home, &["check"]);
    assert!(run.refused().starts_with(told), "{run:?}");
}
