"""The tools that agents can use, who may use which, and what operators add and withdraw."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

import httpx
import structlog
from fastapi import APIRouter
from jsonschema import Draft202012Validator, SchemaError
from pydantic import Field, field_validator
from redis.exceptions import RedisError
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from apex.backend.models import Answer, Moment
from apex.http.identity import Caller, Identity, acting_as, as_of_now, service_token
from apex.http.problems import Problem, not_found, unavailable
from apex.http.routing import Repeating
from apex.http.values import STORABLE, JsonObject, Pattern, Request
from apex.runtime.discovery import Registry
from apex.runtime.paths import Named
from apex.runtime.telemetry import traceparent
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.runs import now
from apex.storage.tables import registered_tools
from apex.tools.permissions import GRANTS

log = structlog.get_logger()

Name = Annotated[
    str,
    Field(max_length=64),
    Pattern("[a-z][a-z0-9_]{2,63}", "Should be 3 to 64 of a-z, 0-9 and _, a letter first"),
]
_TOKEN_SECONDS = 30.0


class Tool(Answer):
    """A tool. ``parameters`` is their JSON Schema; ``plans`` and ``roles`` have the ``permission`` that it needs.

    ``allowed``: whether the caller has it.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    permission: str
    plans: list[str]
    roles: list[str]
    allowed: bool


class Tools(Answer):
    """The tools that agents can use."""

    items: list[Tool]


class NewTool(Request):
    """A tool to add: a path at a partner that takes its parameters as a JSON object and answers with another.

    ``parameters`` is a JSON Schema. Only partners of this deployment can be named, never an address.
    """

    name: Name
    description: Annotated[str, Field(min_length=1, max_length=500), STORABLE]
    permission: Annotated[str, Field(json_schema_extra={"enum": sorted(GRANTS)})]
    parameters: JsonObject
    partner: Literal["pricing"]
    path: Annotated[
        str, Field(max_length=500), Pattern("(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+", "Should be a path such as /v1/prices")
    ]

    @field_validator("permission")
    @classmethod
    def _permission_is_known(cls, value: str) -> str:
        if value not in GRANTS:
            raise ValueError("there is no such permission")
        return value

    @field_validator("parameters")
    @classmethod
    def _is_a_schema_of_objects(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            Draft202012Validator.check_schema(value)
        except SchemaError:
            raise ValueError("this is no JSON Schema") from None
        if value.get("type", "object") != "object":
            raise ValueError("parameters are an object")
        return value


class AddedTool(Answer):
    """A tool as it was added."""

    id: str
    name: str
    description: str
    permission: str
    parameters: dict[str, Any]
    partner: str
    path: str
    created_at: Moment


def routes(database: Database, settings: Settings, instances: Registry) -> APIRouter:
    """The routes over ``database`` and the instances of the tools service, which know what there is."""
    router = APIRouter(route_class=Repeating)
    http = httpx.Client(timeout=httpx.Timeout(5, connect=2))

    def listed(identity: Identity) -> list[dict[str, Any]]:
        token = service_token(settings, "backend", "apex-tools", identity.as_caller(), _TOKEN_SECONDS)
        headers = {"authorization": f"Bearer {token}", "traceparent": traceparent()}
        for url in _urls(instances) or [settings.tools.url]:
            try:
                answer = http.get(f"{url}/v1/registry", headers=headers).raise_for_status()
            except httpx.HTTPError as error:
                log.warning("tools instance broke off", url=url, reason=type(error).__name__)
                continue
            items: list[dict[str, Any]] = answer.json()["items"]
            return items
        raise unavailable()

    @router.get("/v1/tools", tags=["runs"])
    def tools(identity: Caller) -> Tools:
        """The tools that agents can use, and who may."""
        # While an instance is asked, no transaction stands open: there are fewer of those than people who may ask.
        with acting_as(database, identity) as connection:
            plan = as_of_now(connection, identity).plan
        known = listed(identity)
        return Tools(
            items=[Tool(**each, allowed=GRANTS[each["permission"]].covers(plan, identity.role)) for each in known]
        )

    @router.post("/v1/operations/tools", status_code=201, tags=["operations"])
    def add(request: NewTool, identity: Caller) -> AddedTool:
        """Add a tool: from now on every agent can use it whose caller has the permission."""
        with acting_as(database, identity, "platform:operate"):
            pass
        if request.name in {each["name"] for each in listed(identity)}:
            raise _taken(request.name)
        with acting_as(database, identity, "platform:operate") as connection:
            try:
                row = connection.execute(
                    registered_tools.insert()
                    .values(id=str(uuid.uuid4()), tenant_id=identity.tenant_id, **request.model_dump())
                    .returning(registered_tools)
                ).one()
            except IntegrityError:
                raise _taken(request.name) from None
        return AddedTool.model_validate(dict(row._mapping))

    @router.delete("/v1/operations/tools/{name}", status_code=204, tags=["operations"])
    def withdraw(name: Named, identity: Caller) -> None:
        """Withdraw a tool that was added: calls at work finish, further ones are refused."""
        in_use = (registered_tools.c.name == name, registered_tools.c.withdrawn_at.is_(None))
        with acting_as(database, identity, "platform:operate") as connection:
            withdrawn = connection.execute(update(registered_tools).where(*in_use).values(withdrawn_at=now()))
        if withdrawn.rowcount == 0:
            raise not_found()

    return router


def _urls(instances: Registry) -> list[str]:
    try:
        return [instance.url for instance in instances.instances()]
    except RedisError:
        return []


def _taken(name: str) -> Problem:
    return Problem(409, "conflict", f"There is a tool of the name '{name}' already.")
