//! `keyward routes`: the route table, for people.

use crate::cli::Outcome;
use crate::cli::output::say;
use crate::http::routes::TABLE;

pub(super) fn run() -> Outcome {
    for group in TABLE {
        say!("{}", group.name);
        for row in group.rows {
            say!(
                "  {:<7} {:<26} {}{}{}",
                row.method,
                row.path,
                row.guard.as_str(),
                if row.fresh { " step-up" } else { "" },
                if row.enrolling { " mfa-enrolment" } else { "" }
            );
        }
    }
    Ok(())
}
