CREATE TABLE registered_tools (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL,
    description text NOT NULL,
    permission text NOT NULL,
    parameters jsonb NOT NULL,
    partner text NOT NULL,
    path text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz
);
CREATE UNIQUE INDEX registered_tools_in_use ON registered_tools (name) WHERE withdrawn_at IS NULL;
CREATE INDEX registered_tools_name ON registered_tools (name, created_at);
ALTER TABLE registered_tools ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON registered_tools
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON registered_tools TO apex_app;

-- Operators' tools are there for the agents of all tenants. Of one name: the newest, withdrawn or not.
CREATE FUNCTION tool_of_name(wanted text)
RETURNS SETOF registered_tools
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT * FROM registered_tools WHERE name = wanted ORDER BY created_at DESC LIMIT 1
$$;

CREATE FUNCTION tools_in_use()
RETURNS SETOF registered_tools
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT * FROM registered_tools WHERE withdrawn_at IS NULL ORDER BY name
$$;
REVOKE EXECUTE ON FUNCTION tool_of_name(text), tools_in_use() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tool_of_name(text), tools_in_use() TO apex_app;
