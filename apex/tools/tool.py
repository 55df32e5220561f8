"""What a tool is, and what it may use while it works."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from apex.runtime.telemetry import traceparent
from apex.tools.counting import counting_bytes
from apex.tools.errors import ToolError, WrongParameters
from apex.tools.pools import FairThreads
from apex.tools.sanitising import masked

if TYPE_CHECKING:
    # Agents' plugins import this module as well, in processes that never enter a cloud account.
    from apex.tools.accounts import CloudAccount, CloudAccounts

T = TypeVar("T")


@dataclass
class Turn:
    """Work of a call: when it was asked for, when somebody began with it, when it was over or given up."""

    asked: float = field(default_factory=time.perf_counter)
    began: float | None = None
    ended: float | None = None


def seconds_waited(turns: Iterable[Turn]) -> float:
    """How long none of a call's work was done, and some of it waited for a thread."""
    moments: list[tuple[float, int, int]] = []
    for turn in turns:
        ended = time.perf_counter() if turn.ended is None else turn.ended
        began = ended if turn.began is None else turn.began
        moments += [(turn.asked, 1, 0), (began, -1, 1), (ended, 0, -1)]
    waited, since, waiting, working = 0.0, 0.0, 0, 0
    for moment, more_waiting, more_working in sorted(moments):
        if waiting and not working:
            waited += moment - since
        since, waiting, working = moment, waiting + more_waiting, working + more_working
    return waited


@dataclass
class ToolCall:
    """One call: on whose behalf, and the ways out. ``bytes_read`` and ``cpu_seconds`` are reported as usage.

    ``turns``: what the call has had done, for some of which it may have had to wait.
    """

    call_id: str
    tool_name: str
    run_id: str
    tenant_id: str
    user_id: str
    http: httpx.AsyncClient
    pricing_url: str
    accounts: CloudAccounts
    threads: FairThreads
    tell: Callable[[dict[str, Any]], None]
    bytes_read: int = 0
    cpu_seconds: float = 0.0
    turns: list[Turn] = field(default_factory=list, repr=False)
    _asked: Counter[str] = field(default_factory=Counter, repr=False)

    async def fetch(self, url: str, parameters: dict[str, str] | None = None) -> httpx.Response:
        """GET a partner's resource under the request's trace; what it sends is counted.

        Raises:
            ToolError: the partner does not answer, or not with success.
        """
        return await self._ask("GET", url, params=parameters)

    async def send(self, url: str, body: dict[str, Any]) -> httpx.Response:
        """POST a JSON object to a partner under the request's trace; what it answers is counted.

        Raises:
            ToolError: the partner does not answer, or not with success.
        """
        return await self._ask("POST", url, json=body)

    async def _ask(self, method: str, url: str, **content: Any) -> httpx.Response:
        # The same request has the same key whenever the call is carried out again: a partner that has seen it has
        # done the work. One that a call makes twice is meant twice.
        asked = f"{method} {url} {json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = uuid.uuid5(uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": traceparent(), "idempotency-key": str(key)}
        asking = Turn()
        asking.began = asking.asked
        self.turns.append(asking)
        try:
            response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = time.perf_counter()
        self.bytes_read += len(response.content)
        if response.status_code >= 400:
            again = response.status_code >= 500 or response.status_code == 429
            raise ToolError("A partner's service refused the request.", recoverable=again)
        return response

    async def cloud(self) -> CloudAccount:
        """The customer's cloud account.

        Raises:
            ToolError: there is none, or it does not let us in.
        """
        # Entering it is the platform's own work, and not counted as the call's.
        return await self._in_turn(partial(self.accounts.of_tenant, self.tenant_id))

    async def report(self, message: str, done: int, total: int) -> None:
        """Tell the customer how far a call that takes its time has come; returns when it has been told.

        ``done`` of ``total`` of whatever the tool counts. The call goes on also where nobody can be told.
        """
        await asyncio.to_thread(self.tell, {"message": masked(message), "done": done, "total": total})

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work in one of the tenant's threads; its CPU time, and what it reads from the cloud, is counted.

        Cancelled, it returns when the work is done.
        """

        def timed() -> T:
            before = time.thread_time()
            with counting_bytes() as sizes:
                try:
                    return work()
                finally:
                    self.cpu_seconds += time.thread_time() - before
                    self.bytes_read += sum(sizes)

        return await self._in_turn(timed)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        waiting = Turn()
        self.turns.append(waiting)

        def begun() -> T:
            waiting.began = time.perf_counter()
            return work()

        try:
            return await self.threads.run(self.tenant_id, begun)
        finally:
            waiting.ended = time.perf_counter()


class Tool(ABC):
    """One ability. Instances are shared between calls: whatever belongs to a call lives in its ``ToolCall``.

    ``permission`` is what a caller needs, one of ``apex.tools.permissions.GRANTS``.
    """

    name: str
    description: str
    permission: str
    parameters: type[BaseModel]

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the parameters."""
        return self.parameters.model_json_schema()

    def parse(self, parameters: dict[str, Any]) -> Any:
        """The parameters as ``execute`` takes them.

        Raises:
            WrongParameters: they are not as they must be.
        """
        try:
            return self.parameters.model_validate(parameters)
        except ValidationError as wrong:
            raise WrongParameters(".".join(map(str, fault["loc"])) for fault in wrong.errors()) from None

    @abstractmethod
    async def execute(self, call: ToolCall, parameters: Any) -> dict[str, Any]:
        """Do the work; ``parameters`` is what ``parse`` gave. Returns a JSON object.

        Raises:
            ToolError: with a message for the customer.
        """
