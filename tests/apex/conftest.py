"""A real PostgreSQL with the platform's schema and a real Redis, started once for all tests of the platform."""

import tomllib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Row

from apex.settings import Database as DatabaseSettings
from apex.storage.database import Database
from apex.storage.runs import now
from apex.storage.tables import runs, tenants, threads, users
from support.stack.client import Stack, StackOptions

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL and Redis, for tests that leave nothing in the way of others; they end with the tests."""
    options = StackOptions(
        checkout=CHECKOUT,
        log_dir=tmp_path_factory.mktemp("logs"),
        only=frozenset({"postgres-primary", "postgres-replica", "redis"}),
    )
    with Stack.start(options, lambda line: None) as started:
        yield started


@pytest.fixture(scope="session")
def addresses(stack: Stack) -> dict[str, Any]:
    """The stores by name, each with its URLs as a service of the platform is given them."""
    return tomllib.loads((stack.addresses.run_dir / "apex" / "apex.toml").read_text())


@pytest.fixture(scope="session")
def settings(addresses: dict[str, Any]) -> DatabaseSettings:
    """Where the database is."""
    written = addresses["database"]
    return DatabaseSettings(url=SecretStr(written["url"]), owner_url=SecretStr(written["owner_url"]))


@pytest.fixture(scope="session")
def database(settings: DatabaseSettings) -> Database:
    """The database in the role that serves customers, migrated by several at once."""
    databases = [Database(settings, f"test-{number}") for number in range(3)]
    with ThreadPoolExecutor(3) as together:
        list(together.map(lambda each: each.migrate(), databases))
    return databases[0]


@pytest.fixture
def owner(settings: DatabaseSettings, database: Database) -> Iterator[psycopg.Connection]:
    """A connection of the schema's owner."""
    with psycopg.connect(settings.owner_url.get_secret_value()) as connection:
        yield connection


@pytest.fixture
def run(database: Database) -> Row[Any]:
    """A run in the hands of a worker."""
    tenant, user, thread = (str(uuid.uuid4()) for _ in range(3))
    with database.tenant(tenant) as connection:
        connection.execute(tenants.insert().values(id=tenant, name="Some", plan="mid"))
        person = {"email": f"{user}@x.example", "role": "owner", "password_hash": "none"}
        connection.execute(users.insert().values(id=user, tenant_id=tenant, **person))
        connection.execute(threads.insert().values(id=thread, tenant_id=tenant, user_id=user, title="Some"))
        values = {
            "agent_name": f"agent-{thread}",
            "status": "running",
            "worker": "worker",
            "input": {},
            "caller": {},
            "time_limit_seconds": 60,
            "traceparent": "00-1-2-01",
            "request_id": "request",
            "started_at": now(),
        }
        row = {"id": str(uuid.uuid4()), "tenant_id": tenant, "user_id": user, "thread_id": thread, **values}
        return connection.execute(runs.insert().values(row).returning(runs)).one()
