"""A real PostgreSQL with the platform's schema, started once for all tests of the platform that need it."""

import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from apex.database import Database
from apex.settings import Database as DatabaseSettings
from support.stack.client import Stack, StackOptions

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    """Where the database is; it ends with the tests."""
    options = StackOptions(
        checkout=CHECKOUT,
        log_dir=tmp_path_factory.mktemp("logs"),
        only=frozenset({"postgres-primary", "postgres-replica"}),
    )
    with Stack.start(options, lambda line: None) as stack:
        written = tomllib.loads((stack.addresses.run_dir / "apex.toml").read_text())["database"]
        yield DatabaseSettings(url=SecretStr(written["url"]), owner_url=SecretStr(written["owner_url"]))


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
