//! How mail leaves: letters become messages by templates, and a [`Mailer`] gives them to an
//! SMTP server, or to the log. Knows no database: what waits, and what is tried again, is
//! `service/mail`'s.

/// How long a server is waited for.
pub mod deadlines;
mod embedded_templates;
/// Why mail does not leave.
pub mod failure;
/// Where mail goes, and what came of it.
pub mod mailer;
/// A letter as a message of RFC 5322.
pub mod message;
/// One conversation with an SMTP server.
mod smtp;
/// `KEYWARD_SMTP_URL`.
pub mod smtp_url;
/// `KEYWARD_MAIL_TEMPLATES`.
mod template_folder;
/// From a letter to its words.
pub mod templates;

pub use failure::Failure;
pub use mailer::Mailer;
pub use message::Sent;
