"""The schema on a real PostgreSQL: the migrations make what the code expects, and every table keeps tenants apart."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, make_url, select, text

from apex.storage.database import SCHEMA_REVISION, Database
from apex.storage.tables import metadata, tenants, threads, users
from support.scenario.waiting import eventually


def test_several_that_migrate_at_once_end_at_the_codes_revision(owner):
    assert owner.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA_REVISION,)]


def test_who_waits_for_anothers_migration_waits_longer_than_for_other_locks(settings, database, owner):
    hasty = Database(settings.model_copy(update={"lock_seconds": 0.1}), "hasty")
    waits = (
        "SELECT clock_timestamp() - query_start > interval '0.3 s' FROM pg_stat_activity WHERE application_name = %s"
    )

    def migrate():
        with hasty.as_owner() as connection:
            return connection.scalar(text("SELECT 1"))

    owner.autocommit = True
    with ThreadPoolExecutor(1) as together:
        with database.as_owner():
            late = together.submit(migrate)
            eventually(
                lambda: owner.execute(waits, ["hasty migration"]).fetchone(), lambda row: row == (True,), within=5
            )
        assert late.result(5) == 1


def test_the_migrations_make_the_tables_that_the_code_describes(settings, database):
    url = make_url(settings.owner_url.get_secret_value()).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_every_table_has_a_tenant_and_a_policy(owner):
    tables = {name for (name,) in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    tables.remove("alembic_version")
    assert tables == set(metadata.tables)
    kept_apart = """
        SELECT p.tablename FROM pg_policies p
        JOIN pg_class c ON c.relname = p.tablename
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relrowsecurity AND p.cmd = 'ALL' AND p.qual LIKE '%app.tenant_id%'
    """
    assert {name for (name,) in owner.execute(kept_apart)} == tables


def test_the_applications_role_sees_one_tenant_and_without_one_nothing(database):
    ours, theirs = str(uuid.uuid4()), str(uuid.uuid4())
    for tenant in (ours, theirs):
        with database.tenant(tenant) as connection:
            connection.execute(insert(tenants).values(id=tenant, name="Some", plan="free"))
    with database.tenant(ours) as connection:
        assert [row.id for row in connection.execute(select(tenants))] == [ours]
    with database.platform() as connection:
        assert connection.execute(select(tenants)).all() == []


def test_the_applications_role_cannot_write_for_another_tenant(database):
    ours, theirs = str(uuid.uuid4()), str(uuid.uuid4())
    for tenant in (ours, theirs):
        with database.tenant(tenant) as connection:
            connection.execute(insert(tenants).values(id=tenant, name="Some", plan="free"))
    row = {"id": str(uuid.uuid4()), "email": f"{ours}@x.example", "role": "owner", "password_hash": "none"}
    with pytest.raises(Exception, match="row-level security"), database.tenant(ours) as connection:
        connection.execute(insert(users).values(tenant_id=theirs, **row))
    with database.tenant(ours) as connection:  # the control
        connection.execute(insert(users).values(tenant_id=ours, **row))
        assert connection.execute(select(threads)).all() == []


def test_the_role_that_serves_customers_owns_nothing(database):
    with database.platform() as connection:
        owned = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"))
        privileged = connection.scalar(
            text("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        )
    assert (owned, privileged) == (0, False)


def test_a_start_restores_the_row_level_security_that_somebody_switched_off(database, owner):
    owner.execute("ALTER TABLE threads DISABLE ROW LEVEL SECURITY")
    owner.commit()
    database.migrate()
    assert owner.execute("SELECT relrowsecurity FROM pg_class WHERE relname = 'threads'").fetchone() == (True,)
