"""Catalogue and features name each other."""

import inspect
from pathlib import Path

import pytest

from defects import catalogue
from support.platform.capabilities import missing
from support.platform.target import FOLDER, Target
from support.proof.catalogue import Defect, load, spoilings
from tests.house import catalogue_rules
from tests.house.feature_rules import outlines_and_scenarios, parse

FEATURE = """\
Feature: A dropped connection loses nothing
  @WSE-03
  Rule: Missed events arrive
    Scenario: The line is cut
      Given Acme watches
      Then Acme has received every event
    Scenario Outline: The line is <poor>
      Given Acme has a line that is <poor>
      Then Acme has received every event
      Examples:
        | poor |
        | slow |
"""

CUT = Defect("WSE-03a", "WSE-03", "backend", "replay is late", "The line is cut", "Acme has received every event")
POOR = Defect("WSE-03b", "WSE-03", "backend", "x", "The line is <poor>", "Acme has a line that is <poor>")


def changed(defect: Defect, **values: str) -> Defect:
    return Defect(**{**defect.to_json(), **values})


def breaches(*defects: Defect) -> list[str]:
    scenarios = catalogue_rules.written([parse(FEATURE, "features/websocket_events/a.feature")])
    return list(catalogue_rules.breaches(scenarios, defects))


def test_complete_catalogue_has_no_breach():
    assert breaches(CUT, POOR) == []


def test_examination_may_be_what_turns_red():
    assert breaches(changed(CUT, step="the leak canary finds nothing"), POOR) == []


@pytest.mark.parametrize(
    ("defects", "finding"),
    [
        ((CUT,), "no defect turns it red: 'The line is <poor>'"),
        ((), "WSE-03: no defect"),
        ((CUT, POOR, changed(CUT, scenario="The line is gone")), "no scenario is called 'The line is gone'"),
        ((CUT, POOR, changed(CUT, step="Acme has everything")), "has no step 'Acme has everything'"),
        ((CUT, POOR, changed(CUT, promise="WSE-04")), "shows WSE-03"),
    ],
)
def test_breach_is_found(defects, finding):
    assert any(finding in found for found in breaches(*defects)), breaches(*defects)


MISTAKE = """\
@blind_defect({id!r}, "something")
def _() -> None:
    # {comment}
    from apex import {module}

    replace({module}, "limit", lambda customer: {value})
"""


def test_same_mistake_is_found_whatever_is_said_of_it():
    first = MISTAKE.format(id="API-05za", comment="one", module="bodies", value=100)
    second = MISTAKE.format(id="API-05ya", comment="another", module="bodies", value=100)
    other = MISTAKE.format(id="API-05xa", comment="one", module="nesting", value="customer.plan.levels or 7")
    elsewhere = {"API-06za": first, "API-05xa": other}
    assert list(catalogue_rules.alike({"API-05za": first, **elsewhere})) == []
    found = list(catalogue_rules.alike({"API-05za": first, "API-05ya": second, **elsewhere}))
    assert found == ["API-05ya and API-05za make the same mistake"]


def test_no_two_blind_defects_make_the_same_mistake():
    sources = {each.id: inspect.getsource(each.apply) for each in catalogue().values() if each.blind}
    found = list(catalogue_rules.alike(sources))
    assert not found, "\n".join(found)


def test_catalogue_and_features_agree(features):
    found = list(
        catalogue_rules.breaches(catalogue_rules.written(features), [each for each in load() if each.is_planted])
    )
    assert not found, "\n".join(found)


@pytest.mark.parametrize("target", sorted(file.parent.name for file in FOLDER.glob("*/wire.toml")))
def test_what_is_spoiled_names_its_scenario_and_step(features, target):
    entered = spoilings(target)
    found = catalogue_rules.breaches(catalogue_rules.written(features), entered)
    own = [each for each in found if each.partition(":")[0] in {spoiling.id for spoiling in entered}]
    assert not own, "\n".join(own)


@pytest.mark.parametrize("target", sorted(file.parent.name for file in FOLDER.glob("*/wire.toml")))
def test_what_is_spoiled_is_shown_by_a_scenario_that_is_played_and_green_there(features, target):
    judged = Target.load(target)
    red = {deviation.scenario for deviation in judged.known.scenarios}
    played = {
        scenario.name.partition(" -- @")[0]
        for feature in features
        for scenario in feature.walk_scenarios()
        if missing(scenario.effective_tags, target, judged.capabilities) is None
    }
    found = [each for each in spoilings(target) if each.scenario in red or each.scenario not in played]
    assert not found, "\n".join(f"{each.id}: {each.scenario}" for each in found)


def test_each_defect_stands_in_the_module_of_its_feature(features):
    module_of = {
        scenario.name: ".".join(("defects", *Path(feature.filename).with_suffix("").parts[1:]))
        for feature in features
        for scenario in outlines_and_scenarios(feature)
    }
    planted = {id: defect for id, defect in catalogue().items() if not defect.blind}
    astray = [id for id, defect in planted.items() if defect.apply.__module__ != module_of.get(defect.scenario)]
    assert not astray, f"not in defects/<category>/<feature>.py of their scenario: {', '.join(astray)}"
