"""Matchers over what a run says of itself, each with what it must not accept."""

import json
import secrets

import pytest
from hamcrest import assert_that

from support.agent_execution.run_matchers import (
    accounts_for_its_duration,
    each_uses_times_as_much_as,
    uses_times_as_much_as,
)
from support.matchers.problems import is_indistinguishable_from
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


def run(total, *durations):
    return {
        "duration_seconds": total,
        "steps": [{"name": f"s{n}", "duration_seconds": d} for n, d in enumerate(durations)],
    }


def test_durations_that_add_up_are_accepted():
    assert_that(run(1.25, 0.25, 1.0), accounts_for_its_duration())
    assert_that(run(0.3, 0.1, 0.2), accounts_for_its_duration())  # binary fractions


@pytest.mark.parametrize(
    "account",
    [
        run(1.25, 0.25, 1.01),
        run(1.25, 0.25),
        run(1.25),
        run(1.25, 1.25, None),
        run(None, 1.0),
        run(0, 0.0),
    ],
    ids=["too much", "too little", "no steps", "a step goes on", "no duration", "nothing took any time"],
)
def test_durations_that_do_not_add_up_are_not(account):
    assert not accounts_for_its_duration().matches(account)


LESS = [{"a": 1.0, "b": 10}] * 3


def test_use_within_the_bounds_is_accepted_in_every_resource():
    assert_that([{"a": 2.0, "b": 16}] * 3, uses_times_as_much_as(LESS, ["a", "b"], 1.6, 2.5))


def test_runs_that_were_disturbed_do_not_count():
    used = [{"a": 2.0, "b": 20}, {"a": 9.0, "b": 20}, {"a": 3.0, "b": 20}]
    assert_that(used, uses_times_as_much_as([*LESS, {"a": 7.0, "b": 10}], ["a", "b"], 1.6, 2.5))


@pytest.mark.parametrize("used", [{"a": 1.0, "b": 20}, {"a": 2.0, "b": 26}, {"a": 0, "b": 20}, {"a": 2.0, "b": 15.9}])
def test_use_outside_the_bounds_in_one_resource_is_not(used):
    assert not uses_times_as_much_as(LESS, ["a", "b"], 1.6, 2.5).matches([used] * 3)


def test_nothing_is_no_measure():
    assert not uses_times_as_much_as([{"a": 0}], ["a"], 0.0, 9.9).matches([{"a": 2.0}])


def used(*seconds: float):
    return [{"a": each} for each in seconds]


def test_the_least_is_what_was_left_undisturbed():
    """The machine became slower by half after the first two; the last was disturbed."""
    others, mine = used(0.19, 0.20, 0.30, 0.31, 0.30), used(0.38, 0.39, 0.60, 0.62, 0.99)
    assert_that(mine, uses_times_as_much_as(others, ["a"], 1.9, 2.1))


def test_what_is_counted_is_compared_pair_by_pair():
    assert_that(used(2.0, 4.0, 6.2), each_uses_times_as_much_as(used(1.0, 2.0, 3.0), ["a"], 1.9, 2.1))


@pytest.mark.parametrize("mine", [used(1.0, 1.0, 1.0), used(2.0, 2.0, 1.0), used(9.0, 2.0, 2.0), used(0, 0, 0)])
def test_one_pair_outside_the_bounds_is_too_many(mine):
    assert not each_uses_times_as_much_as(used(1.0, 1.0, 1.0), ["a"], 1.6, 2.5).matches(mine)


def test_what_cannot_be_paired_cannot_be_judged():
    with pytest.raises(ValueError, match="longer"):
        each_uses_times_as_much_as(used(1.0, 1.0), ["a"], 1.6, 2.5).matches(used(2.0))
    with pytest.raises(ValueError, match="nothing"):
        each_uses_times_as_much_as([], ["a"], 1.6, 2.5).matches([])


def test_runs_that_never_were_cannot_be_judged():
    with pytest.raises(ValueError, match="empty"):
        uses_times_as_much_as(LESS, ["a"], 0.0, 9.9).matches([])


def answer(status=404, code="not_found", meaning=Meaning.NOT_FOUND, **headers):
    text = json.dumps({"code": code, "detail": "There is nothing here.", "request_id": secrets.token_hex(4)})
    given = {"content-type": "application/problem+json", "x-request-id": secrets.token_hex(4), "date": "now"}
    return Outcome("POST", "/v1/runs/x/cancel", status, {**given, **headers}, text, meaning=meaning)


def test_answers_that_differ_only_in_what_always_differs_are_alike():
    assert_that(answer(), is_indistinguishable_from(answer()))


@pytest.mark.parametrize(
    "other",
    [
        answer(status=403, meaning=Meaning.PERMISSION_DENIED),
        answer(code="gone"),
        answer(**{"cache-control": "private"}),
        answer(**{"Content-Type": "text/html"}),
    ],
    ids=["status", "body", "one more header", "another header"],
)
def test_answers_that_tell_something_are_not(other):
    assert not is_indistinguishable_from(answer()).matches(other)


def test_an_answer_without_a_request_id_is_told_apart():
    bare = answer()
    bare = Outcome(bare.method, bare.path, 404, {"content-type": "application/problem+json"}, bare.text)
    assert not is_indistinguishable_from(answer()).matches(bare)
