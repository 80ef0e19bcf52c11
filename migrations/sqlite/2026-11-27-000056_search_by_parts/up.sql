-- What administrators look for, by its parts: every three characters that follow each other in the
-- names of an account or of an organization (docs/decisions/0181). Triggers keep them, so that no
-- writer can forget them. The numbers grow, so that a page of what was found is a walk in their order.
CREATE INDEX accounts_by_age ON accounts (created_at, id);
CREATE INDEX organizations_by_age ON organizations (created_at, id);

CREATE TABLE account_words (
    -- Not SQLite's own number of a row, which VACUUM may change.
    number INTEGER NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
    words TEXT NOT NULL
);
CREATE VIRTUAL TABLE account_parts USING fts5 (
    words, content = 'account_words', content_rowid = 'number',
    tokenize = 'trigram case_sensitive 1', detail = 'none', columnsize = 0
);
CREATE VIRTUAL TABLE account_parts_known USING fts5vocab ('account_parts', 'row');

CREATE TRIGGER account_words_added AFTER INSERT ON account_words BEGIN
    INSERT INTO account_parts (rowid, words) VALUES (new.number, new.words);
END;
CREATE TRIGGER account_words_changed AFTER UPDATE OF words ON account_words BEGIN
    INSERT INTO account_parts (account_parts, rowid, words) VALUES ('delete', old.number, old.words);
    INSERT INTO account_parts (rowid, words) VALUES (new.number, new.words);
END;
CREATE TRIGGER account_words_removed AFTER DELETE ON account_words BEGIN
    INSERT INTO account_parts (account_parts, rowid, words) VALUES ('delete', old.number, old.words);
END;

-- Guests are called nothing, and have no row. The two spaces at the end let each character begin a part.
CREATE TRIGGER accounts_called AFTER INSERT ON accounts
WHEN new.email_canonical IS NOT NULL OR new.username_canonical IS NOT NULL
    OR new.first_name IS NOT NULL OR new.last_name IS NOT NULL
BEGIN
    INSERT INTO account_words (account_id, words) VALUES (new.id,
        coalesce(new.email_canonical, '') || ' ' || coalesce(new.username_canonical, '')
        || ' ' || coalesce(new.names_canonical,
        lower(coalesce(new.first_name, '') || ' ' || coalesce(new.last_name, ''))) || '  ');
END;
CREATE TRIGGER accounts_called_anew
AFTER UPDATE OF email_canonical, username_canonical, names_canonical, first_name, last_name ON accounts
WHEN coalesce(new.email_canonical, '') || ' ' || coalesce(new.username_canonical, '')
        || ' ' || coalesce(new.names_canonical,
        lower(coalesce(new.first_name, '') || ' ' || coalesce(new.last_name, ''))) || '  '
    <> coalesce(old.email_canonical, '') || ' ' || coalesce(old.username_canonical, '')
        || ' ' || coalesce(old.names_canonical,
        lower(coalesce(old.first_name, '') || ' ' || coalesce(old.last_name, ''))) || '  '
BEGIN
    INSERT INTO account_words (account_id, words) VALUES (new.id,
        coalesce(new.email_canonical, '') || ' ' || coalesce(new.username_canonical, '')
        || ' ' || coalesce(new.names_canonical,
        lower(coalesce(new.first_name, '') || ' ' || coalesce(new.last_name, ''))) || '  ')
    ON CONFLICT (account_id) DO UPDATE SET words = excluded.words;
END;
INSERT INTO account_words (account_id, words)
SELECT id,
        coalesce(email_canonical, '') || ' ' || coalesce(username_canonical, '')
        || ' ' || coalesce(names_canonical,
        lower(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) || '  '
FROM accounts
WHERE email_canonical IS NOT NULL OR username_canonical IS NOT NULL
    OR first_name IS NOT NULL OR last_name IS NOT NULL
ORDER BY created_at, id;

CREATE TABLE organization_words (
    -- Not SQLite's own number of a row, which VACUUM may change.
    number INTEGER NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL UNIQUE REFERENCES organizations (id) ON DELETE CASCADE,
    words TEXT NOT NULL
);
CREATE VIRTUAL TABLE organization_parts USING fts5 (
    words, content = 'organization_words', content_rowid = 'number',
    tokenize = 'trigram case_sensitive 1', detail = 'none', columnsize = 0
);
CREATE VIRTUAL TABLE organization_parts_known USING fts5vocab ('organization_parts', 'row');

CREATE TRIGGER organization_words_added AFTER INSERT ON organization_words BEGIN
    INSERT INTO organization_parts (rowid, words) VALUES (new.number, new.words);
END;
CREATE TRIGGER organization_words_changed AFTER UPDATE OF words ON organization_words BEGIN
    INSERT INTO organization_parts (organization_parts, rowid, words) VALUES ('delete', old.number, old.words);
    INSERT INTO organization_parts (rowid, words) VALUES (new.number, new.words);
END;
CREATE TRIGGER organization_words_removed AFTER DELETE ON organization_words BEGIN
    INSERT INTO organization_parts (organization_parts, rowid, words) VALUES ('delete', old.number, old.words);
END;

CREATE TRIGGER organizations_called AFTER INSERT ON organizations BEGIN
    INSERT INTO organization_words (organization_id, words) VALUES (new.id, new.name_canonical || '  ');
END;
CREATE TRIGGER organizations_called_anew AFTER UPDATE OF name_canonical ON organizations
WHEN new.name_canonical <> old.name_canonical BEGIN
    UPDATE organization_words SET words = new.name_canonical || '  ' WHERE organization_id = new.id;
END;
INSERT INTO organization_words (organization_id, words)
SELECT id, name_canonical || '  ' FROM organizations ORDER BY created_at, id;

-- What happened in one organization, and everything of one kind, without a walk through all events.
CREATE INDEX audit_events_by_organization ON audit_events (organization_id, at)
    WHERE organization_id IS NOT NULL;
CREATE INDEX audit_events_by_kind ON audit_events (what, at);
