-- Work across tenants leaves a row here (append-only). See db::SystemTx.
CREATE TABLE system_access (
    id UUID NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- Row-level security: what a policy asks. Each is set per transaction; after COMMIT a setting is '' and not NULL.
CREATE FUNCTION app_tenant() RETURNS UUID LANGUAGE sql STABLE AS
$$ SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE FUNCTION app_user() RETURNS UUID LANGUAGE sql STABLE AS
$$ SELECT NULLIF(current_setting('app.user_id', true), '')::uuid $$;
CREATE FUNCTION app_system() RETURNS BOOLEAN LANGUAGE sql STABLE AS
$$ SELECT COALESCE(current_setting('app.system', true), '') = 'on' $$;

-- Protects a table of tenant data; every migration calls it for every such table.
CREATE FUNCTION protect_tenant_table(name REGCLASS) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %s USING (tenant_id = app_tenant() OR app_system()) WITH CHECK (tenant_id = app_tenant() OR app_system())', name);
END $$;

-- Makes a table append-only; every migration with such a table calls it.
CREATE FUNCTION forbid_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE FUNCTION protect_append_only(name REGCLASS) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION forbid_change()', name);
END $$;
SELECT protect_append_only('system_access');
