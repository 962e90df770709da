-- How fresh the mirror is, inside SQL, and waiting for a change.

-- Reading events anew from a later point leaves a gap. Only snapshots that began after it are kept fresh by the tail.
ALTER TABLE @schema@.event_tails ADD COLUMN unbroken_since timestamptz;
COMMENT ON COLUMN @schema@.event_tails.unbroken_since IS 'From here on no event was lost, by the time of the API (UTC). Snapshots that began earlier are not kept fresh by events. Infinity: WorkOS refuses a type of events that changes rows. NULL: not known, as before this column was there.';

-- An age is the database's clock minus an instant that the database wrote. On a physical replica both the row and the
-- subtraction are the replica's: what it has not replayed yet makes polled_at old there, so its lag is part of the age.
-- Comparing positions in the log would add nothing. While the daemon runs it writes polled_at every few seconds, also
-- when nothing happens in the directory, so an idle primary does not look like a replica that hangs.
CREATE VIEW @schema@.freshness AS
  SELECT known._env, known.stream, known.state, known.reason, known.fresh_at,
         greatest(clock_timestamp() - known.fresh_at, interval '0') AS age,
         known.caught_up_through, known.polled_at,
         greatest(clock_timestamp() - known.polled_at, interval '0') AS lag,
         known.cursor_created_at, clock_timestamp() - known.cursor_created_at AS cursor_age,
         known.certified_at, known.certified_id, known.open_holds, known.quarantined
  FROM (
    SELECT streams._env, streams.stream, judged.state,
           CASE judged.state
             WHEN 'never' THEN coalesce('no snapshot of it got a certificate yet: ' || streams.error,
                                        'no snapshot of it was ever completed')
             WHEN 'loading' THEN 'its first snapshot is under way'
             WHEN 'listed' THEN CASE
               WHEN tails._env IS NULL THEN 'events are not followed, it is as its last snapshot saw it'
               WHEN tails.polled_at IS NULL
                 THEN 'events were never read to their end, it is as its last snapshot saw it'
                      || coalesce(': ' || tails.problem, '')
               WHEN tails.unbroken_since = 'infinity'
                 THEN 'WorkOS refuses a type of events that changes rows, it is as its last snapshot saw it'
               ELSE 'events before the present tail were missed, it is as its last snapshot saw it' END
             ELSE tails.problem
           END AS reason,
           CASE WHEN judged.state = 'followed' THEN greatest(tails.polled_at, certificate.begun_at)
                WHEN judged.state = 'listed' THEN certificate.begun_at END AS fresh_at,
           tails.caught_up_through, tails.polled_at, tails.cursor_created_at,
           streams.last_certified_at AS certified_at, streams.last_certified_id AS certified_id,
           (SELECT count(*) FROM @schema@.holds
            WHERE holds._env = streams._env AND holds.state = 'open'
              AND CASE holds.stream WHEN 'organization_domains' THEN 'organizations' ELSE holds.stream END
                  = streams.stream) AS open_holds,
           (SELECT count(*) FROM @schema@.quarantine
            WHERE quarantine._env = streams._env
              AND CASE quarantine.table_name WHEN 'organization_domains' THEN 'organizations'
                       ELSE quarantine.table_name END = streams.stream)
           + (SELECT count(*) FROM @schema@.events
              WHERE events._env = streams._env AND events.error IS NOT NULL
                AND CASE events.table_name WHEN 'organization_domains' THEN 'organizations'
                         ELSE events.table_name END = streams.stream) AS quarantined
    FROM @schema@.streams
    LEFT JOIN @schema@.event_tails AS tails ON tails._env = streams._env
    LEFT JOIN LATERAL (
      SELECT snapshots.started_at, snapshots.begun_at
      FROM @schema@.snapshots WHERE snapshots.id = streams.last_certified_id
    ) AS certificate ON true
    CROSS JOIN LATERAL (
      SELECT CASE
        WHEN certificate.begun_at IS NULL AND streams.state IN ('walking', 'confirming') THEN 'loading'
        WHEN certificate.begun_at IS NULL THEN 'never'
        WHEN tails.polled_at IS NULL OR certificate.started_at < tails.unbroken_since THEN 'listed'
        ELSE 'followed' END AS state
    ) AS judged
  ) AS known;
COMMENT ON VIEW @schema@.freshness IS 'How fresh each stream of the mirror is. Ages are by the clock of the server that is asked; on a physical replica they include its lag.';
COMMENT ON COLUMN @schema@.freshness._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.freshness.stream IS 'organizations (with their domains), users, organization_memberships or invitations.';
COMMENT ON COLUMN @schema@.freshness.state IS 'followed (events keep it fresh), listed (as of its last snapshot), loading (its first snapshot is under way) or never.';
COMMENT ON COLUMN @schema@.freshness.reason IS 'Why it is not followed, or what is wrong with the tail; NULL if all is well.';
COMMENT ON COLUMN @schema@.freshness.fresh_at IS 'Everything until then is in the mirror, but for deletions that are held and what is in quarantine (UTC); NULL: it never was complete. What events don''t tell, such as last_sign_in_at, is as of certified_at.';
COMMENT ON COLUMN @schema@.freshness.age IS 'How long ago that is.';
COMMENT ON COLUMN @schema@.freshness.caught_up_through IS 'Time of the API at the last poll of events that reached the end (UTC).';
COMMENT ON COLUMN @schema@.freshness.polled_at IS 'When that was, by the time of the database (UTC); written every few seconds.';
COMMENT ON COLUMN @schema@.freshness.lag IS 'How long ago that is.';
COMMENT ON COLUMN @schema@.freshness.cursor_created_at IS 'Creation of the newest event that was applied (UTC).';
COMMENT ON COLUMN @schema@.freshness.cursor_age IS 'How long ago that is; large in a quiet directory.';
COMMENT ON COLUMN @schema@.freshness.certified_at IS 'When the last certified snapshot ended (UTC).';
COMMENT ON COLUMN @schema@.freshness.certified_id IS 'That snapshot.';
COMMENT ON COLUMN @schema@.freshness.open_holds IS 'Holds of deletions that wait for a person.';
COMMENT ON COLUMN @schema@.freshness.quarantined IS 'Objects and events that could not be decoded or stored.';

-- Stable: it judges the rows that the statement around it reads.
CREATE FUNCTION @schema@.staleness(max_age interval, environment text DEFAULT NULL, stream text DEFAULT NULL)
RETURNS TABLE (message text, hint text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  oldest record;
  known text;
BEGIN
  IF staleness.max_age IS NULL OR staleness.max_age < interval '0' THEN
    RAISE EXCEPTION 'the greatest age must be an interval of at least 0' USING ERRCODE = '22023';
  END IF;
  SELECT freshness.* INTO oldest
  FROM @schema@.freshness
  WHERE (staleness.environment IS NULL OR freshness._env = staleness.environment)
    AND (staleness.stream IS NULL OR freshness.stream = staleness.stream)
  ORDER BY freshness.fresh_at NULLS FIRST, freshness._env, freshness.stream
  LIMIT 1;

  IF NOT FOUND THEN
    SELECT string_agg(DISTINCT freshness.stream || ' (' || freshness._env || ')', ', ') INTO known
    FROM @schema@.freshness
    WHERE staleness.environment IS NULL OR freshness._env = staleness.environment;
    IF known IS NULL THEN
      message := format('environment %s was never mirrored', coalesce(staleness.environment, 'of any name'));
      hint := 'Check the name, and that the daemon runs: authkit-mirror status.';
    ELSE
      message := format('stream %s is not mirrored: it is disabled, or there is none of that name', staleness.stream);
      hint := format('Mirrored are: %s.', known);
    END IF;
    RETURN NEXT;
  ELSIF oldest.fresh_at IS NULL THEN
    message := format('stream %s of environment %s was never complete: %s', oldest.stream, oldest._env, oldest.reason);
    hint := 'Wait for its first certificate: authkit-mirror status.';
    RETURN NEXT;
  ELSIF oldest.age > staleness.max_age THEN
    message := format('stream %s of environment %s is as of %s, %s ago, and %s are allowed: %s', oldest.stream,
                      oldest._env, to_char(oldest.fresh_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      date_trunc('second', oldest.age), staleness.max_age,
                      coalesce(oldest.reason, 'events were not read to their end since'));
    hint := 'Look why: authkit-mirror status.';
    IF pg_is_in_recovery() THEN
      message := message || format('; this server is a replica and has replayed its primary until %s%s',
        coalesce(to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'an unknown time'),
        CASE WHEN pg_is_wal_replay_paused() THEN ', its replay is paused'
             WHEN pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() THEN ', and has received more' ELSE '' END);
      hint := 'Look whether the replica follows its primary; if it does, look there: authkit-mirror status.';
    END IF;
    RETURN NEXT;
  END IF;
END
$$;
COMMENT ON FUNCTION @schema@.staleness(interval, text, text) IS 'What assert_fresh would raise, as a row; no row if all is fresh.';

CREATE FUNCTION @schema@.assert_fresh(max_age interval, environment text DEFAULT NULL, stream text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  found_stale record;
BEGIN
  SELECT * INTO found_stale FROM @schema@.staleness(assert_fresh.max_age, assert_fresh.environment, assert_fresh.stream);
  IF FOUND THEN
    RAISE EXCEPTION '%', found_stale.message USING ERRCODE = 'AM002', HINT = found_stale.hint;
  END IF;
  RETURN true;
END
$$;
COMMENT ON FUNCTION @schema@.assert_fresh(interval, text, text) IS 'Raises AM002 unless every stream (of that environment; or only that stream) is at most so old; else true.';

-- Polls, because a function can't be woken by a notification. Each look takes a new snapshot, as a volatile function does
-- under READ COMMITTED; under a stricter isolation it would see the same one for ever.
CREATE FUNCTION @schema@.wait_for_event(event_id text, timeout interval DEFAULT '10 s', environment text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  until timestamptz := clock_timestamp() + wait_for_event.timeout;
  pause double precision := 0.02;
  rest double precision;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'wait_for_event can''t see what commits meanwhile in a transaction of isolation level %',
      current_setting('transaction_isolation')
      USING ERRCODE = '0A000', HINT = 'Call it under READ COMMITTED, before that transaction.';
  END IF;
  IF wait_for_event.event_id IS NULL OR wait_for_event.timeout IS NULL
     OR wait_for_event.timeout NOT BETWEEN interval '0' AND interval '10 min' THEN
    RAISE EXCEPTION 'wait_for_event needs the id of an event and a timeout between 0 and 10 minutes'
      USING ERRCODE = '22023';
  END IF;
  LOOP
    PERFORM FROM @schema@.lease
    JOIN @schema@.events ON events._env = lease._env AND events.id = wait_for_event.event_id AND events.error IS NULL
    WHERE (wait_for_event.environment IS NULL OR lease._env = wait_for_event.environment)
      AND NOT EXISTS (
        SELECT FROM @schema@.doubts
        WHERE doubts._env = events._env AND doubts.table_name = events.table_name AND doubts.id = events.object_id)
      AND NOT EXISTS (
        SELECT FROM @schema@.holds
        JOIN @schema@.hold_items ON hold_items.hold_id = holds.id
        WHERE holds._env = events._env AND holds.state = 'open' AND hold_items.table_name = events.table_name
          AND hold_items.id = events.object_id AND hold_items.outcome IS NULL);
    IF FOUND THEN
      RETURN true;
    END IF;
    rest := extract(epoch FROM until - clock_timestamp());
    IF rest <= 0 THEN
      RETURN false;
    END IF;
    PERFORM pg_sleep(least(rest, pause));
    pause := least(pause * 1.5, 0.25);
  END LOOP;
END
$$;
COMMENT ON FUNCTION @schema@.wait_for_event(text, interval, text) IS 'Waits until what an event tells is committed here: true; false after the timeout. An event in quarantine, in doubt or held by the brake is waited for. Under READ COMMITTED only.';

-- Through the name type, so that a long name of the schema is cut as PostgreSQL cuts every name.
CREATE FUNCTION @schema@.changes_channel() RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT ((parse_ident($name$@schema@$name$))[1] || '_changes')::name::text
$$;
COMMENT ON FUNCTION @schema@.changes_channel() IS 'Channel of the notifications that wake those who wait for changes: LISTEN to it, and poll nevertheless. The payload is the environment and the position of its feed.';

CREATE OR REPLACE FUNCTION @schema@.fence(env text, held_token bigint, expected_seq bigint, next_seq bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE @schema@.lease
  SET feed_seq = next_seq, heartbeat_at = clock_timestamp()
  WHERE _env = env AND token = held_token AND feed_seq = expected_seq AND holder IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease of environment % is held by another process', env USING ERRCODE = 'AM001';
  END IF;
  IF next_seq > expected_seq THEN
    PERFORM pg_notify(@schema@.changes_channel(), env || ' ' || next_seq);
  END IF;
END
$$;
COMMENT ON FUNCTION @schema@.fence(text, bigint, bigint, bigint) IS 'Compare-and-swap of fencing token and feed position; raises AM001. A moved position is notified.';
