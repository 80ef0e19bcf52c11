//! Golden exchanges, a folder or a file for each dialect.

mod directus;
mod hypi;
mod oisp;
