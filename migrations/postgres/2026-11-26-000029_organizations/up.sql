-- Organizations, who is in them, and what roles let their members do.

CREATE TABLE organizations (
    id             TEXT   NOT NULL PRIMARY KEY,
    name           TEXT   NOT NULL,
    -- One name is one organization's: people sign in to it by that.
    name_canonical TEXT   NOT NULL UNIQUE,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    created_by     TEXT
);

-- roles.name is the key that everything refers to. A role of one organization has a key that is
-- a UUID, and its name, which other organizations may use too, as its title.
ALTER TABLE roles ADD COLUMN title TEXT;
-- Where it is held: 'service', or 'organization'.
ALTER TABLE roles ADD COLUMN scope TEXT NOT NULL DEFAULT 'service';
-- Whose it is; of every organization where it is null.
ALTER TABLE roles ADD COLUMN organization_id TEXT;
CREATE UNIQUE INDEX roles_by_organization ON roles (organization_id, title);

CREATE TABLE memberships (
    organization_id TEXT   NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role            TEXT   NOT NULL REFERENCES roles (name),
    -- 'invited', 'active' or 'suspended'.
    state           TEXT   NOT NULL,
    -- The address that was invited, in its canonical form and as the account writes it.
    address         TEXT,
    written         TEXT,
    invited_by      TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (organization_id, account_id)
);
CREATE INDEX memberships_by_account ON memberships (account_id);
CREATE INDEX memberships_by_role ON memberships (role);
CREATE INDEX sessions_by_organization ON sessions (organization_id)
    WHERE organization_id IS NOT NULL;

INSERT INTO roles (name, description, scope) VALUES
    ('owner', 'May do everything in its organization.', 'organization'),
    ('admin', 'Administers its organization, but can not delete it or make owners.', 'organization'),
    ('manager', 'Invites people and sees who is there.', 'organization'),
    ('viewer', 'Sees its organization.', 'organization'),
    ('System Admin', 'Administers its organization and everything in it.', 'organization'),
    ('Organization Manager', 'Manages the people and spaces of its organization.', 'organization'),
    ('Space Designer', 'Designs spaces.', 'organization'),
    ('Asset Installer', 'Installs assets.', 'organization'),
    ('Data Viewer', 'Reads data.', 'organization');

INSERT INTO role_permissions (role, permission) VALUES
    ('owner', 'organization:read'),
    ('owner', 'organization:update'),
    ('owner', 'organization:delete'),
    ('owner', 'organization:own'),
    ('owner', 'member:read'),
    ('owner', 'member:invite'),
    ('owner', 'member:update'),
    ('owner', 'member:remove'),
    ('owner', 'role:read'),
    ('owner', 'role:manage'),
    ('admin', 'organization:read'),
    ('admin', 'organization:update'),
    ('admin', 'member:read'),
    ('admin', 'member:invite'),
    ('admin', 'member:update'),
    ('admin', 'member:remove'),
    ('admin', 'role:read'),
    ('admin', 'role:manage'),
    ('manager', 'organization:read'),
    ('manager', 'member:read'),
    ('manager', 'member:invite'),
    ('manager', 'role:read'),
    ('viewer', 'organization:read'),
    ('System Admin', 'organization:read'),
    ('System Admin', 'organization:update'),
    ('System Admin', 'member:read'),
    ('System Admin', 'member:invite'),
    ('System Admin', 'member:update'),
    ('System Admin', 'member:remove'),
    ('System Admin', 'role:read'),
    ('System Admin', 'role:manage'),
    ('System Admin', 'space:read'),
    ('System Admin', 'space:update'),
    ('System Admin', 'asset:read'),
    ('System Admin', 'asset:install'),
    ('System Admin', 'data:read'),
    ('Organization Manager', 'organization:read'),
    ('Organization Manager', 'member:read'),
    ('Organization Manager', 'member:invite'),
    ('Organization Manager', 'member:update'),
    ('Organization Manager', 'role:read'),
    ('Organization Manager', 'space:read'),
    ('Organization Manager', 'space:update'),
    ('Organization Manager', 'asset:read'),
    ('Organization Manager', 'data:read'),
    ('Space Designer', 'organization:read'),
    ('Space Designer', 'space:read'),
    ('Space Designer', 'space:update'),
    ('Space Designer', 'asset:read'),
    ('Asset Installer', 'organization:read'),
    ('Asset Installer', 'space:read'),
    ('Asset Installer', 'asset:read'),
    ('Asset Installer', 'asset:install'),
    ('Data Viewer', 'organization:read'),
    ('Data Viewer', 'data:read');
