-- History by source time: what every object held at any instant since the mirror began. Nothing is stored twice for it:
-- a version is what a change of the feed found, or what the row holds now. Only a version that arrived too late to
-- become the row's content has a line of its own, of op late, and an event of what a list had shown before.

ALTER TABLE @schema@.changes ADD COLUMN content jsonb;

-- The feed by months, so that old ones are dropped whole. What is there becomes the first partition. A key over
-- partitions must hold what they are cut by; that seq is given once and without gaps is the promise of fence(), whose
-- compare-and-swap every transaction that numbers rows passes.
DO $partition$
DECLARE
  newest date := date_trunc('month', GREATEST(clock_timestamp(), (SELECT max(changed_at) FROM @schema@.changes))
                                     AT TIME ZONE 'UTC')::date;
  partition text := 'changes_' || to_char(newest, 'YYYY_MM');
  mirror text := $schema$@schema@$schema$;
BEGIN
  EXECUTE format('ALTER TABLE %s.changes RENAME TO %I', mirror, partition);
  EXECUTE format('ALTER TABLE %s.%I DROP CONSTRAINT changes_pkey', mirror, partition);
  EXECUTE format('CREATE TABLE %1$s.changes (LIKE %1$s.%2$I INCLUDING DEFAULTS INCLUDING COMMENTS, '
                 'PRIMARY KEY (_env, seq, changed_at)) PARTITION BY RANGE (changed_at)', mirror, partition);
  EXECUTE format('ALTER TABLE %1$s.changes ATTACH PARTITION %1$s.%2$I FOR VALUES FROM (MINVALUE) TO (%3$L)', mirror,
                 partition, to_char(newest + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
END
$partition$;
CREATE INDEX changes_by_object ON @schema@.changes (_env, table_name, id, seq);
COMMENT ON TABLE @schema@.changes IS 'The change feed: every change of a mirrored row, in commit order, without gaps. A first load leaves one row of op snapshot. One partition per month, dropped after changes.retention.';
COMMENT ON COLUMN @schema@.changes.op IS 'insert, update, delete, revive or snapshot; or late: a version, or with content NULL a deletion, that came after a newer one, or an event of what a list had shown before; changed nothing.';
COMMENT ON COLUMN @schema@.changes.observed_at IS 'Time of the API of the observation (UTC); of a deletion, when the object died, as far as it is known.';
COMMENT ON COLUMN @schema@.changes.content IS 'Content of a version of op late.';

ALTER TABLE @schema@.streams ADD COLUMN history_since timestamptz;
COMMENT ON COLUMN @schema@.streams.history_since IS 'From here on every version is known, by the time of the API (UTC): the end of the first certified snapshot (since events were lost, if any were), or what changes.retention left. NULL: nowhere yet.';
-- What was too late before today was not kept.
UPDATE @schema@.streams SET history_since = clock_timestamp() WHERE last_certified_at IS NOT NULL;

CREATE TABLE @schema@.history_tables (
  table_name      text PRIMARY KEY,
  stream          text NOT NULL,
  observed_fields text[] NOT NULL,
  parents         jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE @schema@.history_tables IS 'The mirrored tables, as far as history has to know them.';
COMMENT ON COLUMN @schema@.history_tables.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.history_tables.stream IS 'Stream that brings its rows.';
COMMENT ON COLUMN @schema@.history_tables.observed_fields IS 'Fields of the API that change without an event and without a new updated_at: known from when they were seen.';
COMMENT ON COLUMN @schema@.history_tables.parents IS 'Tables of the objects with which these die, by the field that names them.';
INSERT INTO @schema@.history_tables VALUES
  ('organizations', 'organizations', '{}', '{}'),
  ('organization_domains', 'organizations', '{}', '{"organization_id": "organizations"}'),
  ('users', 'users', '{last_sign_in_at}', '{}'),
  ('organization_memberships', 'organization_memberships', '{organization_name}',
   '{"organization_id": "organizations", "user_id": "users"}'),
  ('invitations', 'invitations', '{state,role_slug}', '{}');

CREATE FUNCTION @schema@.environment_or_only(environment text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  known text[] := ARRAY(SELECT DISTINCT _env FROM @schema@.streams ORDER BY 1);
BEGIN
  IF environment = ANY (known) THEN
    RETURN environment;
  ELSIF environment IS NULL AND cardinality(known) = 1 THEN
    RETURN known[1];
  ELSIF environment IS NULL AND cardinality(known) > 1 THEN
    RAISE EXCEPTION 'several environments are mirrored here: %', array_to_string(known, ', ')
      USING ERRCODE = 'AM022', HINT = 'Name one of them as the last argument.';
  END IF;
  RAISE EXCEPTION 'the environment % is not mirrored here', COALESCE(environment, 'default')
    USING ERRCODE = 'AM022', HINT = 'Run authkit-mirror sync, or name another environment.';
END
$$;
COMMENT ON FUNCTION @schema@.environment_or_only(text) IS 'The environment asked for, or the only one; raises AM022.';

CREATE FUNCTION @schema@.require_history(of_table text, environment text, moment timestamptz) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
  since timestamptz;
  through timestamptz;
BEGIN
  SELECT s.history_since, t.caught_up_through INTO since, through
  FROM @schema@.history_tables AS h
  LEFT JOIN @schema@.streams AS s ON s._env = environment AND s.stream = h.stream
  LEFT JOIN @schema@.event_tails AS t ON t._env = environment
  WHERE h.table_name = of_table;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not a mirrored table', COALESCE(of_table, 'NULL') USING ERRCODE = 'undefined_table';
  ELSIF moment IS NULL THEN
    RAISE EXCEPTION 'history is asked for an instant, not for NULL' USING ERRCODE = 'null_value_not_allowed';
  ELSIF since IS NULL THEN
    RAISE EXCEPTION 'the history of % in environment % has not begun', of_table, environment
      USING ERRCODE = 'AM020', HINT = 'It begins with the first certified snapshot.';
  ELSIF moment < since THEN
    RAISE EXCEPTION 'the history of % in environment % begins at %, and % is before that', of_table, environment, since,
      moment USING ERRCODE = 'AM020', HINT = 'What was before is not known: the mirror did not watch, or changes.retention dropped it.';
  ELSIF through IS NULL THEN
    RAISE EXCEPTION 'the history of % in environment % is not known: no events were followed yet', of_table, environment
      USING ERRCODE = 'AM021', HINT = 'authkit-mirror run follows them.';
  ELSIF moment > through THEN
    RAISE EXCEPTION 'the events of environment % are known up to %, and % is after that', environment, through, moment
      USING ERRCODE = 'AM021', HINT = format('For the present read %s_live.', of_table);
  END IF;
END
$$;
COMMENT ON FUNCTION @schema@.require_history(text, text, timestamptz) IS 'Raises AM020 for an instant before the known history, AM021 for one after what the mirror knows.';

CREATE FUNCTION @schema@.parents_death(of_table text, environment text, child jsonb, since timestamptz)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  mirror text := $schema$@schema@$schema$;
  parent record;
  died_at timestamptz;
  earliest timestamptz;
BEGIN
  FOR parent IN
    SELECT link.key AS field, link.value AS in_table
    FROM @schema@.history_tables AS h, jsonb_each_text(h.parents) AS link
    WHERE h.table_name = of_table
  LOOP
    EXECUTE format('SELECT _deleted_at FROM %s.%I WHERE _env = $1 AND id = $2 AND _deleted_at >= $3',
                   mirror, parent.in_table)
      INTO died_at USING environment, child->>parent.field, since;
    earliest := LEAST(earliest, died_at);
  END LOOP;
  RETURN earliest;
END
$$;
COMMENT ON FUNCTION @schema@.parents_death(text, text, jsonb, timestamptz) IS 'When a parent died with which an object that lived since then died too; NULL: none did.';

-- Every version of one object, or, without of_id, of the objects that changed after an instant or got a late version.
--
-- Versions are in the order of rule R1: of updated_at, then of the event id; a deletion stands at the time of its event,
-- or at which it was noticed. A version holds from its updated_at on; the first one, and the first after a deletion, from
-- its created_at on; one in which only fields differ that have no versions, from when it was seen. The last one agrees
-- with the mirror, whatever arrived. (Compiling the query would take longer than running it.)
CREATE FUNCTION @schema@.versions(of_table text, environment text, of_id text, after timestamptz DEFAULT NULL)
RETURNS TABLE (id text, valid_from timestamptz, valid_to timestamptz, lives boolean, content jsonb, previous jsonb,
               seq bigint, via text, event_id text, observed_at timestamptz, recorded_at timestamptz)
LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
  -- Instants of the API and of its answers are not exact to the second.
  chosen text := CASE WHEN of_id IS NOT NULL THEN '= $3' ELSE $touched$
    IN (SELECT touched.id FROM @schema@.changes AS touched
        WHERE touched._env = $1 AND touched.table_name = $2 AND touched.id IS NOT NULL
          AND (touched.op = 'late' OR touched.observed_at > $4 - interval '1 hour')) $touched$ END;
  mirror text := $schema$@schema@$schema$;
  fields text[] := (SELECT h.observed_fields FROM @schema@.history_tables AS h WHERE h.table_name = of_table);
BEGIN
  RETURN QUERY EXECUTE format($query$
    WITH feed AS (
      SELECT c.id, c.seq, c.op, c.via, c.event_id, c.observed_at, c.changed_at, c.before, c.content
      FROM %3$s.changes AS c
      WHERE c._env = $1 AND c.table_name = $2 AND c.id %2$s
    ), applied AS (
      SELECT feed.*, lead(before) OVER chain AS next_before, lead(seq) OVER chain IS NULL AS is_last,
             row_number() OVER chain = 1 AS is_first
      FROM feed WHERE op <> 'late'
      WINDOW chain AS (PARTITION BY id ORDER BY seq)
    ), held AS (
      SELECT h.id, _raw, _deleted_at, _deleted_by, _event_id, _observed_at, _changed_at
      FROM %3$s.%1$I AS h
      WHERE _env = $1 AND h.id %2$s
    ), item AS (
      -- What a change led to is what the next one found.
      SELECT a.id, a.seq, a.via, a.event_id, a.observed_at, a.changed_at, true AS lives,
             CASE WHEN a.is_last THEN h._raw ELSE a.next_before END AS content, true AS is_applied,
             a.is_last AND h._deleted_at IS NULL AS is_held
      FROM applied AS a LEFT JOIN held AS h ON h.id = a.id
      WHERE a.op <> 'delete' OR a.before IS NULL
      UNION ALL
      SELECT a.id, a.seq, a.via, a.event_id, a.observed_at, a.changed_at, false, NULL, true, false
      FROM applied AS a WHERE a.op = 'delete'
      UNION ALL
      SELECT a.id, 0, 'list', NULL, NULL, NULL, true, a.before, true, false
      FROM applied AS a WHERE a.is_first
      UNION ALL
      -- Of a tombstone of what the mirror never saw alive, the event is the deletion.
      SELECT h.id, 0, CASE WHEN h._event_id IS NULL THEN 'list' ELSE 'event' END,
             CASE WHEN h._deleted_at IS NULL THEN h._event_id END, h._observed_at, h._changed_at, true, h._raw, true,
             h._deleted_at IS NULL
      FROM held AS h WHERE NOT EXISTS (SELECT FROM applied AS a WHERE a.id = h.id)
      UNION ALL
      SELECT f.id, f.seq, f.via, f.event_id, f.observed_at, f.changed_at, f.content IS NOT NULL, f.content, false,
             false
      FROM feed AS f WHERE f.op = 'late'
      UNION ALL
      SELECT h.id, 0, h._deleted_by, h._event_id, h._deleted_at, h._changed_at, false, NULL, true, false
      FROM held AS h
      WHERE h._deleted_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM feed AS f WHERE f.id = h.id AND (f.op = 'delete' OR (f.op = 'late' AND f.content IS NULL)))
    ), dated AS (
      SELECT item.*, (item.content->>'created_at')::timestamptz AS created_at,
             (item.content->>'updated_at')::timestamptz AS updated_at,
             max(item.observed_at) FILTER (WHERE NOT item.lives AND item.is_applied)
               OVER (PARTITION BY item.id ORDER BY item.seq, item.lives DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_death
      FROM item WHERE NOT item.lives OR item.content IS NOT NULL
    ), placed AS (
      -- What was revived with a version older than its death lives anew since it was seen.
      SELECT dated.*, CASE WHEN NOT dated.lives THEN dated.observed_at
                           WHEN is_applied AND last_death > updated_at THEN GREATEST(last_death, dated.observed_at)
                           ELSE updated_at END AS source
      FROM dated
      -- An answer tells its time in whole seconds: what it noticed may be what an event tells exactly.
      WHERE dated.lives OR dated.event_id IS NOT NULL OR NOT EXISTS (
        SELECT FROM dated AS told
        WHERE told.id = dated.id AND NOT told.lives AND told.event_id IS NOT NULL
          AND told.observed_at >= dated.observed_at AND told.observed_at < dated.observed_at + interval '1 second')
    ), ranked AS (
      -- Within one tick: what was seen before its end, then the events in their order, then what was seen later, what
      -- the mirror holds (rule R1 settled that nothing of this tick is newer), and the deaths that were noticed rather
      -- than told. A death in the tick stands among the events.
      SELECT placed.*, CASE WHEN NOT placed.lives AND placed.via <> 'event' THEN 4
                            WHEN placed.is_held AND bool_and(placed.lives) OVER (PARTITION BY placed.id, source) THEN 3
                            WHEN placed.event_id IS NOT NULL THEN 1
                            WHEN placed.observed_at > source THEN 2
                            ELSE 0 END AS rank
      FROM placed
    ), ordered AS (
      SELECT ranked.*, lag(ranked.lives) OVER versions AS lived, lag(ranked.content) OVER versions AS previous,
             lag(source) OVER versions AS previous_source
      FROM ranked
      WINDOW versions AS (PARTITION BY ranked.id ORDER BY source, rank, ranked.event_id NULLS FIRST, ranked.lives DESC,
                                                       ranked.observed_at NULLS FIRST, ranked.seq)
    ), distinct_ones AS (
      SELECT o.id, o.source, o.rank, o.event_id, o.lives, o.observed_at, o.seq, o.via, o.changed_at, o.content, o.previous,
             CASE WHEN NOT o.lives THEN source
                  WHEN lived IS NULL OR (NOT lived AND created_at > previous_source) THEN LEAST(created_at, source)
                  WHEN lived AND o.content - $5 = o.previous - $5 THEN GREATEST(source, o.observed_at)
                  ELSE source END AS valid_from
      FROM ordered AS o
      WHERE lived IS DISTINCT FROM o.lives OR o.content IS DISTINCT FROM o.previous
    ), newest AS (
      SELECT DISTINCT ON (d.id) d.id, d.source, d.valid_from, d.lives, d.content
      FROM distinct_ones AS d
      ORDER BY d.id, d.source DESC, d.rank DESC, d.event_id DESC NULLS LAST, d.lives, d.observed_at DESC NULLS LAST,
               d.seq DESC
    ), whole AS (
      SELECT * FROM distinct_ones
      UNION ALL
      -- A version that only an event knew, of an object that the mirror knows to be gone: by its own death, or with
      -- its parent.
      SELECT n.id, n.source, 5, NULL, false, h._deleted_at, NULL, COALESCE(h._deleted_by, 'single'), NULL, NULL,
             n.content, COALESCE(CASE WHEN h._deleted_at > n.valid_from THEN h._deleted_at END,
                                 %3$s.parents_death($2, $1, n.content, n.valid_from), n.valid_from)
      FROM newest AS n LEFT JOIN held AS h ON h.id = n.id
      WHERE n.lives AND (h.id IS NULL OR h._deleted_at IS NOT NULL)
      UNION ALL
      SELECT n.id, n.source, 5, h._event_id, true, h._observed_at, NULL, 'single', h._changed_at, h._raw, NULL,
             GREATEST(n.valid_from, h._observed_at)
      FROM newest AS n JOIN held AS h ON h.id = n.id
      WHERE NOT n.lives AND h._deleted_at IS NULL
    )
    SELECT w.id, w.valid_from,
           min(w.valid_from) OVER (PARTITION BY w.id ORDER BY source, rank, w.event_id NULLS FIRST, w.lives DESC,
                                                              w.observed_at NULLS FIRST, w.seq
                                   ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
           w.lives, w.content, w.previous, NULLIF(w.seq, 0), w.via, w.event_id, w.observed_at, w.changed_at
    FROM whole AS w
    ORDER BY w.id, source, rank, w.event_id NULLS FIRST, w.lives DESC, w.observed_at NULLS FIRST, w.seq
  $query$, of_table, chosen, mirror) USING environment, of_table, of_id, after, fields;
END
$$;
COMMENT ON FUNCTION @schema@.versions(text, text, text, timestamptz) IS 'Versions of one object, or of those that changed after an instant. For users_as_of and history.';

-- A membership's roles have columns of their own.
CREATE FUNCTION @schema@.columns_of(content jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT content
         || CASE WHEN content ? 'role' THEN jsonb_build_object('role_slug', content->'role'->'slug') ELSE '{}' END
         || CASE WHEN jsonb_typeof(content->'roles') = 'array'
                 THEN jsonb_build_object('role_slugs', (SELECT COALESCE(jsonb_agg(role->'slug' ORDER BY place), '[]')
                                                        FROM jsonb_array_elements(content->'roles')
                                                             WITH ORDINALITY AS of_roles (role, place)))
                 ELSE '{}' END
$$;
COMMENT ON FUNCTION @schema@.columns_of(jsonb) IS 'An object of the API by the names of its columns.';

CREATE FUNCTION @schema@.rows_as_of(row_type anyelement, of_table text, moment timestamptz, environment text)
RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
  env text := @schema@.environment_or_only(environment);
  mirror text := $schema$@schema@$schema$;
BEGIN
  PERFORM @schema@.require_history(of_table, env, moment);
  RETURN QUERY EXECUTE format($query$
    WITH touched AS MATERIALIZED (
      SELECT DISTINCT id FROM %2$s.changes
      WHERE _env = $1 AND table_name = $2 AND id IS NOT NULL AND (op = 'late' OR observed_at > $3 - interval '1 hour')
    )
    SELECT still.*
    FROM %2$s.%1$I AS still
    WHERE still._env = $1 AND still.created_at <= $3 AND (still._deleted_at IS NULL OR still._deleted_at > $3)
      AND NOT EXISTS (SELECT FROM touched WHERE touched.id = still.id)
    UNION ALL
    SELECT past.*
    FROM %2$s.versions($2, $1, NULL, $3) AS version
    CROSS JOIN LATERAL jsonb_populate_record(NULL::%2$s.%1$I, %2$s.columns_of(version.content) ||
      jsonb_build_object('_env', $1, '_raw', version.content, '_event_id', version.event_id,
                         '_observed_at', version.observed_at, '_changed_at', version.recorded_at)) AS past
    WHERE version.lives AND version.valid_from <= $3 AND (version.valid_to IS NULL OR version.valid_to > $3)
  $query$, of_table, mirror) USING env, of_table, moment;
END
$$;
COMMENT ON FUNCTION @schema@.rows_as_of(anyelement, text, timestamptz, text) IS 'Rows of a mirrored table that lived at an instant, as they were then. Behind users_as_of and its likes.';

CREATE FUNCTION @schema@.organizations_as_of(moment timestamptz, environment text DEFAULT NULL)
RETURNS SETOF @schema@.organizations LANGUAGE sql STABLE AS $$
  SELECT * FROM @schema@.rows_as_of(NULL::@schema@.organizations, 'organizations', moment, environment)
$$;
COMMENT ON FUNCTION @schema@.organizations_as_of(timestamptz, text) IS 'organizations_live at an instant of source time. Raises AM020 before the history begins, AM021 after what is known.';
CREATE FUNCTION @schema@.organization_domains_as_of(moment timestamptz, environment text DEFAULT NULL)
RETURNS SETOF @schema@.organization_domains LANGUAGE sql STABLE AS $$
  SELECT * FROM @schema@.rows_as_of(NULL::@schema@.organization_domains, 'organization_domains', moment, environment)
$$;
COMMENT ON FUNCTION @schema@.organization_domains_as_of(timestamptz, text) IS 'organization_domains_live at an instant of source time. Raises AM020 before the history begins, AM021 after what is known.';
CREATE FUNCTION @schema@.users_as_of(moment timestamptz, environment text DEFAULT NULL)
RETURNS SETOF @schema@.users LANGUAGE sql STABLE AS $$
  SELECT * FROM @schema@.rows_as_of(NULL::@schema@.users, 'users', moment, environment)
$$;
COMMENT ON FUNCTION @schema@.users_as_of(timestamptz, text) IS 'users_live at an instant of source time. Raises AM020 before the history begins, AM021 after what is known.';
CREATE FUNCTION @schema@.organization_memberships_as_of(moment timestamptz, environment text DEFAULT NULL)
RETURNS SETOF @schema@.organization_memberships LANGUAGE sql STABLE AS $$
  SELECT * FROM @schema@.rows_as_of(NULL::@schema@.organization_memberships, 'organization_memberships', moment,
                                    environment)
$$;
COMMENT ON FUNCTION @schema@.organization_memberships_as_of(timestamptz, text) IS 'organization_memberships_live at an instant of source time. Raises AM020 before the history begins, AM021 after what is known.';
CREATE FUNCTION @schema@.invitations_as_of(moment timestamptz, environment text DEFAULT NULL)
RETURNS SETOF @schema@.invitations LANGUAGE sql STABLE AS $$
  SELECT * FROM @schema@.rows_as_of(NULL::@schema@.invitations, 'invitations', moment, environment)
$$;
COMMENT ON FUNCTION @schema@.invitations_as_of(timestamptz, text) IS 'invitations_live at an instant of source time. Raises AM020 before the history begins, AM021 after what is known.';

CREATE FUNCTION @schema@.history(of_table text, of_id text, environment text DEFAULT NULL)
RETURNS TABLE (valid_from timestamptz, valid_to timestamptz, lives boolean, event_id text, via text, changed text[],
               observed_at timestamptz, recorded_at timestamptz, seq bigint, content jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  env text := @schema@.environment_or_only(environment);
BEGIN
  IF NOT EXISTS (SELECT FROM @schema@.history_tables AS h WHERE h.table_name = of_table) THEN
    RAISE EXCEPTION '% is not a mirrored table', COALESCE(of_table, 'NULL') USING ERRCODE = 'undefined_table';
  END IF;
  RETURN QUERY
    SELECT v.valid_from, v.valid_to, v.lives, v.event_id, v.via,
           CASE WHEN v.lives AND v.previous IS NOT NULL THEN
             ARRAY(SELECT key FROM jsonb_object_keys(v.previous || v.content) AS key
                   WHERE key <> 'updated_at' AND v.previous->key IS DISTINCT FROM v.content->key ORDER BY key) END,
           v.observed_at, v.recorded_at, v.seq, v.content
    FROM @schema@.versions(of_table, env, of_id) AS v;
END
$$;
COMMENT ON FUNCTION @schema@.history(text, text, text) IS 'Every version of one object by source time: from when to when it held (valid_to NULL: still), the event that told it, how it was learned (via), which fields of the API differ from the version before, when it was seen (API) and written (database), and its change in the feed.';
