//! Commands beside a server whose settings they do not have.

use crate::home::Home;
use crate::server::Server;

/// A command that looks makes no key, and one that replaces a key keeps its algorithm: the
/// server's verifiers know no other.
#[test]
fn clients_01_no_command_changes_the_algorithm() {
    let server = Home::new().and("KEYWARD_JWT_ALGORITHM", "ES256");
    server.run(&["migrate", "up"]).done();
    let database = format!("sqlite://{}", server.join("keyward.db").display());
    let home = Home::new().and("DATABASE_URL", &database);
    let before = |home: &Home| home.run(&["key", "list"]).done().to_owned();
    assert_eq!(before(&server), "", "nobody has started it yet");
    let started = Server::start(&server, &[]);
    let keys = before(&home);
    assert_eq!(keys.lines().count(), 1, "{keys}");
    assert!(keys.contains("ES256"), "{keys}");
    home.run_with(
        &["user", "add", "a@example.com", "--password-stdin"],
        "correct horse battery",
    )
    .done();
    for command in [&["user", "list"][..], &["user", "show", "a@example.com"]] {
        home.run(command).done();
    }
    assert_eq!(before(&home), keys);
    home.run(&["key", "rotate"]).done();
    let rotated = before(&home);
    assert_eq!(rotated.lines().count(), 2, "{rotated}");
    assert!(!rotated.contains("RS256"), "{rotated}");
    home.run(&["key", "rotate", "--compromised"]).done();
    let replaced = before(&home);
    assert!(replaced.contains("ES256"), "{replaced}");
    drop(started);
}
