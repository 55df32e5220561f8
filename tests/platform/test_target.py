"""Targets: what their folders say is complete and true, and a fault in one is a single clear line."""

import json
from dataclasses import fields

import pytest

from apex.settings import Database
from support.platform import target as targets
from support.platform.capabilities import Capability, missing
from support.platform.components import Component
from support.platform.description import SCHEMA
from support.platform.driver import Driver, Lacking
from support.platform.drivers.apex import ApexDriver
from support.platform.http import HttpDriver
from support.platform.target import FOLDER, Ownership, Target, missing_verbs
from support.refusal import Refusal
from support.stack import apex

TARGETS = sorted(file.parent.name for file in FOLDER.glob("*/target.toml"))
DESCRIPTION = (FOLDER / "apex" / "target.toml").read_text()
VERBS = {name: verb for name, verb in vars(Driver).items() if callable(verb) and not name.startswith("_")}


@pytest.mark.parametrize("name", TARGETS)
def test_a_driver_has_every_verb_of_its_capabilities(name):
    target = Target.load(name)
    due = {verb for verb, port in VERBS.items() if getattr(port, "capability", None) in {None, *target.capabilities}}
    assert {verb for verb in due if getattr(target.driver_class, verb) is VERBS[verb]} == set()


def test_a_verb_that_a_platform_lacks_says_so():
    class Small(HttpDriver):
        dialect = Target.load("apex").driver_class.dialect

    with pytest.raises(Lacking, match="apex has no sessions that can be renewed and ended"):
        Small({}).log_out(None)  # type: ignore[arg-type]


def test_the_reference_platform_is_described_as_it_is_started():
    target = Target.load("apex")
    assert tuple(target.instances) == tuple(apex.INSTANCES)
    workers = sum(module == "apex.worker" for module in apex.INSTANCES.values())
    assert target.limits == {
        "runs_at_once": apex.WORKER_SLOTS * workers,
        "calls_at_once": apex.CALLS_AT_ONCE,
        "database_connections": Database.model_fields["pool_size"].default,
    }
    assert set(target.parts) == set(Component)


def test_a_component_is_called_as_the_target_says_and_a_service_by_its_own_name():
    target = Target.load("apex")
    assert target.part(Component.DATABASE).link == "postgres"
    assert target.part(Component.WORKERS).logs == "worker-*"
    assert target.part("worker-2").service == "worker-2"


@pytest.mark.parametrize(
    ("text", "replacement", "fault"),
    [
        ("driver =", "drivers =", r"target\.toml: lacks the entry 'driver'"),
        ("ApexDriver", "ApexPilot", "has no attribute 'ApexPilot'"),
        ("drivers.apex", "drivers.apecks", "No module named"),
        ('"all"', '["flying"]', "there is no capability flying; there are accounts, "),
        ("cache =", "cash =", r"there is no entry components\.cash; there are api, "),
        ("[limits]", "[limits", "target.toml: "),
        ('{ service = "redis" }', '{ servant = "redis" }', r"there is no entry components\.cache\.servant; there are "),
        ("platform =", "# platform =", "says where the platform runs"),
        ("runs_at_once = 10", "runs_at_once = 0", r"limits\.runs_at_once: 0 is less than the minimum of 1"),
    ],
)
def test_a_fault_in_a_description_is_one_line(tmp_path, monkeypatch, text, replacement, fault):
    assert text in DESCRIPTION
    monkeypatch.setattr(targets, "FOLDER", tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "target.toml").write_text(DESCRIPTION.replace(text, replacement, 1))
    with pytest.raises(Refusal, match=fault) as refused:
        Target.load("other")
    assert all(line.startswith(str(tmp_path)) for line in str(refused.value).splitlines())


def test_the_published_schema_names_what_there_is():
    written = json.loads(SCHEMA.read_text("utf-8"))["properties"]
    listed = written["capabilities"]["anyOf"][1]["items"]["enum"]
    assert listed == [capability.name.lower() for capability in Capability]
    assert list(written["components"]["properties"]) == [component.value for component in Component]
    assert set(written["ownership"]["properties"]) == {each.name for each in fields(Ownership)}


def test_of_a_platform_that_already_runs_what_the_suite_cannot_do_is_off_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "FOLDER", tmp_path)
    (tmp_path / "there").mkdir()
    driver = "driver = 'support.platform.drivers.apex:ApexDriver'\ncapabilities = 'all'\n"
    limits = "[limits]\nruns_at_once = 1\ncalls_at_once = 1\n"
    served = "serves = { partner = 9100, cloud = 9101 }\ncredentials = ['operator_email', 'operator_password']\n"
    for given, off in (("", True), (served, False)):
        addresses = "[addresses]\napi = 'https://there.example/eu'\n"
        (tmp_path / "there" / "target.toml").write_text(driver + given + addresses + limits)
        target = Target.load("there")
        assert Capability.OWN_DATABASE not in target.capabilities
        for capability in (Capability.PARTNER, Capability.CLOUD_ACCOUNTS, Capability.OPERATOR):
            assert (capability not in target.capabilities) is off
    why = missing(["needs.own_services"], target.name, target.capabilities, target.off)
    assert why == "the platform there lacks services that the suite starts and breaks (the run did not start it)"


def test_capabilities_may_be_a_list(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "FOLDER", tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "target.toml").write_text(DESCRIPTION.replace('"all"', '["live_events", "tools"]'))
    assert Target.load("other").capabilities == {Capability.LIVE_EVENTS, Capability.TOOLS}


def test_an_unknown_target_is_refused():
    with pytest.raises(Refusal, match="there is no target moon"):
        Target.load("moon")


def test_verbs_that_a_driver_has_not_written_are_named():
    class Small(HttpDriver):
        dialect = ApexDriver.dialect

    lacking = missing_verbs(Small, frozenset({Capability.NOTICES}))
    assert "lacks the verb is_alive, which every platform needs" in lacking
    assert "lacks the verb send_notice, which the capability notices needs" in lacking
    assert not [each for each in lacking if "change_plan" in each]
    assert missing_verbs(ApexDriver, frozenset(Capability)) == []
