DELETE FROM account_roles WHERE role = 'system';
DELETE FROM role_permissions WHERE role = 'system';
DELETE FROM roles WHERE name = 'system';
ALTER TABLE accounts DROP COLUMN machine;
