//! Limits on guesses (semantics 4).

mod account;
mod address;
mod clock;
mod devices;
mod fairness;
mod known_addresses;
mod outage;
mod overload;
mod shared;
mod spray;
