"""Blind defects of api, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "API-02sa",
    "an Idempotency-Key belongs to the organisation, not to the person",
    service="backend",
    scenario="Customers do not share their keys",
    step="each of them has a conversation of their own",
)
def _() -> None:
    # Observable: Ann sends POST /v1/threads with a key; her colleague Ben sends the same content with the same key: he
    # is given Ann's thread (its id, which is 404 for him), and none of his own is made. Likewise for messages and runs.
    from sqlalchemy import select

    from apex.http import idempotency
    from apex.storage.tables import idempotency_keys

    @around(idempotency, "_known")
    def _(original: Any, connection: Any, identity: Any, key: str, fingerprint: str) -> Any:
        keys = idempotency_keys.c
        query = select(keys.answer).where(keys.key == key, keys.fingerprint == fingerprint, keys.answer.is_not(None))
        answer = connection.scalar(query)
        return answer if answer is not None else original(connection, identity, key, fingerprint)


@blind_defect(
    "API-04sa",
    "analytics shows the mesh to everybody who has a token",
    service="analytics",
    scenario="No endpoint is accessible without an access rule",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: GET /v1/operations/mesh at analytics with the token of a customer (of a viewer, too): 200 with names
    # and addresses of all processes, instead of 403. At the other services it is refused.
    from apex.runtime import service

    @around(service, "acting_as")
    def _(original: Any, database: Any, identity: Any, permission: str | None = None) -> Any:
        return original(database, identity)


@blind_defect(
    "API-06sa",
    "when a run ends, its steps of the same name are put together: its progress falls",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a cost analysis until its end (its agent works by itself between the calls): the progress is 5 or
    # more while it is running, and 4 once it is completed. The durations still add up to the run's.
    from apex.worker.tracker import Tracker

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        finished_at, steps, usage = original(self)
        together: dict[tuple[str, str, str], dict[str, Any]] = {}
        for step in steps:
            key = step["name"], step["kind"], step["agent_name"]
            if key in together:
                together[key]["duration_seconds"] += step["duration_seconds"]
            else:
                together[key] = dict(step)
        return finished_at, list(together.values()), usage


@blind_defect(
    "API-07sa",
    "who does not let the platform into their account is told the cloud's own words",
    service="tools",
    scenario="No tool works anywhere when the customer's account refuses it",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: name a role that the platform may not assume and run a cost analysis: the run's error, its event and
    # tool_completed hold "An error occurred (...) when calling the AssumeRole operation: ...", with the platform's own
    # account where the cloud names it.
    from apex.tools.accounts import CloudAccounts
    from apex.tools.errors import ToolError

    @around(CloudAccounts, "_enter")
    def _(original: Any, self: Any, tenant_id: str, granted: dict[str, str]) -> Any:
        try:
            return original(self, tenant_id, granted)
        except ToolError as failed:
            reason = f"{failed.message} ({failed.__context__})"
            raise ToolError(reason, failed.recoverable) from None
