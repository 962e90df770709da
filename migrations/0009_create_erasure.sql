-- Erasure: what is left of an erased person is a keyed hash of the id, which every write is held against. The key stands
-- in a table that no reader may see: without it nobody can tell from a hash whose it is.

CREATE TABLE @schema@.erasure_key (
  is_only   boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  key       bytea NOT NULL CHECK (octet_length(key) = 32),
  inner_pad bytea NOT NULL CHECK (octet_length(inner_pad) = 64),
  outer_pad bytea NOT NULL CHECK (octet_length(outer_pad) = 64),
  made_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE @schema@.erasure_key IS 'The key of all hashes of erased ids, made at the first erasure. Secret.';
COMMENT ON COLUMN @schema@.erasure_key.is_only IS 'There is one key.';
COMMENT ON COLUMN @schema@.erasure_key.key IS 'Key of HMAC-SHA-256.';
COMMENT ON COLUMN @schema@.erasure_key.inner_pad IS 'The key as HMAC hashes it first: for SQL, which has no HMAC.';
COMMENT ON COLUMN @schema@.erasure_key.outer_pad IS 'The key as HMAC hashes it last.';
COMMENT ON COLUMN @schema@.erasure_key.made_at IS 'When it was made (UTC).';

CREATE TABLE @schema@.erasures (
  _env        text COLLATE "C" NOT NULL,
  hash        bytea NOT NULL,
  erased_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  erased_by   text NOT NULL,
  repeated_at timestamptz,
  removed     jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (_env, hash)
);
COMMENT ON TABLE @schema@.erasures IS 'Persons that were erased.';
COMMENT ON COLUMN @schema@.erasures._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.erasures.hash IS 'Keyed hash of the user''s id.';
COMMENT ON COLUMN @schema@.erasures.erased_at IS 'When (UTC).';
COMMENT ON COLUMN @schema@.erasures.erased_by IS 'Who did it.';
COMMENT ON COLUMN @schema@.erasures.repeated_at IS 'When it was last done once more (UTC).';
COMMENT ON COLUMN @schema@.erasures.removed IS 'Rows removed or cleared, by table, over all times.';

CREATE TABLE @schema@.erased_ids (
  _env text COLLATE "C" NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (_env, hash)
);
COMMENT ON TABLE @schema@.erased_ids IS 'Keyed hashes of the ids of erased users, and of the memberships, invitations and events that went with them: nothing of that id is stored again.';
COMMENT ON COLUMN @schema@.erased_ids._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.erased_ids.hash IS 'HMAC-SHA-256 of environment, newline and id.';

-- An erasure searches the archive at leisure, then, with the mirror waiting, only what has come since.
CREATE INDEX events_arrived ON @schema@.events USING brin ((GREATEST(tail_at, webhook_at)));

CREATE FUNCTION @schema@.erased_name(of_id text, environment text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'erased:' || encode(sha256(outer_pad || sha256(inner_pad || convert_to(environment || E'\n' || of_id, 'UTF8'))),
                             'hex')
  FROM @schema@.erasure_key
$$;
COMMENT ON FUNCTION @schema@.erased_name(text, text) IS 'By which name a change of op erase would call this id: so a copy of the mirror finds the rows that it has to erase as well. Acts as the owner of the mirror.';
REVOKE ALL ON FUNCTION @schema@.erased_name(text, text) FROM PUBLIC;

-- What earlier migrations say of these columns stays true.
DO $comments$
DECLARE
  addition record;
BEGIN
  FOR addition IN
    SELECT * FROM (VALUES
      ('changes', 'op', ' Also erase: the object that erased_name() calls so was erased, with all that the mirror held of it; and erased: what an earlier change said of it is gone, its number stays.'),
      ('changes', 'via', ' Also erase, by command.'),
      ('changes', 'id', ' Of op erase the name that erased_name() gives; NULL for op erased.'),
      ('commands', 'kind', ' Also erase.')) AS additions (of_table, of_column, text)
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I.%I IS %L', $schema$@schema@$schema$, addition.of_table, addition.of_column,
                   (SELECT col_description(attrelid, attnum) FROM pg_attribute
                    WHERE attrelid = format('%s.%I', $schema$@schema@$schema$, addition.of_table)::regclass
                      AND attname = addition.of_column) || addition.text);
  END LOOP;
END
$comments$;
