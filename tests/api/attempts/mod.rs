//! Limits on guesses (semantics 4).

mod account;
mod address;
mod clock;
mod devices;
mod devices_acts;
mod fairness;
mod overload;
mod shared;
mod spray;
