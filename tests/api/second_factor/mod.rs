//! The second factor: enrolment, sign-in, recovery, removal.

mod demanded;
mod directus;
mod enrolment;
mod guesses;
mod recovery;
mod sessions;
mod sign_in;
mod typed;
