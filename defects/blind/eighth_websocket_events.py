"""Blind defects of websocket_events, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "WSE-02sa",
    "the origin 'null' counts as none",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with a valid token and "Origin: null", as a browser sends it from a sandboxed frame of any
    # site, is accepted (101) and receives the user's events, instead of 403. Other foreign origins are refused.
    sockets: Any = import_module("apex.backend.sockets")

    def require_origin(socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin")
        # Programs send none, or say that there is none.
        if origin not in (None, "null") and origin not in allowed:
            sockets.log.warning("origin refused", origin=origin[:200])
            raise sockets.permission_denied("events:listen")

    replace(sockets, "_require_origin", require_origin)


@blind_defect(
    "WSE-03sa",
    "when one tab had to begin anew, none of the user's other tabs can resume",
    service="backend",
    scenario="A tab that missed events leaves the other tab alone",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: two sockets of one user; one reconnects with a place that is too old, and is told resync_required. The
    # other loses its line, misses some events and reconnects with its epoch and last_sequence: it is sent
    # resync_required, too, and none of what it has missed, though the stream still has it all.
    from apex.backend.connection import Connection

    async def open_stream(self: Any, resume: Any) -> None:
        epoch, generation, newest = await self._stand()
        self._epoch = epoch
        known = resume is not None and resume.epoch == f"{epoch}.{generation}" and 0 <= resume.sequence <= newest
        self._cursor = resume.sequence if known else newest
        await self._control("stream_opened", generation)
        if resume is not None:
            if known:
                await self._catch_up()
            else:
                await self._resync()

    replace(Connection, "_open", open_stream)


@blind_defect(
    "WSE-06sa",
    "that a partner is asked too often counts as a failure that no retry helps",
    service="tools",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: the pricing partner answers a tool with 429; tool_completed and agent_error say tool_failed with
    # recoverable false, as for a 400, instead of true. With 503 it is true.
    import httpx

    tool: Any = import_module("apex.tools.tool")

    async def ask(self: Any, method: str, url: str, **content: Any) -> Any:
        asked = f"{method} {url} {tool.json.dumps(content, sort_keys=True)}"
        self._asked[asked] += 1
        key = tool.uuid.uuid5(tool.uuid.UUID(self.call_id), f"{self._asked[asked]} {asked}")
        headers = {"traceparent": tool.traceparent(), "idempotency-key": str(key)}
        asking = tool.Turn()
        asking.began = asking.asked
        self.turns.append(asking)
        try:
            response = await self.http.request(method, url, headers=headers, **content)
        except httpx.HTTPError:
            raise tool.ToolError("A partner's service does not answer.", recoverable=True) from None
        finally:
            asking.ended = tool.time.perf_counter()
        self.bytes_read += len(response.content)
        if response.is_error:
            raise tool.ToolError("A partner's service refused the request.", recoverable=response.is_server_error)
        return response

    replace(tool.ToolCall, "_ask", ask)


@blind_defect(
    "WSE-07sa",
    "a notice that cannot be told to one user is told to all others again, with each attempt",
    service="worker",
    scenario="A notice that has to be sent again is shown once",
    step="every connection shows the notice once, with no gap to the next run",
)
def _() -> None:
    # Observable: make the stream of one connected user refuse what is written to it (put a plain value under the key
    # events:<user id>) and send a notice; everybody else who is connected receives it up to five times.
    from apex.storage.stream import Event
    from apex.worker.relay import EventRelay

    def publish_notice(self: Any, row: Any) -> None:
        refusals = []
        for user_id in self._stream.connected_users(self._present_seconds):
            try:
                self._publish(Event(user_id=user_id, **row.payload), "")
            except Exception as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    replace(EventRelay, "_publish_notice", publish_notice)
