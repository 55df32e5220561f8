"""Property-based: everything that schemathesis knows to ask of what is published, by its own rules.

Each service is asked in all phases (examples, edge cases of each schema, generated requests, sequences of requests that
use what earlier ones have answered), and each answer is held against all checks: also whether what fits the schema is
accepted, and what does not is refused. ``schemathesis.toml`` beside this says what is left out, and why.
"""

import json
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from apex.config.layers import Files, load
from apex.http.identity import Identity, service_token
from support.api import endpoints
from support.scenario.users import Plan, User
from support.scenario.world import World
from support.settings import CHECKOUT

SERVICES = ("auth", "backend", "tools", "analytics")
CONFIG = CHECKOUT / "tests" / "published" / "schemathesis.toml"


def token(world: World, service: str, path: str) -> str:
    """Who asks: the owner of an organisation, the operator what is for operators, a service what is for services."""
    owner = asking(world)
    if service == "tools" or path == "/v1/records":
        subject = Identity(owner.id, owner.tenant.id or "", "none", owner.role, "enterprise", 0).as_caller()
        settings = load(Files(Path(world.addresses.configuration_file))).settings
        return service_token(settings, "worker", f"apex-{service}", subject, 60)
    return str((world.users.operator if path.startswith("/v1/operations") else owner).access_token)


def asking(world: World) -> User:
    """An owner whom the other tests of this folder leave alone."""
    return world.users.settle(world.users["Borealis"], Plan.ENTERPRISE)


def loaded(world: World, service: str) -> Any:
    """What the service publishes, to be asked by its callers."""
    config = SchemathesisConfig.from_path(CONFIG)
    text = (CHECKOUT / "apex" / "contract" / f"openapi-{service}.json").read_text(encoding="utf-8")
    schema = schemathesis.openapi.from_dict(json.loads(text), config=config)
    schema.config.update(base_url=world.platform.services[service])

    @schema.auth(refresh_interval=None)
    class Token:
        def get(self, case, context):
            return token(world, service, case.operation.path)

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}

    @schema.hook
    def after_call(context, case, response):
        if case.operation.path == "/v1/logout" and response.status_code == 204:
            world.users.log_in(asking(world))
        if case.operation.path == "/v1/plan" and case.method == "PUT" and response.status_code == 200:
            world.platform.change_plan(asking(world), Plan.ENTERPRISE.wire).require()

    return schema


@dataclass
class Asked:
    """In which phases each operation was asked, and everything that was not as published."""

    phases: dict[str, set[str]] = field(default_factory=dict)
    failures: dict[tuple[str | None, str], str] = field(default_factory=dict)

    def take(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.failures[None, str(event.id)] = str(event.value if isinstance(event, events.NonFatalError) else event)
        elif isinstance(event, events.ScenarioFinished):
            for case in event.recorder.cases.values():
                self.phases.setdefault(case.value.operation.label, set()).add(event.phase.name)
            for check in chain.from_iterable(event.recorder.checks.values()):
                if check.failure_info is not None:
                    failure, request = check.failure_info.failure, check.failure_info.code_sample
                    told = f"{failure.operation}: {failure.title}: {failure.message}\n{request}"
                    self.failures.setdefault((failure.operation, check.name), told)


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_published_holds_in_every_phase(world, service):
    schema, asked = loaded(world, service), Asked()
    for event in engine.from_schema(schema).execute():
        asked.take(event)
    endpoints.log_in_again(world, asking(world))
    assert not asked.failures, "\n\n".join(asked.failures.values())
    assert set(asked.phases) == {result.ok().label for result in schema.get_all_operations()}
    assert {"COVERAGE", "FUZZING"} <= set.union(*asked.phases.values())
    followed = {label for label, phases in asked.phases.items() if "{" in label and "STATEFUL_TESTING" in phases}
    assert service != "backend" or followed, "no request used what an earlier one had answered"
