//! Mail: written with its cause, sent once, tried again, and given up.

mod leases;
mod new_sign_in;
mod noted;
mod notices;
mod outbox;
mod quotas;
mod sites;
mod smtp;
mod test_mode;
mod tries;
