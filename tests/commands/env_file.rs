//! `.env`: a value is what stands there, or its line is refused.

use crate::home::{Home, Run};
use crate::server::Server;

pub fn env_file(home: &Home, text: &str) {
    std::fs::write(home.join(".env"), text).unwrap();
    crate::setup::set_mode(&home.join(".env"), 0o600);
}

#[test]
fn operators_14_a_dollar_in_the_file_is_itself_or_is_refused() {
    let home = Home::new();
    env_file(&home, "\nKEYWARD_ADMIN_PASSWORD=correct-horse$battery\n");
    let run = home.run(&["serve"]);
    let told = "keyward: .env: line 2: KEYWARD_ADMIN_PASSWORD: put a value with spaces, $";
    assert!(run.refused().starts_with(told), "{run:?}");
    assert!(!run.err.contains("horse") && !home.join("keyward.db").exists());

    env_file(&home, "KEYWARD_ADMIN_PASSWORD='pa$$word12 `x` #y'\n");
    let server = Server::start(&home, &[]);
    server.sign_in("admin@localhost", "pa$$word12 `x` #y");
}

#[test]
fn operators_14_a_name_that_stands_twice_is_told_of() {
    let home = Home::new();
    env_file(
        &home,
        "DATABASE_URL=sqlite://one.db\n\nDATABASE_URL=sqlite://two.db\n",
    );
    let run = home.run(&["migrate", "up"]);
    let told = ".env: line 3: DATABASE_URL stands on line 1 already";
    assert!(run.refused().contains(told), "{run:?}");
    assert!(!home.join("one.db").exists() && !home.join("two.db").exists());
}

/// Settings stay out of the environment of libraries; what is theirs is passed on.
#[test]
fn what_the_file_says_to_libraries_reaches_them() {
    let home = Home::new();
    let temporary = home.join("a \\ \"$x\"");
    std::fs::create_dir(&temporary).unwrap();
    env_file(&home, &format!("TMPDIR='{}'\n", temporary.display()));
    let mut command = home.command(&["serve", "--test-mode"]);
    command
        .env_remove("TMPDIR")
        .env("KEYWARD_LISTEN", "192.0.2.1:1");
    let run = Run::from(command.output().unwrap());
    assert!(run.refused().contains("must be a loopback"), "{run:?}");
    let home = home.and("KEYWARD_ADMIN_PASSWORD", "hunter2hunter2");
    let mut command = home.command(&["serve", "--test-mode"]);
    command.env_remove("TMPDIR");
    let server = Server::of(&home, command);
    let database = server.greeted("database").unwrap();
    assert!(database.contains(temporary.to_str().unwrap()), "{database}");
}

#[test]
fn operators_21_an_empty_value_of_the_environment_leaves_the_one_of_the_file() {
    let home = Home::new()
        .and("DATABASE_URL", "")
        .and("KEYWARD_ADMIN_EMAIL", "");
    env_file(&home, "DATABASE_URL=sqlite://other.db\n");
    let server = Server::start(&home, &[]);
    assert_eq!(server.greeted("administrator"), Some("admin@localhost"));
    assert!(home.join("other.db").exists());
}
