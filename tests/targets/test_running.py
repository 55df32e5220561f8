"""A platform that somebody else has started is judged by its address alone, and what it had before it still has."""

import collections
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from support.platform.driver import Anyone, NewAccount
from support.platform.target import FOLDER, Target
from support.scenario import agents
from support.settings import CHECKOUT
from support.stack.client import Stack, StackOptions
from support.surroundings import base_environment
from support.target_environment import python_of_target
from tests import tls_front
from tests.targets.customers import ended, run_of


@dataclass(frozen=True)
class Deployment:
    """What somebody else has started: the folder that describes it, its credentials, and its database to look into."""

    folder: Path
    credentials: dict[str, str]
    database: str

    def rows(self) -> set[str]:
        """Every row that it has stored; not what it is still to deliver, which it removes by itself."""
        with psycopg.connect(self.database) as connection:
            tables = connection.execute(
                "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'outbox'"
            ).fetchall()
            return {
                f"{table} {row}"
                for (table,) in tables
                for (row,) in connection.execute(f"select to_jsonb(t)::text from {table} t").fetchall()
            }


def describe(folder: Path, target: str, addresses: dict[str, str], **others: object) -> None:
    """The folder of a platform by its addresses; all else is as in the folder of the one that the suite starts."""
    known = Target.load(target)
    written = {
        "driver": f"{known.driver_class.__module__}:{known.driver_class.__name__}",
        "endpoints": "endpoints.toml",
        "capabilities": [each.name.lower() for each in known.capabilities],
        **others,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in written.items()]
    for table, entries in (("addresses", addresses), ("limits", known.limits)):
        lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in entries.items())]
    (folder / "target.toml").write_text("\n".join(lines))
    for file in ("endpoints.toml", "known.toml"):
        if (known.folder / file).exists():
            (folder / file).write_text((known.folder / file).read_text())


@pytest.fixture(scope="module")
def apex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Apex behind TLS of a private authority, each service below a path of its own."""
    folder = tmp_path_factory.mktemp("apex")
    with Stack.start(options(tmp_path_factory, "apex"), lambda line: None) as stack:
        services = {"auth": "auth_url", "api": "backend_url", "analytics": "analytics_url", "tools": "tools_url"}
        paths = {f"/eu/{name}": urlsplit(getattr(stack.addresses, url)).port or 0 for name, url in services.items()}
        with tls_front.serving(folder, paths) as front:
            addresses = {name: f"{front.url}/eu/{name}" for name in services}
            describe(folder, "apex", addresses, ca=front.ca.name, credentials=["operator_email", "operator_password"])
            account = NewAccount("Acme", "ada@acme.example", "a-password-that-is-long", "Ada", "mid", "owner")
            yield deployed(stack, folder, account)


@pytest.fixture(scope="module")
def aegra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Aegra at its own address."""
    if python_of_target(FOLDER / "aegra") is None:
        pytest.skip("Aegra has no environment here; bin/stack up -D target=aegra makes it")
    folder = tmp_path_factory.mktemp("aegra")
    with Stack.start(options(tmp_path_factory, "aegra"), lambda line: None) as stack:
        describe(folder, "aegra", {"api": stack.addresses.backend_direct_url}, credentials=["signing_key"])
        yield deployed(stack, folder, NewAccount("Acme", "ada@acme.example", "", "Ada", "mid", "owner"))


def options(folders: pytest.TempPathFactory, target: str) -> StackOptions:
    return StackOptions(checkout=CHECKOUT, log_dir=folders.mktemp("logs"), target=target)


def deployed(stack: Stack, folder: Path, account: NewAccount) -> Deployment:
    """A platform that has a customer already, with a conversation and a run."""
    known = stack.addresses
    platform = Target.load(stack.target).driver(known)
    platform.provide(Anyone(), account).require()
    session = platform.log_in(Anyone(), email=account.email, password=account.password).require()
    customer = Anyone(session.access_token)
    platform.create_thread(customer, "Costs").require()
    ended(platform, customer, run_of(platform, customer, agents.keeping({"marker": "mine"})))
    credentials = {
        name.upper(): getattr(known, name)
        for name in ("signing_key", "operator_email", "operator_password")
        if getattr(known, name)
    }
    return Deployment(folder, credentials, known.postgres_observer_url)


@pytest.mark.parametrize("name", ["apex", "aegra"])
def test_it_is_judged_and_keeps_what_it_had(name, request):
    deployment: Deployment = request.getfixturevalue(name)
    before = deployment.rows()
    line = [sys.executable, "-P", "-m", "support.cli.acceptance", "--known", "--stage", "smoke"]
    settings = [f"-Dtarget={deployment.folder}", f"-Dreports={deployment.folder / 'reports'}"]
    variables = {f"ACCEPTANCE_{name}": value for name, value in deployment.credentials.items()}
    environment = base_environment() | {"PYTHONPATH": str(CHECKOUT)} | variables
    done = subprocess.run(
        [*line, *settings], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((deployment.folder / "reports" / "results.json").read_text())
    verdicts = collections.Counter(each["verdict"] for each in results["scenarios"])
    assert verdicts["proven"] > verdicts["inconclusive"] == 0
    assert before - deployment.rows() == set()
