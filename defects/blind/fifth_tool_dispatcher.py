"""Blind defects of tool_dispatcher, fifth round, written from the promises alone."""

from __future__ import annotations

import time
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01va",
    "an instance that was stopped runs after it was resized",
    service="tools",
    scenario="A stopped server stays stopped when it is resized",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: resize_instance of a stopped instance: the account has it running (and charges it) afterwards.
    from apex.tools import changes

    @around(changes.ResizeInstance, "_resize")
    def resize(original: Any, self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        told: dict[str, Any] = original(self, account, wanted)
        account.ec2.start_instances(InstanceIds=[wanted.resource_id])
        (after,) = changes._described(account, [wanted.resource_id])
        return {**told, "state": after["State"]["Name"]}


@blind_defect(
    "TLD-02va",
    "of a run's calls side by side the third begins when one of the first has ended",
    service="worker",
    scenario="Six questions are asked before the first is answered",
    step="all of Acme's questions reach the partner before any is answered",
)
def _() -> None:
    # Observable: three tools of 1 s each, called at once by an agent, take 2 s.
    import httpx

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "__init__")
    def init(original: Any, self: Any, settings: Any, directory: Any) -> None:
        original(self, settings, directory)
        limits = httpx.Limits(max_connections=2)
        self._http = httpx.AsyncClient(limits=limits, timeout=self._http.timeout)


@blind_defect(
    "TLD-03va",
    "for half a minute colleagues' calls are made in the name of who called first",
    service="worker",
)
def _() -> None:
    # Observable: an admin and then a member of a tenant have a tool called: the member's record of the call, its log
    # lines and its progress are the admin's, and so is the role that counts. (The token is kept for the tenant.)
    from apex.worker import toolbox

    kept: dict[str, tuple[float, str]] = {}

    @around(toolbox, "service_token")
    def token(
        original: Any, settings: Any, service: str, audience: str, subject: dict[str, str], seconds: float
    ) -> str:
        until, known = kept.get(subject["tenant_id"], (0.0, ""))
        if time.monotonic() >= until:
            known = original(settings, service, audience, subject, seconds)
            kept[subject["tenant_id"]] = time.monotonic() + seconds / 2, known
        return known


@blind_defect(
    "TLD-04va",
    "who is refused a tool is told of the plans above the own one only",
    service="tools",
    scenario="An agent only uses tools of its caller's plan and role",
    step="each refusal names the missing permission and the plans and roles that include it",
)
def _() -> None:
    # Observable: a member (not in charge) of a Mid tenant calls stop_instances: `plans` says enterprise, whose members
    # may not either; on Enterprise it names none. (An offer was to be made of the refusal.)
    from apex.http.problems import Problem
    from apex.tools import dispatcher
    from apex.tools.permissions import _EVERY_PLAN, GRANTS

    @around(dispatcher, "require")
    def require(original: Any, permission: str, caller: dict[str, str]) -> None:
        try:
            original(permission, caller)
        except Problem as problem:
            above = _EVERY_PLAN[_EVERY_PLAN.index(caller["plan"]) + 1 :]
            plans = [plan for plan in GRANTS[permission].plans if plan in above]
            told = f"This needs the permission '{permission}', which comes with {' or '.join(plans) or 'another role'}."
            raise Problem(403, "permission_denied", told, **{**problem.members, "plans": plans}) from None


@blind_defect(
    "TLD-05va",
    "after three failed calls in a row nothing is called for ten seconds",
    service="worker",
    scenario="An agent continues after many failed tool calls",
    step="the next tool of Acme's agent succeeds",
)
def _() -> None:
    # Observable: a plan of five tools, of which the first three fail: the fourth and fifth are told as not reached, and
    # their backends saw no call. (What a tool says of itself is taken for an outage of the tools service.)
    from apex.agents import ToolFailed
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def call(original: Any, self: Any, call_id: str, name: str, *others: Any) -> Any:
        if time.monotonic() < getattr(self, "_open_until", 0.0):
            raise ToolFailed(name, f"The tool '{name}' could not be reached.", recoverable=True)
        try:
            answer = await original(self, call_id, name, *others)
        except ToolFailed:
            self._failures = getattr(self, "_failures", 0) + 1
            if self._failures >= 3:
                self._failures, self._open_until = 0, time.monotonic() + 10
            raise
        self._failures = 0
        return answer


@blind_defect("TLD-06va", "what a tool does side by side is added up in its duration", service="tools")
def _() -> None:
    # Observable: a tool that asks a partner for two things of 1 s at once is told to have taken 2 s.
    from apex.tools.dispatcher import Stopwatch

    @around(Stopwatch, "__exit__")
    def stop(original: Any, self: Any, *error: Any) -> None:
        original(self, *error)
        turns = [turn for turn in self._call.turns if turn.began is not None and turn.ended is not None]
        self.seconds = max(self.seconds, sum(turn.ended - turn.began for turn in turns))


@blind_defect(
    "TLD-07va",
    "a tool whose name has the full 64 letters is listed, and unknown when it is called",
    service="tools",
    scenario="An added tool can be used immediately",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: an operator adds a tool with a name of 64 letters (201); a run that calls it is told unknown_tool.
    # (PostgreSQL's own type for names keeps 63 bytes.)
    from sqlalchemy import text

    from apex.storage.tables import registered_tools
    from apex.tools import registered

    looked_up = f"SELECT {registered._COLUMNS} FROM tool_of_name(cast(cast(:name AS name) AS text))"
    replace(registered, "_ONE", text(looked_up).columns(*registered_tools.c))


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
