ALTER TABLE runs ADD COLUMN cancel_requested_by uuid;

DROP FUNCTION runs_of_all_tenants(text, uuid, integer);

-- The newest runs, or those behind a row of the page before, which is given by its time and its id.
CREATE FUNCTION runs_of_all_tenants(
    wanted_status text, wanted_tenant uuid, behind_time timestamptz, behind_id uuid, size integer
)
RETURNS SETOF runs
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT * FROM runs
    WHERE (wanted_status IS NULL OR status = wanted_status) AND (wanted_tenant IS NULL OR tenant_id = wanted_tenant)
      AND (behind_time IS NULL OR (created_at, id) < (behind_time, behind_id))
    ORDER BY created_at DESC, id DESC LIMIT size
$$;
REVOKE EXECUTE ON FUNCTION runs_of_all_tenants(text, uuid, timestamptz, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION runs_of_all_tenants(text, uuid, timestamptz, uuid, integer) TO apex_app;
