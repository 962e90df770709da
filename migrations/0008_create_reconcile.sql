-- Reconciliation: which plans were applied, and what became of each of their actions. The journal is what makes an
-- apply resumable after a kill; it names people by id only.

CREATE TABLE @schema@.reconcile_plans (
  _env        text COLLATE "C" NOT NULL,
  digest      text COLLATE "C" NOT NULL,
  feed_seq    bigint NOT NULL,
  valid_until timestamptz NOT NULL,
  state       text NOT NULL DEFAULT 'applying',
  applied_by  text NOT NULL,
  approved    boolean NOT NULL,
  begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at    timestamptz,
  PRIMARY KEY (_env, digest)
);
COMMENT ON TABLE @schema@.reconcile_plans IS 'Plans of `reconcile` that were applied, or begun.';
COMMENT ON COLUMN @schema@.reconcile_plans._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.reconcile_plans.digest IS 'SHA-256 of the plan''s content.';
COMMENT ON COLUMN @schema@.reconcile_plans.feed_seq IS 'Position of the change feed when it was made.';
COMMENT ON COLUMN @schema@.reconcile_plans.valid_until IS 'Until when it may be applied (UTC).';
COMMENT ON COLUMN @schema@.reconcile_plans.state IS 'applying (also after a kill), stopped (by an error) or applied.';
COMMENT ON COLUMN @schema@.reconcile_plans.applied_by IS 'Who began it.';
COMMENT ON COLUMN @schema@.reconcile_plans.approved IS 'Whether it was begun with --approve.';
COMMENT ON COLUMN @schema@.reconcile_plans.begun_at IS 'When (UTC).';
COMMENT ON COLUMN @schema@.reconcile_plans.ended_at IS 'When the last action was done, or it stopped (UTC).';

CREATE TABLE @schema@.reconcile_actions (
  _env            text COLLATE "C" NOT NULL,
  digest          text COLLATE "C" NOT NULL,
  number          integer NOT NULL,
  kind            text NOT NULL,
  object_id       text COLLATE "C",
  organization_id text COLLATE "C",
  state           text NOT NULL DEFAULT 'planned',
  idempotency_key text COLLATE "C" NOT NULL,
  request_id      text,
  object_updated_at timestamptz,
  error           text,
  planned_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at      timestamptz,
  ended_at        timestamptz,
  PRIMARY KEY (_env, digest, number),
  FOREIGN KEY (_env, digest) REFERENCES @schema@.reconcile_plans (_env, digest) ON DELETE CASCADE
);
COMMENT ON TABLE @schema@.reconcile_actions IS 'The actions of those plans, written before and after each request.';
COMMENT ON COLUMN @schema@.reconcile_actions._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.reconcile_actions.digest IS 'Plan.';
COMMENT ON COLUMN @schema@.reconcile_actions.number IS 'Number in the plan, in the order of application.';
COMMENT ON COLUMN @schema@.reconcile_actions.kind IS 'create_user, update_user, add_membership, reactivate_membership, change_role, revoke_invitation, send_invitation, deactivate_membership or remove_membership.';
COMMENT ON COLUMN @schema@.reconcile_actions.object_id IS 'The object that it changes or made.';
COMMENT ON COLUMN @schema@.reconcile_actions.organization_id IS 'Organization, if it is about one.';
COMMENT ON COLUMN @schema@.reconcile_actions.state IS 'planned; started: a request may have been sent; done; skipped: it was as wanted already; conflict: neither as expected nor as wanted, nothing was sent; failed: it stopped the plan.';
COMMENT ON COLUMN @schema@.reconcile_actions.idempotency_key IS 'Key that every request of this action carries.';
COMMENT ON COLUMN @schema@.reconcile_actions.request_id IS 'X-Request-ID of the answer, for the support of WorkOS.';
COMMENT ON COLUMN @schema@.reconcile_actions.object_updated_at IS 'Version of the object that the answer showed (UTC).';
COMMENT ON COLUMN @schema@.reconcile_actions.error IS 'Why it is a conflict, or failed.';
COMMENT ON COLUMN @schema@.reconcile_actions.planned_at IS 'When the apply took note of it (UTC).';
COMMENT ON COLUMN @schema@.reconcile_actions.started_at IS 'Before the last request was sent (UTC).';
COMMENT ON COLUMN @schema@.reconcile_actions.ended_at IS 'After its answer (UTC).';

CREATE TABLE @schema@.reconcile_lease (
  _env         text COLLATE "C" PRIMARY KEY,
  token        bigint NOT NULL DEFAULT 0,
  holder       text,
  holder_pid   integer,
  acquired_at  timestamptz,
  heartbeat_at timestamptz
);
COMMENT ON TABLE @schema@.reconcile_lease IS 'The right to apply a plan: one process at a time per environment.';
COMMENT ON COLUMN @schema@.reconcile_lease._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.reconcile_lease.token IS 'Fencing token, raised at every takeover; each write of the journal requires it.';
COMMENT ON COLUMN @schema@.reconcile_lease.holder IS 'Process that applies; NULL if none does.';
COMMENT ON COLUMN @schema@.reconcile_lease.holder_pid IS 'Its server process; NULL behind a pooler.';
COMMENT ON COLUMN @schema@.reconcile_lease.acquired_at IS 'Since when (UTC).';
COMMENT ON COLUMN @schema@.reconcile_lease.heartbeat_at IS 'Last sign of life (UTC).';
