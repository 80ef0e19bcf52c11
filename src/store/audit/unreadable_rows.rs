//! Rows that nobody can read. SQLite puts any value into any column, so a foreign hand can write what
//! no query of this store expects: a text for an instant, which stands after every number and is read
//! as 0. Every walk leaves such rows out; [`torn`] names them.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::Result;

/// Which rows of `audit_events` can be read, on SQLite.
pub(super) const EVENT: &str = "(typeof(audit_events.id) = 'text' AND typeof(audit_events.at) = \
     'integer' AND typeof(audit_events.what) = 'text' AND typeof(audit_events.times) = 'integer' AND \
     typeof(audit_events.last_at) IN ('integer', 'null') AND typeof(audit_events.account_id) IN \
     ('text', 'null') AND typeof(audit_events.session_id) IN ('text', 'null') AND \
     typeof(audit_events.address) IN ('text', 'null') AND typeof(audit_events.user_agent) IN ('text', \
     'null') AND typeof(audit_events.actor_id) IN ('text', 'null') AND typeof(audit_events.note) IN \
     ('text', 'null') AND typeof(audit_events.organization_id) IN ('text', 'null') AND \
     typeof(audit_events.role) IN ('text', 'null'))";

/// Which rows of `audit_seals`.
pub(super) const SEAL: &str = "(typeof(audit_seals.seq) = 'integer' AND typeof(audit_seals.event_id) = 'text' AND typeof(audit_seals.at) = \
     'integer' AND typeof(audit_seals.sealed_at) = 'integer' AND typeof(audit_seals.salt) IN ('blob', \
     'null') AND typeof(audit_seals.client) = 'blob' AND typeof(audit_seals.content) = 'blob' AND \
     typeof(audit_seals.hash) = 'blob')";

/// Which record of the chain.
pub(super) const CHAIN: &str = "(typeof(audit_chain.seq) = 'integer' AND typeof(audit_chain.hash) = \
     'blob' AND typeof(audit_chain.sealed_to) = 'integer' AND typeof(audit_chain.counted_to) = \
     'integer' AND typeof(audit_chain.base_seq) = 'integer' AND typeof(audit_chain.base_hash) = 'blob' \
     AND typeof(audit_chain.purged_before) = 'integer' AND typeof(audit_chain.mac) = 'blob')";

/// As a filter of a question to SQLite.
pub(super) fn can_be_read(which: &str) -> diesel::expression::SqlLiteral<Bool> {
    diesel::dsl::sql::<Bool>(which)
}

/// Loads what can be read of a question: PostgreSQL keeps other types out by itself.
macro_rules! load_fit {
    ($connection:expr, $which:expr, $question:expr) => {{
        let question = $question;
        match $connection {
            AnyConnection::Sqlite(sqlite) => question
                .filter(unreadable_rows::can_be_read($which))
                .load(sqlite)?,
            AnyConnection::Postgres(postgres) => question.load(postgres)?,
        }
    }};
}
pub(super) use load_fit;

#[derive(QueryableByName)]
struct Torn {
    #[diesel(sql_type = Text)]
    id: String,
}

/// The ids of the events that nobody can read; of one whose id is no text the literal.
pub fn torn(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let AnyConnection::Sqlite(sqlite) = connection else {
        return Ok(Vec::new());
    };
    let text = format!(
        "SELECT CASE typeof(id) WHEN 'text' THEN id ELSE quote(id) END AS id FROM audit_events WHERE \
         NOT {EVENT} ORDER BY rowid"
    );
    let rows: Vec<Torn> = diesel::sql_query(text).load(sqlite)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
