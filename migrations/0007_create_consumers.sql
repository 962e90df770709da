-- Consumers of the change feed: who has read how far. A position moves in its reader's transaction.

CREATE TABLE @schema@.consumers (
  _env       text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  seq        bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  moved_at   timestamptz,
  PRIMARY KEY (_env, name)
);
COMMENT ON TABLE @schema@.consumers IS 'Readers of the change feed, and how far each has come.';
COMMENT ON COLUMN @schema@.consumers._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.consumers.name IS 'Name of the consumer.';
COMMENT ON COLUMN @schema@.consumers.seq IS 'Last change that it has taken.';
COMMENT ON COLUMN @schema@.consumers.created_at IS 'When it was created (UTC).';
COMMENT ON COLUMN @schema@.consumers.moved_at IS 'When it last took changes (UTC).';

CREATE VIEW @schema@.consumer_lag AS
  SELECT consumer._env, consumer.name, consumer.seq, lease.feed_seq - consumer.seq AS lag,
         waiting.changed_at AS waiting_since, consumer.created_at, consumer.moved_at
  FROM @schema@.consumers AS consumer
  JOIN @schema@.lease ON lease._env = consumer._env
  LEFT JOIN LATERAL (
    SELECT change.changed_at FROM @schema@.changes AS change
    WHERE change._env = consumer._env AND change.seq > consumer.seq
    ORDER BY change.seq LIMIT 1
  ) AS waiting ON true;
COMMENT ON VIEW @schema@.consumer_lag IS 'How many changes each consumer has yet to take, and since when the oldest of them waits.';
COMMENT ON COLUMN @schema@.consumer_lag._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.consumer_lag.name IS 'Name of the consumer.';
COMMENT ON COLUMN @schema@.consumer_lag.seq IS 'Last change that it took.';
COMMENT ON COLUMN @schema@.consumer_lag.lag IS 'Changes that it has yet to take.';
COMMENT ON COLUMN @schema@.consumer_lag.waiting_since IS 'When the oldest of those was written (UTC); NULL: none waits.';
COMMENT ON COLUMN @schema@.consumer_lag.created_at IS 'When it was created (UTC).';
COMMENT ON COLUMN @schema@.consumer_lag.moved_at IS 'When it last took one (UTC).';

-- What a change led to is what the next one of the same row found, or what the row holds now: one statement reads both,
-- so they fit together.
CREATE FUNCTION @schema@.changes_after(after bigint, most integer DEFAULT 100, environment text DEFAULT NULL)
RETURNS TABLE (change_id text, seq bigint, table_name text, id text, op text, via text, event_id text,
               observed_at timestamptz, changed_at timestamptz, before jsonb, after_change jsonb, content jsonb)
LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
  env text := COALESCE(environment, @schema@.environment_or_only(NULL));
  newest bigint := COALESCE((SELECT l.feed_seq FROM @schema@.lease AS l WHERE l._env = env), 0);
  expected bigint := after + 1;
  mirror text := $schema$@schema@$schema$;
  held text := (SELECT string_agg(format('SELECT _raw FROM %1$s.%2$I AS held WHERE taken.table_name = %2$L '
                                         'AND held._env = taken._env AND held.id = taken.id', mirror, h.table_name),
                                  ' UNION ALL ')
                FROM @schema@.history_tables AS h);
  change record;
BEGIN
  IF after IS NULL OR most IS NULL OR most < 1 THEN
    RAISE EXCEPTION 'a position and a number of changes above 0 are needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR change IN EXECUTE format($query$
    SELECT taken._env || ':' || taken.seq AS change_id, taken.*,
           CASE WHEN taken.op IN ('insert', 'update', 'revive')
                THEN CASE WHEN next.seq IS NULL THEN held._raw ELSE next.before END END AS after_change
    FROM (SELECT * FROM %2$s.changes AS c WHERE c._env = $1 AND c.seq > $2 ORDER BY c.seq LIMIT $3) AS taken
    LEFT JOIN LATERAL (
      SELECT c.seq, c.before FROM %2$s.changes AS c
      WHERE c._env = taken._env AND c.table_name = taken.table_name AND c.id = taken.id AND c.seq > taken.seq
        AND c.op <> 'late'
      ORDER BY c.seq LIMIT 1
    ) AS next ON true
    LEFT JOIN LATERAL (%1$s) AS held ON next.seq IS NULL
    ORDER BY taken.seq
  $query$, held, mirror) USING env, after, most
  LOOP
    EXIT WHEN change.seq <> expected;
    expected := expected + 1;
    change_id := change.change_id; seq := change.seq; table_name := change.table_name; id := change.id;
    op := change.op; via := change.via; event_id := change.event_id; observed_at := change.observed_at;
    changed_at := change.changed_at; before := change.before; after_change := change.after_change;
    content := change.content;
    RETURN NEXT;
  END LOOP;
  -- Numbers have no gaps: what is missing was there, and was dropped.
  IF expected = after + 1 AND newest > after THEN
    RAISE EXCEPTION 'the changes of environment % after % are not kept any more', env, after
      USING ERRCODE = 'AM023', HINT = 'Create the consumer anew, then read the tables anew.';
  END IF;
END
$$;
COMMENT ON FUNCTION @schema@.changes_after(bigint, integer, text) IS 'The next changes after a position, in order, without gaps: change_id is stable, before and after_change are the content around it, content is that of a late version. Raises AM023 if they were dropped.';

CREATE FUNCTION @schema@.consume(consumer text, most integer DEFAULT 100, environment text DEFAULT NULL)
RETURNS TABLE (change_id text, seq bigint, table_name text, id text, op text, via text, event_id text,
               observed_at timestamptz, changed_at timestamptz, before jsonb, after_change jsonb, content jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  env text := COALESCE(environment, @schema@.environment_or_only(NULL));
  reached bigint;
  taken bigint;
BEGIN
  -- Whoever takes for the same consumer waits here until this transaction has ended.
  SELECT c.seq INTO reached FROM @schema@.consumers AS c WHERE c._env = env AND c.name = consumer FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'environment % has no consumer %', env, consumer
      USING ERRCODE = 'AM024', HINT = 'Create it with create_consumer().';
  END IF;
  RETURN QUERY SELECT * FROM @schema@.changes_after(reached, most, env);
  GET DIAGNOSTICS taken = ROW_COUNT;
  IF taken > 0 THEN
    UPDATE @schema@.consumers AS c SET seq = reached + taken, moved_at = clock_timestamp()
    WHERE c._env = env AND c.name = consumer;
  END IF;
END
$$;
COMMENT ON FUNCTION @schema@.consume(text, integer, text) IS 'Takes the next changes for a consumer; its position moves when the transaction commits. Raises AM023 if the consumer has fallen behind what is kept, AM024 if there is none of that name.';

CREATE FUNCTION @schema@.create_consumer(consumer text, start_at text DEFAULT 'now', environment text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  env text := COALESCE(environment, @schema@.environment_or_only(NULL));
  newest bigint;
  oldest bigint;
  begin_at bigint;
BEGIN
  SELECT COALESCE((SELECT l.feed_seq FROM @schema@.lease AS l WHERE l._env = env), 0),
         (SELECT c.seq FROM @schema@.changes AS c WHERE c._env = env ORDER BY c.seq LIMIT 1)
  INTO newest, oldest;
  oldest := COALESCE(oldest, newest + 1);
  begin_at := CASE WHEN start_at = 'now' THEN newest
                   WHEN start_at = 'start' THEN oldest - 1
                   WHEN start_at ~ '^[0-9]{1,18}$' THEN start_at::bigint END;
  IF consumer IS NULL OR consumer = '' OR begin_at IS NULL THEN
    RAISE EXCEPTION 'a consumer needs a name, and start, now or a position to begin at'
      USING ERRCODE = 'invalid_parameter_value';
  ELSIF begin_at < oldest - 1 OR begin_at > newest THEN
    RAISE EXCEPTION 'the feed of environment % is kept from % to %', env, oldest, newest USING ERRCODE = 'AM023';
  END IF;
  INSERT INTO @schema@.consumers AS c (_env, name, seq) VALUES (env, consumer, begin_at) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'environment % has a consumer % already', env, consumer USING ERRCODE = 'AM025';
  END IF;
  RETURN begin_at;
END
$$;
COMMENT ON FUNCTION @schema@.create_consumer(text, text, text) IS 'Creates a consumer that begins at the start of what is kept, now (behind the newest change), or behind a position; returns the position. Raises AM025 if there is one of that name.';

CREATE FUNCTION @schema@.drop_consumer(consumer text, environment text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  env text := COALESCE(environment, @schema@.environment_or_only(NULL));
BEGIN
  DELETE FROM @schema@.consumers AS c WHERE c._env = env AND c.name = consumer;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION @schema@.drop_consumer(text, text) IS 'Forgets a consumer; false if there was none of that name.';

-- These act as the owner of the mirror, so nobody else may call them until somebody is granted it:
-- GRANT USAGE ON SCHEMA, GRANT EXECUTE ON FUNCTION consume(text, integer, text).
REVOKE ALL ON FUNCTION @schema@.consume(text, integer, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @schema@.create_consumer(text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @schema@.drop_consumer(text, text) FROM PUBLIC;

-- Needs wal_level = logical to be of use, and the right to create in the database; that is for an administrator.
CREATE FUNCTION @schema@.create_publication(publication text DEFAULT 'authkit_mirror') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  tables text := (SELECT string_agg(format('%s.%I', $schema$@schema@$schema$, name), ', ')
                  FROM (SELECT h.table_name FROM @schema@.history_tables AS h
                        UNION ALL VALUES ('changes'), ('streams'), ('event_tails')) AS published (name));
BEGIN
  EXECUTE format('CREATE PUBLICATION %I FOR TABLE %s WITH (publish_via_partition_root = true)', publication, tables);
END
$$;
COMMENT ON FUNCTION @schema@.create_publication(text) IS 'Publishes the mirrored tables, the change feed, and what history needs besides, for logical replication.';
