# file: migrations/0002_create_daemon_state.sql
# R11: the token is not compared
s|WHERE _env = env AND token = held_token AND feed_seq = expected_seq AND holder IS NOT NULL;|WHERE _env = env;|
