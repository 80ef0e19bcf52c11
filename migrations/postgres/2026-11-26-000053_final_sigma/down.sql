-- Nobody knows which sigma stood at the end of a word, and none is missed: how a name was written is
-- kept beside it. The version before finds a name with one by its capital letters.
SELECT 1;
