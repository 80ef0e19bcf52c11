-- Which organization and which role an event is about. The chain covers them where there are any
-- (docs/decisions/0131).
ALTER TABLE audit_events ADD COLUMN organization_id TEXT;
ALTER TABLE audit_events ADD COLUMN role TEXT;

-- First and last name as Keyward compares them: the lower case of SQLite, and of PostgreSQL under some
-- locales, is ASCII's alone. Housekeeping writes it where it is missing.
ALTER TABLE accounts ADD COLUMN names_canonical TEXT;
CREATE INDEX accounts_without_canonical_names ON accounts (id)
    WHERE names_canonical IS NULL AND (first_name IS NOT NULL OR last_name IS NOT NULL);
