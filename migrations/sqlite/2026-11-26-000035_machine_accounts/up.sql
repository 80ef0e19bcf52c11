-- Whether the account is a program's: it has API keys, and nobody signs in to it.
ALTER TABLE accounts ADD COLUMN machine BOOLEAN NOT NULL DEFAULT FALSE;

-- What seed P's system keys may do.
INSERT INTO roles (name, description, scope) VALUES
    ('system', 'Looks accounts up, makes links to a new password, and sends mail.', 'service');
INSERT INTO role_permissions (role, permission) VALUES
    ('system', 'account:read'),
    ('system', 'account:reset-link'),
    ('system', 'account:mail');
