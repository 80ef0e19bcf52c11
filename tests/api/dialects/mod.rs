//! Golden exchanges, one file for each dialect.

mod directus;
mod hypi;
mod oisp;
