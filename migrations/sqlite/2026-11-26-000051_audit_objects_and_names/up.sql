-- Which organization and which role an event is about. The chain covers them where there are any
-- (docs/decisions/0131).
ALTER TABLE audit_events ADD COLUMN organization_id TEXT;
ALTER TABLE audit_events ADD COLUMN role TEXT;

-- First and last name as Keyward compares them: the lower case of SQLite, and of PostgreSQL under some
-- locales, is ASCII's alone. Of names that hold more than ASCII it is written with the next change.
ALTER TABLE accounts ADD COLUMN names_canonical TEXT;
