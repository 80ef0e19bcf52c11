//! Part: mail. A letter is written into the outbox by the transaction of its cause, so that
//! it leaves if and only if that commits, and is sent by a thread beside the requests.

/// Sending what is due.
pub mod deliver;
/// Noting what became of a mail.
mod delivery_outcome;
/// Codes that are mailed: made, linked to, and used once.
pub mod mailed_code;
/// What an owner is told of.
pub(in crate::service) mod notice;
/// Letters to the owner of an account.
pub mod owner_mail;
/// A message in an administrator's own words.
pub mod publish;
/// How many mails somebody may be sent.
pub(in crate::service) mod quota;
/// A letter in the database, which no database opens.
mod sealed_letter;
/// Writing a letter into the outbox.
pub mod write_to_outbox;
