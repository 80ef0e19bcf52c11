//! What `keyward check` says of settings that can not do what somebody waits for.

use std::os::unix::fs::PermissionsExt as _;

use crate::home::Home;

/// Its default would stand in silence, as beside a misspelt name.
#[test]
fn operators_64_a_name_in_small_letters_is_told_of_with_the_right_one() {
    let home = Home::new().and("keyward_listen", "127.0.0.1:9");
    let run = home.run(&["check"]);
    let words = "keyward_listen: is no setting of Keyward: it is called KEYWARD_LISTEN";
    assert!(run.refused().contains(words), "{run:?}");
    let home = Home::new();
    let file = home.join(".env");
    std::fs::write(&file, "Keyward_Listen=127.0.0.1:9\nkeyward_x=1\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let run = home.run(&["user", "list"]);
    for words in [
        "Keyward_Listen: is no setting of Keyward: it is called KEYWARD_LISTEN",
        "keyward_x: is no setting of Keyward: see keyward serve --help",
    ] {
        assert!(run.refused().contains(words), "{run:?}");
    }
    assert!(!home.join("keyward.db").exists(), "nothing was begun");
}

#[test]
fn operators_65_registrations_without_a_mail_server_are_told_of() {
    let home = Home::new().and("KEYWARD_PUBLIC_URL", "https://auth.example.com");
    let closed = home.run(&["check"]);
    assert!(closed.done().contains("ok    mail: nowhere"), "{closed:?}");
    let home = home.and("KEYWARD_REGISTRATION", "open");
    // Who registers with a username alone needs none: it is no fault.
    let open = home.run(&["check"]);
    assert!(open.done().contains("warn  mail: nowhere"), "{open:?}");
    assert!(open.out.contains("each reset"), "{open:?}");
    let home = home.and("KEYWARD_REGISTRATION", "invite");
    let invite = home.run(&["check"]);
    assert_eq!(invite.status, Some(1), "{invite:?}");
    assert!(invite.out.contains("FAIL  mail: nowhere"), "{invite:?}");
    assert!(invite.out.contains("invitations are mailed"), "{invite:?}");
}
