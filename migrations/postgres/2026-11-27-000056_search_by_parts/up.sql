-- What administrators look for, by its parts: every one, two and three characters that follow each
-- other in the names of an account or of an organization (docs/decisions/0181). No extension is needed,
-- and no writer can forget them.
CREATE INDEX accounts_by_age ON accounts (created_at, id);
CREATE INDEX organizations_by_age ON organizations (created_at, id);

CREATE FUNCTION keyward_account_words(
    email text, username text, names text, first_name text, last_name text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(email, '') || ' ' || coalesce(username, '') || ' ' ||
        coalesce(names, lower(coalesce(first_name, '') || ' ' || coalesce(last_name, '')))
$$;
CREATE FUNCTION keyward_parts(words text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(words, place, length))
    FROM generate_series(1, char_length(words)) AS place, generate_series(1, 3) AS length
$$;
CREATE INDEX accounts_by_parts ON accounts USING gin (keyward_parts(keyward_account_words(
    email_canonical, username_canonical, names_canonical, first_name, last_name)));
CREATE INDEX organizations_by_parts ON organizations USING gin (keyward_parts(name_canonical));

-- What happened in one organization, and everything of one kind, without a walk through all events.
CREATE INDEX audit_events_by_organization ON audit_events (organization_id, at)
    WHERE organization_id IS NOT NULL;
CREATE INDEX audit_events_by_kind ON audit_events (what, at);
