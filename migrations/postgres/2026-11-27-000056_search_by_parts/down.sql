DROP INDEX audit_events_by_kind;
DROP INDEX audit_events_by_organization;
DROP INDEX organizations_by_parts;
DROP INDEX accounts_by_parts;
DROP FUNCTION keyward_parts(text);
DROP FUNCTION keyward_account_words(text, text, text, text, text);
DROP INDEX organizations_by_age;
DROP INDEX accounts_by_age;
