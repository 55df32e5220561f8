"""The world of one scenario: the only thing that steps find on behave's context."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from hamcrest.core.matcher import Matcher
from hamcrest.core.string_description import StringDescription

from support.cloud.inventory import CloudAccounts, fetch_prices
from support.cloud.savings import PriceTable
from support.platform.dialect import TokenCarrier
from support.platform.drivers.apex import ApexDriver
from support.platform.events import EventCapture
from support.platform.outcome import Outcome
from support.platform.runs import Run
from support.platform.trace import new_trace_id
from support.scenario import pulse, waiting
from support.scenario.budgets import Budgets, verdict_of_use
from support.scenario.evidence import Evidence
from support.scenario.faults import Faults
from support.scenario.partner import Partner
from support.scenario.undo import UndoStack
from support.scenario.users import User, Users
from support.scenario.verdict import DeadlinePassed, NotShown, Verdict
from support.settings import Settings
from support.stack.client import Addresses, Link, Stack

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunHandle:
    """A run that was asked for and accepted."""

    run_id: str
    user: User
    agent_name: str
    thread_id: str | None
    trace_id: str
    request_id: str | None
    asked_at: float
    asked_at_wall: float


@dataclass(slots=True)
class World:
    """Who takes part, what they can do, and what came of it.

    ``outcome`` is the last answer that a When caused, ``run`` the last run. ``ends_seen`` says when (monotonic) each
    run was first seen to have ended. What else one sentence leaves for a later one is kept by its type, see
    :meth:`keep`. ``shown_markers`` were certainly stored: the leak canary must see each of them in its own tenant's
    place, or it is blind.
    """

    settings: Settings
    platform: ApexDriver
    addresses: Addresses
    stack: Stack
    cloud: CloudAccounts
    users: Users
    faults: Faults
    partner: Partner
    evidence: Evidence
    undo: UndoStack
    budgets: Budgets = field(default_factory=Budgets)
    outcome: Outcome | None = None
    run: RunHandle | None = None
    runs: list[RunHandle] = field(default_factory=list)
    ends_seen: dict[str, float] = field(default_factory=dict)
    _kept: dict[type, Any] = field(default_factory=dict, repr=False)
    broken_stories: str = ""
    shown_markers: set[str] = field(default_factory=set)

    # -- judging ------------------------------------------------------------------------------------------------

    def expect(self, observed: T, matcher: Matcher[T], reason: str = "") -> T:
        """Hold what was observed against a matcher, and keep both as evidence.

        :raises AssertionError: it does not match: the promise is violated.
        :raises Exception: the matcher could not judge: nothing is shown.
        """
        expected = str(StringDescription().append_description_of(matcher))
        try:
            matches = matcher.matches(observed)
        except Exception as error:
            self.evidence.observed(expected, observed, Verdict.INCONCLUSIVE, f"{type(error).__name__}: {error}")
            raise
        self.evidence.observed(expected, observed, Verdict.PROVEN if matches else Verdict.VIOLATED, reason)
        if not matches:
            mismatch = StringDescription()
            matcher.describe_mismatch(observed, mismatch)
            raise AssertionError(f"{reason + ': ' if reason else ''}expected {expected}, but {mismatch}")
        return observed

    def eventually(
        self, observe: Callable[[], T], expected: "Matcher[T] | Callable[[T], bool]", within: str, what: str = ""
    ) -> T:
        """Wait for an observation within a named budget, and record how much of it was used.

        :raises DeadlinePassed: it did not come: the promise is violated.
        :raises NotShown: the observer itself did not run for too much of the time.
        """
        budget = self.budgets[within]
        matcher = waiting.as_matcher(expected)
        try:
            waited = waiting.wait_for(observe, matcher, budget.limit, what)
        except NotShown as blind:
            self.evidence.observed(what or str(matcher), str(blind), Verdict.INCONCLUSIVE, f"within {within!r}")
            raise
        except AssertionError as late:
            self.budgets.record(within, budget.limit)
            self.evidence.observed(what or str(matcher), str(late), Verdict.VIOLATED, f"within {within!r}")
            raise
        self.budgets.record(within, waited.seconds)
        self.evidence.observed(what or str(matcher), waited.value, Verdict.PROVEN, f"within {within!r}")
        value: T = waited.value
        return value

    def try_to_see(self, seen: Callable[[], bool], within: str, what: str) -> None:
        """Wait for something that a Then will judge; going on without it when it does not come."""
        try:
            self.eventually(seen, bool, within, what)
        except DeadlinePassed as missing:
            self.evidence.note("did not come", awaited=what, reason=str(missing))

    def holds_while(
        self,
        observe: Callable[[], T],
        expected: "Matcher[T] | Callable[[T], bool]",
        during: "Callable[[], Any] | float",
        what: str = "",
    ) -> Any:
        """Watch that something holds throughout; see :func:`support.scenario.waiting.holds_while`."""
        result = waiting.holds_while(observe, expected, during, what)
        self.evidence.observed(f"throughout: {what or waiting.as_matcher(expected)}", result, Verdict.PROVEN)
        return result

    def within(self, budget: str, used: float, what: str = "") -> None:
        """Hold a measured amount (seconds or bytes) against a named budget.

        :raises AssertionError: it is over the budget.
        :raises NotShown: it is, and the observer itself did not run for so long that this may be why.
        """
        use = self.budgets.record(budget, used)
        lost = 0.0
        if use.share > 1 and use.unit == "seconds":
            lost = pulse.of_this_process().most_lost(used, self.evidence.started_at)
        verdict = verdict_of_use(use, lost)
        self.evidence.observed(f"{what or budget} at most {use.limit:g} {use.unit}", used, verdict)
        said = f"{what or budget}: {used:.3f} {use.unit} used of {use.limit:g} ({use.share:.0%})"
        if verdict is Verdict.INCONCLUSIVE:
            raise NotShown(f"{said}, and the observer did not run for {lost:.3f} s of the time")
        if verdict is Verdict.VIOLATED:
            raise AssertionError(said)

    def breaks_stories(self, reason: str) -> None:
        """Declare that this scenario itself breaks the story of a run, so that the oracle leaves its runs alone."""
        self.broken_stories = reason
        self.evidence.note("breaks stories", reason=reason)

    def keep(self, value: T) -> T:
        """Leave a value for later sentences, in the place of an earlier one of its type."""
        self._kept[type(value)] = value
        return value

    def kept(self, kind: type[T]) -> T:
        """The value of a type that an earlier sentence left.

        :raises NotShown: none has.
        """
        if kind not in self._kept:
            raise NotShown(f"no earlier step has left a {kind.__name__}")
        value: T = self._kept[kind]
        return value

    def has_kept(self, kind: type[Any]) -> bool:
        """Whether an earlier sentence has left a value of a type."""
        return kind in self._kept

    def kept_or(self, kind: type[T], make: Callable[[], T]) -> T:
        """The value of a type that an earlier sentence left, or a new one, which is kept."""
        return self.kept(kind) if self.has_kept(kind) else self.keep(make())

    # -- people -------------------------------------------------------------------------------------------------

    def watch(self, user: User, *, origin: str | None = None, carrier: TokenCarrier | None = None) -> EventCapture:
        """Connect a user (once more: a second tab) and keep what comes.

        :raises NotShown: the platform did not accept the connection.
        """
        capture = self.try_to_watch(user, origin=origin, carrier=carrier)
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
        origin: str | None = None,
        carrier: TokenCarrier | None = None,
    ) -> EventCapture:
        """Connect, whatever comes of it; the capture's ``handshake`` says what did.

        :param token: show this token instead of the user's own.
        :param anonymous: show none.
        """
        capture = EventCapture(
            self.events_url(user),
            self.platform.dialect,
            (lambda: None) if anonymous else (lambda: token or user.access_token),
            name=f"{user}'s connection {len(user.captures) + 1}",
        )
        user.captures.append(capture)
        self.undo.register(f"close {capture.name}", capture.close)
        handshake = capture.connect(origin=origin, carrier=carrier)
        self.evidence.note("connect", who=str(user), status=handshake.status, error=handshake.error)
        return capture

    def own_link(self, user: User) -> Link:
        """Have a user's live connections run over a link of their own, so that a fault on it hits nobody else."""
        if user.link is None:
            user.link = self.faults.own_link(str(user))
        return user.link

    def events_url(self, user: User) -> str:
        """Where a user watches: the address of the live stream, over the user's own link if there is one."""
        url = self.platform.endpoints.events
        return url if user.link is None else user.link.ws_url + urlsplit(url).path

    def prices(self) -> PriceTable:
        """The partner's price table, asked for past the platform."""
        return fetch_prices(self.addresses.partner_url, self.cloud.ec2.meta.region_name)

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
            body = outcome.body
            run = RunHandle(
                body["id"], user, agent_name, body.get("thread_id"), trace, outcome.request_id, asked, asked_wall
            )
            self.run = run
            self.runs.append(run)
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
            lambda seen: seen.done and self.platform.run_in(seen).status.is_end,
            self.budgets.limit(within),
            f"the end of run {handle.run_id}",
        )
        self.ends_seen.setdefault(handle.run_id, time.monotonic())
        self.budgets.record(within, waited.seconds)
        # The platform's own tenant has no marker.
        marker = handle.user.tenant.marker
        if marker and marker in waited.value.text:
            self.shown_markers.add(marker)
        return self.platform.run_in(waited.value)

    def stored(self, run: RunHandle) -> Run:
        """The run as its owner reads it now.

        :raises NotShown: it cannot be read.
        """
        return self.platform.run_in(self.platform.run(run.user, run.run_id))

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
        if not stored.done or self.platform.run_in(stored).status.is_end:
            return
        self.platform.cancel_run(run.user, run.run_id)
        self.ended(run)
