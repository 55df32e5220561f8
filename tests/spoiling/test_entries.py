"""The catalogue of what is spoiled, and how a target says what passes."""

import re
from collections import Counter

import pytest

from support.platform.target import FOLDER, Target
from support.proof.catalogue import spoilings
from support.spoiling.entries import catalogue
from support.spoiling.wire import EVENTS, Wire

TARGETS = sorted(file.parent.name for file in FOLDER.glob("*/wire.toml"))
ENOUGH = 20


@pytest.mark.parametrize("target", TARGETS)
def test_enough_is_spoiled_on_each_target(target: str):
    assert len(spoilings(target)) >= ENOUGH


def test_ids_say_the_promise_and_what_is_spoiled_is_said_once():
    entries = catalogue().values()
    assert [entry.id for entry in entries if not re.fullmatch(r"[A-Z]{3}-\d\d\.\d+", entry.id)] == []
    assert [said for said, times in Counter(entry.summary for entry in entries).items() if times > 1] == []


@pytest.mark.parametrize("target", TARGETS)
def test_every_verb_that_is_spoiled_is_known_on_each_target(target: str):
    wire = Wire.read(Target.load(target).folder / "wire.toml")
    used = {verb for entry in catalogue().values() if entry.on(target) for verb in entry.verbs}
    assert used - wire.verbs.keys() == set()
    assert EVENTS in wire.verbs


def test_a_request_is_told_by_its_method_and_path():
    wire = Wire.read(FOLDER / "aegra" / "wire.toml")
    assert wire.verb("GET", "/threads/t1/runs/r1?x=1") == ("run", ("t1", "r1"))
    assert wire.verb("POST", "/threads/search") == ("threads", ())
    assert wire.verb("DELETE", "/threads/t1/runs/r1") is None
    assert wire.request("run", ("t1", "r1")) == ("GET", "/threads/t1/runs/r1")
