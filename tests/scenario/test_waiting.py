"""Waiting ends at once when the fact is there, and says what it saw when it never comes."""

import threading
import time

import pytest
from hamcrest import equal_to, greater_than

from support.scenario.verdict import DeadlinePassed
from support.scenario.waiting import Deadline, eventually, holds_while, wait_for


def test_a_fact_that_is_there_is_seen_at_the_first_look():
    looks = iter(range(10))
    assert eventually(lambda: next(looks), equal_to(0), within=5) == 0
    assert next(looks) == 1


def test_a_fact_that_comes_is_seen_soon():
    started = time.monotonic()
    looks: list[float] = []

    def look() -> float:
        looks.append(time.monotonic() - started)
        return looks[-1]

    waited = wait_for(look, greater_than(0.1), within=5)
    assert [seen for seen in looks if seen > 0.1] == [waited.value]
    assert len(looks) > 2
    assert waited.seconds == pytest.approx(waited.value, abs=0.05)


def test_a_fact_that_never_comes_violates():
    with pytest.raises(DeadlinePassed) as passed:
        eventually(lambda: "empty", equal_to("full"), within=0.05, what="the glass")
    message = str(passed.value)
    assert "the glass did not come within 0.05 s" in message
    assert "expected: 'full'" in message
    assert "after 0.0" in message
    assert "'empty'" in message


def test_the_last_observations_are_kept_without_repetition():
    seen = iter(range(10_000))
    with pytest.raises(DeadlinePassed) as passed:
        eventually(lambda: next(seen) // 2, lambda value: False, within=0.4)
    kept = [line.split(": ")[1] for line in str(passed.value).splitlines() if line.strip().startswith("after")]
    assert len(kept) == 5
    assert sorted(set(kept), key=int) == kept


def test_there_is_one_look_even_without_time():
    assert eventually(lambda: 1, equal_to(1), within=0) == 1
    with pytest.raises(DeadlinePassed):
        eventually(lambda: 1, equal_to(2), within=0)


def test_an_observer_that_breaks_is_no_deadline():
    def broken():
        raise ConnectionError("blind")

    with pytest.raises(ConnectionError):
        eventually(broken, equal_to(1), within=1)


def test_a_long_observation_is_shortened():
    with pytest.raises(DeadlinePassed) as passed:
        eventually(lambda: "x" * 10_000, equal_to("y"), within=0.01)
    assert len(str(passed.value)) < 3000


def test_holds_while_a_call_lasts_and_gives_its_result():
    looks = iter(range(1, 10_000))
    result = holds_while(lambda: next(looks), greater_than(0), during=lambda: _last(0.1))
    assert result == "done"
    assert next(looks) > 3


def test_holds_while_a_number_of_seconds():
    started = time.monotonic()
    holds_while(lambda: True, equal_to(True), during=0.1)
    assert time.monotonic() - started >= 0.1


def test_holds_while_a_thread_lives():
    thread = threading.Thread(target=_last, args=(0.05,))
    thread.start()
    holds_while(lambda: True, equal_to(True), during=thread)
    assert not thread.is_alive()


def test_what_stops_holding_violates():
    started = time.monotonic()
    with pytest.raises(AssertionError, match="the light did not hold throughout"):
        holds_while(lambda: time.monotonic() - started < 0.05, equal_to(True), during=5.0, what="the light")
    assert time.monotonic() - started < 5.0


def test_what_breaks_at_the_very_end_is_seen():
    ended = threading.Event()

    def work():
        ended.set()

    with pytest.raises(AssertionError):
        holds_while(lambda: not ended.is_set(), equal_to(True), during=work)


def test_an_error_of_the_call_is_handed_on():
    def broken():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        holds_while(lambda: True, equal_to(True), during=broken)


def test_a_deadline_counts_down():
    deadline = Deadline(0.05)
    assert 0 < deadline.left <= 0.05
    threading.Event().wait(0.06)
    assert deadline.passed
    assert deadline.left == 0
    assert deadline.used >= 0.05


def _last(seconds):
    threading.Event().wait(seconds)
    return "done"
