//! Mail: written with its cause, sent once, tried again, and given up.

mod notices;
mod outbox;
mod quotas;
mod smtp;
mod test_mode;
mod tries;
