//! Parses the command, runs it, and exits with its status.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyward::cli::run()
}
