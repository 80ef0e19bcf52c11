DROP INDEX factors_by_account;
DROP INDEX accounts_guests;
