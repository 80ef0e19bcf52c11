//! A folder to run the binary in, apart from everything that the environment says.

use std::io::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub struct Home {
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

/// What a command did.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new() -> Self {
        // The least cost, so that passwords take no time.
        Self::with(&[("KEYWARD_BCRYPT_COST", "10")])
    }

    pub fn with(settings: &[(&str, &str)]) -> Self {
        // Nor by the number of a process, which two containers or users may share.
        let name = format!("keyward-commands-{}", uuid::Uuid::new_v4());
        let folder = crate::scratch::parent().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self { folder, settings }
    }

    /// One more setting.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyward"));
        let ours = |name: &str| {
            ["KEYWARD_", "DATABASE_", "DB_", "POSTGRES", "PG"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
                || name == "RUST_LOG"
        };
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(ours) {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            // The default's port may be taken.
            .env("KEYWARD_LISTEN", "127.0.0.1:0")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// With this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        self.run_with_bytes(arguments, input.as_bytes())
    }

    pub fn run_with_bytes(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that does not read its input may have ended by now.
        let _ = child.stdin.take().unwrap().write_all(input);
        Run::from(child.wait_with_output().unwrap())
    }
}

impl Deref for Home {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// It did what was asked: its output.
    #[track_caller]
    pub fn done(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        &self.out
    }

    /// It said no: its last words. Nothing of it stands where a script would read on.
    #[track_caller]
    pub fn refused(&self) -> &str {
        assert_eq!(self.status, Some(1), "{self:?}");
        let last = self.err.lines().last().unwrap_or_default();
        assert!(last.starts_with("keyward: "), "{self:?}");
        &self.err
    }
}
