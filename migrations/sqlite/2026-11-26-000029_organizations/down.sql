DROP INDEX sessions_by_organization;
DROP TABLE memberships;
DELETE FROM roles WHERE scope = 'organization';
DROP INDEX roles_by_organization;
ALTER TABLE roles DROP COLUMN organization_id;
ALTER TABLE roles DROP COLUMN scope;
ALTER TABLE roles DROP COLUMN title;
DROP TABLE organizations;
