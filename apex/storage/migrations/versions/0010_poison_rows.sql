ALTER TABLE outbox
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN next_attempt_at timestamptz,
    ADD COLUMN set_aside_at timestamptz,
    ADD COLUMN reason text;

CREATE OR REPLACE FUNCTION outbox_batch(wanted text, size integer)
RETURNS SETOF outbox
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT * FROM outbox
    WHERE topic = wanted AND set_aside_at IS NULL
      AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp())
    ORDER BY id LIMIT size FOR UPDATE SKIP LOCKED
$$;

CREATE FUNCTION outbox_failed(failed bigint, why text, pause_seconds double precision, is_last boolean)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE outbox
    SET attempts = attempts + 1, reason = why,
        next_attempt_at = clock_timestamp() + make_interval(secs => pause_seconds),
        set_aside_at = CASE WHEN is_last THEN clock_timestamp() END
    WHERE id = failed
$$;

CREATE FUNCTION outbox_set_aside(size integer)
RETURNS TABLE (id bigint, tenant_id uuid, topic text, attempts integer, reason text, set_aside_at timestamptz)
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT id, tenant_id, topic, attempts, reason, set_aside_at FROM outbox
    WHERE set_aside_at IS NOT NULL ORDER BY id LIMIT size
$$;

CREATE FUNCTION outbox_again()
RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    WITH again AS (
        UPDATE outbox SET attempts = 0, next_attempt_at = NULL, set_aside_at = NULL
        WHERE set_aside_at IS NOT NULL RETURNING id
    ) SELECT count(*) FROM again
$$;

REVOKE EXECUTE ON FUNCTION outbox_failed(bigint, text, double precision, boolean) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION outbox_set_aside(integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION outbox_again() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_failed(bigint, text, double precision, boolean) TO apex_app;
GRANT EXECUTE ON FUNCTION outbox_set_aside(integer) TO apex_app;
GRANT EXECUTE ON FUNCTION outbox_again() TO apex_app;
