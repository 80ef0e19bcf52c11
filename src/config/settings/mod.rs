//! To add a setting, write one entry into the `section!` of its file here, such as `cookies.rs`: its
//! field, its name, its default, its words and what reads it, all in that place. `declare.rs` is the
//! macro. A new section has a `mod` line here, stands in [`SECTIONS`], and is read into its field of
//! `Config` in `load.rs`. What an act or a face asks of it is copied as CONTRIBUTING says; a test writes
//! `.env.example`.
//!
//! This file is the table of settings: what all sections say together. The help text and
//! `.env.example` are printed from it, and an environment with a `KEYWARD_` name that is not in it
//! is refused.

pub mod attempts;
pub mod cookies;
pub mod database;
pub(in crate::config) mod declare;
pub mod dialects;
pub mod first_administrator;
pub mod keys;
pub mod listen;
pub mod log;
pub mod mail;
pub mod passwords;
pub mod peers;
pub mod registration;
pub mod second_factor;
pub mod secret;
pub mod tokens;

use std::fmt::Write as _;

use crate::config::settings::attempts::Attempts;
use crate::config::settings::cookies::Cookies;
use crate::config::settings::database::Database;
pub use crate::config::settings::declare::{Section, Setting};
use crate::config::settings::dialects::Faces;
use crate::config::settings::first_administrator::FirstAdministrator;
use crate::config::settings::keys::Keys;
use crate::config::settings::listen::Listen;
use crate::config::settings::log::Log;
use crate::config::settings::mail::Mail;
use crate::config::settings::passwords::Passwords;
use crate::config::settings::peers::Peers;
use crate::config::settings::registration::Registration;
use crate::config::settings::second_factor::SecondFactor;
use crate::config::settings::secret::Secret;
use crate::config::settings::tokens::Tokens;

pub const SECTIONS: &[Section] = &[
    Database::SECTION,
    Listen::SECTION,
    Secret::SECTION,
    FirstAdministrator::SECTION,
    Tokens::SECTION,
    Cookies::SECTION,
    Peers::SECTION,
    Passwords::SECTION,
    Registration::SECTION,
    Attempts::SECTION,
    SecondFactor::SECTION,
    Keys::SECTION,
    Mail::SECTION,
    Faces::SECTION,
    Log::SECTION,
];

pub fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

pub(super) fn is_in_table(name: &str) -> bool {
    all().any(|setting| setting.name == name)
}

/// Whether a name of the environment is for Keyward.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.to_ascii_uppercase().starts_with("KEYWARD_") || is_in_table(name)
}

/// Whether what stands there must not be shown, nor cut short in silence.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    all().any(|setting| setting.name == name && setting.secret)
}

/// The table as lines of help.
#[must_use]
pub fn help() -> String {
    let mut text = String::from("Settings (environment, or a .env file here):\n");
    for setting in all() {
        text.push_str("\n  ");
        text.push_str(setting.name);
        if !setting.default.is_empty() {
            text.push_str(" = ");
            text.push_str(setting.default);
        }
        text.push_str("\n      ");
        text.push_str(setting.doc);
        text.push('\n');
    }
    text
}

const HEAD: &str = "\
# Every setting of Keyward with its default. Copy this file to .env in the folder that
# Keyward is started in, and take away the # before what you want to change; what stands
# in the environment goes before what stands in .env.
#
# Put a value with spaces, $, #, quotes, backquotes or backslashes into single quotes:
# KEYWARD_ADMIN_PASSWORD='correct horse battery'
#
# Secrets belong into a .env that only Keyward's user can read (chmod 600 .env).
";

/// The table as `.env.example`: it is written by a test, not by hand.
#[must_use]
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        let _ = write!(text, "\n# --- {} ---\n", section.title);
        for setting in section.settings {
            text.push('\n');
            comment(&mut text, setting.doc);
            let _ = writeln!(text, "#{}={}", setting.name, setting.default);
        }
    }
    text
}

/// In lines of 88 characters at the most.
fn comment(text: &mut String, doc: &str) {
    let mut line = String::from("#");
    for word in doc.split(' ') {
        if line.len() + 1 + word.len() > 88 {
            text.push_str(&line);
            text.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
