//! `keyward routes`: the route table, for people.

use crate::http::routes::TABLE;

pub(super) fn run() {
    for group in TABLE {
        println!("{}", group.name);
        for row in group.rows {
            println!(
                "  {:<7} {:<26} {}",
                row.method,
                row.path,
                row.guard.as_str()
            );
        }
    }
}
