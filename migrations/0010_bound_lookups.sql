-- Statements whose cost grew with the table, or with its dead, instead of with what they are asked for.

-- The dead are looked up by the primary key: among indexes of nothing but the dead the planner takes the wrong one as
-- long as statistics know of none.
DROP INDEX @schema@.organizations_dead;
DROP INDEX @schema@.organization_domains_dead;
DROP INDEX @schema@.users_dead;
DROP INDEX @schema@.organization_memberships_dead;
DROP INDEX @schema@.invitations_dead;

-- Candidates are withdrawn by their ids, whatever table they are of.
CREATE INDEX candidates_by_id ON @schema@.candidates (snapshot_id, id);

-- As before (0006), but whether an event tells what an answer noticed is seen in one pass: comparing each death with
-- each took as long as the square of the deaths.
CREATE OR REPLACE FUNCTION @schema@.versions(of_table text, environment text, of_id text, after timestamptz DEFAULT NULL)
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
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_death,
             -- An answer tells its time in whole seconds: what it noticed may be what an event tells exactly.
             count(*) FILTER (WHERE NOT item.lives AND item.event_id IS NOT NULL)
               OVER (PARTITION BY item.id ORDER BY item.observed_at
                     RANGE BETWEEN CURRENT ROW AND interval '999999 microseconds' FOLLOWING) > 0 AS is_told
      FROM item WHERE NOT item.lives OR item.content IS NOT NULL
    ), placed AS (
      -- What was revived with a version older than its death lives anew since it was seen.
      SELECT dated.*, CASE WHEN NOT dated.lives THEN dated.observed_at
                           WHEN is_applied AND last_death > updated_at THEN GREATEST(last_death, dated.observed_at)
                           ELSE updated_at END AS source
      FROM dated WHERE dated.lives OR dated.event_id IS NOT NULL OR NOT dated.is_told
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
