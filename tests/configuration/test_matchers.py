"""Each matcher of configurations is red where it must be."""

from typing import Any

import pytest
from hamcrest.core.matcher import Matcher
from hamcrest.core.string_description import StringDescription

from support.configuration.applications import names_the_address
from support.configuration.environments import OfEnvironments, have_the_same_settings
from support.configuration.faults import Complaint, Fault, names_just
from support.configuration.mesh import show_just
from support.configuration.starts import Traces, leave_nothing
from support.platform.configured import MeshInstance
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome, Problem


def mismatch(matcher: Matcher[Any], item: Any) -> str:
    described = StringDescription()
    matcher.describe_mismatch(item, described)
    return str(described)


EXPECTED = [Fault("apex.toml", "worker.slots", "greater than"), Fault("secrets/redis__url", "redis.url", "redis://")]
LINES = ["/a/apex.toml: worker.slots: Input should be greater than 0", "/a/secrets/redis__url: redis.url: not redis://"]


def test_a_message_names_all_faults_and_no_other():
    assert names_just(EXPECTED, 78).matches(Complaint(78, LINES))
    assert names_just([], 0).matches(Complaint(0, []))


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        (Complaint(1, LINES), "the exit code is 1, expected 78"),
        (Complaint(78, LINES[:1]), "nothing says of redis.url"),
        (Complaint(78, [*LINES, "more"]), "it also says 'more'"),
        (Complaint(78, [LINES[0].replace("slots", "slot"), LINES[1]]), "nothing says of worker.slots"),
        (Complaint(78, [LINES[0].replace("apex.toml", "base.toml"), LINES[1]]), "nothing says of worker.slots"),
        (Complaint(78, [LINES[0].replace("greater", "less"), LINES[1]]), "nothing says of worker.slots"),
    ],
)
def test_a_message_that_lacks_something_is_told(complaint: Complaint, said: str):
    assert said in mismatch(names_just(EXPECTED, 78), complaint)


def test_a_fault_without_a_place_begins_with_its_key():
    fault = Fault("", "redis.url", "belongs to")
    assert fault.is_told_by("redis.url: this Redis belongs to the environment test")
    assert not fault.is_told_by("apex.toml: redis.url: this Redis belongs to the environment test")


def entry(name: str, url: str = "http://here") -> MeshInstance:
    return MeshInstance(name, url, "/health", 5.0)


def test_all_views_are_the_same_and_whole():
    whole = frozenset({entry("auth"), entry("backend")})
    just = show_just(["auth", "backend"])
    assert just.matches({"auth": whole, "backend": whole})
    assert "backend sees ['auth']" in mismatch(just, {"auth": whole, "backend": frozenset({entry("auth")})})
    other = frozenset({entry("auth", "http://elsewhere"), entry("backend")})
    assert "http://elsewhere" in mismatch(just, {"auth": whole, "backend": other})


def test_whatever_a_start_leaves_is_told():
    assert leave_nothing().matches(Traces(False, [], ["backend"]))
    assert "somebody listens" in mismatch(leave_nothing(), Traces(True, [], ["backend"]))
    assert "a session of candidate" in mismatch(leave_nothing(), Traces(False, ["candidate"], ["backend"]))
    assert "no session of a running service" in mismatch(leave_nothing(), Traces(False, [], []))


def test_environments_must_have_the_same_settings():
    def shown(**types: str) -> dict[str, dict[str, str]]:
        return {key: {"type": kind} for key, kind in types.items()}

    matcher = have_the_same_settings()
    assert matcher.matches(OfEnvironments({"test": shown(a="int"), "staging": shown(a="int")}))
    lacking = OfEnvironments({"test": shown(a="int", b="str"), "staging": shown(a="int")})
    assert "b is missing in staging" in mismatch(matcher, lacking)
    differing = OfEnvironments({"test": shown(a="int"), "staging": shown(a="str")})
    assert "a is int in test, str elsewhere" in mismatch(matcher, differing)


def test_only_a_refusal_that_names_the_address_counts():
    def refused(*fields: str) -> Outcome:
        problem = Problem("conflict", errors=tuple({"field": field} for field in fields))
        return Outcome("POST", "/", 409, meaning=Meaning.CONFLICT, explain=lambda _: problem)

    assert names_the_address().matches(refused("redirect_uri"))
    assert not names_the_address().matches(refused("client_id"))
    assert not names_the_address().matches(refused("redirect_uri", "state"))
    assert not names_the_address().matches(Outcome("POST", "/", 201))
