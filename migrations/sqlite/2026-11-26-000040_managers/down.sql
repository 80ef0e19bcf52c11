DELETE FROM role_permissions
WHERE (role = 'manager' AND permission IN ('member:update', 'member:remove'))
   OR (role = 'Organization Manager' AND permission = 'member:remove');

UPDATE roles SET description = 'Invites people and sees who is there.'
WHERE name = 'manager' AND description = 'Invites people, gives them roles and removes them.';
