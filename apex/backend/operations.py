"""What operators of the platform see and do."""

from __future__ import annotations

import uuid
from datetime import datetime

from fastapi import APIRouter
from redis.exceptions import RedisError
from sqlalchemy import func, select, text

from apex.backend.hub import Hub
from apex.backend.models import (
    Connections,
    Instance,
    Instances,
    NewNotice,
    Notice,
    OperatorRun,
    OperatorRuns,
    Redelivery,
    Status,
    Undelivered,
    UndeliveredItems,
)
from apex.backend.paging import Cursor, Limit, next_cursor, row_at
from apex.backend.runs import fields
from apex.http.idempotency import once
from apex.http.identity import Caller, acting_as
from apex.http.problems import unavailable
from apex.http.routing import Repeating
from apex.http.values import Id
from apex.runtime.discovery import Registry
from apex.runtime.telemetry import request_id, trace_id
from apex.storage.database import Database
from apex.storage.runs import OUTBOX, now
from apex.storage.stream import rfc3339
from apex.storage.tables import notices, outbox, runs

_COLUMNS = ", ".join(runs.c.keys())
_RUNS_OF_ALL = text(
    f"SELECT {_COLUMNS} FROM runs_of_all_tenants(:status, :tenant, :behind_time, :behind_id, :size)"
).columns(*runs.c)


def routes(database: Database, hub: Hub, registry: Registry) -> APIRouter:
    """The routes over ``database``, the open connections and the instances of the tools service."""
    router = APIRouter(route_class=Repeating, prefix="/v1/operations", tags=["operations"])

    @router.get("/runs")
    def all_runs(
        identity: Caller,
        status: Status | None = None,
        tenant_id: Id | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> OperatorRuns:
        """The runs of all tenants, newest first."""
        behind_time, behind_id = row_at(cursor) if cursor else (None, None)
        wanted = {
            "status": status,
            "tenant": tenant_id,
            "behind_time": behind_time,
            "behind_id": behind_id,
            "size": limit + 1,
        }
        with acting_as(database, identity, "platform:operate") as connection:
            rows = list(connection.execute(_RUNS_OF_ALL, wanted))
        return OperatorRuns(
            items=[
                OperatorRun.model_validate(
                    {
                        **fields(row),
                        "queued_seconds": (row.started_at - row.created_at).total_seconds() if row.started_at else None,
                    }
                )
                for row in rows[:limit]
            ],
            next_cursor=next_cursor(rows, limit),
        )

    @router.post("/notices", status_code=202)
    @once(database)
    def send_notice(request: NewNotice, identity: Caller) -> Notice:
        """Tell every connected user of every tenant."""
        notice = Notice(id=str(uuid.uuid4()), title=request.title, body=request.body, created_at=now())
        event = {
            "type": "notice",
            "timestamp": rfc3339(notice.created_at),
            "trace_id": trace_id(),
            "request_id": request_id(),
            "payload": {"notice_id": notice.id, "title": notice.title, "body": notice.body},
        }
        with acting_as(database, identity, "platform:operate") as connection:
            owner = {"tenant_id": identity.tenant_id}
            connection.execute(notices.insert().values(**notice.model_dump(), **owner, user_id=identity.user_id))
            connection.execute(outbox.insert().values(**owner, topic="events", payload=event))
            connection.execute(select(func.pg_notify(OUTBOX, "events")))
        return notice

    @router.get("/undelivered")
    def undelivered(identity: Caller, limit: Limit = 50) -> UndeliveredItems:
        """What was set aside because other stores refuse it."""
        query = text("SELECT * FROM outbox_set_aside(:size)")
        with acting_as(database, identity, "platform:operate") as connection:
            rows = connection.execute(query, {"size": limit}).mappings()
            return UndeliveredItems(
                items=[Undelivered.model_validate({**row, "tenant_id": str(row["tenant_id"])}) for row in rows]
            )

    @router.post("/undelivered/attempts", status_code=202)
    def deliver_again(identity: Caller) -> Redelivery:
        """Have all that was set aside tried again, now that its obstacle is gone."""
        with acting_as(database, identity, "platform:operate") as connection:
            count = connection.execute(text("SELECT outbox_again()")).scalar_one()
            connection.execute(select(func.pg_notify(OUTBOX, "events"), func.pg_notify(OUTBOX, "analytics")))
        return Redelivery(items=count)

    @router.get("/connections")
    def connections(identity: Caller) -> Connections:
        """How many sockets this instance holds."""
        with acting_as(database, identity, "platform:operate"):
            return Connections(open=hub.open)

    @router.get("/instances")
    def instances(identity: Caller) -> Instances:
        """The instances that services can be reached at, as the services find them."""
        with acting_as(database, identity, "platform:operate"):
            pass
        try:
            found = registry.instances()
        except RedisError as error:
            raise unavailable() from error
        return Instances(
            items=[
                Instance(
                    service="tools",
                    name=each.name,
                    url=each.url,
                    version=each.version,
                    started_at=datetime.fromisoformat(each.started_at),
                )
                for each in found
            ]
        )

    return router
