-- Ready answers over the live rows. A view where nothing has to be said, a function with a default where a number
-- decides. tests/bench/RESULTS.md, "Reports", says what each takes on a large directory, and why there are no more
-- indexes than these.

-- Counts members without reading their rows. PostgreSQL keeps equal keys once, so it takes 14 bytes a row.
CREATE INDEX organization_memberships_active ON @schema@.organization_memberships
  (_env, organization_id, role_slug, directory_managed) WHERE status = 'active' AND _deleted_at IS NULL;
-- Few invitations wait for an answer.
CREATE INDEX invitations_unanswered ON @schema@.invitations (_env, expires_at)
  WHERE state IN ('pending', 'expired') AND _deleted_at IS NULL;
-- Few addresses are unverified.
CREATE INDEX users_unverified ON @schema@.users (_env, created_at) WHERE email_verified IS NOT TRUE AND _deleted_at IS NULL;

CREATE VIEW @schema@.active_members_by_role AS
  SELECT counted._env, counted.organization_id, organization.name AS organization_name, counted.role_slug,
         counted.members
  FROM (
    SELECT _env, organization_id, role_slug, count(*) AS members
    FROM @schema@.organization_memberships
    WHERE status = 'active' AND _deleted_at IS NULL
    GROUP BY _env, organization_id, role_slug
  ) AS counted
  LEFT JOIN @schema@.organizations_live AS organization
    ON organization._env = counted._env AND organization.id = counted.organization_id;
COMMENT ON VIEW @schema@.active_members_by_role IS 'Report: active members per organization and role.';
COMMENT ON COLUMN @schema@.active_members_by_role._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.active_members_by_role.organization_id IS 'Organization.';
COMMENT ON COLUMN @schema@.active_members_by_role.organization_name IS 'Its name; NULL if the mirror has no such organization.';
COMMENT ON COLUMN @schema@.active_members_by_role.role_slug IS 'Primary role.';
COMMENT ON COLUMN @schema@.active_members_by_role.members IS 'Active memberships with this role.';

CREATE VIEW @schema@.organizations_by_size AS
  SELECT organization._env, organization.id AS organization_id, organization.name AS organization_name,
         coalesce(counted.members, 0) AS active_members, organization.created_at
  FROM @schema@.organizations_live AS organization
  LEFT JOIN (
    SELECT _env, organization_id, count(*) AS members
    FROM @schema@.organization_memberships
    WHERE status = 'active' AND _deleted_at IS NULL
    GROUP BY _env, organization_id
  ) AS counted ON counted._env = organization._env AND counted.organization_id = organization.id;
COMMENT ON VIEW @schema@.organizations_by_size IS 'Report: every organization with its number of active members, also those without any. Order by active_members.';
COMMENT ON COLUMN @schema@.organizations_by_size._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.organizations_by_size.organization_id IS 'Organization.';
COMMENT ON COLUMN @schema@.organizations_by_size.organization_name IS 'Its name.';
COMMENT ON COLUMN @schema@.organizations_by_size.active_members IS 'Active memberships.';
COMMENT ON COLUMN @schema@.organizations_by_size.created_at IS 'Creation of the organization at WorkOS (UTC).';

CREATE VIEW @schema@.directory_managed_share AS
  SELECT counted._env, counted.organization_id, organization.name AS organization_name, counted.members AS active_members,
         counted.managed AS directory_managed, round(100.0 * counted.managed / counted.members, 1) AS percent
  FROM (
    SELECT _env, organization_id, count(*) AS members, count(*) FILTER (WHERE directory_managed) AS managed
    FROM @schema@.organization_memberships
    WHERE status = 'active' AND _deleted_at IS NULL
    GROUP BY _env, organization_id
  ) AS counted
  LEFT JOIN @schema@.organizations_live AS organization
    ON organization._env = counted._env AND organization.id = counted.organization_id;
COMMENT ON VIEW @schema@.directory_managed_share IS 'Report: how many of an organization''s active memberships a directory sync provider manages.';
COMMENT ON COLUMN @schema@.directory_managed_share._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.directory_managed_share.organization_id IS 'Organization.';
COMMENT ON COLUMN @schema@.directory_managed_share.organization_name IS 'Its name; NULL if the mirror has no such organization.';
COMMENT ON COLUMN @schema@.directory_managed_share.active_members IS 'Active memberships.';
COMMENT ON COLUMN @schema@.directory_managed_share.directory_managed IS 'Those that a directory sync provider manages.';
COMMENT ON COLUMN @schema@.directory_managed_share.percent IS 'Their share in percent.';

CREATE VIEW @schema@.users_without_organization AS
  SELECT member._env, member.id AS user_id, member.email,
         coalesce(member.name, nullif(concat_ws(' ', member.first_name, member.last_name), '')) AS name,
         member.created_at, member.last_sign_in_at
  FROM @schema@.users_live AS member
  WHERE NOT EXISTS (
    SELECT FROM @schema@.organization_memberships AS membership
    WHERE membership._env = member._env AND membership.user_id = member.id AND membership._deleted_at IS NULL
  );
COMMENT ON VIEW @schema@.users_without_organization IS 'Report: users without a membership of any status.';
COMMENT ON COLUMN @schema@.users_without_organization._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.users_without_organization.user_id IS 'User.';
COMMENT ON COLUMN @schema@.users_without_organization.email IS 'Email address.';
COMMENT ON COLUMN @schema@.users_without_organization.name IS 'Full name, or given and family name.';
COMMENT ON COLUMN @schema@.users_without_organization.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.users_without_organization.last_sign_in_at IS 'Last sign-in (UTC), as of the last sweep of the users; NULL: never.';

CREATE VIEW @schema@.unverified_emails AS
  SELECT _env, id AS user_id, email, coalesce(name, nullif(concat_ws(' ', first_name, last_name), '')) AS name,
         created_at, last_sign_in_at
  FROM @schema@.users
  WHERE email_verified IS NOT TRUE AND _deleted_at IS NULL;
COMMENT ON VIEW @schema@.unverified_emails IS 'Report: users whose address was not verified, or of whom WorkOS did not say.';
COMMENT ON COLUMN @schema@.unverified_emails._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.unverified_emails.user_id IS 'User.';
COMMENT ON COLUMN @schema@.unverified_emails.email IS 'Email address.';
COMMENT ON COLUMN @schema@.unverified_emails.name IS 'Full name, or given and family name.';
COMMENT ON COLUMN @schema@.unverified_emails.created_at IS 'Creation at WorkOS (UTC).';
COMMENT ON COLUMN @schema@.unverified_emails.last_sign_in_at IS 'Last sign-in (UTC), as of the last sweep of the users; NULL: never.';

-- No index: sign-ins change last_sign_in_at all day, and an update of an indexed column rewrites every index of its row.
CREATE FUNCTION @schema@.dormant_users(days integer DEFAULT 90)
RETURNS TABLE (_env text, user_id text, email text, name text, created_at timestamptz, last_sign_in_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT member._env, member.id, member.email,
         coalesce(member.name, nullif(concat_ws(' ', member.first_name, member.last_name), '')),
         member.created_at, member.last_sign_in_at
  FROM @schema@.users AS member
  WHERE member._deleted_at IS NULL
    AND coalesce(member.last_sign_in_at, member.created_at) < now() - make_interval(days => dormant_users.days)
$$;
COMMENT ON FUNCTION @schema@.dormant_users(integer) IS 'Report: users who did not sign in for so many days (90), or never and are older than that. Sign-ins come with the sweeps of the users.';

CREATE VIEW @schema@.pending_invitations AS
  SELECT invitation._env, invitation.id AS invitation_id, invitation.email, invitation.organization_id,
         organization.name AS organization_name, invitation.role_slug, invitation.inviter_user_id,
         invitation.created_at, invitation.expires_at
  FROM @schema@.invitations AS invitation
  LEFT JOIN @schema@.organizations_live AS organization
    ON organization._env = invitation._env AND organization.id = invitation.organization_id
  WHERE invitation.state = 'pending' AND invitation._deleted_at IS NULL
    AND (invitation.expires_at > now() OR invitation.expires_at IS NULL);
COMMENT ON VIEW @schema@.pending_invitations IS 'Report: invitations that can still be accepted. No event tells of an expiry: expires_at decides.';
COMMENT ON COLUMN @schema@.pending_invitations._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.pending_invitations.invitation_id IS 'Invitation.';
COMMENT ON COLUMN @schema@.pending_invitations.email IS 'Invited address.';
COMMENT ON COLUMN @schema@.pending_invitations.organization_id IS 'Organization; NULL for an invitation to the application.';
COMMENT ON COLUMN @schema@.pending_invitations.organization_name IS 'Its name; NULL if the mirror has no such organization.';
COMMENT ON COLUMN @schema@.pending_invitations.role_slug IS 'Role of the future membership.';
COMMENT ON COLUMN @schema@.pending_invitations.inviter_user_id IS 'User who invited.';
COMMENT ON COLUMN @schema@.pending_invitations.created_at IS 'When it was sent (UTC).';
COMMENT ON COLUMN @schema@.pending_invitations.expires_at IS 'When it expires (UTC).';

CREATE FUNCTION @schema@.expiring_invitations(days integer DEFAULT 7)
RETURNS TABLE (_env text, invitation_id text, email text, organization_id text, organization_name text, role_slug text,
               inviter_user_id text, created_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT pending._env, pending.invitation_id, pending.email, pending.organization_id, pending.organization_name,
         pending.role_slug, pending.inviter_user_id, pending.created_at, pending.expires_at
  FROM @schema@.pending_invitations AS pending
  WHERE pending.expires_at > now() AND pending.expires_at <= now() + make_interval(days => expiring_invitations.days)
$$;
COMMENT ON FUNCTION @schema@.expiring_invitations(integer) IS 'Report: pending invitations that expire within so many days (7).';

CREATE VIEW @schema@.expired_invitations AS
  SELECT invitation._env, invitation.id AS invitation_id, invitation.email, invitation.organization_id,
         organization.name AS organization_name, invitation.role_slug, invitation.inviter_user_id,
         invitation.created_at, invitation.expires_at
  FROM @schema@.invitations AS invitation
  LEFT JOIN @schema@.organizations_live AS organization
    ON organization._env = invitation._env AND organization.id = invitation.organization_id
  WHERE invitation.state IN ('pending', 'expired') AND invitation._deleted_at IS NULL
    AND (invitation.state = 'expired' OR invitation.expires_at <= now());
COMMENT ON VIEW @schema@.expired_invitations IS 'Report: invitations that expired and were never accepted, also those that WorkOS still called pending when it last told of them.';
COMMENT ON COLUMN @schema@.expired_invitations._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.expired_invitations.invitation_id IS 'Invitation.';
COMMENT ON COLUMN @schema@.expired_invitations.email IS 'Invited address.';
COMMENT ON COLUMN @schema@.expired_invitations.organization_id IS 'Organization; NULL for an invitation to the application.';
COMMENT ON COLUMN @schema@.expired_invitations.organization_name IS 'Its name; NULL if the mirror has no such organization.';
COMMENT ON COLUMN @schema@.expired_invitations.role_slug IS 'Role that the membership would have had.';
COMMENT ON COLUMN @schema@.expired_invitations.inviter_user_id IS 'User who invited.';
COMMENT ON COLUMN @schema@.expired_invitations.created_at IS 'When it was sent (UTC).';
COMMENT ON COLUMN @schema@.expired_invitations.expires_at IS 'When it expired (UTC).';

-- Users are counted by the index over created_at, without reading a row, and the dead, which are few, are taken off.
-- Each day is a range of that index, so a condition on the day reads no other.
CREATE VIEW @schema@.growth_per_day AS
  SELECT environment._env, each.beginning::date AS day, users.created - coalesce(dead.created, 0) AS new_users,
         organizations.created AS new_organizations
  FROM @schema@.lease AS environment
  CROSS JOIN LATERAL (
    SELECT least((SELECT min(created_at) FROM @schema@.users WHERE _env = environment._env),
                 (SELECT min(created_at) FROM @schema@.organizations WHERE _env = environment._env)) AS created_at
  ) AS first
  CROSS JOIN LATERAL generate_series(date_trunc('day', first.created_at AT TIME ZONE 'UTC'),
                                     clock_timestamp() AT TIME ZONE 'UTC', interval '1 day') AS each (beginning)
  CROSS JOIN LATERAL (
    SELECT count(*) AS created
    FROM @schema@.users
    WHERE _env = environment._env AND created_at >= each.beginning AT TIME ZONE 'UTC'
      AND created_at < (each.beginning + interval '1 day') AT TIME ZONE 'UTC'
  ) AS users
  LEFT JOIN (
    SELECT _env, date_trunc('day', created_at AT TIME ZONE 'UTC') AS beginning, count(*) AS created
    FROM @schema@.users
    WHERE _deleted_at IS NOT NULL
    GROUP BY 1, 2
  ) AS dead ON dead._env = environment._env AND dead.beginning = each.beginning
  CROSS JOIN LATERAL (
    SELECT count(*) AS created
    FROM @schema@.organizations
    WHERE _env = environment._env AND created_at >= each.beginning AT TIME ZONE 'UTC'
      AND created_at < (each.beginning + interval '1 day') AT TIME ZONE 'UTC' AND _deleted_at IS NULL
  ) AS organizations
  WHERE users.created > coalesce(dead.created, 0) OR organizations.created > 0;
COMMENT ON VIEW @schema@.growth_per_day IS 'Report: users and organizations by the day of their creation, of those that live now; a day without any is left out. Fast for a range of days.';
COMMENT ON COLUMN @schema@.growth_per_day._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.growth_per_day.day IS 'Day, in UTC.';
COMMENT ON COLUMN @schema@.growth_per_day.new_users IS 'Users created on it.';
COMMENT ON COLUMN @schema@.growth_per_day.new_organizations IS 'Organizations created on it.';

CREATE VIEW @schema@.growth_per_month AS
  SELECT environment._env, each.beginning::date AS month, users.created - coalesce(dead.created, 0) AS new_users,
         organizations.created AS new_organizations
  FROM @schema@.lease AS environment
  CROSS JOIN LATERAL (
    SELECT least((SELECT min(created_at) FROM @schema@.users WHERE _env = environment._env),
                 (SELECT min(created_at) FROM @schema@.organizations WHERE _env = environment._env)) AS created_at
  ) AS first
  CROSS JOIN LATERAL generate_series(date_trunc('month', first.created_at AT TIME ZONE 'UTC'),
                                     clock_timestamp() AT TIME ZONE 'UTC', interval '1 month') AS each (beginning)
  CROSS JOIN LATERAL (
    SELECT count(*) AS created
    FROM @schema@.users
    WHERE _env = environment._env AND created_at >= each.beginning AT TIME ZONE 'UTC'
      AND created_at < (each.beginning + interval '1 month') AT TIME ZONE 'UTC'
  ) AS users
  LEFT JOIN (
    SELECT _env, date_trunc('month', created_at AT TIME ZONE 'UTC') AS beginning, count(*) AS created
    FROM @schema@.users
    WHERE _deleted_at IS NOT NULL
    GROUP BY 1, 2
  ) AS dead ON dead._env = environment._env AND dead.beginning = each.beginning
  CROSS JOIN LATERAL (
    SELECT count(*) AS created
    FROM @schema@.organizations
    WHERE _env = environment._env AND created_at >= each.beginning AT TIME ZONE 'UTC'
      AND created_at < (each.beginning + interval '1 month') AT TIME ZONE 'UTC' AND _deleted_at IS NULL
  ) AS organizations
  WHERE users.created > coalesce(dead.created, 0) OR organizations.created > 0;
COMMENT ON VIEW @schema@.growth_per_month IS 'Report: users and organizations by the month of their creation, of those that live now; a month without any is left out. Fast for a range of months.';
COMMENT ON COLUMN @schema@.growth_per_month._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.growth_per_month.month IS 'First day of the month, in UTC.';
COMMENT ON COLUMN @schema@.growth_per_month.new_users IS 'Users created in it.';
COMMENT ON COLUMN @schema@.growth_per_month.new_organizations IS 'Organizations created in it.';

CREATE VIEW @schema@.domains_by_state AS
  SELECT _env, state, count(*) AS domains, count(DISTINCT organization_id) AS organizations
  FROM @schema@.organization_domains
  WHERE _deleted_at IS NULL
  GROUP BY _env, state;
COMMENT ON VIEW @schema@.domains_by_state IS 'Report: domains of organizations by the state of their verification.';
COMMENT ON COLUMN @schema@.domains_by_state._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.domains_by_state.state IS 'failed, legacy_verified, pending, unverified, verified, or a value added by WorkOS later.';
COMMENT ON COLUMN @schema@.domains_by_state.domains IS 'Domains in this state.';
COMMENT ON COLUMN @schema@.domains_by_state.organizations IS 'Organizations that have such a domain.';

CREATE VIEW @schema@.duplicate_emails AS
  SELECT _env, lower(email) AS email, count(*) AS users, array_agg(id ORDER BY created_at, id) AS user_ids
  FROM @schema@.users
  WHERE email IS NOT NULL AND _deleted_at IS NULL
  GROUP BY _env, lower(email)
  HAVING count(*) > 1;
COMMENT ON VIEW @schema@.duplicate_emails IS 'Report: addresses that several users have, compared without case. Nothing forbids them here.';
COMMENT ON COLUMN @schema@.duplicate_emails._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.duplicate_emails.email IS 'Address in lower case.';
COMMENT ON COLUMN @schema@.duplicate_emails.users IS 'Users that have it.';
COMMENT ON COLUMN @schema@.duplicate_emails.user_ids IS 'These users, the oldest first.';

CREATE VIEW @schema@.duplicate_external_ids AS
  SELECT _env, 'users' AS table_name, external_id, count(*) AS objects, array_agg(id ORDER BY created_at, id) AS ids
  FROM @schema@.users
  WHERE external_id IS NOT NULL AND _deleted_at IS NULL
  GROUP BY _env, external_id
  HAVING count(*) > 1
  UNION ALL
  SELECT _env, 'organizations', external_id, count(*), array_agg(id ORDER BY created_at, id)
  FROM @schema@.organizations
  WHERE external_id IS NOT NULL AND _deleted_at IS NULL
  GROUP BY _env, external_id
  HAVING count(*) > 1;
COMMENT ON VIEW @schema@.duplicate_external_ids IS 'Report: ids of your own system that several users, or several organizations, have. Nothing forbids them here.';
COMMENT ON COLUMN @schema@.duplicate_external_ids._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.duplicate_external_ids.table_name IS 'users or organizations.';
COMMENT ON COLUMN @schema@.duplicate_external_ids.external_id IS 'The id in your own system.';
COMMENT ON COLUMN @schema@.duplicate_external_ids.objects IS 'Objects that have it.';
COMMENT ON COLUMN @schema@.duplicate_external_ids.ids IS 'These objects, the oldest first.';

CREATE VIEW @schema@.orphaned_memberships AS
  SELECT membership._env, membership.id AS membership_id, membership.user_id, membership.organization_id,
         CASE WHEN member.id IS NULL THEN 'missing' WHEN member._deleted_at IS NULL THEN 'live' ELSE 'deleted' END
           AS user_state,
         CASE WHEN organization.id IS NULL THEN 'missing' WHEN organization._deleted_at IS NULL THEN 'live'
              ELSE 'deleted' END AS organization_state
  FROM @schema@.organization_memberships AS membership
  LEFT JOIN @schema@.users AS member ON member._env = membership._env AND member.id = membership.user_id
  LEFT JOIN @schema@.organizations AS organization
    ON organization._env = membership._env AND organization.id = membership.organization_id
  WHERE membership._deleted_at IS NULL
    AND (member.id IS NULL OR member._deleted_at IS NOT NULL
         OR organization.id IS NULL OR organization._deleted_at IS NOT NULL);
COMMENT ON VIEW @schema@.orphaned_memberships IS 'Report: memberships whose user or organization is missing in the mirror or deleted.';
COMMENT ON COLUMN @schema@.orphaned_memberships._env IS 'Name of the WorkOS environment.';
COMMENT ON COLUMN @schema@.orphaned_memberships.membership_id IS 'Membership.';
COMMENT ON COLUMN @schema@.orphaned_memberships.user_id IS 'Member.';
COMMENT ON COLUMN @schema@.orphaned_memberships.organization_id IS 'Organization.';
COMMENT ON COLUMN @schema@.orphaned_memberships.user_state IS 'live, deleted or missing.';
COMMENT ON COLUMN @schema@.orphaned_memberships.organization_state IS 'live, deleted or missing.';
