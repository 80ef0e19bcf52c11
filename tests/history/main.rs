//! Random histories of sessions, lived through by Keyward and beside it by a model that
//! was written from the semantics alone (sections 1 and 2). After every step the answer
//! and the rows must be the model's. Steps that run at the same time must have come out
//! as they would have in some order, one after another.
//!
//! `KEYWARD_TEST_HISTORIES` says how many there are in all; a failure prints its seed,
//! and `KEYWARD_TEST_SEED` runs that one again.

mod model;
#[path = "../support/postgres.rs"]
mod postgres;
mod race;
mod real;
#[path = "../support/scratch.rs"]
mod scratch;
mod steps;
mod tenants;
mod thefts;
mod walk;

use std::env;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use keyward::store::engine::migrations;
use real::Real;
use walk::{Tally, walk};

/// Half of them on SQLite, half on PostgreSQL.
const HISTORIES: u64 = 500;

/// Who lives through them: the seeds that leave this rest, divided by four.
const ON_SQLITE: [u64; 2] = [0, 2];
const ON_POSTGRES: [u64; 2] = [1, 3];

/// Two replicas, with a memory each.
const PROCESSES: usize = 2;

#[test]
fn histories_on_sqlite() {
    let folder = Folder::new("history");
    check(
        &format!("sqlite://{}/keyward.db", folder.0.display()),
        &ON_SQLITE,
        "sqlite",
    );
}

#[test]
fn histories_on_postgres() {
    // A history waits for the server half of its time: two at once use the other half.
    std::thread::scope(|scope| {
        for rest in ON_POSTGRES {
            scope.spawn(move || {
                let url = postgres::database_like(|template| {
                    migrations::up(&template.parse().unwrap()).unwrap();
                });
                if let Some(url) = url {
                    check(&url, &[rest], "postgres");
                }
            });
        }
    });
}

struct Folder(PathBuf);

impl Folder {
    fn new(what: &str) -> Self {
        // Not by the number of a process, which two containers or users may share.
        let name = format!("keyward-{what}-{}", uuid::Uuid::new_v4());
        let folder = Self(scratch::parent().join(name));
        std::fs::create_dir(&folder.0).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Of organizations, roles and keys.
const TENANTS: u64 = 60;

#[test]
fn tenants_on_sqlite() {
    let folder = Folder::new("tenants");
    let url = format!("sqlite://{}/keyward.db", folder.0.display());
    check_tenants(&url, 0, "tenants_on_sqlite");
}

#[test]
fn tenants_on_postgres() {
    let url = postgres::database_like(|template| {
        migrations::up(&template.parse().unwrap()).unwrap();
    });
    if let Some(url) = url {
        check_tenants(&url, 1, "tenants_on_postgres");
    }
}

fn check_tenants(url: &str, rest: u64, name: &str) {
    let mut real = Real::open(url, PROCESSES);
    let mut met = tenants::Met::default();
    let again: Option<u64> = setting("KEYWARD_TEST_SEED");
    let seeds = match again {
        Some(seed) => seed..seed + 1,
        None => 0..setting("KEYWARD_TEST_TENANTS").unwrap_or(TENANTS),
    };
    for seed in seeds.filter(|seed| again.is_some() || seed % 2 == rest) {
        println!("again: KEYWARD_TEST_SEED={seed} cargo test --test history {name}");
        tenants::live(&mut real, seed, &mut met);
    }
    if again.is_none() {
        met.assert_everything();
    }
}

fn check(url: &str, rests: &[u64], name: &str) {
    let mut real = Real::open(url, PROCESSES);
    let mut tally = Tally::default();
    let again: Option<u64> = setting("KEYWARD_TEST_SEED");
    let seeds: Vec<u64> = match again {
        // A race may need more than one try.
        Some(seed) => vec![seed; 20],
        None => (0..setting("KEYWARD_TEST_HISTORIES").unwrap_or(HISTORIES))
            .filter(|seed| rests.contains(&(seed % 4)))
            .collect(),
    };
    for (number, seed) in seeds.iter().enumerate() {
        if number % 20 == 19 {
            // What is long over goes, so that the tables stay small.
            real.move_clock(model::DAY * 40);
            real.purge(0);
        }
        if let Err(failure) = walk(&mut real, *seed, number, &mut tally) {
            panic!("{failure}\nagain: KEYWARD_TEST_SEED={seed} cargo test --test history {name}");
        }
    }
    if again.is_none() && seeds.len() >= 100 {
        tally.assert_everything_was_met();
    }
}

fn setting<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{name}: {error}")),
    )
}
