//! Golden exchanges, a file or a few for each dialect.

mod directus;
mod directus_refresh;
mod directus_refusals;
mod directus_tokens;
mod hypi;
mod oisp;
mod oisp_refusals;
