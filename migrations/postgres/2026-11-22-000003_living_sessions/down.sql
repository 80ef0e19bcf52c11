DROP INDEX sessions_living;
