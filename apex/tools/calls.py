"""The record of each tool call, by which a call that is asked for again is known again.

A call belongs to the instance that began it. Asked for again, it is given its stored answer once it has ended; is
refused while its owner works on it; and is begun anew by whoever is asked when the caller had withdrawn it or its
owner is gone. What an owner that was only taken for gone still brings is dropped: the record is not its own any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from apex.http.problems import Problem
from apex.runtime.discovery import Instance, Registry
from apex.runtime.telemetry import trace_id
from apex.storage.database import Database
from apex.storage.runs import ENDED
from apex.storage.tables import runs, tool_calls
from apex.tools.models import ExecutionAnswer
from apex.tools.tool import ToolCall

log = structlog.get_logger()


class CallRecords:
    """The records as one instance keeps them."""

    def __init__(self, database: Database, registry: Registry, instance: Instance) -> None:
        self._database, self._registry, self._instance = database, registry, instance

    def begin(self, call: ToolCall, started_at: datetime) -> ExecutionAnswer | None:
        """None: the call is ours to make; otherwise the answer that it was given before.

        Raises:
            Problem: 409, another is at it, or the key belongs to another call.
        """
        ours: dict[str, Any] = {
            "status": "running",
            "instance": self._instance.name,
            "owner": self._instance.id,
            "started_at": started_at,
        }
        record = {
            "id": call.call_id,
            "tenant_id": call.tenant_id,
            "run_id": call.run_id,
            "user_id": call.user_id,
            "tool_name": call.tool_name,
            "trace_id": trace_id(),
            **ours,
        }
        this = tool_calls.c.id == call.call_id
        with self._database.tenant(call.tenant_id) as connection:
            added = insert(tool_calls).values(record).on_conflict_do_nothing().returning(tool_calls.c.id)
            if connection.execute(added).first() is not None:
                return None
            known = connection.execute(select(tool_calls).where(this).with_for_update()).first()
            if known is None or (known.run_id, known.tool_name) != (call.run_id, call.tool_name):
                raise Problem(409, "conflict", "This idempotency key belongs to another call.")
            if known.answer is not None:
                return ExecutionAnswer.model_validate_json(known.answer)
            if known.status in ("succeeded", "failed"):
                raise Problem(409, "conflict", "The run of this call has ended.")
            if not self._is_free(known):
                raise _in_hand()
            connection.execute(update(tool_calls).where(this).values(ours))
        log.warning(
            "tool call taken over", tool_name=call.tool_name, call_id=call.call_id, from_instance=known.instance
        )
        return None

    def has_begun(self, call_id: str, tool_name: str, tenant_id: str) -> bool:
        """Whether the tenant's call of this tool has been begun before, by whichever instance."""
        this = (tool_calls.c.id == call_id) & (tool_calls.c.tool_name == tool_name)
        with self._database.tenant(tenant_id) as connection:
            return connection.scalar(select(tool_calls.c.id).where(this)) is not None

    def finish(self, call: ToolCall, answer: ExecutionAnswer) -> None:
        """The call has ended with this answer, which is kept to be given again until its run ends.

        Raises:
            Problem: 409, it has been taken over meanwhile.
        """
        ended = {
            "status": answer.status,
            "duration_seconds": answer.usage.duration_seconds,
            "answer": answer.model_dump_json(),
        }
        if not self._update(call, ended):
            log.warning("tool call was taken over", tool_name=call.tool_name, call_id=call.call_id)
            raise _in_hand()

    def withdraw(self, call: ToolCall, seconds: float) -> None:
        """The caller waits no longer; a call that has been taken over is left alone."""
        self._update(call, {"status": "cancelled", "duration_seconds": seconds})

    def _update(self, call: ToolCall, values: dict[str, Any]) -> bool:
        ours = (tool_calls.c.id == call.call_id) & (tool_calls.c.owner == self._instance.id)
        with self._database.tenant(call.tenant_id) as connection:
            # The run cannot end between this look and the end of the transaction.
            run = select(runs.c.status).where(runs.c.id == call.run_id).with_for_update(read=True)
            if "answer" in values and connection.scalar(run) in ENDED:
                values = {**values, "answer": None}
            return connection.execute(update(tool_calls).where(ours).values(values)).rowcount == 1

    def _is_free(self, known: Row[Any]) -> bool:
        if known.status == "cancelled":
            return True
        try:
            return known.owner is not None and self._registry.is_gone(known.owner)
        except RedisError as error:
            # Nobody can tell whether the owner lives: in doubt a call is not made twice.
            log.warning("owner of a tool call not looked up", reason=type(error).__name__)
            return False


def _in_hand() -> Problem:
    return Problem(409, "in_progress", "This call is in other hands.", headers={"retry-after": "1"})
