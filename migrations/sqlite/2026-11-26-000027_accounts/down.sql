DROP TABLE one_time_codes;
DROP TABLE profiles;
DROP TABLE phones;
DROP TABLE emails;
