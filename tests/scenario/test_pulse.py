"""Whoever was not at work has seen nothing: what came meanwhile is neither proven nor violated."""

import os
import signal
import subprocess
import sys

import pytest
from hamcrest import equal_to

from support.scenario import pulse, waiting
from support.scenario.budgets import BudgetUse, verdict_of_use
from support.scenario.pulse import Pulse
from support.scenario.verdict import DeadlinePassed, NotShown, Verdict
from support.settings import CHECKOUT
from support.surroundings import base_environment


class Clocks:
    """Clocks that are set by hand: monotonic, and with the machine's sleep."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, 0.0

    def __call__(self) -> tuple[float, float]:
        return self.now, self.now + self.slept


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def beating(clocks, monkeypatch) -> Pulse:
    """The pulse of this process, which beats when it is told to."""
    made = Pulse(clocks)
    monkeypatch.setattr(pulse, "of_this_process", lambda: made)
    monkeypatch.setattr("time.monotonic", lambda: clocks.now)
    return made


def pass_(clocks: Clocks, beating: Pulse, seconds: float) -> None:
    """Time in which the observer is at work."""
    for _ in range(round(seconds / 0.05)):
        clocks.now += 0.05
        beating.beat()


def test_who_is_at_work_loses_nothing(clocks, beating):
    pass_(clocks, beating, 3)
    assert (beating.lost(0), beating.suspended(0), beating.most_lost(10, 0)) == (0, 0, 0)


def test_what_was_lost_is_known_before_the_next_beat(clocks, beating):
    clocks.now += 25.05
    assert beating.lost(0) == beating.suspended(0) == pytest.approx(25)
    assert beating.lost(clocks.now - 2) == 2
    beating.beat()
    assert beating.suspended(0) == pytest.approx(25)
    assert beating.suspended(clocks.now) == 0


def test_a_machine_that_sleeps_stops_its_monotonic_clock(clocks, beating):
    clocks.slept = 3600
    beating.beat()
    assert beating.suspended(0) == pytest.approx(3600, abs=0.1)
    assert beating.lost(0) == 0


def test_the_most_that_was_lost_in_a_stretch(clocks, beating):
    for seconds in (0.25, 0.35, 0.15):
        clocks.now += seconds
        beating.beat()
        pass_(clocks, beating, 1)
    assert beating.most_lost(0.5, 0) == pytest.approx(0.3)
    assert beating.most_lost(2, 0) == pytest.approx(0.5)
    assert beating.most_lost(9, 0) == pytest.approx(0.6)
    assert beating.suspended(0) == 0


def waits(clocks, beating, monkeypatch, at, comes_at=None):
    """Wait for up to 2 s for what comes at a moment; `at`: what each pause costs, by the moment of its beginning."""

    def pause(seconds):
        cost = at.pop(round(clocks.now - 100, 1), None)
        clocks.now += cost if cost else 0.05
        beating.beat()

    monkeypatch.setattr(waiting, "pause", pause)
    return waiting.wait_for(lambda: comes_at is not None and clocks.now >= 100 + comes_at, equal_to(True), 2.0, "rain")


@pytest.mark.parametrize(
    ("at", "comes_at", "error", "said"),
    [
        ({}, 1.9, None, ""),
        ({}, 2.3, DeadlinePassed, "rain did not come within 2 s"),
        # Suspended: before, over and after the deadline.
        ({1.0: 25.0}, None, NotShown, "rain was not seen within 2 s: the observer did not run for 24.950 s"),
        ({1.0: 25.0}, 1.5, NotShown, "rain was not seen within 2 s"),
        ({1.0: 25.0}, 0.5, None, ""),
        # Late for a moment: it looks on for as long as it did not run.
        ({1.0: 0.45}, 2.3, NotShown, r"rain came after 2\.\d+ s: the observer did not run for 0.400 s"),
        ({1.0: 0.45}, 1.9, None, ""),
        ({1.0: 0.45}, None, DeadlinePassed, "rain did not come"),
    ],
)
def test_a_deadline_is_for_who_was_at_work(clocks, beating, monkeypatch, at, comes_at, error, said):
    if error is None:
        assert waits(clocks, beating, monkeypatch, at, comes_at).value
        return
    with pytest.raises(error, match=said):
        waits(clocks, beating, monkeypatch, at, comes_at)


@pytest.mark.parametrize(("cost", "shown"), [(0.05, True), (25.0, False)])
def test_what_was_not_watched_did_not_hold_throughout(clocks, beating, monkeypatch, cost, shown):
    def pause(seconds):
        clocks.now += cost
        beating.beat()

    monkeypatch.setattr(waiting, "pause", pause)
    if shown:
        waiting.holds_while(lambda: True, equal_to(True), during=1.0)
        return
    with pytest.raises(NotShown, match="silence was not watched throughout"):
        waiting.holds_while(lambda: True, equal_to(True), during=1.0, what="silence")


@pytest.mark.parametrize(
    ("used", "lost", "verdict"),
    [
        (1.9, 0.0, Verdict.PROVEN),
        (2.1, 0.0, Verdict.VIOLATED),
        (2.1, 0.05, Verdict.VIOLATED),
        (2.1, 0.2, Verdict.INCONCLUSIVE),
        (26.0, 25.0, Verdict.INCONCLUSIVE),
        (30.0, 25.0, Verdict.VIOLATED),
    ],
)
def test_what_the_observer_lost_is_no_ones_use_of_a_budget(used, lost, verdict):
    assert verdict_of_use(BudgetUse("failover", 2.0, used, "seconds"), lost) is verdict


PROGRAM = """
from support.scenario.verdict import NotShown
from support.scenario.waiting import eventually
try:
    eventually(lambda: print("waiting", flush=True), bool, 1.5)
except NotShown as error:
    print(error)
"""


def test_a_process_that_was_stopped_says_so():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=CHECKOUT, env=base_environment(), stdout=subprocess.PIPE, text=True
    ) as observer:
        assert observer.stdout is not None
        assert observer.stdout.readline() == "waiting\n"
        os.kill(observer.pid, signal.SIGSTOP)
        waiting.pause(2.5)
        os.kill(observer.pid, signal.SIGCONT)
        assert "the observer did not run for 2." in observer.stdout.read().replace("waiting\n", "")


def test_a_forked_process_has_a_pulse_of_its_own():
    before = pulse.of_this_process()
    child = os.fork()
    if child == 0:
        own = pulse.of_this_process()
        os._exit(int(own is before))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
