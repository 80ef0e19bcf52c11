//! `keyward mail`.

use clap::Subcommand;

use crate::cli::output::say;
use crate::cli::{Outcome, look_at_config};
use crate::domain::identifier::Email;
use crate::domain::mail_letter::{Language, Letter, LetterPurpose, Values};
use crate::domain::texts::name_characters::shown;
use crate::mail::{Failure, Mailer};
use crate::support::clock::Clock;

#[derive(Subcommand)]
pub(super) enum Mail {
    /// Send one test mail now, and say what the server said
    Test {
        /// Whom to send it to
        address: String,
    },
}

pub(super) fn run(command: &Mail) -> Outcome {
    let Mail::Test { address } = command;
    let to = Email::parse(address)
        .ok_or_else(|| format!("\"{}\" is not an e-mail address", shown(address)))?;
    let config = look_at_config()?;
    let mailer = Mailer::new(config.mailer()).map_err(|why| format!("KEYWARD_SMTP_URL: {why}"))?;
    let label = mailer.label();
    let letter = Letter {
        purpose: LetterPurpose::Test,
        account: None,
        to: to.written().to_owned(),
        language: Language::English,
        site: None,
        asked_by: None,
        counts_as: None,
        values: Values::default(),
    };
    let id = format!("<{}@{}>", uuid::Uuid::new_v4(), mailer.domain());
    let sent = mailer.line().send(&letter, &id, Clock::wall().now());
    let said = sent.map_err(|failure| match &failure {
        // Whoever reads of a failure alone sends another one.
        Failure::Unknown(why) => format!(
            "mail: {label}: the server has the whole message and has not said whether it took it \
             ({why}): it may have been taken, look whether it came before you send another one"
        ),
        // Where mail goes nowhere, that is the reason too.
        Failure::Away(why) if *why == label => format!("mail: {label}"),
        Failure::Refused(why) | Failure::Later(why) | Failure::Away(why) => {
            format!("mail: {label}: {why}")
        }
    })?;
    say!("sent to {}, {label}: {said}", to.written());
    Ok(())
}
