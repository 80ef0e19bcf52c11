DROP INDEX accounts_without_canonical_names;
ALTER TABLE accounts DROP COLUMN names_canonical;
ALTER TABLE audit_events DROP COLUMN role;
ALTER TABLE audit_events DROP COLUMN organization_id;
