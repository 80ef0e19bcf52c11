//! The second factor: enrolment, sign-in, recovery, removal.

mod demanded;
mod directus;
mod enrolment;
mod guesses;
mod recovery;
mod replaced;
mod sessions;
mod sign_in;
mod told;
mod typed;
