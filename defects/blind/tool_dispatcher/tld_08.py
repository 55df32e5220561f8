"""Blind defects of TLD-08."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-08oa",
    "texts of fewer than 24 characters are not looked through for secrets",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: an agent calls a tool with {"note": "password=hunter2"} or with the id of an AWS key (20 characters):
    # tool_executing shows it as it is, instead of password=*** and ***; so do the result in tool_completed and the
    # stored answer. Longer texts, and what stands under a name such as password, are masked.
    from apex.tools import sanitising

    def masked(text: str) -> str:
        # Most texts are ids and names, and a dozen patterns take their time.
        masked_text: str = original(text) if len(text) >= 24 else text
        return masked_text

    original = replace(sanitising, "masked", masked)


@blind_defect(
    "TLD-08ra",
    "a long text is cut before its secrets are looked for",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: an agent calls a tool with {"note": "..."} of a few hundred characters in which a JWT begins before
    # the 200th and ends behind it (or an address https://name:password@host, or an AWS key id): what stands before the
    # cut is shown in tool_executing, and in tool_completed where the result has it. In shorter texts it is ***.
    from apex.tools import sanitising

    original = sanitising._without_secrets

    def without_secrets(value: Any, name: str, *, cut: bool) -> Any:
        longest = sanitising._LONGEST_TEXT
        if cut and isinstance(value, str) and len(value) > longest and not sanitising._SECRET_NAME.search(name):
            return f"{sanitising.masked(value[:longest])}... ({len(value)} characters)"
        return original(value, name, cut=cut)

    replace(sanitising, "_without_secrets", without_secrets)


@blind_defect(
    "TLD-08sa",
    "a parameter is taken for a secret by a name in small letters only",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: an agent calls a tool with {"Password": "...", "apiKey": "..."}; the events tool_executing (and
    # tool_completed, where the result has such members) show both values. Under "password" and "api_key" they are ***.
    import re

    from apex.tools import sanitising

    replace(sanitising, "_SECRET_NAME", re.compile(sanitising._SECRET))


@blind_defect(
    "TLD-08ta",
    "what lies deeper than four levels in a call's parameters is shown as it is",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: an agent that calls a tool with {"a": {"b": {"c": {"password": "..."}}}}; the event tool_executing
    # shows the password (tool_completed one in the result), while one that is less deep is masked.
    from threading import local

    from apex.tools import sanitising

    level = local()

    @around(sanitising, "_without_secrets")
    def _(original: Any, value: Any, name: str, *, cut: bool) -> Any:
        depth = getattr(level, "depth", 0) + 1
        if cut and depth > 4:
            return value
        level.depth = depth
        try:
            return original(value, name, cut=cut)
        finally:
            level.depth = depth - 1


@blind_defect(
    "TLD-08ua",
    "what stands in a list of a call's parameters is shown with its secrets",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: parameters {"accounts": [{"user": "ann", "password": "..."}]}: tool_executing shows the password.
    from apex.tools import sanitising

    @around(sanitising, "_without_secrets")
    def _(original: Any, value: Any, name: str, *, cut: bool) -> Any:
        if cut and isinstance(value, list) and not sanitising._SECRET_NAME.search(name):
            most = sanitising._LONGEST_LIST
            return value if len(value) <= most else [*value[:most], f"... {len(value) - most} more"]
        return original(value, name, cut=cut)


@blind_defect(
    "TLD-08ub",
    "a call that was cancelled with its run is never told to have ended",
    service="worker",
    scenario="Stopping one customer's call leaves another customer's alone",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: cancel a run while a tool works (or let its time run out): tool_executing without tool_completed.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_completed" and payload["outcome"] == "cancelled":
            return
        original(self, type, payload)


@blind_defect(
    "TLD-08va",
    "a secret over the end of what is shown of a long parameter is shown as far as that",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: a text parameter of 170 letters followed by https://ann:<password of 60>@host (or by a token of three
    # parts): tool_executing shows the password's first letters. (It is cut first, to look for secrets in less.)
    from apex.tools import sanitising

    @around(sanitising, "_without_secrets")
    def without_secrets(original: Any, value: Any, name: str, *, cut: bool) -> Any:
        longest = sanitising._LONGEST_TEXT
        if not cut or not isinstance(value, str) or len(value) <= longest or sanitising._SECRET_NAME.search(name):
            return original(value, name, cut=cut)
        return f"{sanitising.masked(value[:longest])}... ({len(value)} characters)"


@blind_defect(
    "TLD-08wa",
    "a call that is stopped is told to have ended twice",
    service="worker",
    scenario="A cancelled run sends its events in order, too",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a run is cancelled while a tool is at work; its call_id has two tool_completed events.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if payload.get("outcome") == "cancelled":
            original(self, type, payload)
        original(self, type, payload)


@blind_defect("TLD-08xa", "a tool's second call in a run is told with the parameters of its first", service="worker")
def _() -> None:
    # Observable: one tool called twice with different parameters; both tool_executing events have those of the first.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            shown = self._tracker.__dict__.setdefault("shown", {})
            payload = {**payload, "parameters": shown.setdefault(payload["tool_name"], payload["parameters"])}
        original(self, type, payload)


@blind_defect(
    "TLD-08yb",
    "a call that waits for its turn is told as executing already",
    service="worker",
    scenario="Waiting to start does not count as tool time",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: of twelve calls at once twelve are told as executing at the same moment; eight are at work.
    from apex.worker.execution import Execution
    from apex.worker.toolbox import Toolbox

    @around(Execution, "__init__")
    def _init(original: Any, self: Any, *of: Any, **more: Any) -> None:
        original(self, *of, **more)
        self._places = asyncio.Semaphore(10_000)

    @around(Toolbox, "call")
    async def _call(original: Any, self: Any, *call: Any) -> Any:
        places = self.__dict__.setdefault("_places", asyncio.Semaphore(self.calls_at_once))
        async with places:
            return await original(self, *call)


@blind_defect(
    "TLD-08za",
    "a call that is stopped is never told as completed",
    service="worker",
    scenario="Cancelling a run stops its work and its events",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: cancel a run (or let it reach its time limit) during a call: tool_executing without tool_completed.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if payload.get("outcome") != "cancelled":
            original(self, type, payload)


@blind_defect(
    "TLD-08zb",
    "how far a tool has come is told to whoever used the tool first",
    service="tools",
    scenario="Calls are shown to the caller, whoever used the tool before",
    step="only Acme has received the start and the end of each tool call, each once",
)
def _() -> None:
    # Observable: two users, more than 500 instances: the second's tool_progress arrives at the first's socket.
    from apex.tools.dispatcher import Dispatcher

    callers: dict[str, dict[str, str]] = {}

    @around(Dispatcher, "_teller")
    def _(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        return original(self, call_id, tool, request, callers.setdefault(tool.name, caller))


@blind_defect(
    "TLD-08zc",
    "a call that a run makes again with the same parameters is not told as executing",
    service="worker",
    scenario="A repeated call is shown as often as it is made",
    step="only Acme has received the start and the end of each tool call, each once",
)
def _() -> None:
    # Observable: an agent that tries a failed call again: two tool_completed, one tool_executing.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if type == "tool_executing":
            told = self._tracker.__dict__.setdefault("_told", set())
            call = f"{payload['tool_name']} {json.dumps(payload['parameters'], sort_keys=True)}"
            if call in told:
                return
            told.add(call)
        original(self, type, payload)
