# file: migrations/0005_create_freshness.sql
# R11: the token is not compared
s|WHERE _env = env AND token = held_token AND feed_seq = expected_seq AND holder IS NOT NULL;|WHERE _env = env;|
