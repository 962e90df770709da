-- The mirrored tables. No foreign keys and no unique keys on what WorkOS may reuse or deliver late: objects arrive in
-- any order. @schema@ stands for the configured schema.

CREATE TABLE @schema@.organizations (
  _env                                text COLLATE "C" NOT NULL,
  id                                  text COLLATE "C" NOT NULL,
  name                                text,
  external_id                         text,
  metadata                            jsonb,
  stripe_customer_id                  text,
  allow_profiles_outside_organization boolean,
  created_at                          timestamptz,
  updated_at                          timestamptz,
  _raw                                jsonb,
  _hash                               bytea,
  _deleted_at                         timestamptz,
  _deleted_by                         text,
  _event_id                           text COLLATE "C",
  _observed_at                        timestamptz NOT NULL,
  _changed_at                         timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (_env, id)
);
COMMENT ON TABLE @schema@.organizations IS 'Organizations of the WorkOS directory.';
COMMENT ON COLUMN @schema@.organizations._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.organizations.id IS 'WorkOS id.';
COMMENT ON COLUMN @schema@.organizations.name IS 'Display name; not unique.';
COMMENT ON COLUMN @schema@.organizations.external_id IS 'Id of the organization in your own system.';
COMMENT ON COLUMN @schema@.organizations.metadata IS 'Free keys and values set by your application.';
COMMENT ON COLUMN @schema@.organizations.stripe_customer_id IS 'Stripe customer, if one is connected.';
COMMENT ON COLUMN @schema@.organizations.allow_profiles_outside_organization IS 'Deprecated by WorkOS; never part of events.';
COMMENT ON COLUMN @schema@.organizations.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.organizations.updated_at IS 'Last versioned change at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.organizations._raw IS 'The object as received, without secrets and without objects that have rows of their own.';
COMMENT ON COLUMN @schema@.organizations._hash IS 'Hash of the content, for comparison without reading the row.';
COMMENT ON COLUMN @schema@.organizations._deleted_at IS 'Tombstone: when the object was deleted, or found to be gone, by the time of the API (UTC). NULL while it lives.';
COMMENT ON COLUMN @schema@.organizations._deleted_by IS 'What proved the deletion: event, sweep or cascade.';
COMMENT ON COLUMN @schema@.organizations._event_id IS 'Newest event applied to this row.';
COMMENT ON COLUMN @schema@.organizations._observed_at IS 'Time of the API at which the stored content was observed (UTC); not refreshed by an equal observation.';
COMMENT ON COLUMN @schema@.organizations._changed_at IS 'When this row was last written here, by the time of the database (UTC).';
-- Sweeps compare the range of created_at that a page covers.
CREATE INDEX organizations_by_creation ON @schema@.organizations (_env, created_at);
-- Few rows are dead; children ask for dead parents, the brake for recent deaths.
CREATE INDEX organizations_dead ON @schema@.organizations (_env, id) WHERE _deleted_at IS NOT NULL;
CREATE INDEX organizations_deaths ON @schema@.organizations (_env, _deleted_at) WHERE _deleted_at IS NOT NULL;
CREATE VIEW @schema@.organizations_live AS
  SELECT *
  FROM @schema@.organizations
  WHERE _deleted_at IS NULL;
COMMENT ON VIEW @schema@.organizations_live IS 'Rows of organizations that are not deleted.';

CREATE TABLE @schema@.organization_domains (
  _env                  text COLLATE "C" NOT NULL,
  id                    text COLLATE "C" NOT NULL,
  organization_id       text COLLATE "C",
  domain                text,
  state                 text,
  verification_strategy text,
  verification_prefix   text,
  created_at            timestamptz,
  updated_at            timestamptz,
  _raw                  jsonb,
  _hash                 bytea,
  _deleted_at           timestamptz,
  _deleted_by           text,
  _event_id             text COLLATE "C",
  _observed_at          timestamptz NOT NULL,
  _changed_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (_env, id)
);
COMMENT ON TABLE @schema@.organization_domains IS 'Domains of organizations, one row each; WorkOS lists them inside the organization.';
COMMENT ON COLUMN @schema@.organization_domains._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.organization_domains.id IS 'WorkOS id.';
COMMENT ON COLUMN @schema@.organization_domains.organization_id IS 'Organization that the domain belongs to.';
COMMENT ON COLUMN @schema@.organization_domains.domain IS 'Domain name.';
COMMENT ON COLUMN @schema@.organization_domains.state IS 'failed, legacy_verified, pending, unverified, verified, or a value added by WorkOS later.';
COMMENT ON COLUMN @schema@.organization_domains.verification_strategy IS 'dns or manual.';
COMMENT ON COLUMN @schema@.organization_domains.verification_prefix IS 'Prefix of the DNS record that proves ownership.';
COMMENT ON COLUMN @schema@.organization_domains.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.organization_domains.updated_at IS 'Last versioned change at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.organization_domains._raw IS 'The object as received, without secrets and without objects that have rows of their own.';
COMMENT ON COLUMN @schema@.organization_domains._hash IS 'Hash of the content, for comparison without reading the row.';
COMMENT ON COLUMN @schema@.organization_domains._deleted_at IS 'Tombstone: when the object was deleted, or found to be gone, by the time of the API (UTC). NULL while it lives.';
COMMENT ON COLUMN @schema@.organization_domains._deleted_by IS 'What proved the deletion: event, sweep or cascade.';
COMMENT ON COLUMN @schema@.organization_domains._event_id IS 'Newest event applied to this row.';
COMMENT ON COLUMN @schema@.organization_domains._observed_at IS 'Time of the API at which the stored content was observed (UTC); not refreshed by an equal observation.';
COMMENT ON COLUMN @schema@.organization_domains._changed_at IS 'When this row was last written here, by the time of the database (UTC).';
CREATE INDEX organization_domains_by_organization ON @schema@.organization_domains (_env, organization_id);
-- Few rows are dead; children ask for dead parents, the brake for recent deaths.
CREATE INDEX organization_domains_dead ON @schema@.organization_domains (_env, id) WHERE _deleted_at IS NOT NULL;
CREATE INDEX organization_domains_deaths ON @schema@.organization_domains (_env, _deleted_at) WHERE _deleted_at IS NOT NULL;
CREATE VIEW @schema@.organization_domains_live AS
  SELECT *
  FROM @schema@.organization_domains
  WHERE _deleted_at IS NULL;
COMMENT ON VIEW @schema@.organization_domains_live IS 'Rows of organization_domains that are not deleted.';

CREATE TABLE @schema@.users (
  _env                text COLLATE "C" NOT NULL,
  id                  text COLLATE "C" NOT NULL,
  email               text,
  email_verified      boolean,
  first_name          text,
  last_name           text,
  name                text,
  profile_picture_url text,
  external_id         text,
  metadata            jsonb,
  last_sign_in_at     timestamptz,
  locale              text,
  created_at          timestamptz,
  updated_at          timestamptz,
  _raw                jsonb,
  _hash               bytea,
  _deleted_at         timestamptz,
  _deleted_by         text,
  _event_id           text COLLATE "C",
  _observed_at        timestamptz NOT NULL,
  _changed_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (_env, id)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
-- Sign-ins change users all day, all over the table: with a tenth of each page free two updates of three stay in their
-- page and touch no index (tests/bench/RESULTS.md). The other tables are rarely updated.
COMMENT ON TABLE @schema@.users IS 'AuthKit users.';
COMMENT ON COLUMN @schema@.users._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.users.id IS 'WorkOS id.';
COMMENT ON COLUMN @schema@.users.email IS 'Email address; may change.';
COMMENT ON COLUMN @schema@.users.email_verified IS 'Whether the address was verified.';
COMMENT ON COLUMN @schema@.users.first_name IS 'Given name.';
COMMENT ON COLUMN @schema@.users.last_name IS 'Family name.';
COMMENT ON COLUMN @schema@.users.name IS 'Full name.';
COMMENT ON COLUMN @schema@.users.profile_picture_url IS 'URL of a picture.';
COMMENT ON COLUMN @schema@.users.external_id IS 'Id of the user in your own system.';
COMMENT ON COLUMN @schema@.users.metadata IS 'Free keys and values set by your application.';
COMMENT ON COLUMN @schema@.users.last_sign_in_at IS 'Last sign-in (UTC); changes without a new updated_at and without an event.';
COMMENT ON COLUMN @schema@.users.locale IS 'Preferred language.';
COMMENT ON COLUMN @schema@.users.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.users.updated_at IS 'Last versioned change at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.users._raw IS 'The object as received, without secrets and without objects that have rows of their own.';
COMMENT ON COLUMN @schema@.users._hash IS 'Hash of the content, for comparison without reading the row.';
COMMENT ON COLUMN @schema@.users._deleted_at IS 'Tombstone: when the object was deleted, or found to be gone, by the time of the API (UTC). NULL while it lives.';
COMMENT ON COLUMN @schema@.users._deleted_by IS 'What proved the deletion: event, sweep or cascade.';
COMMENT ON COLUMN @schema@.users._event_id IS 'Newest event applied to this row.';
COMMENT ON COLUMN @schema@.users._observed_at IS 'Time of the API at which the stored content was observed (UTC); not refreshed by an equal observation.';
COMMENT ON COLUMN @schema@.users._changed_at IS 'When this row was last written here, by the time of the database (UTC).';
-- Sweeps compare the range of created_at that a page covers.
CREATE INDEX users_by_creation ON @schema@.users (_env, created_at);
-- Few rows are dead; children ask for dead parents, the brake for recent deaths.
CREATE INDEX users_dead ON @schema@.users (_env, id) WHERE _deleted_at IS NOT NULL;
CREATE INDEX users_deaths ON @schema@.users (_env, _deleted_at) WHERE _deleted_at IS NOT NULL;
CREATE VIEW @schema@.users_live AS
  SELECT *
  FROM @schema@.users
  WHERE _deleted_at IS NULL;
COMMENT ON VIEW @schema@.users_live IS 'Rows of users that are not deleted.';

CREATE TABLE @schema@.organization_memberships (
  _env              text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL,
  user_id           text COLLATE "C",
  organization_id   text COLLATE "C",
  organization_name text,
  status            text,
  role_slug         text,
  role_slugs        text[],
  directory_managed boolean,
  custom_attributes jsonb,
  created_at        timestamptz,
  updated_at        timestamptz,
  _raw              jsonb,
  _hash             bytea,
  _deleted_at       timestamptz,
  _deleted_by       text,
  _event_id         text COLLATE "C",
  _observed_at      timestamptz NOT NULL,
  _changed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (_env, id)
);
COMMENT ON TABLE @schema@.organization_memberships IS 'Memberships of users in organizations, of every status.';
COMMENT ON COLUMN @schema@.organization_memberships._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.organization_memberships.id IS 'WorkOS id.';
COMMENT ON COLUMN @schema@.organization_memberships.user_id IS 'Member.';
COMMENT ON COLUMN @schema@.organization_memberships.organization_id IS 'Organization.';
COMMENT ON COLUMN @schema@.organization_memberships.organization_name IS 'Name of the organization as the membership list repeats it; never part of events.';
COMMENT ON COLUMN @schema@.organization_memberships.status IS 'active, inactive, pending, or a value added by WorkOS later.';
COMMENT ON COLUMN @schema@.organization_memberships.role_slug IS 'Primary role.';
COMMENT ON COLUMN @schema@.organization_memberships.role_slugs IS 'All roles, where the environment has multiple roles enabled.';
COMMENT ON COLUMN @schema@.organization_memberships.directory_managed IS 'Whether a directory sync provider manages the membership.';
COMMENT ON COLUMN @schema@.organization_memberships.custom_attributes IS 'Attributes from the identity provider.';
COMMENT ON COLUMN @schema@.organization_memberships.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.organization_memberships.updated_at IS 'Last versioned change at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.organization_memberships._raw IS 'The object as received, without secrets and without objects that have rows of their own.';
COMMENT ON COLUMN @schema@.organization_memberships._hash IS 'Hash of the content, for comparison without reading the row.';
COMMENT ON COLUMN @schema@.organization_memberships._deleted_at IS 'Tombstone: when the object was deleted, or found to be gone, by the time of the API (UTC). NULL while it lives.';
COMMENT ON COLUMN @schema@.organization_memberships._deleted_by IS 'What proved the deletion: event, sweep or cascade.';
COMMENT ON COLUMN @schema@.organization_memberships._event_id IS 'Newest event applied to this row.';
COMMENT ON COLUMN @schema@.organization_memberships._observed_at IS 'Time of the API at which the stored content was observed (UTC); not refreshed by an equal observation.';
COMMENT ON COLUMN @schema@.organization_memberships._changed_at IS 'When this row was last written here, by the time of the database (UTC).';
-- A membership list is walked per organization, in order of creation.
CREATE INDEX organization_memberships_by_organization ON @schema@.organization_memberships (_env, organization_id, created_at);
CREATE INDEX organization_memberships_by_user ON @schema@.organization_memberships (_env, user_id);
-- Few rows are dead; children ask for dead parents, the brake for recent deaths.
CREATE INDEX organization_memberships_dead ON @schema@.organization_memberships (_env, id) WHERE _deleted_at IS NOT NULL;
CREATE INDEX organization_memberships_deaths ON @schema@.organization_memberships (_env, _deleted_at) WHERE _deleted_at IS NOT NULL;
CREATE VIEW @schema@.organization_memberships_live AS
  SELECT *
  FROM @schema@.organization_memberships
  WHERE _deleted_at IS NULL;
COMMENT ON VIEW @schema@.organization_memberships_live IS 'Rows of organization_memberships that are not deleted.';

CREATE TABLE @schema@.invitations (
  _env             text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL,
  email            text,
  state            text,
  accepted_at      timestamptz,
  revoked_at       timestamptz,
  expires_at       timestamptz,
  organization_id  text COLLATE "C",
  inviter_user_id  text COLLATE "C",
  accepted_user_id text COLLATE "C",
  role_slug        text,
  created_at       timestamptz,
  updated_at       timestamptz,
  _raw             jsonb,
  _hash            bytea,
  _deleted_at      timestamptz,
  _deleted_by      text,
  _event_id        text COLLATE "C",
  _observed_at     timestamptz NOT NULL,
  _changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (_env, id)
);
COMMENT ON TABLE @schema@.invitations IS 'Invitations, of every state. Their tokens and URLs are secrets and are not stored.';
COMMENT ON COLUMN @schema@.invitations._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.invitations.id IS 'WorkOS id.';
COMMENT ON COLUMN @schema@.invitations.email IS 'Invited address.';
COMMENT ON COLUMN @schema@.invitations.state IS 'pending, accepted, expired, revoked, or a value added by WorkOS later; expires without an event.';
COMMENT ON COLUMN @schema@.invitations.accepted_at IS 'When it was accepted (UTC).';
COMMENT ON COLUMN @schema@.invitations.revoked_at IS 'When it was revoked (UTC).';
COMMENT ON COLUMN @schema@.invitations.expires_at IS 'When it expires (UTC).';
COMMENT ON COLUMN @schema@.invitations.organization_id IS 'Organization, or NULL for an invitation to the application.';
COMMENT ON COLUMN @schema@.invitations.inviter_user_id IS 'User who invited.';
COMMENT ON COLUMN @schema@.invitations.accepted_user_id IS 'User who accepted.';
COMMENT ON COLUMN @schema@.invitations.role_slug IS 'Role of the future membership; may change without an event.';
COMMENT ON COLUMN @schema@.invitations.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.invitations.updated_at IS 'Last versioned change at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.invitations._raw IS 'The object as received, without secrets and without objects that have rows of their own.';
COMMENT ON COLUMN @schema@.invitations._hash IS 'Hash of the content, for comparison without reading the row.';
COMMENT ON COLUMN @schema@.invitations._deleted_at IS 'Tombstone: when the object was deleted, or found to be gone, by the time of the API (UTC). NULL while it lives.';
COMMENT ON COLUMN @schema@.invitations._deleted_by IS 'What proved the deletion: event, sweep or cascade.';
COMMENT ON COLUMN @schema@.invitations._event_id IS 'Newest event applied to this row.';
COMMENT ON COLUMN @schema@.invitations._observed_at IS 'Time of the API at which the stored content was observed (UTC); not refreshed by an equal observation.';
COMMENT ON COLUMN @schema@.invitations._changed_at IS 'When this row was last written here, by the time of the database (UTC).';
-- Sweeps compare the range of created_at that a page covers.
CREATE INDEX invitations_by_creation ON @schema@.invitations (_env, created_at);
-- Few rows are dead; children ask for dead parents, the brake for recent deaths.
CREATE INDEX invitations_dead ON @schema@.invitations (_env, id) WHERE _deleted_at IS NOT NULL;
CREATE INDEX invitations_deaths ON @schema@.invitations (_env, _deleted_at) WHERE _deleted_at IS NOT NULL;
CREATE VIEW @schema@.invitations_live AS
  SELECT *
  FROM @schema@.invitations
  WHERE _deleted_at IS NULL;
COMMENT ON VIEW @schema@.invitations_live IS 'Rows of invitations that are not deleted.';
