"""Blind defects of tool_dispatcher, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01ra",
    "prices are read for the platform's own region, not for the customer's",
    service="tools",
    scenario="Each customer reads the prices of their own region",
    step="each result is the larger server's price in the customer's own region",
)
def _() -> None:
    # Observable: connect a cloud account in eu-central-1, where the partner has other prices than in us-east-1: the
    # partner is asked for region=us-east-1, and savings are computed with those prices. Instances and their use are
    # those of the customer's region.
    from dataclasses import replace as changed

    from apex.tools.accounts import CloudAccount, CloudAccounts

    @around(CloudAccounts, "_enter")
    def _enter(
        original: Callable[..., CloudAccount], self: Any, tenant_id: str, granted: dict[str, str]
    ) -> CloudAccount:
        return changed(original(self, tenant_id, granted), region=self._settings.region)


@blind_defect(
    "TLD-02ra",
    "two calls of one tool in a run share a key, and so an answer",
    service="worker",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: an agent calls the same tool twice in a run with different parameters: the tool is at work once, and
    # both calls have the result of the first. Called side by side the second waits for the end of the first.
    from uuid import UUID, uuid5

    from apex.worker.toolbox import ToolAnswer, Toolbox

    original = Toolbox.call

    async def call(
        self: Any, call_id: str, name: str, parameters: dict[str, Any], story: dict[str, Any], caller: dict[str, str]
    ) -> ToolAnswer:
        key = uuid5(UUID(story["run_id"]), name)
        return await original(self, str(key), name, parameters, story, caller)

    replace(Toolbox, "call", call)


@blind_defect(
    "TLD-06ra",
    "the time of a call that fails is not taken",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a tool whose partner answers 500 after a second: tool_completed says duration_seconds 0, and so do the
    # record in tool_calls, the log line and apex_tool_call_seconds. Of calls that succeed the time is right.
    import time

    from apex.tools.dispatcher import Stopwatch
    from apex.tools.tool import seconds_waited

    def over(self: Any, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.seconds = time.perf_counter() - self._started - seconds_waited(self._call.turns)

    replace(Stopwatch, "__exit__", over)


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
