//! What is called by certain words, found by their parts (docs/decisions/0181). Migrations make the
//! indexes that this reads, and the databases keep them.

use std::collections::HashMap;

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};

use crate::domain::search_words::{PART, SearchWords, parts};
use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;
use crate::support::clock::Timestamp;

/// Whose names are looked through, as the tables of words are called.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Called {
    Account,
    Organization,
}

impl Called {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Organization => "organization",
        }
    }

    /// What PostgreSQL looks through: as in the index by parts.
    const fn words(self) -> &'static str {
        match self {
            Self::Account => {
                "keyward_account_words(email_canonical, username_canonical, names_canonical, \
                 first_name, last_name)"
            }
            Self::Organization => "name_canonical",
        }
    }
}

/// After which row a page begins, and how many rows it has.
pub(in crate::store) struct Page {
    /// When the row came, and its id.
    pub after: Option<(Timestamp, String)>,
    pub limit: i64,
}

impl Page {
    /// What comes before the first row in the order of age.
    pub fn start(&self) -> (i64, &str) {
        let after = self.after.as_ref();
        after.map_or((i64::MIN, ""), |(at, id)| (at.millis(), id.as_str()))
    }

    fn is_filled_by(&self, found: &[String]) -> bool {
        i64::try_from(found.len()) == Ok(self.limit)
    }
}

/// So many names are walked through before their parts are asked for, where it would take long to gather
/// all that is frequent: that fills a page at once.
const NEAR: i64 = 1000;

/// So many parts that a short word begins are asked for: more than names in one alphabet have.
const MOST_BEGUN: usize = 2000;

/// Rows that are deleted between two questions are looked for anew so often.
const TRIES: u32 = 3;

/// The rows in whose names each of the words stands, oldest first. There is a word.
pub(in crate::store) fn search<T>(
    connection: &mut AnyConnection,
    (called, words): (Called, &SearchWords),
    page: &Page,
    load: impl Fn(&mut AnyConnection, &[String]) -> Result<HashMap<String, T>>,
) -> Result<Vec<T>> {
    let mut tries = 0;
    loop {
        let ids = match connection {
            AnyConnection::Sqlite(sqlite) => ids_in_sqlite(sqlite, called, words, page)?,
            AnyConnection::Postgres(postgres) => ids_in_postgres(postgres, called, words, page)?,
        };
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = load(connection, &ids)?;
        tries += 1;
        // A page that is short says that it is the last.
        if rows.len() == ids.len() || tries == TRIES {
            return Ok(ids.iter().filter_map(|id| rows.remove(id)).collect());
        }
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

fn texts(rows: Vec<Id>) -> Vec<String> {
    rows.into_iter().map(|row| row.id).collect()
}

fn ids_in_postgres(
    connection: &mut PgConnection,
    called: Called,
    words: &SearchWords,
    page: &Page,
) -> Result<Vec<String>> {
    const LATER: &str = "(created_at, id) > ($1, $2)";
    let (one, text) = (called.as_str(), called.words());
    let (at, id) = page.start();
    let ask = |question: String| {
        let question = diesel::sql_query(question).into_boxed::<Pg>();
        let question = question.bind::<BigInt, _>(at).bind::<Text, _>(id);
        let question = question.bind::<BigInt, _>(page.limit);
        words.iter().fold(question, |question, word| {
            question.bind::<Text, _>(word.to_owned())
        })
    };
    let (mut each, mut next) = (String::new(), 4);
    for _ in words.iter() {
        each = format!("{each} AND strpos({text}, ${next}) > 0");
        next += 1;
    }
    let near = ask(format!(
        "SELECT id FROM (SELECT * FROM {one}s WHERE {LATER} ORDER BY created_at, id LIMIT {NEAR}) AS near \
         WHERE TRUE{each} ORDER BY created_at, id LIMIT $3"
    ));
    let found = texts(near.load(connection)?);
    if page.is_filled_by(&found) {
        return Ok(found);
    }
    // The sum keeps the planner from a walk through all of them in the order of age.
    let all = ask(format!(
        "SELECT id FROM {one}s WHERE keyward_parts({text}) @> ${next} AND {LATER}{each} \
         ORDER BY created_at + 0, id LIMIT $3"
    ));
    let parts: Vec<String> = words.iter().flat_map(parts).collect();
    Ok(texts(all.bind::<Array<Text>, _>(parts).load(connection)?))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = Text)]
    term: String,
}

fn ids_in_sqlite(
    connection: &mut SqliteConnection,
    called: Called,
    words: &SearchWords,
    page: &Page,
) -> Result<Vec<String>> {
    let one = called.as_str();
    let first = first_number(connection, called, page)?;
    // A word that is shorter than a part is often a frequent one, and asks for many parts.
    if words.iter().any(|word| word.chars().count() < PART) {
        let near = diesel::sql_query(format!(
            "SELECT w.{one}_id AS id, w.number AS place FROM \
             (SELECT * FROM {one}_words WHERE number >= ? ORDER BY number LIMIT {NEAR}) AS w WHERE TRUE"
        ));
        let near = near.into_boxed().bind::<BigInt, _>(first);
        let found = asked(connection, near, words, page)?;
        if page.is_filled_by(&found) {
            return Ok(found);
        }
    }
    let all = match narrowed(connection, called, words)? {
        Narrowed::ToNothing => return Ok(Vec::new()),
        Narrowed::By(expression) => diesel::sql_query(format!(
            "SELECT w.{one}_id AS id, p.rowid AS place FROM {one}_parts AS p \
             JOIN {one}_words AS w ON w.number = p.rowid \
             WHERE p.{one}_parts MATCH ? AND p.rowid >= ?"
        ))
        .into_boxed()
        .bind::<Text, _>(expression),
        Narrowed::Not => diesel::sql_query(format!(
            "SELECT w.{one}_id AS id, w.number AS place FROM {one}_words AS w WHERE w.number >= ?"
        ))
        .into_boxed(),
    };
    asked(connection, all.bind::<BigInt, _>(first), words, page)
}

/// A part may stand in a name in which the word does not.
fn asked(
    connection: &mut SqliteConnection,
    mut question: BoxedSqlQuery<'_, Sqlite, SqlQuery>,
    words: &SearchWords,
    page: &Page,
) -> Result<Vec<String>> {
    for word in words.iter() {
        question = question
            .sql(" AND instr(w.words, ?) > 0")
            .bind::<Text, _>(word.to_owned());
    }
    let question = question.sql(" ORDER BY place LIMIT ?");
    Ok(texts(
        question.bind::<BigInt, _>(page.limit).load(connection)?,
    ))
}

/// The first number of the page. Guests have no number: the last one before theirs tells it.
fn first_number(connection: &mut SqliteConnection, called: Called, page: &Page) -> Result<i64> {
    let Some((at, id)) = &page.after else {
        return Ok(i64::MIN);
    };
    let one = called.as_str();
    let before: Option<Number> = diesel::sql_query(format!(
        "SELECT w.number FROM {one}s AS it JOIN {one}_words AS w ON w.{one}_id = it.id \
         WHERE (it.created_at, it.id) <= (?, ?) \
         ORDER BY it.created_at DESC, it.id DESC LIMIT 1"
    ))
    .bind::<BigInt, _>(at.millis())
    .bind::<Text, _>(id)
    .get_result(connection)
    .optional()?;
    Ok(before.map_or(i64::MIN, |row| row.number + 1))
}

/// Which rows a search looks at.
enum Narrowed {
    ToNothing,
    /// Those of an expression of MATCH.
    By(String),
    /// All of them.
    Not,
}

/// All parts of each word. A word that is shorter than a part begins one of those that there are; where
/// it begins none, nothing is called so. Where it begins too many, it narrows nothing: SQLite would ask
/// each of them at each row.
fn narrowed(
    connection: &mut SqliteConnection,
    called: Called,
    words: &SearchWords,
) -> Result<Narrowed> {
    let one = called.as_str();
    let mut all = Vec::new();
    for word in words.iter() {
        let (parts, joined) = if word.chars().count() < PART {
            let known: Vec<Part> = diesel::sql_query(format!(
                "SELECT term FROM {one}_parts_known WHERE term >= ? AND term < ? LIMIT {}",
                MOST_BEGUN + 1
            ))
            .bind::<Text, _>(word)
            .bind::<Text, _>(format!("{word}\u{10ffff}"))
            .load(connection)?;
            if known.len() > MOST_BEGUN {
                continue;
            }
            (known.into_iter().map(|row| row.term).collect(), " OR ")
        } else {
            (parts(word), " AND ")
        };
        if parts.is_empty() {
            return Ok(Narrowed::ToNothing);
        }
        let quoted: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
        all.push(format!("({})", quoted.join(joined)));
    }
    if all.is_empty() {
        return Ok(Narrowed::Not);
    }
    Ok(Narrowed::By(all.join(" AND ")))
}

/// A text in an expression of MATCH stands for itself.
fn quoted(part: &str) -> String {
    format!("\"{}\"", part.replace('"', "\"\""))
}
