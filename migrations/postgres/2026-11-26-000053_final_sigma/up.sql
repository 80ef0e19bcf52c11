-- The sigma at the end of a word is a sigma: ΝΙΚΟΣ, νικος and νικοσ are one name. Names that are there
-- are written so, but where two are one by it: those stay as they are, and an operator decides.

UPDATE emails SET canonical = replace(canonical, 'ς', 'σ')
WHERE canonical LIKE '%ς%'
  AND NOT EXISTS (
    SELECT 1 FROM emails AS other
    WHERE other.canonical <> emails.canonical
      AND replace(other.canonical, 'ς', 'σ') = replace(emails.canonical, 'ς', 'σ')
  );

-- The primary address once more, as it is there now.
UPDATE accounts SET email_canonical = replace(email_canonical, 'ς', 'σ')
WHERE email_canonical LIKE '%ς%'
  AND NOT EXISTS (SELECT 1 FROM emails WHERE emails.canonical = accounts.email_canonical);

UPDATE accounts SET username_canonical = replace(username_canonical, 'ς', 'σ')
WHERE username_canonical LIKE '%ς%'
  AND NOT EXISTS (
    SELECT 1 FROM accounts AS other
    WHERE other.username_canonical <> accounts.username_canonical
      AND replace(other.username_canonical, 'ς', 'σ') = replace(accounts.username_canonical, 'ς', 'σ')
  );

UPDATE organizations SET name_canonical = replace(name_canonical, 'ς', 'σ')
WHERE name_canonical LIKE '%ς%'
  AND NOT EXISTS (
    SELECT 1 FROM organizations AS other
    WHERE other.name_canonical <> organizations.name_canonical
      AND replace(other.name_canonical, 'ς', 'σ') = replace(organizations.name_canonical, 'ς', 'σ')
  );

UPDATE invitations SET address = replace(address, 'ς', 'σ')
WHERE address LIKE '%ς%'
  AND NOT EXISTS (
    SELECT 1 FROM invitations AS other
    WHERE other.place = invitations.place
      AND other.address <> invitations.address
      AND replace(other.address, 'ς', 'σ') = replace(invitations.address, 'ς', 'σ')
  );

UPDATE api_keys SET name_canonical = replace(name_canonical, 'ς', 'σ')
WHERE name_canonical LIKE '%ς%'
  AND NOT EXISTS (
    SELECT 1 FROM api_keys AS other
    WHERE other.account_id = api_keys.account_id
      AND other.name_canonical <> api_keys.name_canonical
      AND replace(other.name_canonical, 'ς', 'σ') = replace(api_keys.name_canonical, 'ς', 'σ')
  );

-- What speaks of an address goes with it.
UPDATE one_time_codes SET address = replace(address, 'ς', 'σ')
WHERE address LIKE '%ς%'
  AND NOT EXISTS (SELECT 1 FROM emails WHERE emails.canonical = one_time_codes.address);
UPDATE memberships SET address = replace(address, 'ς', 'σ')
WHERE address LIKE '%ς%'
  AND NOT EXISTS (SELECT 1 FROM emails WHERE emails.canonical = memberships.address);

-- First and last names are looked for by it, and may be alike.
UPDATE accounts SET names_canonical = replace(names_canonical, 'ς', 'σ')
WHERE names_canonical LIKE '%ς%';
