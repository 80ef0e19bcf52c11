//! The house keeps its floors and rooms. These tests read `src/` as the compiler does and
//! fail on an arrow that runs up, on a circle of files that is not listed here, on a room
//! that has grown too full, and on a file or function that is past reading in one sitting.

mod house;
mod paths;

use std::collections::{BTreeMap, BTreeSet};

use house::{Function, House};

/// Lower floors have lower numbers; floors of one number do not know each other, except
/// through [`DOORS`].
const FLOORS: &[(&str, u8)] = &[
    ("main", 7),
    ("cli", 6),
    ("app", 5),
    ("first_start", 5),
    ("http", 5),
    ("service", 4),
    ("store", 3),
    ("crypto", 3),
    ("mail", 3),
    ("lanes", 3),
    ("config", 3),
    ("domain", 2),
    ("support", 1),
];

/// Doors between floors of one number. The composition root knows the faces; settings are
/// values of the store and of cryptography.
const DOORS: &[(&str, &str)] = &[
    ("app", "http"),
    ("config", "store"),
    ("config", "crypto"),
    ("config", "mail"),
];

/// The rooms of two floors, as the floors above: a room knows lower ones, never one beside
/// it. So no dialect knows another, and no act calls an act of another noun.
const ROOMS: &[(&str, &[(&str, u8)])] = &[
    (
        "http",
        &[
            ("http/mod", 11),
            ("http/fuzz_targets", 11),
            ("http/server", 10),
            ("http/edge", 9),
            ("http/mount", 8),
            ("http/routes", 7),
            ("http/schemas", 6),
            ("http/guards", 6),
            ("http/dialect/directus", 5),
            ("http/dialect/haltian", 5),
            ("http/dialect/hypi", 5),
            ("http/dialect/keyward", 5),
            ("http/dialect/oisp", 5),
            ("http/dialect/propeller", 5),
            ("http/dialect/mod", 6),
            ("http/sidecar", 5),
            ("http/discovery", 5),
            ("http/ops", 5),
            ("http/graphql", 4),
            ("http/response_bodies", 4),
            ("http/request", 3),
            ("http/error_response", 2),
            ("http/peers", 1),
        ],
    ),
    (
        "service",
        &[
            ("service/mod", 11),
            ("service/upkeep", 10),
            ("service/organizations", 9),
            ("service/invitations", 8),
            ("service/accounts", 8),
            ("service/api_keys", 8),
            ("service/audit", 8),
            ("service/keys", 8),
            ("service/roles", 8),
            ("service/second_factor", 8),
            ("service/sessions", 8),
            ("service/account_changes", 7),
            ("service/attempts", 6),
            ("service/tokens", 6),
            ("service/administrator", 5),
            ("service/mail", 5),
            ("service/membership", 5),
            ("service/change", 4),
            ("service/actor", 3),
            ("service/keyward", 2),
            ("service/audit_row", 3),
            ("service/memory", 1),
            ("service/policy", 1),
            ("service/batched_queries", 1),
            ("service/error", 1),
            ("service/refusal_reason", 0),
        ],
    ),
];

/// The most files of one room.
const FULLEST_ROOM: usize = 25;

const LONGEST_FILE: usize = 400;

const LONGEST_FUNCTION: usize = 60;

const MOST_ARGUMENTS: usize = 4;

/// Functions that are longer, or take more, each with the reason why they may.
const LARGE_FUNCTIONS: &[(&str, &str)] = &[(
    "http/graphql/schema::resolve_field",
    "juniper asks with so many",
)];

/// Files that know each other, each with the reason why they may. The list must be
/// exact: a new circle fails the test, and so does one that has been undone.
const CIRCLES: &[&[&str]] = &[
    // The command line picks a command; commands say their outcome in its words.
    &[
        "cli/api_key",
        "cli/audit",
        "cli/check",
        "cli/health",
        "cli/key",
        "cli/mail",
        "cli/migrate",
        "cli/mod",
        "cli/org",
        "cli/role",
        "cli/routes",
        "cli/serve",
        "cli/tune_hash",
        "cli/user",
    ],
    // The table of settings lists every section, and a section is made of the table's types.
    &[
        "config/settings/attempts",
        "config/settings/cookies",
        "config/settings/database",
        "config/settings/dialects",
        "config/settings/first_administrator",
        "config/settings/keys",
        "config/settings/listen",
        "config/settings/log",
        "config/settings/mail",
        "config/mod",
        "config/settings/passwords",
        "config/settings/peers",
        "config/load",
        "config/reader",
        "config/settings/registration",
        "config/settings/second_factor",
        "config/settings/secret",
        "config/settings/declare",
        "config/settings/mod",
        "config/unknown_names",
        "config/settings/tokens",
    ],
];

#[test]
fn no_arrow_runs_up() {
    let house = House::read();
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for (from, to) in house.arrows() {
        let (one, other) = (floor_of(from), floor_of(to));
        arrows += usize::from(one != other);
        if one != other
            && one != "lib"
            && !is_down(FLOORS, one, other)
            && !DOORS.contains(&(one, other))
        {
            wrong.push(format!("src/{from}.rs -> src/{to}.rs"));
        }
    }
    assert!(arrows > 200, "only {arrows} arrows were found");
    assert!(wrong.is_empty(), "these run up:\n{}", wrong.join("\n"));
}

#[test]
fn no_room_knows_one_beside_or_above_it() {
    let house = House::read();
    let mut wrong = Vec::new();
    for (floor, rooms) in ROOMS {
        for file in house.files_of(floor) {
            assert!(
                room_of(rooms, file).is_some(),
                "src/{file}.rs stands in no room"
            );
        }
        for (from, to) in house.arrows() {
            let (Some(one), Some(other)) = (room_of(rooms, from), room_of(rooms, to)) else {
                continue;
            };
            if one != other && !is_down(rooms, one, other) {
                wrong.push(format!("src/{from}.rs -> src/{to}.rs"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these know too much:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_room_is_too_full() {
    let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
    for file in House::read().files.keys() {
        let (room, _) = file.rsplit_once('/').unwrap_or(("", file));
        *rooms.entry(room.to_owned()).or_default() += 1;
    }
    for (room, files) in rooms {
        assert!(files <= FULLEST_ROOM, "src/{room} holds {files} files");
    }
}

/// Whoever reads `crate::domain::rights::bearer` finds `domain/rights/bearer.rs`.
#[test]
fn a_module_is_named_by_the_path_of_its_file() {
    let house = House::read();
    let handed_on: Vec<_> = house.modules_handed_on().collect();
    assert!(
        handed_on.is_empty(),
        "these are named otherwise: {handed_on:?}"
    );
}

#[test]
fn circles_of_files_are_the_ones_that_are_told_of() {
    let house = House::read();
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in house.files.keys() {
        arrows.entry(file).or_default();
    }
    for (from, to) in house.arrows() {
        arrows.entry(from).or_default().insert(to);
    }
    let told: BTreeSet<BTreeSet<&str>> = CIRCLES
        .iter()
        .map(|circle| circle.iter().copied().collect())
        .collect();
    assert_eq!(circles(&arrows), told);
}

/// Whoever holds a row by the table has no `Held` of it to show (docs/decisions/0127).
#[test]
fn accounts_organizations_and_roles_are_held_by_a_change() {
    let house = House::read();
    for table in ["accounts", "organizations", "organization_roles"] {
        let call = format!("{table}::hold(");
        let holds = |file: &&str| house.files[*file].text.contains(&call);
        let by: Vec<&str> = house.files_of("service").filter(holds).collect();
        assert_eq!(by, ["service/change/held_rows"], "{table}");
    }
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    for (file, read) in House::read().files {
        assert!(
            read.lines <= LONGEST_FILE,
            "src/{file}.rs has {} lines",
            read.lines
        );
    }
}

#[test]
fn a_function_is_short_and_takes_little() {
    let house = House::read();
    let mut large = Vec::new();
    for (file, read) in &house.files {
        for Function {
            name,
            lines,
            arguments,
        } in &read.functions
        {
            let place = format!("{file}::{name}");
            let excused = LARGE_FUNCTIONS.iter().any(|(known, _)| *known == place);
            if (*lines > LONGEST_FUNCTION || *arguments > MOST_ARGUMENTS) != excused {
                large.push(format!("{place}: {lines} lines, {arguments} arguments"));
            }
        }
    }
    assert!(
        large.is_empty(),
        "split these, or say why not:\n{}",
        large.join("\n")
    );
}

fn floor_of(file: &str) -> &str {
    file.split('/').next().unwrap_or_default()
}

fn room_of<'a>(rooms: &'a [(&'a str, u8)], file: &str) -> Option<&'a str> {
    rooms
        .iter()
        .map(|(room, _)| *room)
        .find(|room| file == *room || file.starts_with(&format!("{room}/")))
}

fn is_down(levels: &[(&str, u8)], from: &str, to: &str) -> bool {
    let level = |name: &str| {
        levels
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} stands on no floor"))
            .1
    };
    level(from) > level(to)
}

/// Sets of files each of which reaches every other.
fn circles<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<BTreeSet<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|&from| {
            let mut seen = BTreeSet::new();
            let mut next: Vec<&str> = arrows[from].iter().copied().collect();
            while let Some(file) = next.pop() {
                if seen.insert(file) {
                    next.extend(arrows.get(file).into_iter().flatten());
                }
            }
            (from, seen)
        })
        .collect();
    let circle_of = |file: &'a str| {
        let both = reach[file].iter().copied();
        both.filter(|other| reach.get(other).is_some_and(|back| back.contains(file)))
            .collect::<BTreeSet<_>>()
    };
    arrows
        .keys()
        .map(|file| circle_of(file))
        .filter(|circle| circle.len() > 1)
        .collect()
}
