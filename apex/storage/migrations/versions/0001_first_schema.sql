CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    tenant_id uuid GENERATED ALWAYS AS (id) STORED UNIQUE,
    name text NOT NULL,
    plan text NOT NULL CHECK (plan IN ('free', 'early', 'mid', 'enterprise', 'platform')),
    cloud_account jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    email text NOT NULL,
    display_name text,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer', 'operator')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX users_tenant ON users (tenant_id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    refresh_hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    end_reason text
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    token_hash text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE threads (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    title text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX threads_user ON threads (user_id, created_at, id);

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    thread_id uuid NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    content text NOT NULL,
    data jsonb,
    run_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX messages_thread ON messages (thread_id, created_at, id);

CREATE TABLE runs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    thread_id uuid NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    agent_name text NOT NULL,
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'timed_out', 'cancelled')),
    input jsonb NOT NULL,
    time_limit_seconds double precision NOT NULL,
    caller jsonb NOT NULL,
    traceparent text NOT NULL,
    request_id text NOT NULL,
    answer jsonb,
    partial boolean NOT NULL DEFAULT false,
    error jsonb,
    steps jsonb NOT NULL DEFAULT '[]',
    usage jsonb,
    worker text,
    lease_expires_at timestamptz,
    cancel_requested_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX runs_user ON runs (user_id, created_at, id);
CREATE INDEX runs_thread ON runs (thread_id, created_at);
CREATE INDEX runs_queue ON runs (created_at) WHERE status = 'queued';
CREATE INDEX runs_leases ON runs (lease_expires_at) WHERE status = 'running';

CREATE TABLE usage_records (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    service text NOT NULL,
    day date NOT NULL,
    quantity numeric NOT NULL,
    cost numeric NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX usage_records_tenant ON usage_records (tenant_id, day);

CREATE TABLE tool_calls (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    run_id uuid NOT NULL,
    user_id uuid NOT NULL,
    tool_name text NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')),
    instance text NOT NULL,
    trace_id text NOT NULL,
    started_at timestamptz NOT NULL,
    duration_seconds double precision
);
CREATE INDEX tool_calls_run ON tool_calls (run_id);

CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    topic text NOT NULL CHECK (topic IN ('events', 'analytics')),
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_topic ON outbox (topic, id);

CREATE TABLE notices (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    title text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One policy for every table: the rows of the transaction's tenant; none where no tenant is set.
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
            name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO apex_app', name);
    END LOOP;
END $$;
-- A row being inserted has its generated columns only after the policy ran, so tenants is bound by its key.
DROP POLICY tenant ON tenants;
CREATE POLICY tenant ON tenants USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO apex_app;
-- Every service compares the schema with its own code before it serves.
GRANT SELECT ON alembic_version TO apex_app;

-- What looks across tenants: owned by the owner of the tables, so not bound by the policies.

CREATE FUNCTION login_of(address text)
RETURNS TABLE (user_id uuid, tenant_id uuid, role text, plan text, password_hash text)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT u.id, u.tenant_id, u.role, t.plan, u.password_hash
    FROM users u JOIN tenants t ON t.id = u.tenant_id
    WHERE lower(u.email) = lower(address) AND u.removed_at IS NULL
$$;

CREATE FUNCTION session_of(refresh text)
RETURNS TABLE (session_id uuid, tenant_id uuid)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT s.id, s.tenant_id FROM sessions s WHERE s.refresh_hash = refresh
$$;

CREATE FUNCTION invitation_of(token text)
RETURNS TABLE (invitation_id uuid, tenant_id uuid)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT i.id, i.tenant_id FROM invitations i WHERE i.token_hash = token
$$;

CREATE FUNCTION lease_run(worker_name text, lease interval)
RETURNS SETOF runs
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE runs SET status = 'running', worker = worker_name, started_at = clock_timestamp(),
                    lease_expires_at = clock_timestamp() + lease
    WHERE id = (SELECT id FROM runs WHERE status = 'queued' ORDER BY created_at
                FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING *
$$;

-- Renews what this worker holds, keeps the progress it reports ({run id: steps}), names the runs to be cancelled.
CREATE FUNCTION renew_leases(worker_name text, lease interval, progress jsonb)
RETURNS TABLE (run_id uuid, cancel boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE runs SET lease_expires_at = clock_timestamp() + lease, steps = progress -> id::text
    WHERE worker = worker_name AND status = 'running' AND progress ? id::text
    RETURNING id, cancel_requested_at IS NOT NULL
$$;

CREATE FUNCTION lost_runs()
RETURNS SETOF runs
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT * FROM runs WHERE status = 'running' AND lease_expires_at < clock_timestamp()
$$;

CREATE FUNCTION outbox_batch(wanted text, size integer)
RETURNS SETOF outbox
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT * FROM outbox WHERE topic = wanted ORDER BY id LIMIT size FOR UPDATE SKIP LOCKED
$$;

CREATE FUNCTION outbox_delivered(ids bigint[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    DELETE FROM outbox WHERE id = ANY (ids)
$$;

CREATE FUNCTION runs_of_all_tenants(wanted_status text, wanted_tenant uuid, size integer)
RETURNS SETOF runs
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT * FROM runs
    WHERE (wanted_status IS NULL OR status = wanted_status) AND (wanted_tenant IS NULL OR tenant_id = wanted_tenant)
    ORDER BY created_at DESC LIMIT size
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO apex_app;
