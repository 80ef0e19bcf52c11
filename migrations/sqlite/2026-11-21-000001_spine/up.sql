-- The spine: accounts and what they may do, how they sign in, their sessions, the
-- keys that sign, and what is remembered. Ids are UUIDs as text, times are UTC
-- milliseconds. Both backends have the same tables and columns.

CREATE TABLE accounts (
    id                 TEXT    NOT NULL PRIMARY KEY,
    email              TEXT,
    email_canonical    TEXT    UNIQUE,
    username           TEXT,
    username_canonical TEXT    UNIQUE,
    first_name         TEXT,
    last_name          TEXT,
    anonymous          BOOLEAN NOT NULL DEFAULT FALSE,
    enabled            BOOLEAN NOT NULL DEFAULT TRUE,
    verified           BOOLEAN NOT NULL DEFAULT FALSE,
    terms_accepted     BOOLEAN NOT NULL DEFAULT FALSE,
    epoch              BIGINT  NOT NULL DEFAULT 0,
    access_version     BIGINT  NOT NULL DEFAULT 0,
    created_at         BIGINT  NOT NULL,
    updated_at         BIGINT  NOT NULL,
    created_by         TEXT,
    last_login_at      BIGINT
);

-- A password record ("$kw1$p=1$2b$12$..."). An account without a row has no password.
CREATE TABLE credentials (
    account_id TEXT   NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    record     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE roles (
    name        TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
);

CREATE TABLE role_permissions (
    role       TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role, permission)
);

CREATE TABLE account_roles (
    account_id TEXT   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role       TEXT   NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, role)
);

INSERT INTO roles (name, description) VALUES ('administrator', 'May do everything.');
INSERT INTO role_permissions (role, permission) VALUES ('administrator', 'admin');

-- One row for each sign-in, one UPDATE for each refresh. Of tokens only the salt and
-- the generation are kept; refresh tokens are computed from them.
CREATE TABLE sessions (
    id                  TEXT    NOT NULL PRIMARY KEY,
    account_id          TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    organization_id     TEXT,
    anonymous           BOOLEAN NOT NULL,
    mode                TEXT    NOT NULL,
    class               TEXT    NOT NULL,
    amr                 TEXT    NOT NULL,
    aal                 INTEGER NOT NULL,
    auth_time           BIGINT  NOT NULL,
    created_at          BIGINT  NOT NULL,
    salt                BLOB    NOT NULL,
    gen                 BIGINT  NOT NULL,
    rotated_at          BIGINT  NOT NULL,
    replays             INTEGER NOT NULL,
    gen_seen            BOOLEAN NOT NULL,
    idle_expires_at     BIGINT  NOT NULL,
    absolute_expires_at BIGINT  NOT NULL,
    account_epoch       BIGINT  NOT NULL,
    user_agent          TEXT,
    address             TEXT,
    revoked_at          BIGINT,
    revoke_reason       TEXT
);
-- The absolute end never moves, so neither index is touched by a refresh.
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (absolute_expires_at);

-- The private part is sealed with a key that is not in the database.
CREATE TABLE signing_keys (
    kid            TEXT   NOT NULL PRIMARY KEY,
    algorithm      TEXT   NOT NULL,
    private_sealed BLOB   NOT NULL,
    created_at     BIGINT NOT NULL,
    activates_at   BIGINT NOT NULL
);

-- What every process must know at once: ended sessions, changed accounts, new keys.
-- Read by sequence number; a row is of no use once no token it speaks of can live.
CREATE TABLE revocations (
    seq            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind           TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    epoch          BIGINT  NOT NULL,
    access_version BIGINT  NOT NULL,
    until          BIGINT  NOT NULL
);
CREATE INDEX revocations_by_until ON revocations (until);

-- Who tried to sign in. The identifier is kept for accounts that exist only.
CREATE TABLE login_attempts (
    id         TEXT    NOT NULL PRIMARY KEY,
    account_id TEXT    REFERENCES accounts (id) ON DELETE CASCADE,
    succeeded  BOOLEAN NOT NULL,
    outcome    TEXT    NOT NULL,
    dialect    TEXT    NOT NULL,
    address    TEXT,
    user_agent TEXT,
    at         BIGINT  NOT NULL
);
CREATE INDEX login_attempts_by_account ON login_attempts (account_id, at);
CREATE INDEX login_attempts_by_time ON login_attempts (at);

-- No foreign keys: what happened to an account is remembered after it is gone.
CREATE TABLE audit_events (
    id         TEXT   NOT NULL PRIMARY KEY,
    what       TEXT   NOT NULL,
    account_id TEXT,
    session_id TEXT,
    address    TEXT,
    user_agent TEXT,
    at         BIGINT NOT NULL
);
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_account ON audit_events (account_id, at);
