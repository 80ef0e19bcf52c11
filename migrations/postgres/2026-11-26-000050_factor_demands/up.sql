-- From when on a second factor is asked of whoever is in the organization, or holds the role; of
-- nobody where it is null (docs/decisions/0130).
ALTER TABLE organizations ADD COLUMN factor_from BIGINT;
ALTER TABLE roles ADD COLUMN factor_from BIGINT;
