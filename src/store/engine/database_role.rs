//! What the role of a connection may do. A role that does not own the tables is enough, and what
//! it was given once may not reach tables that came later.

use diesel::RunQueryDsl as _;
use diesel::dsl::sql;
use diesel::sql_types::Text;

use crate::store::engine::connection::AnyConnection;
use crate::store::engine::error::{Error, Result};

/// All of `schema.rs`: a test compares them with what the migrations make.
const TABLES: [&str; 24] = [
    "account_roles",
    "accounts",
    "api_keys",
    "audit_chain",
    "audit_events",
    "audit_seals",
    "credentials",
    "emails",
    "factors",
    "invitations",
    "limits",
    "login_attempts",
    "memberships",
    "one_time_codes",
    "organizations",
    "outbox",
    "phones",
    "profiles",
    "recovery_codes",
    "revocations",
    "role_permissions",
    "roles",
    "sessions",
    "signing_keys",
];

/// What the indexes of names call.
const FUNCTIONS: [&str; 2] = [
    "keyward_account_words(text,text,text,text,text)",
    "keyward_parts(text)",
];

const RIGHTS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// # Errors
/// In which tables and functions the role lacks a right.
pub(super) fn assert_all(connection: &mut AnyConnection) -> Result<()> {
    let AnyConnection::Postgres(postgres) = connection else {
        return Ok(());
    };
    let lacks = RIGHTS
        .map(|right| format!("NOT has_table_privilege(to_regclass(name), '{right}')"))
        .join(" OR ");
    let (tables, functions) = (TABLES.join(";"), FUNCTIONS.join(";"));
    let question = format!(
        "coalesce(string_agg(name, ', ' ORDER BY name), '') FROM ( \
         SELECT name FROM unnest(string_to_array('{tables}', ';')) AS name \
         WHERE to_regclass(name) IS NOT NULL AND ({lacks}) \
         UNION ALL SELECT name FROM unnest(string_to_array('{functions}', ';')) AS name \
         WHERE NOT has_function_privilege(to_regprocedure(name), 'EXECUTE')) AS lacking"
    );
    let without: String = diesel::select(sql::<Text>(&question)).get_result(postgres)?;
    if without.is_empty() {
        return Ok(());
    }
    // Not only `public`: a search_path may say another one.
    let schema = "coalesce((SELECT quote_ident(nspname) FROM pg_namespace JOIN pg_class \
         ON relnamespace = pg_namespace.oid WHERE pg_class.oid = to_regclass('accounts')), 'public')";
    let schema: String = diesel::select(sql::<Text>(schema)).get_result(postgres)?;
    Err(Error::Unfit(format!(
        "the role of DATABASE_URL may not do all that it must in {without}. Their owner says: \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO it; \
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO it"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_46_every_table_is_asked_for() {
        let schema = include_str!("schema.rs");
        let tables = schema.split("table! {\n").skip(1);
        let mut tables: Vec<_> = tables
            // Another name of a table that is here.
            .filter(|text| !text.trim_start().starts_with("///"))
            .filter_map(|text| text.split('(').next().map(str::trim))
            .collect();
        tables.sort_unstable();
        assert_eq!(tables, TABLES);
    }
}
