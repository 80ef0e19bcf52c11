//! Guesses.

use crate::config::settings::declare::section;
use crate::config::values::parse::whole;

section! {
    /// When failed sign-ins are told of.
    Attempts, "Failed sign-ins" {
        /// So many failed sign-ins of all accounts within a minute are logged and audited as
        /// sign_ins_failing. 0: never.
        failure_alarm: i64 = KEYWARD_FAILURE_ALARM, "300", whole(0, 1_000_000);
    }
}
