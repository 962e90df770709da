-- Following the directory by its events: the archive, the tail's cursor, doubts that a read by id settles, and what
-- sweeps had to correct.

CREATE TABLE @schema@.events (
  _env          text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL,
  created_at    timestamptz NOT NULL,
  type          text NOT NULL,
  table_name    text,
  object_id     text COLLATE "C",
  raw           jsonb,
  tail_at       timestamptz,
  webhook_at    timestamptz,
  error         text,
  attempts      integer NOT NULL DEFAULT 1,
  tried_version text,
  PRIMARY KEY (_env, id, created_at)
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE @schema@.events IS 'Inbox and archive: every event once, whichever way it came. One partition per month, dropped after events.archive.';
COMMENT ON COLUMN @schema@.events._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.events.id IS 'WorkOS id of the event; a hash of the event if it has none that can be read.';
COMMENT ON COLUMN @schema@.events.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.events.type IS 'Type of the event, for example user.updated.';
COMMENT ON COLUMN @schema@.events.table_name IS 'Mirrored table that it is about; NULL if it is only archived.';
COMMENT ON COLUMN @schema@.events.object_id IS 'Row of that table.';
COMMENT ON COLUMN @schema@.events.raw IS 'The event as received, without secrets; NULL if it can''t be kept.';
COMMENT ON COLUMN @schema@.events.tail_at IS 'When GET /events first brought it, by the time of the database (UTC).';
COMMENT ON COLUMN @schema@.events.webhook_at IS 'When a webhook first brought it, by the time of the database (UTC).';
COMMENT ON COLUMN @schema@.events.error IS 'Why it could not be applied: it waits in quarantine. NULL otherwise.';
COMMENT ON COLUMN @schema@.events.attempts IS 'How often it was tried, if it waits in quarantine.';
COMMENT ON COLUMN @schema@.events.tried_version IS 'Version that tried it last, if it waits in quarantine.';
CREATE INDEX events_quarantined ON @schema@.events (_env, created_at) WHERE error IS NOT NULL;

CREATE TABLE @schema@.event_tails (
  _env              text COLLATE "C" PRIMARY KEY,
  cursor            text COLLATE "C",
  cursor_created_at timestamptz,
  anchor            timestamptz NOT NULL,
  caught_up_through timestamptz,
  polled_at         timestamptz,
  recoveries        integer NOT NULL DEFAULT 0,
  problem           text,
  problem_since     timestamptz
);
COMMENT ON TABLE @schema@.event_tails IS 'Where each environment stands in GET /events. The cursor moves in the transaction that applies its events.';
COMMENT ON COLUMN @schema@.event_tails._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.event_tails.cursor IS 'Last event applied of those that GET /events returned; NULL: read from the anchor on.';
COMMENT ON COLUMN @schema@.event_tails.cursor_created_at IS 'Creation of that event (UTC).';
COMMENT ON COLUMN @schema@.event_tails.anchor IS 'From here on events count, by the time of the API (UTC).';
COMMENT ON COLUMN @schema@.event_tails.caught_up_through IS 'Time of the API at the last poll that reached the end (UTC). Written at most every few seconds.';
COMMENT ON COLUMN @schema@.event_tails.polled_at IS 'When that was, by the time of the database (UTC).';
COMMENT ON COLUMN @schema@.event_tails.recoveries IS 'Attempts to recover a cursor that was refused or ignored: 1 anchored anew, 2 resynchronised, 3 waits for a person.';
COMMENT ON COLUMN @schema@.event_tails.problem IS 'What is wrong with the tail; NULL if it runs.';
COMMENT ON COLUMN @schema@.event_tails.problem_since IS 'Since when (UTC).';

CREATE TABLE @schema@.doubts (
  _env       text COLLATE "C" NOT NULL,
  table_name text NOT NULL,
  id         text COLLATE "C" NOT NULL,
  event_id   text COLLATE "C",
  deleted_at timestamptz,
  raised_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (_env, table_name, id)
);
COMMENT ON TABLE @schema@.doubts IS 'Rows about which events left a doubt that only a read of the object by its id settles; usually for seconds.';
COMMENT ON COLUMN @schema@.doubts._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.doubts.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.doubts.id IS 'Row of that table.';
COMMENT ON COLUMN @schema@.doubts.event_id IS 'Deletion event that is in doubt; NULL if it is about the content.';
COMMENT ON COLUMN @schema@.doubts.deleted_at IS 'Creation of that deletion event (UTC).';
COMMENT ON COLUMN @schema@.doubts.raised_at IS 'Since when (UTC).';

CREATE TABLE @schema@.drift (
  snapshot_id bigint NOT NULL REFERENCES @schema@.snapshots (id) ON DELETE CASCADE,
  table_name  text NOT NULL,
  cause       text NOT NULL,
  rows        bigint NOT NULL,
  example_id  text COLLATE "C",
  PRIMARY KEY (snapshot_id, table_name, cause)
);
COMMENT ON TABLE @schema@.drift IS 'What sweeps corrected although events were followed, by cause.';
COMMENT ON COLUMN @schema@.drift.snapshot_id IS 'Snapshot that corrected it.';
COMMENT ON COLUMN @schema@.drift.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.drift.cause IS 'no_event (a field that changes without one), in_flight (younger than what the tail had reached), missed_event, or unknown.';
COMMENT ON COLUMN @schema@.drift.rows IS 'Rows corrected.';
COMMENT ON COLUMN @schema@.drift.example_id IS 'One of them.';
