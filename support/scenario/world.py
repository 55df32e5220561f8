"""The world of one scenario: the only thing that steps find on behave's context."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from support.cloud.inventory import REGION, CloudAccounts, fetch_prices
from support.cloud.savings import PriceTable
from support.platform.dialect import TokenCarrier
from support.platform.events import EventCapture
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunRequest
from support.platform.streams import Transport
from support.platform.target import Target
from support.platform.trace import new_trace_id
from support.scenario import agents, waiting
from support.scenario.bookkeeping import Books
from support.scenario.faults import Faults
from support.scenario.judging import Judging
from support.scenario.partner import Partner
from support.scenario.undo import UndoStack
from support.scenario.users import User, Users
from support.scenario.verdict import NotShown
from support.settings import Settings
from support.stack.client import Addresses, Link, Stack
from support.stack.programs import Programs


@dataclass(frozen=True, slots=True)
class RunHandle:
    """A run that was asked for and accepted; ``thoughts``: what its script has it think."""

    run_id: str
    user: User
    agent_name: str
    thread_id: str | None
    trace_id: str
    request_id: str | None
    asked_at: float
    asked_at_wall: float
    thoughts: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class World(Judging):
    """Who takes part, what they can do, and what came of it.

    ``outcome`` is the last answer that a When caused, ``run`` the last run; in those that are ``exiting`` something was
    to end its process. ``ends_seen`` says when (monotonic) each run was first seen to have ended. What else one
    sentence leaves for a later one is kept by its type, see :meth:`keep`. ``books`` hold what was written for the
    customers. ``shown_markers`` were certainly stored: the leak canary must see each of them in its own tenant's
    place, or it is blind.
    """

    settings: Settings
    target: Target
    platform: HttpDriver
    addresses: Addresses
    stack: Stack
    cloud: CloudAccounts
    programs: Programs
    users: Users
    faults: Faults
    partner: Partner
    undo: UndoStack
    books: Books
    outcome: Outcome | None = None
    run: RunHandle | None = None
    runs: list[RunHandle] = field(default_factory=list)
    exiting: list[RunHandle] = field(default_factory=list)
    ends_seen: dict[str, float] = field(default_factory=dict)
    shown_markers: set[str] = field(default_factory=set)

    # -- people -------------------------------------------------------------------------------------------------

    def watch(self, user: User, *, website: str | None = None, carrier: TokenCarrier | None = None) -> EventCapture:
        """Connect a user (once more: a second tab) and keep what comes.

        :raises NotShown: the platform did not accept the connection.
        """
        capture = self.try_to_watch(user, website=website, carrier=carrier)
        if not capture.handshake.accepted:
            raise NotShown(f"{user} could not connect: {capture.handshake}")
        waiting.wait_for(
            lambda: capture.controls,
            lambda seen: len(seen) > 0 or not self.platform.dialect.sequences,
            self.budgets.limit("reconnect"),
            f"the opening of {user}'s stream",
        )
        return capture

    def try_to_watch(
        self,
        user: User,
        *,
        token: str | None = None,
        anonymous: bool = False,
        website: str | None = None,
        carrier: TokenCarrier | None = None,
    ) -> EventCapture:
        """Connect, whatever comes of it; the capture's ``handshake`` says what did.

        :param token: show this token instead of the user's own.
        :param anonymous: show none.
        """
        capture = EventCapture(
            self.transport(user),
            self.platform.dialect,
            (lambda: None) if anonymous else (lambda: token or user.access_token),
            name=f"{user}'s connection {len(user.captures) + 1}",
        )
        user.captures.append(capture)
        self.undo.register(f"close {capture.name}", capture.close)
        handshake = capture.connect(website=website, carrier=carrier)
        self.evidence.note("connect", who=str(user), status=handshake.status, error=handshake.error)
        return capture

    def own_link(self, user: User) -> Link:
        """Have a user's live connections run over a link of their own, so that a fault on it hits nobody else."""
        if user.link is None:
            user.link = self.faults.own_link(str(user))
        return user.link

    def transport(self, user: User) -> Transport:
        """How a user's events come: over the user's own link if there is one."""
        return self.platform.transport(user.link.ws_url if user.link else None)

    def prices(self, region: str = REGION) -> PriceTable:
        """The partner's price table, asked for past the platform."""
        return fetch_prices(self.addresses.partner_url, region)

    # -- runs ---------------------------------------------------------------------------------------------------

    def start_run(
        self,
        user: User,
        agent_name: str,
        *,
        thread_id: str | None = None,
        input: Mapping[str, Any] | None = None,
        time_limit_seconds: float | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
    ) -> RunHandle | None:
        """Ask for a run. ``outcome`` is the answer; ``run`` the run, which is None when it was refused."""
        trace = trace_id or new_trace_id()
        asked, asked_wall = time.monotonic(), time.time()
        # Several users may start runs at once: what is this call's own stays in its own names.
        run: RunHandle | None = None
        self.run = None
        self.outcome = outcome = self.platform.start_run(
            user,
            agent_name,
            thread_id=thread_id,
            input=input,
            time_limit_seconds=time_limit_seconds,
            trace_id=trace,
            request_id=request_id,
        )
        if outcome.done:
            asked_for: RunRequest = outcome.value.request
            thread = asked_for.thread_id
            thoughts = tuple(agents.thoughts_in(input or {}))
            run = RunHandle(
                asked_for.id, user, agent_name, thread, trace, outcome.request_id, asked, asked_wall, thoughts
            )
            self.run = run
            for capture in user.captures:
                capture.follow(run.run_id, thread)
            self.runs.append(run)
            if agents.ends_its_process(input or {}):
                self.exiting.append(run)
            self.undo.register(f"end run {run.run_id}", partial(self._end, run))
        return run

    def running(self, user: User, agent_name: str, **options: Any) -> RunHandle:
        """Have a run started, where a scenario only needs it.

        :raises NotShown: the platform refused it.
        """
        run = self.start_run(user, agent_name, **options)
        if run is None:
            raise NotShown(f"the platform refused the run: {self.outcome}")
        return run

    def ended(self, run: RunHandle | None = None, within: str = "run ends") -> Run:
        """The stored run once it has ended, whatever its end.

        :raises DeadlinePassed: it did not end in time.
        """
        handle = run or self.last_run
        waited = waiting.wait_for(
            lambda: self.platform.run(handle.user, handle.run_id),
            lambda seen: seen.done and seen.value.status.is_end,
            self.budgets.limit(within),
            f"the end of run {handle.run_id}",
        )
        self.ends_seen.setdefault(handle.run_id, time.monotonic())
        self.budgets.record(within, waited.seconds)
        # The platform's own tenant has no marker.
        marker = handle.user.tenant.marker
        if marker and marker in waited.value.text:
            self.shown_markers.add(marker)
        ended: Run = waited.value.value
        return ended

    def stored(self, run: RunHandle) -> Run:
        """The run as its owner reads it now.

        :raises NotShown: it cannot be read.
        """
        stored: Run = self.platform.run(run.user, run.run_id).require()
        return stored

    @property
    def last_run(self) -> RunHandle:
        """The last run.

        :raises NotShown: there is none.
        """
        if self.run is None:
            raise NotShown(f"there is no run; the platform's last answer: {self.outcome}")
        return self.run

    def run_of(self, user: User) -> RunHandle:
        """The last run that a user was granted.

        :raises NotShown: there is none.
        """
        own = [run for run in self.runs if run.user is user]
        if not own:
            raise NotShown(f"{user} has no run; the platform's last answer: {self.outcome}")
        return own[-1]

    @property
    def last_outcome(self) -> Outcome:
        """The last answer that a When caused.

        :raises NotShown: there is none.
        """
        if self.outcome is None:
            raise NotShown("no step has asked the platform for anything yet")
        return self.outcome

    def _end(self, run: RunHandle) -> None:
        """Cancel a run that still runs and see it end, so that it disturbs no later scenario."""
        stored = self.platform.run(run.user, run.run_id)
        if not stored.done or stored.value.status.is_end:
            return
        self.platform.cancel_run(run.user, run.run_id)
        self.ended(run)
