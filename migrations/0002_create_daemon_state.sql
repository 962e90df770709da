-- What the daemon knows about its own work.

CREATE TABLE @schema@.lease (
  _env           text COLLATE "C" PRIMARY KEY,
  token          bigint NOT NULL,
  feed_seq       bigint NOT NULL DEFAULT 0,
  holder         text,
  holder_pid     integer,
  holder_version text,
  acquired_at    timestamptz,
  heartbeat_at   timestamptz
);
COMMENT ON TABLE @schema@.lease IS 'The right to write one environment. Every write transaction ends with a compare-and-swap of token and feed_seq.';
COMMENT ON COLUMN @schema@.lease._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.lease.token IS 'Fencing token; grows with every takeover.';
COMMENT ON COLUMN @schema@.lease.feed_seq IS 'Sequence of the newest row of the change feed.';
COMMENT ON COLUMN @schema@.lease.holder IS 'Instance that holds the lease; NULL if it was given back.';
COMMENT ON COLUMN @schema@.lease.holder_pid IS 'Database process of the holder; NULL behind a transaction pooler.';
COMMENT ON COLUMN @schema@.lease.holder_version IS 'Version of the holder.';
COMMENT ON COLUMN @schema@.lease.acquired_at IS 'When the holder took it (UTC).';
COMMENT ON COLUMN @schema@.lease.heartbeat_at IS 'Last sign of life of the holder, by the time of the database (UTC).';

CREATE TABLE @schema@.streams (
  _env              text COLLATE "C" NOT NULL,
  stream            text NOT NULL,
  state             text NOT NULL DEFAULT 'idle',
  last_started_at   timestamptz,
  last_finished_at  timestamptz,
  last_certified_at timestamptz,
  last_certified_id bigint,
  error             text,
  error_since       timestamptz,
  next_step         text,
  PRIMARY KEY (_env, stream)
);
COMMENT ON TABLE @schema@.streams IS 'State of each mirrored stream.';
COMMENT ON COLUMN @schema@.streams._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.streams.stream IS 'organizations, users, organization_memberships or invitations.';
COMMENT ON COLUMN @schema@.streams.state IS 'idle, walking, confirming, or resting after an error.';
COMMENT ON COLUMN @schema@.streams.last_started_at IS 'When the last snapshot began, by the time of the database (UTC).';
COMMENT ON COLUMN @schema@.streams.last_finished_at IS 'When the last snapshot ended, however it ended (UTC).';
COMMENT ON COLUMN @schema@.streams.last_certified_at IS 'When the last certified snapshot ended (UTC).';
COMMENT ON COLUMN @schema@.streams.last_certified_id IS 'That snapshot.';
COMMENT ON COLUMN @schema@.streams.error IS 'Why the last snapshot failed or got no certificate; NULL if it was certified.';
COMMENT ON COLUMN @schema@.streams.error_since IS 'Since when there has been such an error (UTC).';
COMMENT ON COLUMN @schema@.streams.next_step IS 'What to do about the error.';

CREATE TABLE @schema@.snapshots (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  _env        text COLLATE "C" NOT NULL,
  stream      text NOT NULL,
  state       text NOT NULL DEFAULT 'running',
  reason      text,
  started_at  timestamptz NOT NULL,
  begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  first_load  boolean NOT NULL DEFAULT false,
  scopes      bigint NOT NULL DEFAULT 0,
  pages       bigint NOT NULL DEFAULT 0,
  rows        bigint NOT NULL DEFAULT 0,
  inserted    bigint NOT NULL DEFAULT 0,
  changed     bigint NOT NULL DEFAULT 0,
  unchanged   bigint NOT NULL DEFAULT 0,
  stale       bigint NOT NULL DEFAULT 0,
  poisoned    bigint NOT NULL DEFAULT 0,
  candidates  bigint NOT NULL DEFAULT 0,
  deleted     bigint NOT NULL DEFAULT 0,
  held        bigint NOT NULL DEFAULT 0,
  first_id    text,
  last_id     text
);
COMMENT ON TABLE @schema@.snapshots IS 'Complete walks of a stream. A row in state certified is the certificate that deletions rest on.';
COMMENT ON COLUMN @schema@.snapshots.id IS 'Number of the snapshot.';
COMMENT ON COLUMN @schema@.snapshots._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.snapshots.stream IS 'Stream that was walked.';
COMMENT ON COLUMN @schema@.snapshots.state IS 'running, certified, uncertified (complete by its own word, but not proven) or failed.';
COMMENT ON COLUMN @schema@.snapshots.reason IS 'Why there is no certificate.';
COMMENT ON COLUMN @schema@.snapshots.started_at IS 'When it began, by the time of the API (UTC).';
COMMENT ON COLUMN @schema@.snapshots.begun_at IS 'When it began, by the time of the database (UTC).';
COMMENT ON COLUMN @schema@.snapshots.finished_at IS 'When it ended, by the time of the database (UTC).';
COMMENT ON COLUMN @schema@.snapshots.first_load IS 'Whether the mirror had no rows of the stream.';
COMMENT ON COLUMN @schema@.snapshots.scopes IS 'Lists walked: 1, or the number of organizations.';
COMMENT ON COLUMN @schema@.snapshots.pages IS 'Pages read.';
COMMENT ON COLUMN @schema@.snapshots.rows IS 'Objects listed.';
COMMENT ON COLUMN @schema@.snapshots.inserted IS 'Rows new to the mirror, or alive again.';
COMMENT ON COLUMN @schema@.snapshots.changed IS 'Rows whose content differed.';
COMMENT ON COLUMN @schema@.snapshots.unchanged IS 'Rows equal to the mirror: neither sent nor written.';
COMMENT ON COLUMN @schema@.snapshots.stale IS 'Observations older than what the mirror holds.';
COMMENT ON COLUMN @schema@.snapshots.poisoned IS 'Objects that could not be decoded or stored; see quarantine.';
COMMENT ON COLUMN @schema@.snapshots.candidates IS 'Rows of the mirror that the walk did not meet.';
COMMENT ON COLUMN @schema@.snapshots.deleted IS 'Candidates that the API confirmed to be gone, with the rows that died with them.';
COMMENT ON COLUMN @schema@.snapshots.held IS 'Candidates stopped by the brake; see holds.';
COMMENT ON COLUMN @schema@.snapshots.first_id IS 'First object listed.';
COMMENT ON COLUMN @schema@.snapshots.last_id IS 'Last object listed.';

CREATE TABLE @schema@.walks (
  _env         text COLLATE "C" NOT NULL,
  stream       text NOT NULL,
  scope        text COLLATE "C" NOT NULL,
  segment      text COLLATE "C" NOT NULL DEFAULT '',
  snapshot_id  bigint NOT NULL,
  state        text NOT NULL,
  progress     jsonb,
  certified_at timestamptz,
  touched_at   timestamptz,
  PRIMARY KEY (_env, stream, scope, segment)
) WITH (fillfactor = 50);  -- a sweep changes every row of a stream once: there is room for that within its page
COMMENT ON TABLE @schema@.walks IS 'Progress of each list: of a whole stream (scope empty) or of one organization. Written with the rows it stands for.';
COMMENT ON COLUMN @schema@.walks._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.walks.stream IS 'Stream.';
COMMENT ON COLUMN @schema@.walks.scope IS 'Id of the organization whose list it is, or empty.';
COMMENT ON COLUMN @schema@.walks.segment IS 'Part of the list that is walked by itself: the object behind which it begins, or backwards; empty: from the beginning.';
COMMENT ON COLUMN @schema@.walks.snapshot_id IS 'Snapshot that this walk belongs to.';
COMMENT ON COLUMN @schema@.walks.state IS 'running, finished (read to its end) or proven (with the closing proof too).';
COMMENT ON COLUMN @schema@.walks.progress IS 'Where a running walk stands: cursor, bounds, what the closing proof needs.';
COMMENT ON COLUMN @schema@.walks.certified_at IS 'When this list was last read completely, by the time of the API (UTC).';
COMMENT ON COLUMN @schema@.walks.touched_at IS 'Creation of the newest event about an object of this list (UTC); after certified_at, the list is read earlier.';

CREATE TABLE @schema@.candidates (
  snapshot_id bigint NOT NULL,
  table_name  text NOT NULL,
  id          text COLLATE "C" NOT NULL,
  scope       text COLLATE "C" NOT NULL,
  segment     text COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (snapshot_id, table_name, id, scope, segment)
);
COMMENT ON TABLE @schema@.candidates IS 'Rows that a running snapshot did not meet where it should have; withdrawn when it meets them later.';
COMMENT ON COLUMN @schema@.candidates.snapshot_id IS 'Snapshot.';
COMMENT ON COLUMN @schema@.candidates.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.candidates.id IS 'Row of that table.';
COMMENT ON COLUMN @schema@.candidates.scope IS 'Organization whose list did not hold it, or empty.';
COMMENT ON COLUMN @schema@.candidates.segment IS 'Part of the list whose walk missed it.';

CREATE TABLE @schema@.holds (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  _env        text COLLATE "C" NOT NULL,
  stream      text NOT NULL,
  state       text NOT NULL DEFAULT 'open',
  cause       text NOT NULL,
  snapshot_id bigint,
  deletions   bigint NOT NULL,
  cascades    bigint NOT NULL DEFAULT 0,
  live_rows   bigint NOT NULL,
  reason      text NOT NULL,
  through     timestamptz,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_at  timestamptz,
  decided_by  text,
  deleted     bigint,
  kept        bigint
);
COMMENT ON TABLE @schema@.holds IS 'Deletions stopped by the brake, waiting for a person.';
COMMENT ON COLUMN @schema@.holds.id IS 'Number to approve or discard.';
COMMENT ON COLUMN @schema@.holds._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.holds.stream IS 'Stream whose limit was crossed.';
COMMENT ON COLUMN @schema@.holds.state IS 'open, approved, discarded or replaced (by the hold of a newer snapshot).';
COMMENT ON COLUMN @schema@.holds.cause IS 'sweep or event.';
COMMENT ON COLUMN @schema@.holds.snapshot_id IS 'Snapshot that found the candidates.';
COMMENT ON COLUMN @schema@.holds.deletions IS 'Rows that would be deleted.';
COMMENT ON COLUMN @schema@.holds.cascades IS 'Rows that would die with them.';
COMMENT ON COLUMN @schema@.holds.live_rows IS 'Live rows of the stream when it was held.';
COMMENT ON COLUMN @schema@.holds.reason IS 'Which limit was crossed.';
COMMENT ON COLUMN @schema@.holds.through IS 'Creation of the newest deletion event in it (UTC).';
COMMENT ON COLUMN @schema@.holds.created_at IS 'When it was held (UTC).';
COMMENT ON COLUMN @schema@.holds.decided_at IS 'When it was decided (UTC).';
COMMENT ON COLUMN @schema@.holds.decided_by IS 'Who decided.';
COMMENT ON COLUMN @schema@.holds.deleted IS 'Rows deleted after the approval, cascades included.';
COMMENT ON COLUMN @schema@.holds.kept IS 'Rows kept after the approval: seen again meanwhile, or still at the API.';

CREATE TABLE @schema@.hold_items (
  hold_id    integer NOT NULL REFERENCES @schema@.holds (id) ON DELETE CASCADE,
  table_name text NOT NULL,
  id         text COLLATE "C" NOT NULL,
  event_id   text COLLATE "C",
  deleted_at timestamptz,
  outcome    text,
  PRIMARY KEY (hold_id, table_name, id)
);
COMMENT ON TABLE @schema@.hold_items IS 'The rows of a hold.';
COMMENT ON COLUMN @schema@.hold_items.hold_id IS 'Hold.';
COMMENT ON COLUMN @schema@.hold_items.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.hold_items.id IS 'Row of that table.';
COMMENT ON COLUMN @schema@.hold_items.event_id IS 'Deletion event that was stopped.';
COMMENT ON COLUMN @schema@.hold_items.deleted_at IS 'Creation of that event (UTC).';
COMMENT ON COLUMN @schema@.hold_items.outcome IS 'deleted or kept, once approved.';

CREATE TABLE @schema@.quarantine (
  _env          text COLLATE "C" NOT NULL,
  table_name    text NOT NULL,
  id            text COLLATE "C" NOT NULL,
  error         text NOT NULL,
  raw           text,
  first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts      bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (_env, table_name, id)
);
COMMENT ON TABLE @schema@.quarantine IS 'Objects that could not be decoded or stored. They are tried again at each sweep and leave when they succeed.';
COMMENT ON COLUMN @schema@.quarantine._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.quarantine.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.quarantine.id IS 'WorkOS id; a hash of the object if it has none.';
COMMENT ON COLUMN @schema@.quarantine.error IS 'What is wrong with it.';
COMMENT ON COLUMN @schema@.quarantine.raw IS 'The object as received, secrets removed.';
COMMENT ON COLUMN @schema@.quarantine.first_seen_at IS 'First time (UTC).';
COMMENT ON COLUMN @schema@.quarantine.last_seen_at IS 'Last time (UTC).';
COMMENT ON COLUMN @schema@.quarantine.attempts IS 'How often it was tried.';

CREATE TABLE @schema@.commands (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  _env         text COLLATE "C" NOT NULL,
  kind         text NOT NULL,
  arguments    jsonb NOT NULL DEFAULT '{}',
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at  timestamptz,
  outcome      text,
  result       jsonb
);
COMMENT ON TABLE @schema@.commands IS 'Requests of commands to the daemon that holds the lease.';
COMMENT ON COLUMN @schema@.commands.id IS 'Number.';
COMMENT ON COLUMN @schema@.commands._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.commands.kind IS 'sync, approve, discard, retry, replay or restart_tail.';
COMMENT ON COLUMN @schema@.commands.arguments IS 'Arguments of the command.';
COMMENT ON COLUMN @schema@.commands.requested_by IS 'Who asked.';
COMMENT ON COLUMN @schema@.commands.requested_at IS 'When (UTC).';
COMMENT ON COLUMN @schema@.commands.finished_at IS 'When it was done (UTC).';
COMMENT ON COLUMN @schema@.commands.outcome IS 'done or failed.';
COMMENT ON COLUMN @schema@.commands.result IS 'What came out.';

CREATE TABLE @schema@.changes (
  _env        text COLLATE "C" NOT NULL,
  seq         bigint NOT NULL,
  table_name  text NOT NULL,
  id          text COLLATE "C",
  op          text NOT NULL,
  via         text NOT NULL,
  event_id    text COLLATE "C",
  observed_at timestamptz NOT NULL,
  changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  before      jsonb,
  PRIMARY KEY (_env, seq)
);
COMMENT ON TABLE @schema@.changes IS 'The change feed: every change of a mirrored row, in commit order, without gaps. A first load leaves one row of op snapshot.';
COMMENT ON COLUMN @schema@.changes._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.changes.seq IS 'Position; consecutive within an environment, in commit order.';
COMMENT ON COLUMN @schema@.changes.table_name IS 'Mirrored table.';
COMMENT ON COLUMN @schema@.changes.id IS 'Row; NULL for op snapshot.';
COMMENT ON COLUMN @schema@.changes.op IS 'insert, update, delete, revive or snapshot.';
COMMENT ON COLUMN @schema@.changes.via IS 'How it was learned: list, single, event, embedded or cascade.';
COMMENT ON COLUMN @schema@.changes.event_id IS 'Event that brought it.';
COMMENT ON COLUMN @schema@.changes.observed_at IS 'Time of the API of the observation (UTC).';
COMMENT ON COLUMN @schema@.changes.changed_at IS 'When it was written here (UTC).';
COMMENT ON COLUMN @schema@.changes.before IS 'Content before the change, for update, delete and revive.';

CREATE INDEX snapshots_by_stream ON @schema@.snapshots (_env, stream, id);
CREATE INDEX commands_waiting ON @schema@.commands (_env, id) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX holds_open ON @schema@.holds (_env, stream, cause) WHERE state = 'open';

-- Ends every write transaction, in one message with its COMMIT: a writer that was paused and has lost the lease
-- meanwhile commits nothing. A check that is only read, or a row lock, would not fence.
CREATE FUNCTION @schema@.fence(env text, held_token bigint, expected_seq bigint, next_seq bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE @schema@.lease
  SET feed_seq = next_seq, heartbeat_at = clock_timestamp()
  WHERE _env = env AND token = held_token AND feed_seq = expected_seq AND holder IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease of environment % is held by another process', env USING ERRCODE = 'AM001';
  END IF;
END
$$;
COMMENT ON FUNCTION @schema@.fence(text, bigint, bigint, bigint) IS 'Compare-and-swap of fencing token and feed position; raises AM001.';
