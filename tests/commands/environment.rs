//! What others write into the environment, and what people mistype there: it means what it
//! says, or it is told of by its name.

use crate::env_file::env_file;
use crate::home::Home;
use crate::server::Server;

/// What Kubernetes puts beside a Service of this name, and Docker beside a link.
fn of_a_service(name: &str) -> Vec<(String, &'static str)> {
    [
        ("SERVICE_HOST", "10.96.0.7"),
        ("SERVICE_PORT", "8080"),
        ("SERVICE_PORT_HTTP", "8080"),
        ("SERVICE_PORT_METRICS_2", "9090"),
        ("PORT", "tcp://10.96.0.7:8080"),
        ("PORT_8080_TCP", "tcp://10.96.0.7:8080"),
        ("PORT_8080_TCP_PROTO", "tcp"),
        ("PORT_8080_TCP_PORT", "8080"),
        ("PORT_8080_TCP_ADDR", "10.96.0.7"),
        ("PORT_53_UDP", "udp://[fd00::7]:53"),
        ("PORT_53_UDP_ADDR", "fd00::7"),
        ("NAME", "/web/keyward"),
        ("ENV_PATH", "/usr/local/bin:/usr/bin"),
        ("ENV_RUST_LOG", "debug"),
    ]
    .map(|(rest, value)| (format!("{name}_{rest}"), value))
    .into()
}

#[test]
fn operators_01_the_addresses_of_services_are_no_settings() {
    let mut home = Home::new();
    for service in [
        "KEYWARD",
        "KEYWARD_METRICS",
        "KEYWARD_1",
        "KEYWARD_PORT",
        "DATABASE",
        "DATABASE_PRIMARY",
    ] {
        for (name, value) in of_a_service(service) {
            home = home.and(&name, value);
        }
    }
    home.run(&["user", "list"]).done();
    home.run(&["check"]).done();
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask("GET", "/health/ready", &[], "").status, 200);
    assert!(home.join("keyward.db").exists());
}

#[test]
fn operators_01_misspelt_names_are_refused_as_before() {
    for (name, value) in [
        ("KEYWARD_LISTN", "127.0.0.1:8080"),
        ("KEYWARD_PORT", "8080"),
        ("KEYWARD_PORT", "http://10.96.0.7:8080"),
        ("KEYWARD_PORT", "tcp://keyward.example"),
        ("KEYWARD_HOST", "10.96.0.7"),
        ("KEYWARD_SERVICE_HOST", "keyward.example.com/x"),
        ("KEYWARD_SERVICE_PORT", "http"),
        ("KEYWARD_SERVICE_PORT", ""),
        ("KEYWARD_SERVICE_NAME", "keyward"),
        ("KEYWARD_PORT_8080_TCP", "8080"),
        ("KEYWARD_PORT_8080_TCP_ADDR", "nobody"),
        ("KEYWARD_PORT_HTTP_TCP", "tcp://10.96.0.7:8080"),
        ("KEYWARD_PORT_8080_SSL", "tcp://10.96.0.7:8080"),
        ("KEYWARD_PORT_8080_TCP_KIND", "tcp"),
        ("KEYWARD_NAME", "keyward"),
        ("KEYWARD_NAME", "/keyward"),
        ("KEYWARD_ENV_PATH", "/usr/bin"),
        ("KEYWARD_", "1"),
        ("KEYWARD_SECRET_FIEL", "/run/secrets/keyward"),
    ] {
        let home = Home::new().and(name, value);
        let run = home.run(&["user", "list"]);
        let told = format!("keyward: {name}: is no setting of Keyward");
        assert!(run.refused().starts_with(&told), "{value}: {run:?}");
        assert!(home.read_dir().unwrap().next().is_none(), "{name}");
    }
}

/// Else it would begin a new, empty database beside the one that was meant.
#[test]
fn operators_06_another_name_of_the_database_is_told_of() {
    let url = "postgresql://keyward:CANARY@db.example/keyward";
    for name in [
        "DATABASE_URI",
        "DATABASE_DSN",
        "DATABASE_HOST",
        "database_url",
        "DB_URL",
        "POSTGRES_URL",
    ] {
        let home = Home::new().and(name, url);
        let run = home.run(&["user", "list"]);
        let told = format!("keyward: {name}: is not read: Keyward finds its database by");
        assert!(run.refused().starts_with(&told), "{run:?}");
        assert!(!run.err.contains("CANARY"), "{run:?}");
        assert!(home.read_dir().unwrap().next().is_none(), "{name}");
        // Where the database is named, the other name is somebody else's.
        home.and("DATABASE_URL", "sqlite://keyward.db")
            .run(&["user", "list"])
            .done();
    }
}

#[test]
fn operators_06_the_database_may_be_named_in_a_file() {
    for end in ["", "\n", "\r\n", "\r"] {
        let home = Home::new().and("DATABASE_URL_FILE", "url");
        let file = home.join("url");
        std::fs::write(&file, format!("sqlite://other.db{end}")).unwrap();
        crate::setup::set_mode(&file, 0o600);
        home.run(&["migrate", "up"]).done();
        assert!(home.join("other.db").exists(), "{end:?}");
        assert!(!home.join("keyward.db").exists(), "{end:?}");
        let both = home.and("DATABASE_URL", "sqlite://keyward.db");
        let run = both.run(&["migrate", "up"]);
        assert!(run.refused().contains("both given"), "{run:?}");
    }
    let home = Home::new().and("DATABASE_URL_FILE", "url");
    let run = home.run(&["migrate", "up"]);
    assert!(
        run.refused().contains("DATABASE_URL_FILE: url: "),
        "{run:?}"
    );
    std::fs::write(home.join("url"), "mysql://CANARY@x/y").unwrap();
    crate::setup::set_mode(&home.join("url"), 0o600);
    let run = home.run(&["migrate", "up"]);
    let told = "DATABASE_URL_FILE: the file must hold sqlite://PATH";
    assert!(run.refused().contains(told), "{run:?}");
    assert!(!run.err.contains("CANARY"), "{run:?}");
}

/// `echo` and editors end a file with a line break. Nobody can type one.
#[test]
fn operators_06_the_end_of_a_line_is_part_of_no_password() {
    for end in ["\n", "\r\n", "\r", "\n\n"] {
        let password = format!(" hunter2 hunter2 {end}");
        let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", &password);
        let server = Server::start(&home, &[]);
        server.sign_in("admin@localhost", " hunter2 hunter2 ");
    }
    for inside in [
        "hunter2\nhunter2",
        "\nhunter2",
        "hunter2\thunter2",
        "a\u{7}b",
    ] {
        let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", inside);
        let run = home.run(&["serve"]);
        let told = "KEYWARD_ADMIN_PASSWORD: contains a line break";
        assert!(run.refused().contains(told), "{run:?}");
        assert!(!run.err.contains("hunter2") && !home.join("keyward.db").exists());
    }
}

#[test]
fn operators_06_the_end_of_a_line_is_part_of_no_secret() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    let home = Home::new().and("DATABASE_URL", "sqlite://keyward.db");
    std::fs::write(home.join("keyward.secret"), secret).unwrap();
    crate::setup::set_mode(&home.join("keyward.secret"), 0o600);
    home.run(&["key", "list"]).done();
    let keys = home.run(&["key", "list"]).done().to_owned();
    for text in ["\n", "\r\n", "\r", " \n"].map(|end| format!("{secret}{end}")) {
        std::fs::write(home.join("keyward.secret"), &text).unwrap();
        assert_eq!(home.run(&["key", "list"]).done(), keys, "{text:?}");
        let mut command = home.command(&["key", "list"]);
        let run = command.env("KEYWARD_SECRET", &text).output().unwrap();
        assert_eq!(String::from_utf8(run.stdout).unwrap(), keys, "{text:?}");
    }
    std::fs::write(home.join("keyward.secret"), format!("\u{feff}{secret}")).unwrap();
    assert_eq!(home.run(&["key", "list"]).done(), keys, "a byte order mark");
}

#[test]
fn operators_11_a_log_level_that_is_none_stops_the_start() {
    for level in [
        "\"info\"",
        "warning",
        "verbose",
        "info;warn",
        "0",
        "keyward=lots",
    ] {
        let home = Home::new().and("RUST_LOG", level);
        for arguments in [&["serve"][..], &["user", "list"], &["check"]] {
            let run = home.run(arguments);
            assert!(
                run.refused().starts_with("keyward: RUST_LOG: must be "),
                "{run:?}"
            );
        }
        assert!(home.read_dir().unwrap().next().is_none());
    }
    // Of the file too, and what is taken is what is written.
    let home = Home::new();
    env_file(&home, "RUST_LOG=error\n");
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask("GET", "/nothing", &[], "").status, 404);
    assert_eq!(server.log(), "");
    drop(server);
    env_file(&home, "RUST_LOG=actix_server=warn\n");
    let server = Server::start(&home, &[]);
    assert_eq!(server.ask("GET", "/nothing", &[], "").status, 404);
    server.logs("GET /nothing 404");
}

#[test]
fn operators_20_an_administrator_of_a_later_start_is_said_to_have_no_effect() {
    let home = Home::new().and("KEYWARD_ADMIN_PASSWORD", "hunter2hunter2");
    let server = Server::start(&home, &[]);
    assert!(!server.log().contains("no effect"), "{}", server.log());
    drop(server);
    let home = home
        .and("KEYWARD_ADMIN_PASSWORD", "CANARY hunter3")
        .and("KEYWARD_ADMIN_EMAIL", "root@example.com");
    let server = Server::start(&home, &[]);
    let told = "KEYWARD_ADMIN_EMAIL and KEYWARD_ADMIN_PASSWORD have no effect";
    server.logs(told);
    let log = server.log();
    assert!(log.contains(told) && log.contains("set-password"), "{log}");
    assert!(!log.contains("CANARY"), "{log}");
    server.sign_in("admin@localhost", "hunter2hunter2");
    let listed = home.run(&["user", "list"]);
    assert_eq!(listed.done().lines().count(), 1, "{listed:?}");
}

#[test]
fn operators_25_a_folder_in_the_place_of_a_file_is_called_one() {
    for (name, setting) in [
        ("keyward.secret", "KEYWARD_SECRET_FILE: keyward.secret"),
        ("keyward.db", "DATABASE_URL: keyward.db"),
        (".env", ".env"),
    ] {
        let home = Home::new();
        std::fs::create_dir(home.join(name)).unwrap();
        for arguments in [&["serve"][..], &["check"], &["user", "list"]] {
            let run = home.run(arguments);
            let told = format!("keyward: {setting} is a folder, and must be a file");
            assert!(run.refused().starts_with(&told), "{run:?}");
        }
        assert_eq!(home.read_dir().unwrap().count(), 1, "nothing was made");
    }
    let home = Home::new().and("DATABASE_URL", "sqlite://data/deep/keyward.db");
    for arguments in [&["serve"][..], &["check"]] {
        let run = home.run(arguments);
        let told = "keyward: DATABASE_URL: there is no folder data/deep";
        assert!(run.refused().starts_with(told), "{run:?}");
    }
}

#[test]
fn attack_buyer_11_plain_http_beyond_this_machine_is_warned_of() {
    for (url, warned) in [
        ("http://192.0.2.5:8080", true),
        ("http://auth.example.com", true),
        ("https://auth.example.com", false),
        ("http://localhost:8080", false),
        ("http://[::1]:8080", false),
    ] {
        let home = Home::new().and("KEYWARD_PUBLIC_URL", url);
        let server = Server::start(&home, &[]);
        let log = server.log();
        assert_eq!(log.contains("plain http"), warned, "{url}: {log}");
        assert_eq!(log.contains("WARN "), warned, "{url}: {log}");
    }
}

#[test]
fn clients_25_a_byte_order_mark_is_part_of_no_password() {
    let home = Home::new();
    let add = ["user", "add", "a@example.com", "--password-stdin"];
    home.run_with(&add, "\u{feff}correct horse battery\r\n")
        .done();
    let server = Server::start(&home, &[]);
    server.sign_in("a@example.com", "correct horse battery");

    let add = ["user", "add", "b@example.com", "--password-stdin"];
    for bytes in [&b"h\xe9llo w\xf6rld\n"[..], b"\xff\xfeh\0e\0l\0l\0o\0\n\0"] {
        let run = home.run_with_bytes(&add, bytes);
        let told = "the password on standard input is not UTF-8";
        assert!(run.refused().contains(told), "{run:?}");
    }
    let run = home.run(&["user", "show", "a@b.c "]);
    assert!(
        run.refused().contains("There is no account \"a@b.c\"."),
        "{run:?}"
    );
    assert!(!home.run(&["user", "list"]).done().contains("b@example.com"));
}
