//! What a command leaves in the folder of the database.

use crate::home::Home;

#[test]
fn operators_75_a_command_that_reads_leaves_no_files_behind() {
    let home = Home::new();
    let add = ["user", "add", "alice@example.com", "--password-stdin"];
    home.run_with(&add, "battery horse staple").done();
    for command in [
        &["user", "list"][..],
        &["api-key", "list"],
        &["role", "list"],
        &["audit", "list"],
        &["check"],
    ] {
        for _ in 0..8 {
            home.run(command).done();
            let files = home.read_dir().unwrap();
            let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["keyward.db", "keyward.secret"], "{command:?}");
        }
    }
}
