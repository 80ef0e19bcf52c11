//! How mail leaves: letters become messages by templates, and a [`Mailer`] gives them to an
//! SMTP server, or to the log. Knows no database: what waits, and what is tried again, is
//! `service/mail`'s.

mod embedded;
/// Why mail does not leave.
pub mod failure;
/// `KEYWARD_MAIL_TEMPLATES`.
mod folder;
/// Where mail goes, and what came of it.
pub mod mailer;
/// A letter as a message of RFC 5322.
pub mod message;
/// How long a server is waited for.
pub mod patience;
/// One conversation with an SMTP server.
mod smtp;
/// `KEYWARD_SMTP_URL`.
pub mod smtp_url;
/// From a letter to its words.
pub mod templates;

pub use failure::Failure;
pub use mailer::Mailer;
pub use message::Sent;
