"""Blind defects of WSE-01."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-01pa",
    "where an answer is too large for an event, the event has no answer instead of a null",
    service="worker",
    scenario="A large result arrives as an event that common clients accept",
    step="every message that Acme has received conforms to the published event reference",
)
def _() -> None:
    # Observable: an agent whose answer has more than 512 KiB (a text of 1 MB): the payload of agent_completed has its
    # reference, and no member "answer", which the published schema requires (null). Smaller answers are told as they
    # are.
    from apex.storage import stream

    @around(stream, "fitting")
    def fitting(original: Callable[..., dict[str, Any]], payload: dict[str, Any], run_id: str | None) -> dict[str, Any]:
        fits = original(payload, run_id)
        if payload.get("answer") is not None and fits["answer"] is None:
            del fits["answer"]
        return fits


@blind_defect(
    "WSE-01ua",
    "an event of more than 256 KiB is left out",
    service="backend",
    scenario="A long answer arrives with its own event",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a run whose answer has some 300 KB (an account with over a thousand findings, or a plugin's agent);
    # its agent_completed never comes and the sequence has a gap.
    import structlog

    from apex.backend.connection import Connection

    log = structlog.get_logger()

    async def send(self: Connection, sequence: int, envelope: str) -> None:
        self._cursor = sequence
        if len(envelope) > 256 * 1024:
            log.warning("event too large", sequence=sequence, size=len(envelope))
            return
        await self._socket.send_text(envelope)

    replace(Connection, "_send", send)


@blind_defect(
    "WSE-01ub",
    "the end of a cancelled tool call is told without a duration",
    service="worker",
    scenario="Errors, cancellations and notices conform to the event reference, too",
    step="every message that Acme has received conforms to the published event reference",
)
def _() -> None:
    # Observable: cancel a run, or let it time out, while a tool is at work; duration_seconds of its tool_completed is
    # null, against the published schema.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed" and payload["outcome"] == "cancelled":
            payload = {**payload, "duration_seconds": None}
        original(self, type, payload)


@blind_defect(
    "WSE-01va",
    "of a thought of several lines only the first is told",
    service="worker",
    scenario="Cancelling a run leaves the other run of its conversation alone",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: an agent thinks "Two things:\nstop one\nresize another"; agent_thinking says "Two things:".
    from apex.worker.execution import Execution

    @around(Execution, "think")
    async def think(original: Any, self: Any, thought: str) -> None:
        await original(self, thought.strip().partition("\n")[0])


@blind_defect(
    "WSE-01wa",
    "a browser that offers apex.v1 is answered without a subprotocol",
    service="backend",
    scenario="A customer can connect from a program and from the website",
    step="the client is accepted",
)
def _() -> None:
    # Observable: the handshake's answer to apex.v1 has no sec-websocket-protocol: browsers give such a socket up.
    from apex.backend import sockets

    replace(sockets, "SUBPROTOCOL", "apex.v2")


@blind_defect(
    "WSE-01xa", "an answer too large for an event is left out without saying where to read it", service="worker"
)
def _() -> None:
    # Observable: agent_completed of a run with an answer beyond 512 KiB has the answer null and no reference.
    from apex.storage import stream

    @around(stream, "fitting")
    def _(original: Any, payload: dict[str, Any], run_id: str | None) -> dict[str, Any]:
        fits: dict[str, Any] = original(payload, run_id)
        return {name: value for name, value in fits.items() if name != "reference"}


@blind_defect(
    "WSE-01ya",
    "every event bears the name of the agent that was asked, also the part of another",
    service="worker",
    scenario="Delegated agents report their part within the run",
    step="the events show the delegated cost analysis and usage report",
)
def _() -> None:
    # Observable: in an advisor's story the thoughts of the cost analysis have the agent_name "advisor".
    from apex.worker.tracker import Tracker

    @around(Tracker, "emit")
    def _emit(original: Any, self: Any, type: str, _: str, payload: dict[str, Any]) -> None:
        original(self, type, self._run.agent_name, payload)


@blind_defect(
    "WSE-01yb",
    "how large an event is, is counted in characters, not in bytes",
    service="worker",
    scenario="A large result arrives as an event that common clients accept",
    step="no event that Acme has received exceeds the event size",
)
def _() -> None:
    # Observable: a long answer in Japanese comes as an event of more than the published 512 KiB.
    from apex.storage import fitting

    replace(fitting, "_size", lambda value: len(json.dumps(value, ensure_ascii=False)))


@blind_defect(
    "WSE-01za",
    "an event of more than 64 KiB is not announced: it comes with the next one",
    service="backend",
    scenario="A long answer arrives with its own event",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: a long answer's agent_completed does not arrive until the customer's next run begins.
    from apex.backend.connection import Connection

    @around(Connection, "offer")
    def _(original: Callable[..., None], self: Any, epoch: str, sequence: int, envelope: str) -> None:
        if len(envelope) <= 64 * 1024:
            original(self, epoch, sequence, envelope)


@blind_defect(
    "WSE-01zb",
    "the completed event of a run without tools has no usage",
    service="worker",
    scenario="Errors, cancellations and notices conform to the event reference, too",
    step="every message that Acme has received conforms to the published event reference",
)
def _() -> None:
    # Seen: the usage report's agent_completed has usage null, against the published schema.
    from apex.storage import runs

    @around(runs, "_payload")
    def _(original: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(*arguments)
        usage = payload.get("usage")
        return {**payload, "usage": None} if usage is not None and not usage["tool_calls"] else payload


@blind_defect(
    "WSE-01zc",
    "letters beyond Latin-1 are question marks in events",
    service="worker",
    scenario="A run is shown from its first step to its answer",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: an instance's name in Greek or Japanese stands in the event otherwise than in the stored answer.
    from apex.storage.stream import Event

    @around(Event, "envelope")
    def _(original: Callable[..., str], self: Any) -> str:
        return original(self).encode("latin-1", "replace").decode("latin-1")


@blind_defect(
    "WSE-01ma",
    "the error event after a refused tool has fields that are not published",
    service="worker",
)
def _() -> None:
    # Observable: on the free plan, an agent that calls stop_instances and does not catch the refusal: the payload of
    # its agent_error has permission, plans and roles, which the published schema of that event does not allow.
    from apex.agents import ToolFailed
    from apex.worker import supervisor

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = original(error)
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return {**told, **error.details} if isinstance(error, ToolFailed) else told
