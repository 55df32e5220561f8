CREATE TABLE spent_refresh_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    refresh_hash text NOT NULL UNIQUE,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    spent_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX spent_refresh_tokens_session ON spent_refresh_tokens (session_id);
ALTER TABLE spent_refresh_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON spent_refresh_tokens
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON spent_refresh_tokens TO apex_app;

CREATE FUNCTION spent_session_of(refresh text)
RETURNS TABLE (session_id uuid, tenant_id uuid)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT s.session_id, s.tenant_id FROM spent_refresh_tokens s WHERE s.refresh_hash = refresh
$$;
REVOKE EXECUTE ON FUNCTION spent_session_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION spent_session_of(text) TO apex_app;
