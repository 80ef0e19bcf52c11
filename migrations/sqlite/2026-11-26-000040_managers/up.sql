-- A manager manages people, as seed H's does: gives them roles and removes them, besides inviting
-- them (docs/decisions/0115). Nobody rules over whoever may do more. A role from which an operator
-- has taken the right to invite stays as it is.
INSERT INTO role_permissions (role, permission)
SELECT held.role, more.permission
FROM role_permissions AS held
CROSS JOIN (SELECT 'member:update' AS permission UNION ALL SELECT 'member:remove') AS more
WHERE held.role IN ('manager', 'Organization Manager') AND held.permission = 'member:invite'
ON CONFLICT DO NOTHING;

UPDATE roles SET description = 'Invites people, gives them roles and removes them.'
WHERE name = 'manager' AND description = 'Invites people and sees who is there.';
