-- How many milliseconds before the present generation those before it began, youngest
-- first, with commas between: as far as a grace ago, so nearly always none. It tells a late
-- tab from a thief who refreshes so often that the last rotation is always a moment ago.
ALTER TABLE sessions ADD COLUMN recent TEXT NOT NULL DEFAULT '';
