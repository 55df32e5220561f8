CREATE TABLE allowances (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
    monthly_amount numeric(14, 2) NOT NULL CHECK (monthly_amount > 0),
    month date NOT NULL,
    spent numeric(14, 2) NOT NULL DEFAULT 0 CHECK (spent >= 0),
    version bigint NOT NULL DEFAULT 1
);

CREATE TABLE allowance_shares (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    month date NOT NULL,
    spent numeric(14, 2) NOT NULL CHECK (spent >= 0)
);
CREATE INDEX allowance_shares_tenant ON allowance_shares (tenant_id);

CREATE TABLE expenses (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    purpose text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX expenses_user ON expenses (user_id, created_at, id);

CREATE TABLE budgets (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    team text NOT NULL,
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX budgets_tenant ON budgets (tenant_id, created_at, id);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['allowances', 'allowance_shares', 'expenses', 'budgets'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
            name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO apex_app', name);
    END LOOP;
END $$;
